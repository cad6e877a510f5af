"""pass@k: is any of k samples correct? (eq. 4 of the paper, figure 3)"""

import numpy as np

from rast_bench.metrics.estimate import BoolArray, Curve, FloatArray, IntArray, mean_curve


def pass_at_k(correct: BoolArray) -> Curve:
    """Return unbiased pass@k for every k = 1 … N with standard errors over problems.

    Args:
        correct: [problems, samples].
    """
    samples = correct.shape[1]
    scores = pass_at_k_per_problem(correct.sum(axis=1), samples)
    return mean_curve(np.arange(1, samples + 1), scores)


def pass_at_k_per_problem(correct_counts: IntArray, samples: int) -> FloatArray:
    """Return 1 − C(N−c, k)/C(N, k) for k = 1 … N (Chen et al. 2021, arXiv 2107.03374, eq. 1).

    The ratio is ∏_{j<k} (N−c−j)/(N−j), factors in [0, 1]: no large numbers, no cancellation.

    Args:
        correct_counts: c of each problem, [problems], 0 ≤ c ≤ N.
        samples: N.

    Returns:
        [problems, N], column k−1 for k.
    """
    drawn = np.arange(samples)
    wrong_left = np.maximum(samples - correct_counts[:, None] - drawn, 0)
    return 1.0 - np.cumprod(wrong_left / (samples - drawn), axis=1)
