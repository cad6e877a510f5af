"""The sign-flip permutation test of paired differences, exact for any number of problems."""

import math

import numpy as np

from rast_bench.metrics.estimate import IntArray


def sign_flip_p_value(differences: IntArray) -> float:
    """Two-sided p-value: the share of the 2^n sign patterns with |Σ ±d_i| ≥ |Σ d_i|.

    The distribution of the sum is built up one difference at a time, which counts all 2^n patterns
    in O(n · Σ|d_i|) steps: no random draws. Under the null hypothesis the two cells can be swapped
    within every problem (Fisher's randomisation test).

    Args:
        differences: [problems], whole numbers (paired differences in their common unit).
    """
    steps = np.abs(differences[differences != 0])
    if not len(steps):
        return 1.0
    observed = abs(int(differences.sum()))
    unit = math.gcd(*steps.tolist())
    steps, observed = np.sort(steps // unit), observed // unit
    # Σ ±d_i = 2 · (sum of the d_i with a plus) − Σ|d_i|: the distribution of a subset sum.
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
