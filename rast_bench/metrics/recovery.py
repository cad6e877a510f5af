"""Recovery rate (eq. 5) with an interval that is undefined if there is nothing to recover."""

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
FIELLER_BELOW = 100  # problems; below this a bootstrap of a ratio is unreliable
_DRAWS_AT_ONCE = 1_000

Method = Literal["bootstrap", "fieller"]


class Interval(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True)
class RecoveryRate:
    """(acc_RAST − acc_base)/(acc_RL − acc_base) with its intervals, as fractions.

    `low` and `high` are those of `method`; both methods' intervals are in `fieller` and
    `bootstrap`, None if that method's interval of acc_RL − acc_base contains 0.

    `identified` is False if `method` has no interval (one problem gives none): then `low` and
    `high` are None and `reason` says why. `estimate` is eq. 5 all the same, as the paper prints it;
    it is None only if acc_RL and acc_base are equal. `inverted`: identified, but the ceiling is
    below the base, as `reason` then says.
    """

    estimate: float | None
    low: float | None
    high: float | None
    method: Method
    identified: bool
    reason: str | None
    fieller: Interval | None
    bootstrap: Interval | None
    inverted: bool = False


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
    """Return R = Σ(S_i − B_i)/Σ(T_i − B_i) over problems, eq. 5.

    The interval resamples problems with their triple kept together (percentile bootstrap), or is
    Fieller's below 100 problems. In both, the problem is the cluster of its samples. The cells may
    have different numbers of samples: a greedy base has one.

    Args:
        base, rast, rl: p̂_i of each problem, [problems].

    Raises:
        ValueError: the arrays differ in length or are empty.
    """
    method: Method = "fieller" if len(base) < FIELLER_BELOW else "bootstrap"
    return _recovery([AccuracyTriple(base, rast, rl)], method, level, draws, seed)


def mean_recovery_rate(
    triples: Sequence[AccuracyTriple],
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> RecoveryRate:
    """Return eq. 5 of the mean accuracies over data sets, each data set with equal weight.

    A ratio of means, so one data set without a gap cannot blow it up, unlike a mean of ratios.
    Problems are resampled within their data set; `method` is the bootstrap. Fieller's interval has
    the degrees of freedom of the smallest data set, which is conservative.

    Raises:
        ValueError: no data set, or arrays that differ in length or are empty.
    """
    if not triples:
        raise ValueError("no data set to average over")
    return _recovery(triples, "bootstrap", level, draws, seed)


def fieller_interval(
    numerators: FloatArray, denominators: FloatArray, level: float
) -> Interval | None:
    """Return Fieller's interval of a ratio of means of paired values [n]; None if unbounded.

    The ratios R for which mean(numerator − R·denominator) is within t standard errors of 0 (Fieller
    1954). Unbounded exactly if the t interval of the denominator contains 0.
    """
    means = np.array([numerators.mean(), denominators.mean()])
    count = len(numerators)
    return _fieller_roots(
        means, np.cov(numerators, denominators) / count, student_t_quantile(level, count - 1)
    )


def _fieller_roots(means: FloatArray, covariance: FloatArray, t: float) -> Interval | None:
    """Solve (b² − t²v_b)R² − 2(ab − t²v_ab)R + (a² − t²v_a) = 0, v the (co)variances of the means.

    Args:
        means: (a, b).
        covariance: of the means, [2, 2].
    """
    (va, vab), (_, vb) = (covariance * t**2).tolist()
    a, b = means.tolist()
    leading = b * b - vb
    if leading <= 0:
        return None
    middle, last = a * b - vab, a * a - va
    # Negative only by rounding: a/b itself always lies between the roots.
    root = math.sqrt(max(middle * middle - leading * last, 0.0))
    return Interval((middle - root) / leading, (middle + root) / leading)


def _gaps(triple: AccuracyTriple) -> FloatArray:
    """Return (S − B, T − B), [problems, 2]."""
    base, rast, rl = triple
    if not len(base) == len(rast) == len(rl) or len(base) == 0:
        raise ValueError(
            f"base, RAST and RL must be over the same problems, not {len(base)}, {len(rast)} "
            f"and {len(rl)}"
        )
    return np.stack([rast - base, rl - base], axis=1)


def _is_zero(gap: float) -> bool:
    # One sample changes a mean by far more than this, a rounding error by less.
    return abs(gap) < 1e-12


def _recovery(
    triples: Sequence[AccuracyTriple], method: Method, level: float, draws: int, seed: int
) -> RecoveryRate:
    gaps = [_gaps(triple) for triple in triples]
    numerator, denominator = np.mean([one.mean(axis=0) for one in gaps], axis=0).tolist()
    if _is_zero(denominator):
        reason = "RL and base accuracy are equal"
        return RecoveryRate(None, None, None, method, False, reason, None, None)
    fieller = _fieller(gaps, level)
    bootstrap = _bootstrap(gaps, level, draws, seed)
    interval = fieller if method == "fieller" else bootstrap
    rate = numerator / denominator
    if interval is None:
        alone = all(len(one) < 2 for one in gaps)
        unclear = f"the {100 * level:g} % interval of RL − base accuracy holds 0"
        reason = "one problem gives no interval" if alone else unclear
        return RecoveryRate(rate, None, None, method, False, reason, fieller, bootstrap)
    inverted = denominator < 0
    below = "RL accuracy is below base accuracy" if inverted else None
    return RecoveryRate(rate, *interval, method, True, below, fieller, bootstrap, inverted)


def _fieller(gaps: Sequence[FloatArray], level: float) -> Interval | None:
    """Return the interval of the mean over data sets: means and covariances add up."""
    smallest = min(map(len, gaps))
    if smallest < 2:
        return None
    covariances = [np.cov(one, rowvar=False) / len(one) for one in gaps]
    return _fieller_roots(
        np.mean([one.mean(axis=0) for one in gaps], axis=0),
        np.sum(covariances, axis=0) / len(gaps) ** 2,
        student_t_quantile(level, smallest - 1),
    )


def _bootstrap(gaps: Sequence[FloatArray], level: float, draws: int, seed: int) -> Interval | None:
    if all(len(one) < 2 for one in gaps):
        return None
    # Each data set has its own stream, so that equally large ones are resampled independently.
    means = np.mean(
        [_bootstrap_means(one, draws, (seed, place)) for place, one in enumerate(gaps)], axis=0
    )
    tails = [50 * (1 - level), 50 * (1 + level)]
    gap_low, gap_high = np.percentile(means[:, 1], tails)
    if gap_low <= 0 <= gap_high:
        return None
    # Draws without any gap have no ratio; for an identified gap they are fewer than a tail.
    drawn = means[means[:, 1] != 0]
    return Interval(*np.percentile(drawn[:, 0] / drawn[:, 1], tails).tolist())


def _bootstrap_means(values: FloatArray, draws: int, seed: tuple[int, ...]) -> FloatArray:
    """Return means of resampled rows: values [n, m] -> [draws, m]."""
    counts = _bootstrap_counts(len(values), draws, seed)
    return np.concatenate(
        [
            counts[start : start + _DRAWS_AT_ONCE].astype(np.float64) @ values
            for start in range(0, draws, _DRAWS_AT_ONCE)
        ]
    ) / len(values)


@lru_cache(maxsize=16)  # a table has many cells over the same few data sets
def _bootstrap_counts(count: int, draws: int, seed: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """Return how often each problem is in each resample: [draws, count], rows sum to count."""
    rng = np.random.default_rng(seed)
    counts = np.empty((draws, count), dtype=np.uint16)
    for start in range(0, draws, _DRAWS_AT_ONCE):
        chosen = rng.integers(count, size=(min(_DRAWS_AT_ONCE, draws - start), count))
        chosen += count * np.arange(len(chosen))[:, None]
        found = np.bincount(chosen.ravel(), minlength=chosen.size)
        counts[start : start + len(chosen)] = found.reshape(chosen.shape)
    return counts
