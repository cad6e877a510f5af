"""avg@n, its standard errors, and comparisons of cells on the same problems."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rast_bench.metrics.estimate import (
    BoolArray,
    Estimate,
    FloatArray,
    IntArray,
    mean_estimate,
    se_over_problems,
)
from rast_bench.metrics.sign_flip import sign_flip_p_value
from rast_bench.metrics.student_t import student_t_interval


def accuracy_per_problem(correct: BoolArray) -> FloatArray:
    """Return p̂_i = c_i/N: correct [problems, samples] -> [problems]."""
    return np.asarray(correct.mean(axis=1), dtype=np.float64)


def avg_at_n(correct: BoolArray) -> Estimate:
    """Return avg@n, the paper's "averaged pass@1 over n runs": mean of p̂_i, SE over problems.

    Args:
        correct: [problems, samples].
    """
    return mean_estimate(accuracy_per_problem(correct))


def se_over_reruns(correct: BoolArray) -> float | None:
    """Return the SE of avg@n over new samples of the same problems: √(Σ p̂_i(1−p̂_i)/(N−1))/n.

    The within-problem part of the variance (arXiv 2411.00640, resampling of answers). None for
    one sample.

    Args:
        correct: [problems, samples].
    """
    problems, samples = correct.shape
    if samples < 2:
        return None
    p = accuracy_per_problem(correct)
    return math.sqrt(float((p * (1 - p)).sum()) / (samples - 1)) / float(problems)


@dataclass(frozen=True)
class ClusteredEstimate:
    """A mean with clustered standard error, its degrees of freedom C − 1 and a t interval."""

    value: float
    standard_error: float
    dof: int
    low: float
    high: float


def clustered_mean(
    scores: FloatArray, clusters: Sequence[object], *, level: float = 0.95
) -> ClusteredEstimate | None:
    """Return the mean of scores with errors correlated within clusters; None below two clusters.

    SE = √(C/(C−1) · Σ_c (Σ_{i∈c} (s_i − s̄))²)/n, t on C − 1 degrees of freedom
    (arXiv 2411.00640, clustered standard errors, with the small-sample factor).

    Args:
        scores: [n].
        clusters: the cluster of each score, n hashable labels.
    """
    places: dict[object, int] = {}
    index = [places.setdefault(cluster, len(places)) for cluster in clusters]
    count = len(places)
    if count < 2:
        return None
    mean = float(scores.mean())
    sums = np.bincount(index, weights=scores - mean, minlength=count)
    error = math.sqrt(count / (count - 1) * float((sums**2).sum())) / len(scores)
    low, high = student_t_interval(mean, error, count - 1, level)
    return ClusteredEstimate(mean, error, count - 1, low, high)


@dataclass(frozen=True)
class PairedDifference:
    """Mean of A − B over the same problems, and the p-value of "A and B are exchangeable"."""

    value: float
    standard_error: float | None
    p_value: float


def paired_difference(correct_a: BoolArray, correct_b: BoolArray) -> PairedDifference:
    """Return the mean of d_i = p̂_A,i − p̂_B,i, sd(d)/√n and the two-sided sign-flip p-value.

    Args:
        correct_a: [problems, samples of A].
        correct_b: [problems, samples of B], the same problems in the same order; the numbers of
            samples may differ (a greedy base has one).
    """
    whole, unit = _unit_differences(correct_a, correct_b)
    differences = whole / unit
    return PairedDifference(
        float(whole.sum() / (unit * len(whole))),
        se_over_problems(differences),
        sign_flip_p_value(whole),
    )


@dataclass(frozen=True)
class MeanDifference:
    """The mean over data sets of A − B, with its 95 % interval and p-value.

    `low` and `high` are None if a data set has a single problem.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    p_value: float
    problems: int


def mean_paired_difference(sets: Sequence[tuple[BoolArray, BoolArray]]) -> MeanDifference:
    """Return the mean of D data sets' differences A − B: SE = √ΣSE²/D, the two-sided sign-flip
    p-value over the problems of all of them, and Student's interval with Welch and Satterthwaite's
    degrees of freedom, (ΣSE²)² / Σ(SE⁴/(n − 1)), rounded down.

    Args:
        sets: (A, B) of each data set, as for `paired_difference`.
    """
    parts = [_unit_differences(*one) for one in sets]
    # A problem of a set of n counts 1/n of the set: all in one integer unit.
    unit = math.lcm(*(len(whole) * unit for whole, unit in parts))
    whole: IntArray = np.concatenate([part * (unit // (len(part) * own)) for part, own in parts])
    estimates = [
        Estimate(float(part.mean()) / own, se_over_problems(part / own)) for part, own in parts
    ]
    mean = mean_over_datasets(estimates)
    value = float(whole.sum()) / (unit * len(parts))
    low = high = None
    if mean.standard_error is not None:
        squares = [(one.standard_error or 0.0) ** 2 for one in estimates]
        spread = sum(
            square**2 / (len(part) - 1) for square, (part, _) in zip(squares, parts, strict=True)
        )
        freedom = int(sum(squares) ** 2 / spread + 1e-9) if spread else len(whole) - len(parts)
        low, high = student_t_interval(value, mean.standard_error, freedom)
    return MeanDifference(
        value, mean.standard_error, low, high, sign_flip_p_value(whole), len(whole)
    )


def _unit_differences(correct_a: BoolArray, correct_b: BoolArray) -> tuple[IntArray, int]:
    """Return the differences per problem as multiples of 1/unit, and the unit, so that the
    permutation distribution has no rounding.
    """
    samples_a, samples_b = correct_a.shape[1], correct_b.shape[1]
    unit = math.lcm(samples_a, samples_b)
    whole: IntArray = correct_a.sum(axis=1) * (unit // samples_a) - correct_b.sum(axis=1) * (
        unit // samples_b
    )
    return whole, unit


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down adjusted p-values, in the given order (Holm 1979).

    Reject if the adjusted value is at most α: the chance of any false rejection is then at most α.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def mean_over_datasets(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of D means with SE = √ΣSE²/D; None if one has no standard error.

    Raises:
        ValueError: no estimate.
    """
    if not estimates:
        raise ValueError("no data set to average over")
    count = len(estimates)
    errors = [estimate.standard_error for estimate in estimates]
    known = [error for error in errors if error is not None]
    combined = math.sqrt(sum(error**2 for error in known)) / count
    value = math.fsum(estimate.value for estimate in estimates) / count
    return Estimate(value, combined if len(known) == count else None)
