"""Eq. 1 and 2 against numbers worked out by hand."""

import pytest

from rast_bench.analysis.path_coverage import path_coverage_rate


@pytest.mark.parametrize(
    ("ranks", "expected"),
    [
        ([1, 1, 1], 1.0),
        ([1, 2, 7], 0.0),
        ([9, 1, 1, 3, 1], 0.75),  # the first token does not count
        ([1, 1, 1, 1, 2], 0.75),
        ([1, 1], 1.0),
    ],
)
def test_by_hand(ranks: list[int], expected: float) -> None:
    assert path_coverage_rate(ranks) == expected


@pytest.mark.parametrize("ranks", [[], [1]])
def test_paths_without_a_rate(ranks: list[int]) -> None:
    with pytest.raises(ValueError, match="two tokens"):
        path_coverage_rate(ranks)
