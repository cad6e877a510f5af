"""Counting lemmas in texts, with simplemma or with spaCy's English model."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from importlib.util import find_spec
from typing import Any, Literal, Protocol

from rast_bench.errors import ConfigError

SPACY_MODEL = "en_core_web_sm"
_WORD = re.compile(r"[^\W\d_]+")  # so "double-check" holds "check", as it does for spaCy

_ASCII_LOWER = bytes(code if chr(code).isalpha() else 32 for code in range(128)).ljust(256).lower()

LemmatizerName = Literal["auto", "simplemma", "spacy"]


class LemmaCounter(Protocol):
    """Counts given lemmas. `name` and version go with the numbers: lemmatizers disagree."""

    @property
    def name(self) -> str: ...

    def counts(self, texts: Iterable[str], wanted: Set[str]) -> Iterator[Counter[str]]:
        """The occurrences of the wanted lemmas (lower case) in each text, in order."""
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
            hint="install spaCy and its model, or use the lemmatizer simplemma",
        )
    return SpacyCounter() if installed and name != "simplemma" else SimplemmaCounter()


class SimplemmaCounter:
    """simplemma's English dictionary and rules, word by word, without context."""

    def __init__(self) -> None:
        from importlib.metadata import version

        self.name = f"simplemma {version('simplemma')}"

    def counts(self, texts: Iterable[str], wanted: Set[str]) -> Iterator[Counter[str]]:
        lemmas = _WantedLemmas(wanted)
        for text in texts:
            found = map(lemmas.__getitem__, _words(text))
            yield Counter(filter(None, found))


def _words(text: str) -> list[str]:
    """What `_WORD` finds in lower case; in plain ASCII, as most texts are, five times as fast."""
    if text.isascii():
        return text.encode("ascii").translate(_ASCII_LOWER).decode("ascii").split()
    return _WORD.findall(text.lower())


class _WantedLemmas(dict[str, str | None]):
    """Word -> its lemma if that is wanted, else None; each distinct word is lemmatised once."""

    def __init__(self, wanted: Set[str]) -> None:
        super().__init__()
        self._wanted = wanted

    def __missing__(self, word: str) -> str | None:
        import simplemma

        lemma = simplemma.lemmatize(word, lang="en").lower()
        self[word] = lemma if lemma in self._wanted else None
        return self[word]


class SpacyCounter:
    """spaCy's small English model, which lemmatises words in context: about 30 times slower."""

    def __init__(self) -> None:
        import spacy

        self._nlp: Any = spacy.load(SPACY_MODEL, disable=["ner", "parser"])
        self.name = f"spaCy {SPACY_MODEL} {self._nlp.meta['version']}"

    def counts(self, texts: Iterable[str], wanted: Set[str]) -> Iterator[Counter[str]]:
        for document in self._nlp.pipe(texts):
            lemmas = (token.lemma_.lower() for token in document)
            yield Counter(lemma for lemma in lemmas if lemma in wanted)
