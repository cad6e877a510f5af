"""The sign-flip permutation test of paired differences, exact if feasible."""

import math

import numpy as np

from rast_bench.metrics.estimate import IntArray

EXACT_STEPS = 10**9  # additions, about a second
DRAWS = 100_000


def sign_flip_p_value(
    differences: IntArray, *, exact_steps: int = EXACT_STEPS, seed: int = 0
) -> float:
    """Return the two-sided p-value: the share of the 2^n sign patterns with |Σ ±d_i| ≥ |Σ d_i|.

    Under the null hypothesis the two cells can be swapped within every problem (Fisher's
    randomisation test). If the exact share takes more than `exact_steps` additions, it is estimated
    from 100,000 seeded patterns plus the observed one, so it is never 0.

    Args:
        differences: [problems], integers (paired differences in their common unit).
    """
    steps = np.abs(differences[differences != 0])
    if not len(steps):
        return 1.0
    observed = abs(int(differences.sum()))
    unit = math.gcd(*steps.tolist())
    steps, observed = np.sort(steps // unit), observed // unit
    if len(steps) * int(steps.sum()) > exact_steps:
        return _sampled(steps, observed, seed)
    return _exact(steps, observed)


def _exact(steps: IntArray, observed: int) -> float:
    """Return the exact share, adding one difference at a time: O(n · Σ|d_i|) steps, no draws.

    Σ ±d_i = 2 · (sum of the d_i with a plus) − Σ|d_i|: the distribution of a subset sum.
    """
    total = int(steps.sum())
    probability = np.zeros(total + 1)
    probability[0] = 1.0
    reached = 0
    for step in steps.tolist():
        probability[: reached + step + 1] /= 2
        probability[step : reached + step + 1] += probability[: reached + 1].copy()
        reached += step
    sums = 2 * np.arange(total + 1) - total
    return min(1.0, float(probability[np.abs(sums) >= observed].sum()))


def _sampled(steps: IntArray, observed: int, seed: int) -> float:
    """Estimate the share; the number of pluses among equal differences is drawn as a binomial."""
    sizes, counts = np.unique(steps, return_counts=True)
    pluses = np.random.default_rng(seed).binomial(counts, 0.5, size=(DRAWS, len(sizes)))
    sums = (2 * pluses - counts) @ sizes
    return float(1 + (np.abs(sums) >= observed).sum()) / (1 + DRAWS)
