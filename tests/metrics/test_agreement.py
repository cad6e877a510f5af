"""The comparison of two runs: calibrated when they agree, sharp when they do not."""

import math

import numpy as np
import pytest

from rast_bench.metrics.agreement import agreement_z, judge


def draw(rates: np.ndarray, n: int, generator: np.random.Generator) -> np.ndarray:
    return generator.random((len(rates), n)) < rates[:, None]


def test_by_hand() -> None:
    """One problem, 3 of 4 against 1 of 4: pooled 1/2, variance 2/4 · 1/4 · 8/7 = 1/7."""
    first = np.array([[True, True, True, False]])
    second = np.array([[True, False, False, False]])
    assert agreement_z(first, second) == pytest.approx(0.5 * math.sqrt(7))
    assert agreement_z(second, first) == pytest.approx(-0.5 * math.sqrt(7))


def test_equal_distributions_give_standard_normal_scores() -> None:
    generator = np.random.default_rng(0)
    rates = generator.beta(0.5, 0.5, size=60)  # most problems nearly always right or wrong
    scores = [
        agreement_z(draw(rates, 8, generator), draw(rates, 8, generator)) for _ in range(2000)
    ]
    assert np.mean(scores) == pytest.approx(0, abs=0.08)
    assert np.std(scores) == pytest.approx(1, abs=0.06)


def test_a_small_difference_is_seen() -> None:
    """Two points of accuracy, which standard errors over problems would hide."""
    generator = np.random.default_rng(1)
    rates = generator.beta(0.5, 0.5, size=200)
    scores = []
    for _ in range(20):
        lower = np.clip(rates - 0.02, 0, 1)
        scores.append(agreement_z(draw(rates, 32, generator), draw(lower, 32, generator)))
    assert judge(scores).p_value < 1e-6


@pytest.mark.parametrize("value", [True, False])
def test_cells_that_do_not_vary_have_no_score(value: bool) -> None:
    assert agreement_z(np.full((5, 3), value), np.full((5, 3), value)) is None


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        agreement_z(np.ones((2, 3), bool), np.ones((2, 4), bool))


def test_judgement_against_known_tails() -> None:
    """χ² with two degrees has the tail exp(−x / 2); |z| > 1.96 has 5 % in each cell."""
    found = judge([1.959964, 0.0])
    assert found.chi_square == pytest.approx(3.841459, rel=1e-5)
    assert found.p_value == pytest.approx(math.exp(-3.841459 / 2), rel=1e-5)
    assert found.largest_p_value == pytest.approx(1 - 0.95**2, rel=1e-4)
    nothing = judge([0.0, 0.0])
    assert (nothing.p_value, nothing.largest_p_value) == (1.0, 1.0)
    with pytest.raises(ValueError, match="nothing to judge"):
        judge([])
