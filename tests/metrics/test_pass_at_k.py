import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.metrics.accuracy import avg_at_n
from rast_bench.metrics.pass_at_k import pass_at_k, pass_at_k_per_problem


@pytest.mark.parametrize("samples", [1, 2, 5, 8])
def test_against_every_subset(samples: int) -> None:
    scores = pass_at_k_per_problem(np.arange(samples + 1), samples)
    for correct in range(samples + 1):
        outcomes = [i < correct for i in range(samples)]
        for k in range(1, samples + 1):
            subsets = list(combinations(outcomes, k))
            expected = sum(map(any, subsets)) / len(subsets)
            assert scores[correct, k - 1] == pytest.approx(expected, abs=1e-14)


def test_against_whole_numbers_where_factorials_overflow() -> None:
    samples = 2000
    counts = np.array([0, 1, 3, 500, 1999, 2000])
    scores = pass_at_k_per_problem(counts, samples)
    for row, correct in enumerate(counts.tolist()):
        for k in (1, 2, 100, 1500, 2000):
            fail = math.comb(samples - correct, k) / math.comb(samples, k)
            assert scores[row, k - 1] == pytest.approx(1 - fail, rel=1e-12, abs=1e-14)


def test_standard_error_is_over_problems() -> None:
    correct = np.array([[True, False], [False, False], [True, True]])
    curve = pass_at_k(correct)
    assert curve.k.tolist() == [1, 2]
    assert curve.value == pytest.approx([0.5, 2 / 3])
    assert curve.standard_error == pytest.approx(
        [np.std([0.5, 0, 1], ddof=1) / 3**0.5, np.std([1, 0, 1], ddof=1) / 3**0.5]
    )
    assert curve.at(2).value == pytest.approx(2 / 3)
    with pytest.raises(KeyError):
        curve.at(3)


def test_one_problem_has_no_standard_error() -> None:
    curve = pass_at_k(np.array([[True, False]]))
    assert curve.standard_error is None
    assert curve.at(1).standard_error is None


outcomes = st.integers(1, 12).flatmap(
    lambda samples: st.lists(
        st.lists(st.booleans(), min_size=samples, max_size=samples), min_size=1, max_size=6
    ).map(np.array)
)


@given(outcomes)
def test_grows_with_k_from_avg_to_the_share_of_solved_problems(correct: np.ndarray) -> None:
    curve = pass_at_k(correct)
    assert (np.diff(curve.value) >= -1e-12).all()
    assert curve.value[0] == pytest.approx(avg_at_n(correct).value)
    assert curve.value[-1] == pytest.approx(correct.any(axis=1).mean())


@given(outcomes, st.randoms(use_true_random=False))
def test_order_of_samples_and_problems_does_not_matter(correct: np.ndarray, random: object) -> None:
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    shuffled = rng.permuted(correct, axis=1)[rng.permutation(len(correct))]
    assert pass_at_k(shuffled).value == pytest.approx(pass_at_k(correct).value)
