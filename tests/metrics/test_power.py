import math

import numpy as np
import pytest

from rast_bench.metrics.power import minimum_detectable_effect

DRAWS = 4000


def test_by_hand() -> None:
    """(1.960 + 0.842)² · (1/9)/0.03² = 969 problems show 3 points where sampling adds nothing."""
    effect = minimum_detectable_effect(
        969, 1, 1, effect_variance=1 / 9, sample_variance_a=0, sample_variance_b=0
    )
    assert effect == pytest.approx(0.03, abs=5e-5)


@pytest.mark.parametrize(("problems", "samples"), [(40, 32), (500, 1), (200, 8)])
def test_four_runs_in_five_find_it(problems: int, samples: int) -> None:
    """Runs are drawn with this true effect and tested by a paired t-like statistic at 5 %."""
    generator = np.random.default_rng(0)
    spread = 0.1  # sd of the effect over problems
    # Accuracies in the middle, so that adding the effect leaves them probabilities.
    accuracy = generator.uniform(0.35, 0.65, size=(DRAWS, problems))
    variance = float(np.mean(accuracy * (1 - accuracy)))
    effect = minimum_detectable_effect(
        problems,
        samples,
        samples,
        effect_variance=spread**2,
        sample_variance_a=variance,
        sample_variance_b=variance,
    )
    other = accuracy + effect + generator.choice([-spread, spread], size=accuracy.shape)
    scores_a = generator.binomial(samples, np.clip(accuracy, 0, 1)) / samples
    scores_b = generator.binomial(samples, np.clip(other, 0, 1)) / samples
    differences = scores_b - scores_a
    error = differences.std(axis=1, ddof=1) / math.sqrt(problems)
    found = np.abs(differences.mean(axis=1)) > 1.959964 * error
    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_more_of_anything_shows_smaller_effects() -> None:
    def effect(problems: int, samples: int) -> float:
        return minimum_detectable_effect(
            problems,
            samples,
            samples,
            effect_variance=0.02,
            sample_variance_a=0.16,
            sample_variance_b=0.16,
        )

    assert effect(120, 8) == pytest.approx(effect(30, 8) / 2)
    assert effect(30, 32) < effect(30, 8)
