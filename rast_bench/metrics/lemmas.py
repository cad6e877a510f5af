"""Count lemmas in texts, with simplemma or spaCy's English model."""

import re
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import numpy as np

from rast_bench.errors import ConfigError
from rast_bench.metrics.estimate import IntArray

SPACY_MODEL = "en_core_web_sm"  # used for the paper's numbers
_WORD = re.compile(r"[^\W\d_]+")  # so "double-check" contains "check", as it does for spaCy

_BATCH = 2_048  # texts per batch, so that their intermediate data stays in the CPU cache
_ASCII_LOWER = bytes(code if chr(code).isalpha() else 32 for code in range(128)).ljust(256).lower()

LemmatizerName = Literal["auto", "simplemma", "spacy"]


class LemmaCounter(Protocol):
    """Counts given lemmas. Report `name` with the numbers: lemmatizers disagree."""

    @property
    def name(self) -> str: ...

    def counts(self, texts: Sequence[str], wanted: Sequence[str]) -> IntArray:
        """Return occurrences of the wanted lemmas (lower case, distinct), [texts, wanted]."""
        ...


def lemma_counter(name: LemmatizerName = "auto") -> LemmaCounter:
    """Return a counter; `auto` is spaCy if its English model is installed, else simplemma.

    Raises:
        ConfigError: spaCy was requested but it or its English model is not installed.
    """
    installed = find_spec("spacy") is not None and find_spec(SPACY_MODEL) is not None
    if name == "spacy" and not installed:
        raise ConfigError(
            f"lemmatizer spacy: the model {SPACY_MODEL} is not installed",
            hint=f"pip install 'rast-bench[spacy]' and python -m spacy download {SPACY_MODEL}, or "
            "use the lemmatizer simplemma",
        )
    return SpacyCounter() if installed and name != "simplemma" else SimplemmaCounter()


def is_the_papers(counter: LemmaCounter) -> bool:
    """Return whether published frequencies are comparable with this counter's."""
    return SPACY_MODEL in counter.name


class SimplemmaCounter:
    """simplemma's English dictionary and rules, word by word, without context."""

    def __init__(self) -> None:
        from importlib.metadata import version

        self.name = f"simplemma {version('simplemma')}"
        self._numbers: dict[tuple[str, ...], _WantedLemmas] = {}

    def counts(self, texts: Sequence[str], wanted: Sequence[str]) -> IntArray:
        numbers = self._numbers.setdefault(tuple(wanted), _WantedLemmas(wanted))
        plain = [text for text in texts if text.isascii()]
        is_plain = np.array([text.isascii() for text in texts], dtype=np.bool_)
        counts = np.zeros((len(texts), len(wanted)), dtype=np.int64)
        batches = (plain[at : at + _BATCH] for at in range(0, len(plain), _BATCH))
        if plain:
            counts[is_plain] = np.concatenate([_ascii_counts(one, numbers) for one in batches])
        others = (text for text in texts if not text.isascii())
        found = (map(numbers.__getitem__, _WORD.findall(text.lower())) for text in others)
        counts[~is_plain] = _counts(found, wanted)
        return counts


def _ascii_counts(texts: Sequence[str], numbers: "_WantedLemmas") -> IntArray:
    """Return the counts of texts in plain ASCII, as most are: Arrow splits the words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    letters = "".join(texts).encode("ascii").translate(_ASCII_LOWER)
    buffers = (pa.py_buffer(ends), pa.py_buffer(letters))
    split = pc.ascii_split_whitespace(pa.LargeStringArray.from_buffers(len(texts), *buffers))
    words = split.flatten().dictionary_encode()
    known = [numbers[word] or 0 if word else 0 for word in words.dictionary.to_pylist()]
    found = np.array(known, dtype=np.int64)[np.from_dlpack(words.indices)]
    places = np.flatnonzero(found)
    rows = np.searchsorted(np.from_dlpack(split.offsets), places, side="right") - 1
    return _table(rows, found[places], len(texts), numbers.size)


def _counts(found: Iterable[Iterable[int | None]], wanted: Sequence[str]) -> IntArray:
    """Return counts per text from the lemma numbers of its words, from 1; None is unwanted."""
    numbers: list[int] = []
    ends = [0]
    for of_text in found:
        numbers += filter(None, of_text)
        ends.append(len(numbers))
    texts = len(ends) - 1
    rows = np.repeat(np.arange(texts), np.diff(ends))
    return _table(rows, np.asarray(numbers, dtype=np.int64), texts, len(wanted))


def _table(rows: IntArray, numbers: IntArray, texts: int, lemmas: int) -> IntArray:
    """Return how often each lemma number, from 1, occurs in each row."""
    counts = np.bincount(rows * lemmas + numbers - 1, minlength=texts * lemmas)
    return counts.reshape(texts, lemmas)


class _WantedLemmas(dict[str, int | None]):
    """Word -> number of its lemma, from 1, or None if unwanted; each word is looked up once."""

    def __init__(self, wanted: Sequence[str]) -> None:
        super().__init__()
        self._numbers = {lemma: number for number, lemma in enumerate(wanted, start=1)}
        self.size = len(self._numbers)

    def __missing__(self, word: str) -> int | None:
        import simplemma

        self[word] = number = self._numbers.get(simplemma.lemmatize(word, lang="en").lower())
        return number


class SpacyCounter:
    """spaCy's small English model, which lemmatises words in context: about 30 times slower."""

    def __init__(self) -> None:
        import spacy

        self._nlp: Any = spacy.load(SPACY_MODEL, disable=["ner", "parser"])
        self.name = f"spaCy {SPACY_MODEL} {self._nlp.meta['version']}"

    def counts(self, texts: Sequence[str], wanted: Sequence[str]) -> IntArray:
        numbers = {lemma: number for number, lemma in enumerate(wanted, start=1)}
        lemmas = (
            (numbers.get(token.lemma_.lower()) for token in document)
            for document in self._nlp.pipe(texts)
        )
        return _counts(lemmas, wanted)
