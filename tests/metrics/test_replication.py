"""Ranges of published numbers, against reruns that measure the same."""

import numpy as np
import pytest

from rast_bench.metrics.paper import paper_pass_at_k
from rast_bench.metrics.replication import (
    Replication,
    accuracy_replication,
    difficulties,
    gain_replication,
    mean_of_replications,
    mean_replication,
    pass_at_k_replication,
    path_replication,
    recovery_replication,
)

PROBLEMS = 120
REPEATS = 300


def _runs(difficulty: np.ndarray, samples: int, seed: int) -> np.ndarray:
    """Verdicts of REPEATS runs over the same problems, [runs, problems, samples]."""
    rng = np.random.default_rng(seed)
    return rng.random((REPEATS, len(difficulty), samples)) < difficulty[:, None]


def _difficulty() -> np.ndarray:
    return np.random.default_rng(0).beta(0.6, 0.6, PROBLEMS)


def _inside(ranges: list[Replication], values: list[float]) -> float:
    return float(np.mean([r.low <= v <= r.high for r, v in zip(ranges, values, strict=True)]))


@pytest.mark.parametrize(("samples", "published"), [(8, 8), (16, 4)])
def test_accuracies_of_reruns_lie_in_the_range(samples: int, published: int) -> None:
    ours = _runs(_difficulty(), samples, 1)
    theirs = _runs(_difficulty(), published, 2)
    ranges = [accuracy_replication(one, published) for one in ours]
    assert _inside(ranges, theirs.mean(axis=(1, 2)).tolist()) == pytest.approx(0.95, abs=0.035)


def test_pass_at_k_by_the_papers_protocol_lies_in_the_range() -> None:
    ours, theirs = _runs(_difficulty(), 8, 3), _runs(_difficulty(), 8, 4)
    ranges = [pass_at_k_replication(one, 4, 8) for one in ours]
    values = [float(paper_pass_at_k(one, [4], seed=i)[0]) for i, one in enumerate(theirs)]
    assert _inside(ranges, values) == pytest.approx(0.95, abs=0.04)


def test_recovery_rates_of_reruns_lie_in_the_range() -> None:
    base, rast, rl = _difficulty() * 0.4, _difficulty() * 0.7, _difficulty() * 0.9
    mine = [_runs(one, 8, seed) for seed, one in enumerate((base, rast, rl), start=5)]
    other = [_runs(one, 8, seed) for seed, one in enumerate((base, rast, rl), start=8)]
    found = [recovery_replication(*run) for run in zip(*mine, strict=True)]
    assert all(one is not None and one.identified for one in found)
    b, s, t = (one.mean(axis=(1, 2)) for one in other)
    values = ((s - b) / (t - b)).tolist()
    assert _inside([one for one in found if one], values) == pytest.approx(0.95, abs=0.035)


def test_a_ratio_over_noise_is_flagged_and_one_over_nothing_is_none() -> None:
    base, rast, rl = _runs(_difficulty(), 4, 11)[:3]
    found = recovery_replication(base, rast, rl)
    assert found is not None
    assert not found.identified
    assert found.value == pytest.approx((rast.mean() - base.mean()) / (rl.mean() - base.mean()))
    assert found.high - found.low > 1
    assert recovery_replication(base, rast, base) is None


def test_a_mean_is_identified_where_all_its_parts_are() -> None:
    sure, unsure = Replication(1, 0, 2), Replication(3, 0, 6, identified=False)
    assert mean_of_replications([sure, sure]).identified
    assert not mean_of_replications([sure, unsure]).identified


def test_the_mixing_distribution_is_found() -> None:
    """Half of the problems at 0.2, half at 0.9, seen through 16 samples each."""
    rng = np.random.default_rng(12)
    p = np.repeat([0.2, 0.9], 400)
    weights = difficulties(rng.binomial(16, p), 16)
    grid = np.sin(np.linspace(0, np.pi / 2, 101)) ** 2
    assert weights.sum() == pytest.approx(1)
    assert weights @ grid == pytest.approx(0.55, abs=0.02)
    assert weights[grid < 0.5].sum() == pytest.approx(0.5, abs=0.03)


def test_a_greedy_cell_has_a_wide_range_and_a_flat_one_is_no_point() -> None:
    greedy = accuracy_replication(np.array([[True], [False]] * 50), 1)
    assert greedy.high - greedy.low == pytest.approx(2 * 1.959964 * np.sqrt(0.25 / 100 * 2))
    flat = accuracy_replication(np.ones((10, 4), dtype=bool), 4)
    assert flat.low < flat.value == 1.0


def test_means_by_hand() -> None:
    values = np.array([[1.0, 3.0], [2.0, 6.0]])  # variances within: 2 and 8
    found = mean_replication(values, 2)
    assert found.value == 3.0
    assert found.high - found.value == pytest.approx(1.959964 * np.sqrt(5 * (1 / 2 + 1 / 2) / 2))
    both = mean_of_replications([Replication(1, 0.7, 1.3), Replication(3, 2.6, 3.4)])
    assert (both.value, both.high - both.value) == (2, pytest.approx(0.25))
    paths = path_replication(0.9, 0.01, 50, 50)
    assert paths is not None
    assert paths.high - 0.9 == pytest.approx(1.959964 * 0.01 * np.sqrt(2))
    assert path_replication(0.9, None, 1, 50) is None


def test_a_gain_is_the_difference() -> None:
    run = _runs(_difficulty(), 4, 13)
    gain = gain_replication(run[0], run[1])
    assert gain.value == pytest.approx(run[1].mean() - run[0].mean())
    assert gain.low < gain.value < gain.high
