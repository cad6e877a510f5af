"""The functions of the measures: from a cell's samples, or a cell beside others, to values.

Each calls one formula of metrics/. `replicate_*` gives the range of published numbers.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from statistics import fmean

import numpy as np

from rast_bench.domain import VerdictKind
from rast_bench.metrics.accuracy import (
    avg_at_n,
    mean_over_datasets,
    mean_paired_difference,
    paired_difference,
    se_over_reruns,
)
from rast_bench.metrics.estimate import Curve, Estimate, FloatArray, mean_estimate
from rast_bench.metrics.length import LengthStatistics
from rast_bench.metrics.majority import majority_at_k
from rast_bench.metrics.paper import paper_majority_at_k, paper_pass_at_k
from rast_bench.metrics.pass_at_k import pass_at_k
from rast_bench.metrics.recovery import (
    AccuracyTriple,
    Method,
    RecoveryRate,
    mean_recovery_rate,
    recovery_rate,
)
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
from rast_bench.results.cells import CellSamples, Experiment, MeasuredCell
from rast_bench.results.result import Measure, Status, UnavailableError, Value
from rast_bench.results.token_cost import TokenCost

SMALLEST_K = 4  # figures 3 and 8 of the paper: k = 4, 8, 16, 32
PAPER_PATHS = 50  # paths per PCR (section 2.1)

_METHODS: tuple[Method, ...] = ("fieller", "bootstrap")


def table_ks(samples: int) -> tuple[int, ...]:
    """Return the k of the detail tables besides 1: 4, 8, 16, 32 and further powers of 2 up to N."""
    return tuple(2**i for i in range(samples.bit_length()) if SMALLEST_K <= 2**i <= samples)


# Of a cell's own samples.


def accuracy(cell: CellSamples) -> list[Value]:
    return [Value.of(avg_at_n(cell.correct))]


def replicate_accuracy(cell: CellSamples, _: Value, published: int | None) -> Replication:
    return _in_unit_interval(accuracy_replication(cell.correct, published))


def error_over_reruns(cell: CellSamples) -> list[Value]:
    return [_value(se_over_reruns(cell.correct))]


def spread_over_runs(cell: CellSamples) -> list[Value]:
    """Return the standard deviation of a run's accuracy; a run is one sample of each problem.

    Its standard error is that of normal runs, s/√(2(N − 1)).
    """
    runs = cell.correct.mean(axis=0)
    if len(runs) < 2:
        raise UnavailableError("too few samples", f"n = {len(runs)}")
    spread = float(runs.std(ddof=1))
    return [Value(spread, spread / math.sqrt(2 * (len(runs) - 1)))]


def pass_rates(cell: CellSamples) -> list[Value]:
    """Return the unbiased estimator at every k, then the paper's."""
    ks = table_ks(cell.samples)
    drawn = paper_pass_at_k(cell.correct, ks, seed=cell.seed)
    return [*_curve(pass_at_k(cell.correct), "unbiased"), *_drawn(ks, drawn)]


def replicate_pass_rate(cell: CellSamples, value: Value, published: int | None) -> Replication:
    assert value.k is not None, "pass@k is at a k"
    return _in_unit_interval(pass_at_k_replication(cell.correct, value.k, published))


def majority_rates(cell: CellSamples) -> list[Value]:
    """Return the exact value at the tables' and the published k, then the paper's estimator.

    The latter is computed at the k of the detail tables only.
    """
    ks = table_ks(cell.samples)
    exact = sorted({*ks, *(k for k in cell.published_ks if k <= cell.samples)})
    if not exact:
        return []
    drawn = paper_majority_at_k(cell.outcome, ks, seed=cell.seed)
    return [*_curve(majority_at_k(cell.outcome, exact), "exact"), *_drawn(ks, drawn)]


def mean_length(cell: CellSamples) -> list[Value]:
    return [Value.of(cell.length.mean)]


def replicate_length(cell: CellSamples, _: Value, published: int | None) -> Replication:
    return mean_replication(cell.outcome.token_counts.astype(np.float64), published)


def median_length(cell: CellSamples) -> list[Value]:
    return [Value(cell.length.median)]


def length_of(kind: VerdictKind) -> Callable[[CellSamples], list[Value]]:
    """Return a function for the mean over samples with a verdict, undefined if there is none."""

    def function(cell: CellSamples) -> list[Value]:
        found = cell.length.by_kind.get(kind)
        return [_value(None if found is None else found.mean)]

    return function


def of_verdict(
    kind: VerdictKind, number: Callable[[CellSamples, LengthStatistics], float]
) -> Callable[[CellSamples], list[Value]]:
    """Return a function for a number of the samples with a verdict; no value if there is none."""

    def function(cell: CellSamples) -> list[Value]:
        found = cell.length.by_kind.get(kind)
        return [] if found is None else [Value(number(cell, found))]

    return function


def truncated_share(cell: CellSamples) -> list[Value]:
    return [Value(cell.length.truncated_share)]


def share_of(kind: VerdictKind) -> Callable[[CellSamples], list[Value]]:
    """Return a function for the share of all samples that have a verdict."""

    def function(cell: CellSamples) -> list[Value]:
        return [Value(float((cell.outcome.kinds == kind).mean()))]

    return function


def frequency_of(lemmas: str) -> Callable[[CellSamples], list[Value]]:
    """Return a function for occurrences of the lemmas of a list per response."""

    def function(cell: CellSamples) -> list[Value]:
        found = cell.behaviour
        value = Value.of(found.behaviours[lemmas])
        same = cell.counted_as_in_the_paper
        return [replace(value, counted_by=found.lemmatizer, comparable=same)]

    return function


def replicate_frequency(
    lemmas: str,
) -> Callable[[CellSamples, Value, int | None], Replication]:
    def function(cell: CellSamples, _: Value, published: int | None) -> Replication:
        return mean_replication(cell.lemmas_per_sample[lemmas].astype(np.float64), published)

    return function


# Of a cell beside the base and the ceiling of its section.


def gain(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    base, own = _with_references(cell, experiment, ceiling=False)
    if base is own:
        return []
    return [_difference(own, base)]


def replicate_gain(
    cell: MeasuredCell, experiment: Experiment, _: Value, __: int | None
) -> Replication:
    base, own = _with_references(cell, experiment, ceiling=False)
    return gain_replication(base.correct, own.correct)


def recovery(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    return _recovery(recovery_rate(*_triple(cell, experiment), seed=experiment.seed))


def replicate_recovery(
    cell: MeasuredCell, experiment: Experiment, _: Value, __: int | None
) -> Replication | None:
    members = _with_references(cell, experiment, ceiling=True)
    return recovery_replication(*(one.correct for one in members))


def difference_from_highest(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    """Return the difference for every cell of a grid except the highest."""
    own = experiment.samples(cell)
    highest = experiment.highest_of_grid(cell)
    return [] if highest is cell else [_difference(own, experiment.samples(highest))]


def difference_from_row(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    """Return the difference from the row that the experiment compares all others with; its label
    is the value's `estimator`.
    """
    pairs = _beside_reference([cell], experiment)
    return [_mean_difference(pairs, experiment)] if pairs else []


def accuracy_by_others(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    """Return the accuracy by each other grader; its name is the value's `estimator`."""
    experiment.samples(cell)
    return _by_others({name: avg_at_n(one.correct) for name, one in cell.also.items()})


def majority_at_equal_bytes(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    """Return majority@k for the largest k whose samples read no more than one of the row
    `compare_with`: k = ⌊(w' t') / (w t)⌋, with w the bytes of weights that a token reads, t the
    mean tokens of a response, and the row's own marked '.
    """
    other = experiment.compared_row(cell)
    if other is None or cell.cost is None or other.cost is None:
        raise UnavailableError("no reference")
    own, budget = experiment.samples(cell), experiment.samples(other)
    read = cell.cost.weights * _mean_tokens(own)
    allowed = other.cost.weights * _mean_tokens(budget)
    k = 1 if other is cell else allowed // read if read else own.samples + 1
    if k < 1:
        raise UnavailableError("undefined", "reads more")
    if k > own.samples:
        raise UnavailableError("too few samples", f"n = {own.samples}, k = {k}")
    return [Value.of(majority_at_k(own.outcome, [k]).at(k), k)]


def _mean_tokens(cell: CellSamples) -> Fraction:
    """Return the mean tokens of a response, exactly: k is a floor, often of a whole number."""
    counts = cell.outcome.token_counts
    return Fraction(int(counts.sum()), counts.size)


# Of a row: means over all data sets.


def token_cost_of(part: Callable[[TokenCost], float]) -> Callable[..., list[Value]]:
    """Return a function for the bytes or the FLOPs of a token."""

    def function(cell: MeasuredCell, _: Experiment) -> list[Value]:
        if cell.cost is None:
            raise UnavailableError("no reference")
        return [Value(part(cell.cost))]

    return function


def small_share(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    shares = [one.small_share for one in experiment.row(cell)]
    known = [one for one in shares if one is not None]
    if len(known) < len(shares):
        raise UnavailableError("undefined", "not recorded")
    return [Value(fmean(known))]


def mean_accuracy_by_others(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    """Return the mean by each grader that has judged all of the row's data sets."""
    row = experiment.row(cell)
    for one in row:
        experiment.samples(one)
    return _by_others(
        {
            name: mean_over_datasets([avg_at_n(one.also[name].correct) for one in row])
            for name in cell.also
            if all(name in one.also for one in row)
        }
    )


def mean_difference_from_row(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    pairs = _beside_reference(experiment.row(cell), experiment)
    return [_mean_difference(pairs, experiment)] if pairs else []


def mean_accuracy(accuracy: Measure) -> Callable[[MeasuredCell, Experiment], list[Value]]:
    def function(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
        parts = [experiment.values(accuracy, one)[0] for one in experiment.row(cell)]
        return [Value.of(mean_over_datasets([_estimate(part) for part in parts]))]

    return function


def ratio_of_means(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
    triples = [_triple(one, experiment) for one in experiment.row(cell)]
    return _recovery(mean_recovery_rate(triples, seed=experiment.seed))


def mean_of(part: Measure) -> Callable[[MeasuredCell, Experiment], list[Value]]:
    """Return a function for the mean over data sets of a comparison, undefined if one of them is.

    A recovery rate (the mean of ratios, as in the paper's table 4) is identified if all are.
    """

    def function(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
        parts = [experiment.values(part, one)[0] for one in experiment.row(cell)]
        estimates = [one.estimate for one in parts if one.estimate is not None]
        if len(estimates) < len(parts):
            return [Value(None, status="undefined")]
        unsure = any(one.status == "not identified" for one in parts)
        return [Value(fmean(estimates), status="not identified" if unsure else "measured")]

    return function


def replicate_mean_of(
    part: Measure,
) -> Callable[[MeasuredCell, Experiment, Value, int | None], Replication | None]:
    def function(
        cell: MeasuredCell, experiment: Experiment, value: Value, published: int | None
    ) -> Replication | None:
        assert part.replicate is not None, f"{part.name} has a range"
        parts = [part.replicate(one, experiment, value, published) for one in experiment.row(cell)]
        known = [one for one in parts if one is not None]
        return mean_of_replications(known) if len(known) == len(parts) else None

    return function


# Along the greedy paths that an analysis saved.


def path_mean(name: str) -> Callable[[MeasuredCell, Experiment], list[Value]]:
    """Return a function for what `rast-bench analyse` saved of a measure."""

    def function(cell: MeasuredCell, experiment: Experiment) -> list[Value]:
        saved = experiment.paths.get(name, {})
        found = saved.get((cell.base_model, cell.dataset, cell.policy))
        if found is None:
            raise UnavailableError("not run")
        return [Value(found.value, found.standard_error, problems=found.paths)]

    return function


def replicate_path_mean(
    _: MeasuredCell, __: Experiment, value: Value, ___: int | None
) -> Replication | None:
    assert value.estimate is not None and value.problems is not None, "a mean over paths"
    return path_replication(value.estimate, value.standard_error, value.problems, PAPER_PATHS)


def replicate_path_rate(
    cell: MeasuredCell, experiment: Experiment, value: Value, published: int | None
) -> Replication | None:
    found = replicate_path_mean(cell, experiment, value, published)
    return None if found is None else _in_unit_interval(found)


def _by_others(estimates: Mapping[str, Estimate]) -> list[Value]:
    return [
        replace(Value.of(one, estimator=name), main=place == 0)
        for place, (name, one) in enumerate(estimates.items())
    ]


def per_sample(values: FloatArray) -> list[Value]:
    """Return the mean of a per-sample number, with its standard error over problems.

    Args:
        values: [problems, samples]; truth values count as 0 and 1.
    """
    scores = np.asarray(values, dtype=np.float64).mean(axis=1)
    return [Value.of(mean_estimate(scores))]


def _value(number: float | None) -> Value:
    return Value(None, status="undefined") if number is None else Value(number)


def _estimate(value: Value) -> Estimate:
    assert value.estimate is not None, "an accuracy is always defined"
    return Estimate(value.estimate, value.standard_error)


def _curve(curve: Curve, estimator: str) -> list[Value]:
    return [Value.of(curve.at(k), k, estimator) for k in curve.k.tolist()]


def _drawn(ks: Sequence[int], rates: FloatArray) -> list[Value]:
    return [
        Value(rate, k=k, estimator="paper", main=False)
        for k, rate in zip(ks, rates.tolist(), strict=True)
    ]


def _difference(first: CellSamples, second: CellSamples) -> Value:
    found = paired_difference(first.correct, second.correct)
    return Value(found.value, found.standard_error, p_value=found.p_value)


def _beside_reference(
    cells: Sequence[MeasuredCell], experiment: Experiment
) -> list[tuple[CellSamples, CellSamples]]:
    """Return the samples of each cell and of the row that it is compared with; none for that row
    itself.

    Raises:
        UnavailableError: one of them is missing.
    """
    others = [experiment.compared_row(cell) for cell in cells]
    return [
        (experiment.samples(cell), experiment.samples(other))
        for cell, other in zip(cells, others, strict=True)
        if other is not None and other is not cell
    ]


def _mean_difference(
    pairs: Sequence[tuple[CellSamples, CellSamples]], experiment: Experiment
) -> Value:
    found = mean_paired_difference([(own.correct, other.correct) for own, other in pairs])
    return Value(
        found.value,
        found.standard_error,
        found.low,
        found.high,
        estimator=experiment.compare_with or "",
        p_value=found.p_value,
        problems=found.problems,
    )


def _with_references(
    cell: MeasuredCell, experiment: Experiment, *, ceiling: bool
) -> list[CellSamples]:
    """Return the samples of base and cell, and of the ceiling.

    Raises:
        UnavailableError: one of them is missing.
    """
    members = [experiment.reference(cell, "base"), cell]
    if ceiling:
        members.append(experiment.reference(cell, "ceiling"))
    return [experiment.samples(one) for one in members]


def _triple(cell: MeasuredCell, experiment: Experiment) -> AccuracyTriple:
    members = _with_references(cell, experiment, ceiling=True)
    return AccuracyTriple(*(one.accuracy_per_problem for one in members))


def _recovery(rate: RecoveryRate) -> list[Value]:
    """Return the rate with the tables' interval, then with each method's own, if it has one."""
    if rate.estimate is None:
        return [Value(None, status="undefined")]
    value = Value(rate.estimate, status="not identified")
    if rate.identified:
        status: Status = "ceiling below base" if rate.inverted else "measured"
        value = Value(rate.estimate, None, rate.low, rate.high, rate.method, status=status)
    others = [
        replace(value, low=one.low, high=one.high, interval=method, estimator=method, main=False)
        for method, one in zip(_METHODS, (rate.fieller, rate.bootstrap), strict=True)
        if one is not None
    ]
    return [value, *others]


def _in_unit_interval(found: Replication) -> Replication:
    """Clip a range to [0, 1], since a share cannot leave it."""
    return replace(found, low=max(0.0, found.low), high=min(1.0, found.high))
