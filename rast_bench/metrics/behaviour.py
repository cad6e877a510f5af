"""Behaviour-token frequencies (appendix C.3, figures 9 and 10)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rast_bench.metrics.estimate import Estimate, mean_estimate
from rast_bench.metrics.lemmas import LemmaCounter, lemma_counter

LEMMAS_FILE = Path(__file__).with_name("behaviour_lemmas.json")


@dataclass(frozen=True)
class BehaviourFrequencies:
    """Occurrences per sample.

    `behaviours` holds one estimate per list (standard error over problems), `lemmas` the mean of
    each of its lemmas. `lemmatizer` belongs beside the numbers wherever they are shown.
    """

    lemmatizer: str
    behaviours: Mapping[str, Estimate]
    lemmas: Mapping[str, Mapping[str, float]]


@cache
def behaviour_lemmas() -> dict[str, tuple[str, ...]]:
    """The authors' lists: branching, backtracking, self-verification. No lemma is in two."""
    lists = json.loads(LEMMAS_FILE.read_text(encoding="utf-8"))
    return {name: tuple(words) for name, words in lists.items() if name != "source"}


def behaviour_frequencies(
    texts: npt.NDArray[np.object_], counter: LemmaCounter | None = None
) -> BehaviourFrequencies:
    """Occurrences of each list's lemmas per sample, averaged over samples and problems.

    Args:
        texts: str, [problems, samples]. Each distinct text is analysed once.
        counter: how words become lemmas; `lemma_counter()` by default.

    Raises:
        ValueError: there is no text.
    """
    if texts.size == 0:
        raise ValueError("no text to count lemmas in")
    counter = counter or lemma_counter()
    lists = behaviour_lemmas()
    columns = {lemma: i for i, lemma in enumerate(w for words in lists.values() for w in words)}
    rows: dict[str, int] = {}
    row_of = np.array([rows.setdefault(text, len(rows)) for text in texts.ravel().tolist()])
    counts = np.zeros((len(rows), len(columns)), dtype=np.int64)
    for row, found in enumerate(counter.counts(rows, columns.keys())):
        for lemma, times in found.items():
            counts[row, columns[lemma]] = times
    per_problem = counts[row_of].reshape(*texts.shape, len(columns)).mean(axis=1)
    behaviours, lemmas = {}, {}
    for name, words in lists.items():
        chosen = per_problem[:, [columns[word] for word in words]]
        behaviours[name] = mean_estimate(chosen.sum(axis=1))
        lemmas[name] = dict(zip(words, chosen.mean(axis=0).tolist(), strict=True))
    return BehaviourFrequencies(counter.name, behaviours, lemmas)
