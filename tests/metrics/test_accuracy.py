import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.metrics.accuracy import (
    avg_at_n,
    clustered_mean,
    holm,
    mean_over_datasets,
    paired_difference,
    se_over_reruns,
)
from rast_bench.metrics.estimate import Estimate

CORRECT = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]], dtype=bool)


def test_avg_at_n_by_hand() -> None:
    estimate = avg_at_n(CORRECT)  # p = 1, 1/4, 0, 1/2
    assert estimate.value == 0.4375
    deviations = 0.5625**2 + 0.1875**2 + 0.4375**2 + 0.0625**2
    assert estimate.standard_error == pytest.approx(math.sqrt(deviations / 3 / 4))


def test_one_problem_has_no_standard_error() -> None:
    assert avg_at_n(CORRECT[1:2]) == Estimate(0.25, None)


def test_se_over_reruns_by_hand() -> None:
    assert se_over_reruns(CORRECT) == pytest.approx(math.sqrt((3 / 16 + 1 / 4) / 3) / 4)
    assert se_over_reruns(CORRECT[:, :1]) is None


def test_both_standard_errors_are_the_spread_they_name() -> None:
    rng = np.random.default_rng(5)
    problems, samples, runs = 60, 8, 3000
    p = rng.beta(1, 1, problems)
    reruns = rng.random((runs, problems, samples)) < p[:, None]
    reported = np.mean([se_over_reruns(run) for run in reruns])
    assert reported == pytest.approx(reruns.mean(axis=(1, 2)).std(), rel=0.04)

    fresh = rng.random((runs, problems, samples)) < rng.beta(1, 1, (runs, problems, 1))
    reported = np.mean([avg_at_n(run).standard_error for run in fresh])
    assert reported == pytest.approx(fresh.mean(axis=(1, 2)).std(), rel=0.04)


def test_clustered_mean_by_hand() -> None:
    scores = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    estimate = clustered_mean(scores, ["a", "a", "b", "b", "c", "c"])
    assert estimate is not None
    # Deviations of the clusters sum to 0, 1, −1: √(3/2 · 2)/6.
    assert estimate.standard_error == pytest.approx(math.sqrt(3) / 6)
    assert (estimate.value, estimate.dof) == (0.5, 2)
    assert estimate.high - estimate.value == pytest.approx(4.30265 * math.sqrt(3) / 6, rel=1e-5)
    assert estimate.value - estimate.low == pytest.approx(estimate.high - estimate.value)


def test_clusters_of_one_are_the_plain_standard_error() -> None:
    scores = CORRECT.mean(axis=1)
    estimate = clustered_mean(scores, range(4))
    assert estimate is not None
    assert estimate.standard_error == pytest.approx(avg_at_n(CORRECT).standard_error)


def test_samples_clustered_by_problem_are_avg_at_n() -> None:
    flat = CORRECT.astype(float).ravel()
    estimate = clustered_mean(flat, np.repeat(range(4), 4).tolist())
    assert estimate is not None
    assert estimate.standard_error == pytest.approx(avg_at_n(CORRECT).standard_error)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=2, max_size=20))
def test_clustered_error_against_its_double_sum(rows: list[tuple[float, int]]) -> None:
    scores, clusters = [row[0] for row in rows], [row[1] for row in rows]
    count, mean = len(set(clusters)), sum(scores) / len(scores)
    estimate = clustered_mean(np.array(scores), clusters)
    if count == 1:
        assert estimate is None
        return
    # Every pair of scores of one cluster, each with itself too.
    pairs = sum((s - mean) * (t - mean) for s, c in rows for t, d in rows if c == d)
    expected = math.sqrt(max(0.0, count / (count - 1) * pairs)) / len(scores)
    assert estimate is not None
    assert estimate.standard_error == pytest.approx(expected, abs=1e-7)


def test_one_cluster_gives_nothing() -> None:
    assert clustered_mean(np.array([1.0, 0.0]), ["a", "a"]) is None


def test_paired_difference_by_hand() -> None:
    greedy = np.array([[0], [0], [1], [0]], dtype=bool)
    difference = paired_difference(CORRECT, greedy)  # d = 1, 1/4, −1, 1/2
    assert difference.value == pytest.approx(0.1875)
    assert difference.standard_error == pytest.approx(np.std([1, 0.25, -1, 0.5], ddof=1) / 2)
    # In quarters 4, 1, −4, 2 with sum 3: of the 8 patterns up to sign two have a sum of ±1.
    assert difference.p_value == pytest.approx(6 / 8)


def test_numbers_of_samples_without_a_common_factor() -> None:
    a, b = np.ones((5, 3), dtype=bool), np.zeros((5, 7), dtype=bool)
    b[:, 0] = True
    difference = paired_difference(a, b)
    assert difference.value == pytest.approx(6 / 7)
    assert difference.standard_error == pytest.approx(0, abs=1e-15)
    assert difference.p_value == pytest.approx(2 / 32)


def test_a_cell_against_itself() -> None:
    difference = paired_difference(CORRECT, CORRECT)
    assert (difference.value, difference.standard_error, difference.p_value) == (0.0, 0.0, 1.0)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_none_and_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for p, q in zip(p_values, adjusted, strict=True):
        assert p <= q <= min(1.0, len(p_values) * p) or q == pytest.approx(p)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert all(adjusted[a] <= adjusted[b] for a, b in pairwise(order))


def test_mean_over_datasets_by_hand() -> None:
    mean = mean_over_datasets([Estimate(0.2, 0.03), Estimate(0.6, 0.04)])
    assert mean.value == pytest.approx(0.4)
    assert mean.standard_error == pytest.approx(0.025)
    assert mean_over_datasets([Estimate(0.2, 0.03), Estimate(0.6, None)]).standard_error is None
    with pytest.raises(ValueError, match="no data set"):
        mean_over_datasets([])
