import importlib.machinery
import sys
from types import ModuleType, SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.errors import ConfigError
from rast_bench.metrics import lemmas
from rast_bench.metrics.lemmas import (
    SPACY_MODEL,
    SimplemmaCounter,
    SpacyCounter,
    lemma_counter,
    text_array,
)

FORMS = {
    "check": "check checks checked checking Check CHECKED double-check",
    "verify": "verify verifies verified verifying",
    "try": "try tries tried trying",
    "mistake": "mistake mistakes",
    "assume": "assume assumes assumed assuming",
    "substitute": "substitute substituting substituted",
    "satisfy": "satisfies satisfied satisfying",
    "however": "However however, (however)",
}


@pytest.mark.parametrize("lemma", FORMS)
def test_simplemma_finds_every_form(lemma: str) -> None:
    found = SimplemmaCounter().counts(text_array([FORMS[lemma]]), list(FORMS)).tolist()
    assert found == [[len(FORMS[lemma].split()) if other == lemma else 0 for other in FORMS]]


def test_only_wanted_whole_words_count() -> None:
    texts = text_array(["checkers retry but test2 _test_ 7", "", "éheck"])
    counts = SimplemmaCounter().counts(texts, ["test"])
    assert counts.tolist() == [[2], [0], [0]]


ODD = "aZ1_ \n'²½éİıKſǅÉЖ中\u0301\u2028\ud800𝐀"
"""Some are ASCII in lower case, or two characters."""


@given(st.lists(st.text(st.sampled_from(ODD) | st.characters(exclude_characters="Σ")), max_size=4))
def test_words_are_those_of_the_pattern_in_lower_case(texts: list[str]) -> None:
    found = [lemmas._WORD.findall(text.lower()) for text in texts]
    words = sorted({word for of_text in found for word in of_text})
    numbers = lemmas._WantedLemmas(words)
    numbers.update({word: number for number, word in enumerate(words, start=1)})
    counts = lemmas._counted_by_arrow(text_array(texts).combine_chunks(), numbers).tolist()
    assert counts == [[of_text.count(word) for word in words] for of_text in found]
    assert sorted(numbers) == words  # no other word was looked up


def test_words_between_other_characters() -> None:
    texts = text_array(["but\u2014test\u2026tested but\u2014test", "test", "\u2014"])
    assert SimplemmaCounter().counts(texts, ["test", "but"]).tolist() == [[3, 2], [1, 0], [0, 0]]


def test_a_sigma_is_lower_at_the_end_of_its_word_only() -> None:
    texts = text_array(["checked", "ΟΔΟΣ' checks Check", "Σ"])
    assert SimplemmaCounter().counts(texts, ["test", "check"]).tolist() == [[0, 1], [0, 2], [0, 0]]


def test_texts_are_counted_wherever_they_lie() -> None:
    texts = [f"{word} test" for word in ("check", "éΣ", "", "Σ check check", "test")]
    whole = text_array(texts * 1_000)
    counter = SimplemmaCounter()
    counts = counter.counts(whole, ["test", "check"])
    assert counts.tolist() == [[1, 1], [1, 0], [1, 0], [1, 2], [2, 0]] * 1_000
    parts = [whole.slice(3, 2), whole.slice(5, 0), whole.slice(2, 1), whole.slice(4)]
    chunked = pa.chunked_array([chunk for part in parts for chunk in part.chunks])
    found = counter.counts(chunked, ["test", "check"])
    assert found.tolist() == [*counts[3:5].tolist(), *counts[2:3].tolist(), *counts[4:].tolist()]


class Language:
    """What SpacyCounter uses of a spaCy pipeline: the lemma of "is" is "be"."""

    meta = {"version": "3.8.0"}  # noqa: RUF012

    def __init__(self) -> None:
        self.analysed: list[str] = []

    def pipe(self, texts: list[str]) -> list[list[SimpleNamespace]]:
        self.analysed += texts
        return [
            [SimpleNamespace(lemma_="Be" if word == "is" else word) for word in text.split()]
            for text in texts
        ]


@pytest.fixture
def spacy_installed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """A spaCy that is installed with its model; the list records what is loaded."""
    loaded: list[tuple[str, list[str]]] = []

    def load(name: str, disable: list[str]) -> Language:
        loaded.append((name, disable))
        return Language()

    for name in ("spacy", SPACY_MODEL):
        module = ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["spacy"].load = load  # type: ignore[attr-defined]
    return loaded


@pytest.fixture
def spacy_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lemmas, "find_spec", lambda _name: None)


def test_spacy_is_taken_where_it_is_installed(
    spacy_installed: list[tuple[str, list[str]]],
) -> None:
    counter = lemma_counter()
    assert isinstance(counter, SpacyCounter)
    assert counter.name == "spaCy en_core_web_sm 3.8.0"
    counts = counter.counts(text_array(["is Test", "x", "is Test"]), ["be", "no", "test"])
    assert counts.tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]
    assert counter._nlp.analysed == ["is Test", "x"]  # each distinct text once
    assert [name for name, _ in spacy_installed] == [SPACY_MODEL]


@pytest.mark.usefixtures("spacy_installed")
def test_simplemma_can_be_asked_for() -> None:
    assert isinstance(lemma_counter("simplemma"), SimplemmaCounter)


@pytest.mark.usefixtures("spacy_missing")
def test_without_spacy() -> None:
    assert isinstance(lemma_counter(), SimplemmaCounter)
    with pytest.raises(ConfigError, match="en_core_web_sm is not installed") as caught:
        lemma_counter("spacy")
    assert caught.value.hint
