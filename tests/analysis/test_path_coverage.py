"""Eq. 1 and 2 against numbers worked out by hand."""

import pytest
import torch

from rast_bench.analysis.path_coverage import followed, path_coverage_rate


@pytest.mark.parametrize(
    ("matches", "expected"),
    [
        ([True, True, True], 1.0),
        ([True, False, False], 0.0),
        ([False, True, True, False, True], 0.75),  # the first token does not count
        ([True, True, True, True, False], 0.75),
        ([True, True], 1.0),
    ],
)
def test_by_hand(matches: list[bool], expected: float) -> None:
    assert path_coverage_rate(matches) == expected
    assert path_coverage_rate(torch.tensor(matches)) == expected


@pytest.mark.parametrize("matches", [[], [True]])
def test_paths_without_a_rate(matches: list[bool]) -> None:
    with pytest.raises(ValueError, match="two tokens"):
        path_coverage_rate(matches)


def test_a_token_is_followed_where_it_is_the_argmax_and_first_of_its_equals() -> None:
    logits = torch.tensor([[0.0, 2.0, 1.0], [3.0, 3.0, 0.0], [3.0, 3.0, 0.0]])
    assert followed(logits, torch.tensor([1, 0, 1])).tolist() == [True, True, False]
