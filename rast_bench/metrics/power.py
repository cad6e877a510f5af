"""Minimum detectable effect of a planned comparison (power analysis)."""

import math

SIGNIFICANCE_QUANTILE = 1.959964  # two-sided test at 5 %
POWER_QUANTILE = 0.841621  # power 80 %


def minimum_detectable_effect(
    problems: int,
    samples_a: int,
    samples_b: int,
    *,
    effect_variance: float,
    sample_variance_a: float,
    sample_variance_b: float,
) -> float:
    """Return the minimum true difference of two means that a paired test detects with 80 % power.

    (z_α/2 + z_β) · √((ω² + σ_A²/K_A + σ_B²/K_B)/n), the sample-size formula of arXiv 2411.00640
    ("Adding Error Bars to Evals", section on power) solved for the effect; two-sided α = 5 %,
    power 80 %. A normal approximation: with few problems the true effect must be a little larger.

    Args:
        problems: n ≥ 1, the same for A and B.
        samples_a, samples_b: K_A and K_B ≥ 1 samples per problem.
        effect_variance: ω², the variance over problems of the difference of their mean scores.
        sample_variance_a, sample_variance_b: σ², the mean over problems of one sample's variance
            (p(1 − p) for correct or wrong).

    Returns:
        A fraction of 1, like the scores.
    """
    variance = effect_variance + sample_variance_a / samples_a + sample_variance_b / samples_b
    return (SIGNIFICANCE_QUANTILE + POWER_QUANTILE) * math.sqrt(variance / problems)
