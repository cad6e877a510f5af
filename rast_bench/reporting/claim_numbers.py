"""Our numbers for the claims of an experiment, each with the range of metrics/replication.py."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from rast_bench.config.experiment import Measure
from rast_bench.metrics.accuracy import avg_at_n
from rast_bench.metrics.behaviour import lemma_counts
from rast_bench.metrics.estimate import Estimate, FloatArray, mean_estimate
from rast_bench.metrics.lemmas import LemmaCounter, is_the_papers, lemma_counter
from rast_bench.metrics.majority import majority_at_k
from rast_bench.metrics.pass_at_k import pass_at_k
from rast_bench.metrics.replication import (
    Replication,
    accuracy_replication,
    gain_replication,
    mean_of_replications,
    mean_replication,
    pass_at_k_replication,
    path_replication,
    recovery_replication,
)
from rast_bench.paper.published import Published
from rast_bench.reporting.claims import (
    MEANS,
    NOT_RUN,
    PERCENT,
    UNDEFINED,
    Claim,
    Number,
    Slot,
    claims_slot,
)
from rast_bench.reporting.measure import table_ks

if TYPE_CHECKING:
    from rast_bench.metrics.outcomes import CellOutcome

PAPER_PATHS = 50  # of a PCR (section 2.1)
PAPER_KS = (4, 8, 16, 32)  # of figures 3 and 8

BEHAVIOURS: dict[Measure, str] = {
    "branch out frequency": "branching",
    "backtrack frequency": "backtracking",
    "self verify frequency": "self-verification",
}
"""The paper's words for our lists of lemmas."""

SHARES: tuple[Measure, ...] = ("accuracy", "pass@k", "PCR")
"""Measures that cannot leave [0, 1], whatever the normal approximation of their range says."""


@dataclass(frozen=True)
class PathMean:
    """A mean PCR (a fraction), or cosine similarity of ΔR, over greedy paths of an RL model."""

    value: float
    standard_error: float | None
    paths: int


PathMeans = Mapping[tuple[str, str, str], PathMean]
"""By base model, data set and policy, as `rast-bench analyse` saved them."""


@dataclass
class _Context:
    """What all numbers of an experiment share; lemmas of a cell are counted once."""

    slots: Sequence[Slot]
    coverages: PathMeans
    similarities: PathMeans
    counter: LemmaCounter | None = None
    lemmas: dict[int, dict[str, FloatArray]] = field(default_factory=dict)

    @property
    def other_lemmatizer(self) -> str:
        """What counted the lemmas, where it is not the paper's lemmatizer."""
        assert self.counter is not None, "lemmas were counted"
        return "" if is_the_papers(self.counter) else self.counter.name

    def lemma_counts(self, outcome: "CellOutcome") -> dict[str, FloatArray]:
        """By list: occurrences in each sample, [problems, samples]."""
        key = id(outcome)
        if key not in self.lemmas:
            self.counter = self.counter or lemma_counter()
            self.lemmas[key] = {
                name: counts.sum(axis=-1).astype(np.float64)
                for name, counts in lemma_counts(outcome.texts, self.counter).items()
            }
        return self.lemmas[key]


def build_claims(
    slots: Sequence[Slot],
    measures: Sequence[Measure],
    facts: Sequence[Published],
    coverages: PathMeans | None = None,
    counter: LemmaCounter | None = None,
    *,
    similarities: PathMeans | None = None,
) -> list[Claim]:
    """One claim for each place of the experiment's tables, in the order of its rows and data sets.

    Args:
        facts: the published numbers that may stand there (`facts_of`).
        counter: how words become lemmas; `lemma_counter()` by default.
    """
    context = _Context(slots, coverages or {}, similarities or {}, counter)
    claims: list[Claim] = []
    for measure in measures:
        firsts: set[tuple[str, str]] = set()
        for slot in slots:
            if not _has_place(slot, measure):
                continue
            if measure in MEANS:
                if (slot.section, slot.label) in firsts:
                    continue
                firsts.add((slot.section, slot.label))
            for k in _ks(slot, measure, facts):
                claims.append(_claim(slot, measure, k, facts, context))
    return claims


def _has_place(slot: Slot, measure: Measure) -> bool:
    """Grids hold accuracies only; base and ceiling have no recovery rate, gain or similarity."""
    if slot.grid is not None:
        return measure in ("accuracy", "standard deviation over runs")
    if measure in (*MEANS, *MEANS.values(), "cosine similarity"):
        return slot.role in ("rast", "control")
    return True


def _ks(slot: Slot, measure: Measure, facts: Sequence[Published]) -> Sequence[int | None]:
    """The published k; without any, the paper's as far as our samples go."""
    if measure not in ("pass@k", "majority@k"):
        return (None,)
    published = sorted({one.k for one in facts if one.metric == measure and one.k is not None})
    if published:
        return published
    return PAPER_KS if slot.outcome is None else table_ks(slot.outcome.kinds.shape[1])


def _claim(
    slot: Slot, measure: Measure, k: int | None, facts: Sequence[Published], context: _Context
) -> Claim:
    found = tuple(fact for fact in facts if claims_slot(fact, slot, measure, k))
    samples = next((fact.samples for fact in found if fact.samples), None)
    number = _number(slot, measure, k, samples, context)
    return Claim(
        section=slot.section,
        label=slot.label,
        role=slot.role,
        delta=slot.delta,
        dataset=None if measure in MEANS else slot.dataset,
        measure=measure,
        k=k,
        lambda_=slot.lambda_,
        temperature=slot.temperature,
        grid=slot.grid,
        published=found,
        ours=number if isinstance(number, Number) else None,
        missing=number if isinstance(number, str) else "",
    )


def _number(
    slot: Slot, measure: Measure, k: int | None, published_samples: int | None, context: _Context
) -> Number | str:
    """Our number, or why there is none."""
    if measure == "PCR":
        return _along_paths(slot, measure, context.coverages)
    if measure == "cosine similarity":
        return _along_paths(slot, measure, context.similarities)
    if measure in MEANS:
        return _mean(slot, measure, context)
    if measure in ("recovery rate", "gain"):
        found = _against_base(slot, measure, context)
        return found if isinstance(found, str) else _scaled(measure, found)
    outcome = slot.outcome
    if outcome is None:
        return slot.missing
    if measure in ("pass@k", "majority@k"):
        assert k is not None
        return _at_k(outcome, measure, k, published_samples)
    if measure == "accuracy":
        estimate = avg_at_n(outcome.correct)
        return _scaled(measure, accuracy_replication(outcome.correct, published_samples), estimate)
    if measure == "standard deviation over runs":
        return _spread(outcome)
    if measure == "response length":
        values = outcome.token_counts.astype(np.float64)
    else:
        values = context.lemma_counts(outcome)[BEHAVIOURS[measure]]
    number = _scaled(
        measure, mean_replication(values, published_samples), mean_estimate(values.mean(axis=1))
    )
    return replace(number, counted_by=context.other_lemmatizer) if measure in BEHAVIOURS else number


def _spread(outcome: "CellOutcome") -> Number | str:
    """The standard deviation of a run's accuracy; a run is one sample of each problem.

    Its standard error is that of normal runs, s/√(2(N − 1)).
    """
    runs = outcome.correct.mean(axis=0)
    if len(runs) < 2:
        return f"n = {len(runs)}"
    spread = 100 * float(runs.std(ddof=1))
    return Number(spread, spread / math.sqrt(2 * (len(runs) - 1)))


def _at_k(
    outcome: "CellOutcome", measure: Measure, k: int, published_samples: int | None
) -> Number | str:
    samples = outcome.kinds.shape[1]
    if k > samples:
        return f"n = {samples}"
    if measure == "majority@k":
        estimate = majority_at_k(outcome, [k]).at(k)
        return Number(100 * estimate.value, _percent(estimate.standard_error))
    estimate = pass_at_k(outcome.correct).at(k)
    replication = pass_at_k_replication(outcome.correct, k, published_samples)
    return _scaled(measure, replication, estimate)


def _along_paths(slot: Slot, measure: Measure, saved: PathMeans) -> Number | str:
    found = saved.get((slot.base_model, slot.dataset, slot.policy))
    if found is None:
        return NOT_RUN
    error = found.standard_error
    replication = path_replication(found.value, error, found.paths, PAPER_PATHS)
    if replication is None:
        return Number(100 * found.value if measure in PERCENT else found.value)
    return _scaled(measure, replication, Estimate(found.value, error))


def _mean(slot: Slot, measure: Measure, context: _Context) -> Number | str:
    row = [
        one
        for one in context.slots
        if one.grid is None and (one.section, one.label) == (slot.section, slot.label)
    ]
    parts = []
    for one in row:
        found = _against_base(one, MEANS[measure], context)
        if isinstance(found, str):
            return found
        parts.append(found)
    return _scaled(measure, mean_of_replications(parts))


def _against_base(slot: Slot, measure: Measure, context: _Context) -> Replication | str:
    """A recovery rate or a gain over the base of the same section and data set."""
    base = _reference(slot, "base", context)
    needed = [base, slot]
    if measure == "recovery rate":
        needed.append(_reference(slot, "ceiling", context))
    outcomes = []
    for one in needed:
        if one is None:
            return "no reference"
        if one.outcome is None:
            return one.missing
        outcomes.append(one.outcome.correct)
    formula: Callable[..., Replication | None] = (
        gain_replication if measure == "gain" else recovery_replication
    )
    return formula(*outcomes) or UNDEFINED


def _reference(slot: Slot, role: str, context: _Context) -> Slot | None:
    return next(
        (
            one
            for one in context.slots
            if one.role == role
            and one.grid is None
            and (one.section, one.dataset) == (slot.section, slot.dataset)
        ),
        None,
    )


def _scaled(measure: Measure, found: Replication, estimate: Estimate | None = None) -> Number:
    scale = 100.0 if measure in PERCENT else 1.0
    error = estimate.standard_error if estimate else None
    low, high = found.low, found.high
    if measure in SHARES:
        low, high = max(0.0, low), min(1.0, high)
    return Number(
        scale * found.value,
        None if error is None else scale * error,
        scale * low,
        scale * high,
        identified=found.identified,
    )


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction
