import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.metrics.sign_flip import DRAWS, sign_flip_p_value


def by_enumeration(differences: list[int]) -> float:
    sums = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    return sum(s >= abs(sum(differences)) for s in sums) / len(sums)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=10))
def test_against_every_sign_pattern(differences: list[int]) -> None:
    value = sign_flip_p_value(np.array(differences))
    assert value == pytest.approx(by_enumeration(differences), abs=1e-14)


def test_by_hand() -> None:
    # Five problems, all better: only +++++ and ----- are as extreme, 2 of 32.
    assert sign_flip_p_value(np.array([1, 2, 3, 4, 5])) == pytest.approx(2 / 32)
    assert sign_flip_p_value(np.array([1, -1])) == 1.0
    assert sign_flip_p_value(np.array([0, 0])) == 1.0


def test_problems_without_a_difference_and_the_unit_do_not_matter() -> None:
    differences = np.array([3, -1, 4, 1, -5, 9])
    expected = sign_flip_p_value(differences)
    assert sign_flip_p_value(np.append(differences, [0, 0])) == pytest.approx(expected)
    assert sign_flip_p_value(differences * 32) == pytest.approx(expected)
    assert sign_flip_p_value(-differences) == pytest.approx(expected)


def test_many_problems() -> None:
    differences = np.array([1] * 225 + [-1] * 175)
    binomial_tails = 2 * sum(math.comb(400, i) for i in range(225, 401)) / 2**400
    assert sign_flip_p_value(differences) == pytest.approx(binomial_tails, rel=1e-12)


@pytest.mark.parametrize("shift", [0, 1, 2])
def test_sampled_patterns_come_near_all_patterns(shift: int) -> None:
    differences = np.random.default_rng(shift).integers(-20, 20, 60) + shift
    exact = sign_flip_p_value(differences)
    sampled = sign_flip_p_value(differences, exact_steps=0)
    assert sampled == pytest.approx(exact, abs=5 * math.sqrt(exact * (1 - exact) / DRAWS))
    assert sampled == sign_flip_p_value(differences, exact_steps=0)
    assert sampled != exact


def test_a_sampled_p_value_is_never_nothing() -> None:
    assert sign_flip_p_value(np.full(200, 3), exact_steps=0) == pytest.approx(1 / (1 + DRAWS))
