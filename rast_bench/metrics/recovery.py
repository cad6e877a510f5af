"""Recovery rate (eq. 5) with an interval that admits when there is nothing to recover."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from rast_bench.metrics.estimate import FloatArray
from rast_bench.metrics.student_t import student_t_quantile

DRAWS = 10_000
FIELLER_BELOW = 100  # problems: fewer are too few for a bootstrap of a ratio
_DRAWS_AT_ONCE = 1_000

Method = Literal["bootstrap", "fieller"]


@dataclass(frozen=True)
class RecoveryRate:
    """(acc_RAST − acc_base)/(acc_RL − acc_base) with its interval, as fractions.

    `identified` is False where the interval of acc_RL − acc_base holds 0 (or the two are equal, or
    one problem gives no interval): then `estimate`, `low` and `high` are None and `reason` says
    why. `reason` also tells of a ceiling that is identified but below its base.
    """

    estimate: float | None
    low: float | None
    high: float | None
    method: Method
    identified: bool
    reason: str | None


class AccuracyTriple(NamedTuple):
    """p̂_i of the three cells on the same problems in the same order: three arrays [problems]."""

    base: FloatArray
    rast: FloatArray
    rl: FloatArray


def recovery_rate(
    base: FloatArray,
    rast: FloatArray,
    rl: FloatArray,
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> RecoveryRate:
    """R = Σ(S_i − B_i)/Σ(T_i − B_i) over problems, eq. 5.

    The interval resamples problems with their triple kept together (percentile bootstrap), or is
    Fieller's below 100 problems. The cells may have different numbers of samples: a greedy base
    has one.

    Args:
        base, rast, rl: p̂_i of each problem, [problems].

    Raises:
        ValueError: the arrays differ in length or are empty.
    """
    triple = AccuracyTriple(base, rast, rl)
    gaps = _gaps(triple)
    if _is_zero(float(gaps[:, 1].mean())):
        return _not_identified(_method(gaps), "RL and base accuracy are equal")
    if _method(gaps) == "fieller":
        return _from_fieller(gaps, level)
    return _from_bootstrap([triple], level, draws, seed)


def mean_recovery_rate(
    triples: Sequence[AccuracyTriple],
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> RecoveryRate:
    """Eq. 5 of the mean accuracies over data sets, each data set with equal weight.

    A ratio of means, so one data set without a gap cannot blow it up as it would a mean of ratios.
    Problems are resampled within their data set.

    Raises:
        ValueError: no data set, or arrays that differ in length or are empty.
    """
    if not triples:
        raise ValueError("no data set to average over")
    if _is_zero(sum(float(_gaps(triple)[:, 1].mean()) for triple in triples)):
        return _not_identified("bootstrap", "RL and base accuracy are equal")
    return _from_bootstrap(triples, level, draws, seed)


def fieller_interval(
    numerators: FloatArray, denominators: FloatArray, level: float
) -> tuple[float, float] | None:
    """Fieller's interval of a ratio of means of paired values [n]; None where it is unbounded.

    The ratios R for which mean(numerator − R·denominator) is within t standard errors of 0 (Fieller
    1954): roots of (b² − t²v_b)R² − 2(ab − t²v_ab)R + (a² − t²v_a), v the (co)variances of the
    means. Unbounded exactly where the t interval of the denominator holds 0.
    """
    count = len(numerators)
    a, b = float(numerators.mean()), float(denominators.mean())
    covariance = np.cov(numerators, denominators, ddof=1) / count
    t2 = student_t_quantile(level, count - 1) ** 2
    leading = b * b - t2 * float(covariance[1, 1])
    if leading <= 0:
        return None
    middle = a * b - t2 * float(covariance[0, 1])
    last = a * a - t2 * float(covariance[0, 0])
    # Never negative but for rounding: a/b itself always lies between the roots.
    root = math.sqrt(max(middle * middle - leading * last, 0.0))
    return (middle - root) / leading, (middle + root) / leading


def _gaps(triple: AccuracyTriple) -> FloatArray:
    """(S − B, T − B), [problems, 2]."""
    base, rast, rl = triple
    if not len(base) == len(rast) == len(rl) or len(base) == 0:
        raise ValueError(
            f"base, RAST and RL must be over the same problems, not {len(base)}, {len(rast)} "
            f"and {len(rl)}"
        )
    return np.stack([rast - base, rl - base], axis=1)


def _is_zero(gap: float) -> bool:
    # One sample more or less changes a mean by far more than this; a rounding error by less.
    return abs(gap) < 1e-12


def _method(gaps: FloatArray) -> Method:
    return "fieller" if len(gaps) < FIELLER_BELOW else "bootstrap"


def _not_identified(method: Method, reason: str) -> RecoveryRate:
    return RecoveryRate(None, None, None, method, False, reason)


def _identified(
    estimate: float, low: float, high: float, method: Method, gap: float
) -> RecoveryRate:
    reason = "RL accuracy is below base accuracy" if gap < 0 else None
    return RecoveryRate(estimate, low, high, method, True, reason)


def _unclear_gap(level: float) -> str:
    return f"the {100 * level:g} % interval of RL − base accuracy holds 0"


def _from_fieller(gaps: FloatArray, level: float) -> RecoveryRate:
    if len(gaps) < 2:
        return _not_identified("fieller", "one problem gives no interval")
    interval = fieller_interval(gaps[:, 0], gaps[:, 1], level)
    if interval is None:
        return _not_identified("fieller", _unclear_gap(level))
    numerator, denominator = gaps.mean(axis=0).tolist()
    return _identified(numerator / denominator, *interval, "fieller", denominator)


def _from_bootstrap(
    triples: Sequence[AccuracyTriple], level: float, draws: int, seed: int
) -> RecoveryRate:
    gaps = [_gaps(triple) for triple in triples]
    # Each data set has a stream of its own, so that equally large ones are resampled independently.
    means = np.mean(
        [_bootstrap_means(one, draws, (seed, place)) for place, one in enumerate(gaps)], axis=0
    )
    tails = [50 * (1 - level), 50 * (1 + level)]
    gap_low, gap_high = np.percentile(means[:, 1], tails)
    if gap_low <= 0 <= gap_high:
        return _not_identified("bootstrap", _unclear_gap(level))
    # Draws without any gap have no ratio; an identified gap has fewer of them than a tail holds.
    drawn = means[means[:, 1] != 0]
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], tails)
    numerator, denominator = np.mean([one.mean(axis=0) for one in gaps], axis=0).tolist()
    return _identified(numerator / denominator, float(low), float(high), "bootstrap", denominator)


def _bootstrap_means(values: FloatArray, draws: int, seed: tuple[int, ...]) -> FloatArray:
    """Means of resampled rows: values [n, m] -> [draws, m]."""
    counts = _bootstrap_counts(len(values), draws, seed)
    return np.concatenate(
        [
            counts[start : start + _DRAWS_AT_ONCE].astype(np.float64) @ values
            for start in range(0, draws, _DRAWS_AT_ONCE)
        ]
    ) / len(values)


@lru_cache(maxsize=8)  # a table has many cells over the same few data sets
def _bootstrap_counts(count: int, draws: int, seed: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """How often each of `count` problems is in each resample: [draws, count], rows sum to count."""
    rng = np.random.default_rng(seed)
    rows = [
        np.bincount(rng.integers(count, size=count), minlength=count).astype(np.uint16)
        for _ in range(draws)
    ]
    return np.stack(rows)
