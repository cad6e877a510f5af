"""Count lemmas in texts, with simplemma or spaCy's English model."""

import re
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from rast_bench.errors import ConfigError
from rast_bench.metrics.estimate import IntArray

if TYPE_CHECKING:
    import pyarrow as pa

SPACY_MODEL = "en_core_web_sm"  # used for the paper's numbers
_WORD = re.compile(r"[^\W\d_]+")  # so "double-check" contains "check", as it does for spaCy

_BATCH_BYTES = 8 * 2**20  # of texts, on average: few calls of Arrow, and little memory
_ASCII_LOWER = bytes(
    code if code > 127 or chr(code).isalpha() else 32 for code in range(256)
).lower()
_SIGMA = "Σ"  # alone in that its lower case depends on what is beside its word

LemmatizerName = Literal["auto", "simplemma", "spacy"]


class LemmaCounter(Protocol):
    """Counts given lemmas. Report `name` with the numbers: lemmatizers disagree."""

    @property
    def name(self) -> str: ...

    def counts(self, texts: "pa.ChunkedArray", wanted: Sequence[str]) -> IntArray:
        """Return occurrences of the wanted lemmas (lower case, distinct), [texts, wanted].

        Args:
            texts: strings without nulls (`text_array`).
        """
        ...


def text_array(texts: Iterable[str]) -> "pa.ChunkedArray":
    """Return texts as the ledger stores them; half of a surrogate pair becomes a question mark."""
    import pyarrow as pa

    encoded = pa.array([text.encode("utf-8", "replace") for text in texts], pa.binary())
    return pa.chunked_array([encoded]).cast(pa.string())


def lemma_counter(name: LemmatizerName = "auto") -> LemmaCounter:
    """Return a counter; `auto` is spaCy if its English model is installed, else simplemma.

    Raises:
        ConfigError: spaCy was requested but it or its English model is not installed.
    """
    installed = spacy_installed()
    if name == "spacy" and not installed:
        raise ConfigError(
            f"lemmatizer spacy: the model {SPACY_MODEL} is not installed",
            hint=f"pip install 'rast-bench[spacy]' and python -m spacy download {SPACY_MODEL}, or "
            "use the lemmatizer simplemma",
        )
    return SpacyCounter() if installed and name != "simplemma" else SimplemmaCounter()


def spacy_installed() -> bool:
    """Return whether `auto` is spaCy."""
    return find_spec("spacy") is not None and find_spec(SPACY_MODEL) is not None


def is_the_papers(counter: LemmaCounter) -> bool:
    """Return whether published frequencies are comparable with this counter's."""
    return SPACY_MODEL in counter.name


class SimplemmaCounter:
    """simplemma's English dictionary and rules, word by word, without context."""

    def __init__(self) -> None:
        from importlib.metadata import version

        self.name = f"simplemma {version('simplemma')}"
        self._numbers: dict[tuple[str, ...], _WantedLemmas] = {}

    def counts(self, texts: "pa.ChunkedArray", wanted: Sequence[str]) -> IntArray:
        numbers = self._numbers.setdefault(tuple(wanted), _WantedLemmas(wanted))
        counts = np.zeros((len(texts), len(wanted)), dtype=np.int64)
        end = 0
        for chunk in texts.chunks:
            size = max(1, _BATCH_BYTES * len(chunk) // max(1, chunk.nbytes))
            for start in range(0, len(chunk), size):
                batch = chunk.slice(start, size)
                begin, end = end, end + len(batch)
                counts[begin:end] = _counted_by_arrow(batch, numbers)
        return counts


def _counted_by_arrow(texts: "pa.StringArray", numbers: "_WantedLemmas") -> IntArray:
    """Return the counts of texts.

    Arrow splits them between ASCII letters and other ASCII characters, at which words end in any
    case, and numbers the distinct parts; what a part contains is found once.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    _, ends, data = texts.buffers()
    offsets = np.frombuffer(ends, dtype=np.int32, count=texts.offset + len(texts) + 1)
    offsets = offsets[texts.offset :]
    original = memoryview(data)[offsets[0] : offsets[-1]].tobytes()
    offsets = offsets - offsets[0]
    buffers = (pa.py_buffer(offsets), pa.py_buffer(original.translate(_ASCII_LOWER)))
    split = pc.ascii_split_whitespace(pa.StringArray.from_buffers(len(texts), *buffers))
    parts = split.flatten().dictionary_encode()
    found = [numbers.of_part(part) for part in parts.dictionary.to_pylist()]
    indices, ends = np.from_dlpack(parts.indices), np.from_dlpack(split.offsets)

    def occurrences(of_distinct: IntArray) -> tuple[IntArray, IntArray]:
        """Return text and number of every part whose number is not 0."""
        places = np.flatnonzero((of_distinct != 0)[indices])
        per_text = np.diff(np.searchsorted(places, ends))
        return np.repeat(np.arange(len(texts)), per_text), of_distinct[indices[places]]

    single = np.array([one[0] if len(one) == 1 else 0 for one in found], dtype=np.int64)
    counts = _table(*occurrences(single), len(texts), numbers.size)
    several = [place for place, one in enumerate(found) if len(one) > 1]
    if several:  # rare: separated by none but other characters
        within = _counts((found[place] for place in several), numbers.size)
        order = np.zeros(len(found), dtype=np.int64)
        order[several] = np.arange(1, len(several) + 1)
        rows, which = occurrences(order)
        np.add.at(counts, rows, within[which - 1])
    sigma = _SIGMA.encode()
    if sigma[0] in original and sigma in original:  # one byte is found in no time
        for row, text in enumerate(texts.to_pylist()):
            if _SIGMA in text:
                counts[row] = _counts([numbers.of_text(text)], numbers.size)[0]
    return counts


def _counts(found: Iterable[Iterable[int | None]], lemmas: int) -> IntArray:
    """Return counts per text from the lemma numbers of its words, from 1; None is unwanted."""
    numbers: list[int] = []
    ends = [0]
    for of_text in found:
        numbers += filter(None, of_text)
        ends.append(len(numbers))
    texts = len(ends) - 1
    rows = np.repeat(np.arange(texts), np.diff(ends))
    return _table(rows, np.asarray(numbers, dtype=np.int64), texts, lemmas)


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

    def of_text(self, text: str) -> list[int]:
        """Return the numbers of the wanted lemmas of a text, in the order of its words."""
        return [number for word in _WORD.findall(text.lower()) if (number := self[word])]

    def of_part(self, part: str) -> list[int]:
        """Return the same of a part in lower case but for characters beyond ASCII."""
        if not part.isascii():
            return self.of_text(part)
        number = self[part] if part else None
        return [] if number is None else [number]

    def __missing__(self, word: str) -> int | None:
        import simplemma

        self[word] = number = self._numbers.get(simplemma.lemmatize(word, lang="en").lower())
        return number


class SpacyCounter:
    """spaCy's small English model, which lemmatises words in context: about 30 times slower, so
    each distinct text is analysed once.
    """

    def __init__(self) -> None:
        import spacy

        self._nlp: Any = spacy.load(SPACY_MODEL, disable=["ner", "parser"])
        self.name = f"spaCy {SPACY_MODEL} {self._nlp.meta['version']}"

    def counts(self, texts: "pa.ChunkedArray", wanted: Sequence[str]) -> IntArray:
        numbers = {lemma: number for number, lemma in enumerate(wanted, start=1)}
        rows: dict[str, int] = {}
        row_of = [rows.setdefault(text, len(rows)) for text in texts.to_pylist()]
        lemmas = (
            (numbers.get(token.lemma_.lower()) for token in document)
            for document in self._nlp.pipe(list(rows))
        )
        return _counts(lemmas, len(wanted))[row_of]
