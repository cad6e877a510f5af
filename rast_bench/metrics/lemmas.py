"""Counting lemmas in texts, with simplemma or with spaCy's English model."""

import re
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any, Literal, Protocol

import numpy as np

from rast_bench.errors import ConfigError
from rast_bench.metrics.estimate import IntArray

SPACY_MODEL = "en_core_web_sm"  # what the paper's numbers were counted with
_WORD = re.compile(r"[^\W\d_]+")  # so "double-check" holds "check", as it does for spaCy

_ASCII_LOWER = bytes(code if chr(code).isalpha() else 32 for code in range(128)).ljust(256).lower()

LemmatizerName = Literal["auto", "simplemma", "spacy"]


class LemmaCounter(Protocol):
    """Counts given lemmas. `name` and version go with the numbers: lemmatizers disagree."""

    @property
    def name(self) -> str: ...

    def counts(self, texts: Sequence[str], wanted: Sequence[str]) -> IntArray:
        """The occurrences of the wanted lemmas (lower case, distinct), [texts, wanted]."""
        ...


def lemma_counter(name: LemmatizerName = "auto") -> LemmaCounter:
    """`auto` is spaCy where its English model is installed, else simplemma.

    Raises:
        ConfigError: spaCy was asked for and it, or its English model, is not installed.
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
    """Whether published frequencies may be held against this counter's."""
    return SPACY_MODEL in counter.name


class SimplemmaCounter:
    """simplemma's English dictionary and rules, word by word, without context."""

    def __init__(self) -> None:
        from importlib.metadata import version

        self.name = f"simplemma {version('simplemma')}"

    def counts(self, texts: Sequence[str], wanted: Sequence[str]) -> IntArray:
        number = _WantedLemmas(wanted).__getitem__
        return _counts((map(number, _words(text)) for text in texts), wanted)


def _words(text: str) -> list[str]:
    """What `_WORD` finds in lower case; in plain ASCII, as most texts are, five times as fast."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_LOWER).decode("ascii").split()
    return _WORD.findall(text.lower())


def _counts(found: Iterable[Iterable[int | None]], wanted: Sequence[str]) -> IntArray:
    """The counts of each text from its words' lemmas: their numbers from 1, None for unwanted."""
    numbers: list[int] = []
    ends = [0]
    for of_text in found:
        numbers += filter(None, of_text)
        ends.append(len(numbers))
    texts = len(ends) - 1
    rows = np.repeat(np.arange(texts), np.diff(ends))
    cells = rows * len(wanted) + np.asarray(numbers, dtype=np.int64) - 1
    return np.bincount(cells, minlength=texts * len(wanted)).reshape(texts, len(wanted))


class _WantedLemmas(dict[str, int | None]):
    """Word -> its lemma's number from 1 if that is wanted, else None; a word is looked up once."""

    def __init__(self, wanted: Sequence[str]) -> None:
        super().__init__()
        self._numbers = {lemma: number for number, lemma in enumerate(wanted, start=1)}

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
