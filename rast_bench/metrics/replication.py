"""Test whether a published number and ours agree, both measured on the same problems.

Then the problems cause no difference; only the sampling of answers does. The variance of a mean
over n problems with N samples each, over new samples of the same problems, is σ²/(nN), where
σ² = mean of p_i(1 − p_i) (arXiv 2411.00640, resampling of answers). A published number with K
samples has σ²/(nK), so their difference has σ²/n · (1/N + 1/K), and the published number lies
within z · √(σ²/n · (1/N + 1/K)) of ours in 95 % of replications.

All rates are fractions in [0, 1].
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rast_bench.metrics.accuracy import accuracy_per_problem
from rast_bench.metrics.estimate import BoolArray, FloatArray, IntArray
from rast_bench.metrics.pass_at_k import pass_at_k_per_problem
from rast_bench.metrics.power import SIGNIFICANCE_QUANTILE

PAPER_DRAWS = 10  # draws of k of the published samples (section 3.3)

_GRID = np.sin(np.linspace(0, np.pi / 2, 101)) ** 2  # difficulties, denser towards 0 and 1
_STEPS = 500  # of expectation-maximisation; the variances below converge long before


@dataclass(frozen=True)
class Replication:
    """Our number and the 95 % range of published numbers if both measure the same: [low, high].

    A ratio whose denominator lies within z standard errors of 0 is not `identified`: its range is
    wide, and the delta method behind it no longer holds.
    """

    value: float
    low: float
    high: float
    identified: bool = True


def accuracy_replication(correct: BoolArray, published_samples: int | None) -> Replication:
    """Compare avg@N with a published avg@K of the same problems: Â ± z · √(σ̂²/n · (1/N + 1/K)).

    Args:
        correct: [problems, N].
        published_samples: K; None, if the source does not say, is taken as N.
    """
    problems, samples = correct.shape
    shared = 1 / samples + 1 / (published_samples or samples)
    return _around(float(correct.mean()), sample_variance(correct) * shared / problems)


def sample_variance(correct: BoolArray) -> float:
    """Return σ̂²: the mean over problems of the variance of one sample's verdict.

    Unbiased mean of p̂_i(1 − p̂_i) · N/(N − 1) for N ≥ 2. One sample per problem does not determine
    it; then its upper bound p̄(1 − p̄) is used (the variance within problems is at most the whole
    variance), and the interval is too wide rather than too narrow. Never below that of one verdict
    in nN, so that a cell without any spread does not reject its neighbours.

    Args:
        correct: [problems, N].
    """
    problems, samples = correct.shape
    p = accuracy_per_problem(correct)
    if samples == 1:
        variance = float(p.mean() * (1 - p.mean()))
    else:
        variance = float((p * (1 - p)).mean()) * samples / (samples - 1)
    one = 1 / (problems * samples)
    return max(variance, float(one * (1 - one)))


def mean_replication(values: FloatArray, published_samples: int | None) -> Replication:
    """Compare the mean of a per-sample number (tokens, lemmas) with one published with K samples.

    As `accuracy_replication`, with σ̂² the mean over problems of the variance within a problem.
    With one sample per problem the variance over problems, which is no smaller, is used.

    Args:
        values: [problems, N]. A single value has no variance: the range is then a point.
        published_samples: K; None is taken as N.
    """
    problems, samples = values.shape
    shared = 1 / samples + 1 / (published_samples or samples)
    if samples > 1:
        variance = float(values.var(axis=1, ddof=1).mean())
    else:
        variance = float(values.var(ddof=1)) if problems > 1 else 0.0
    return _around(float(values.mean()), variance * shared / problems)


def gain_replication(base: BoolArray, rast: BoolArray) -> Replication:
    """Compare rast − base with a gain published with our numbers of samples, sampled independently.

    Args:
        base, rast: verdicts of the same problems, [problems, samples of each].
    """
    variance = sum(sample_variance(one) / one.size for one in (base, rast))
    return _around(float(rast.mean()) - float(base.mean()), 2 * variance)


def mean_of_replications(parts: Sequence[Replication]) -> Replication:
    """Return the mean of independent numbers, as over data sets: half widths add in quadrature.

    It is identified if all of them are.
    """
    count = len(parts)
    value = sum(one.value for one in parts) / count
    reach = math.sqrt(sum(((one.high - one.low) / 2) ** 2 for one in parts)) / count
    return Replication(value, value - reach, value + reach, all(one.identified for one in parts))


def path_replication(
    value: float, standard_error: float | None, paths: int, published_paths: int
) -> Replication | None:
    """Compare a mean over `paths` greedy paths with one over `published_paths` others.

    Greedy paths involve no sampling; the drawn problems differ, so each mean has the standard error
    over paths. None for a single path, which has none.
    """
    if standard_error is None:
        return None
    return _around(value, standard_error**2 * (1 + paths / published_paths))


def recovery_replication(base: BoolArray, rast: BoolArray, rl: BoolArray) -> Replication | None:
    """Compare a recovery rate R (eq. 5) with one published with our numbers of samples.

    Delta method: Var(R̂) = (Var(S̄) + R²·Var(T̄) + (1 − R)²·Var(B̄))/(T̄ − B̄)², with S, T and B
    sampled independently, each variance as `sample_variance`; twice that for the difference of two
    runs. None if T̄ = B̄.

    Args:
        base, rast, rl: verdicts of the same problems, [problems, samples of each].
    """
    b, s, t = (float(correct.mean()) for correct in (base, rast, rl))
    var_b, var_s, var_t = (sample_variance(one) / one.size for one in (base, rast, rl))
    gap = t - b
    if abs(gap) < 1e-12:  # a rounding error; one sample makes a far larger difference
        return None
    rate = (s - b) / gap
    variance = (var_s + rate**2 * var_t + (1 - rate) ** 2 * var_b) / gap**2
    identified = abs(gap) > SIGNIFICANCE_QUANTILE * math.sqrt(var_b + var_t)
    return replace(_around(rate, 2 * variance), identified=identified)


def pass_at_k_replication(
    correct: BoolArray, k: int, published_samples: int | None, *, draws: int = PAPER_DRAWS
) -> Replication:
    """Compare our unbiased pass@k with the paper's, which drew k of its K samples `draws` times.

    A problem of difficulty p gives c ~ Binomial(N, p) correct samples and the score
    θ(c) = 1 − C(N − c, k)/C(N, k). Its variance over reruns is that of θ(c), and the paper's
    draws add θ(c)(1 − θ(c))/draws. Both are averaged over the difficulties as estimated by
    `difficulties`.

    Args:
        correct: [problems, N], k ≤ N.
        published_samples: K ≥ k; None is taken as N.
    """
    problems, samples = correct.shape
    counts: IntArray = correct.sum(axis=1)
    weights = difficulties(counts, samples)
    ours, _ = _score_variance(samples, k)
    theirs, drawn = _score_variance(published_samples or samples, k)
    variance = float(weights @ (ours + theirs + drawn / draws)) / problems
    one = 1 / (problems * samples)
    value = float(pass_at_k_per_problem(counts, samples)[:, k - 1].mean())
    return _around(value, max(variance, one * (1 - one) / problems))


def difficulties(counts: IntArray, samples: int) -> FloatArray:
    """Return the distribution of the problems' success rates p: weights on `_GRID`, [grid].

    The nonparametric maximum likelihood estimate of the mixing distribution of a binomial mixture
    (Laird 1978), by expectation-maximisation. A plug-in of p̂_i = c_i/N would treat every problem
    that was never solved as unsolvable.

    Args:
        counts: c_i of each problem, [problems], 0 ≤ c_i ≤ samples.
    """
    likelihood = _binomial(samples)[:, counts]  # [grid, problems]
    weights = np.full(len(_GRID), 1 / len(_GRID))
    for _ in range(_STEPS):
        weights = weights * (likelihood / (weights @ likelihood)).mean(axis=1)
    return weights


def _score_variance(samples: int, k: int) -> tuple[FloatArray, FloatArray]:
    """Return Var of θ(c) and mean of θ(c)(1 − θ(c)) at each difficulty: two arrays [grid]."""
    scores = pass_at_k_per_problem(np.arange(samples + 1), samples)[:, k - 1]
    chances = _binomial(samples)
    mean = chances @ scores
    variance = chances @ scores**2 - mean**2
    return np.maximum(variance, 0.0), chances @ (scores * (1 - scores))


def _binomial(samples: int) -> FloatArray:
    """Return P(c | p) for p of `_GRID` and c = 0 … samples: [grid, samples + 1]."""
    c = np.arange(samples + 1)
    ways = np.array([math.comb(samples, int(one)) for one in c], dtype=np.float64)
    p = _GRID[:, None]
    return np.asarray(ways * p**c * (1 - p) ** (samples - c), dtype=np.float64)


def _around(value: float, variance: float) -> Replication:
    reach = SIGNIFICANCE_QUANTILE * math.sqrt(variance)
    return Replication(value, value - reach, value + reach)
