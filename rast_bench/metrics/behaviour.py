"""Behaviour-token frequencies (appendix C.3, figures 9 and 10)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rast_bench.metrics.estimate import Estimate, IntArray, mean_estimate
from rast_bench.metrics.lemmas import LemmaCounter, lemma_counter, spacy_installed, text_array

if TYPE_CHECKING:
    import pyarrow as pa

    from rast_bench.ledger.derived import Derived
    from rast_bench.metrics.outcomes import CellOutcome

LEMMAS_FILE = Path(__file__).with_name("behaviour_lemmas.json")


@dataclass(frozen=True)
class BehaviourFrequencies:
    """Occurrences per sample.

    `behaviours` holds one estimate per list (standard error over problems), `lemmas` the mean of
    each of its lemmas. Show `lemmatizer` wherever the numbers are shown.
    """

    lemmatizer: str
    behaviours: Mapping[str, Estimate]
    lemmas: Mapping[str, Mapping[str, float]]


@cache
def behaviour_lemmas() -> dict[str, tuple[str, ...]]:
    """Return the authors' disjoint lists: branching, backtracking, self-verification."""
    lists = json.loads(LEMMAS_FILE.read_text(encoding="utf-8"))
    return {name: tuple(words) for name, words in lists.items() if name != "source"}


def behaviour_frequencies(
    texts: npt.NDArray[np.object_], counter: LemmaCounter | None = None
) -> BehaviourFrequencies:
    """Return the occurrences of each list's lemmas per sample, averaged over samples and problems.

    Args:
        texts: str, [problems, samples].
        counter: how words become lemmas; `lemma_counter()` by default.

    Raises:
        ValueError: there is no text.
    """
    if texts.size == 0:
        raise ValueError("no text to count lemmas in")
    counter = counter or lemma_counter()
    counts = lemma_counts(text_array(texts.ravel().tolist()), counter)
    return frequencies_of(by_list(counts.reshape(*texts.shape, -1)), counter.name)


def frequencies_of(counts: Mapping[str, IntArray], lemmatizer: str) -> BehaviourFrequencies:
    """Return frequencies from the occurrences that `by_list` returns."""
    per_problem = {name: one.mean(axis=1) for name, one in counts.items()}
    return BehaviourFrequencies(
        lemmatizer,
        {name: mean_estimate(one.sum(axis=1)) for name, one in per_problem.items()},
        {
            name: dict(zip(words, per_problem[name].mean(axis=0).tolist(), strict=True))
            for name, words in behaviour_lemmas().items()
        },
    )


def lemma_counts(texts: "pa.ChunkedArray", counter: LemmaCounter) -> IntArray:
    """Return the occurrences of all lists' lemmas, [texts, lemmas].

    Args:
        texts: strings without nulls.
    """
    return counter.counts(texts, [word for words in behaviour_lemmas().values() for word in words])


def words_of_samples(outcome: "CellOutcome", counter: LemmaCounter) -> IntArray:
    """Return `lemma_counts` of an outcome's responses, [problems, samples, lemmas]; the ledger
    keeps them.

    Raises:
        LedgerError: samples have vanished since the outcome was loaded.
    """
    derived, count = outcome.of_samples, _count_of(outcome, counter)
    return count() if derived is None else derived.array(*_stored_as(counter), count)


def count_words_ahead(outcome: "CellOutcome") -> None:
    """Begin to count the words that `words_of_samples` returns (`computing_ahead`)."""
    if outcome.of_samples is not None and not words_stored(outcome.of_samples):
        counter = _simplemma()
        outcome.of_samples.begin(*_stored_as(counter), _count_of(outcome, counter))


def words_stored(of_samples: "Derived") -> bool:
    """Return whether there is nothing to count ahead: spaCy would hold the GIL."""
    return spacy_installed() or of_samples.stored(*_stored_as(_simplemma()))


def _count_of(outcome: "CellOutcome", counter: LemmaCounter) -> Callable[[], IntArray]:
    return partial(outcome.counted, partial(lemma_counts, counter=counter))


@cache
def _simplemma() -> LemmaCounter:
    """Return a counter that remembers the words that it has met."""
    return lemma_counter("simplemma")


def _stored_as(counter: LemmaCounter) -> tuple[str, str]:
    """Return the name of the array and the code that it depends on."""
    from rast_bench.ledger.derived import code_version

    return "lemmas", f"{counter.name} {code_version('metrics')}"


def by_list(counts: IntArray) -> dict[str, IntArray]:
    """Return the counts of `lemma_counts` by list: the last axis is that of its lemmas."""
    lists = behaviour_lemmas()
    ends = np.cumsum([len(words) for words in lists.values()])
    return dict(zip(lists, np.split(counts, ends[:-1], axis=-1), strict=True))
