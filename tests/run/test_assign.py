"""Where workers begin, and when help is worth a load."""

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.run.assign import OpenGroup, first_groups, next_group

WORK = st.lists(st.floats(0, 1e6), min_size=1, max_size=12).filter(any)


@given(work=WORK, workers=st.integers(1, 30))
def test_longest_first_and_every_group_before_any_is_shared(
    work: list[float], workers: int
) -> None:
    begin = first_groups(work, workers)
    assert len(begin) == workers
    busy = [i for i, amount in enumerate(work) if amount > 0]
    longest = sorted(busy, key=lambda i: (-work[i], i))
    assert begin[: len(busy)] == longest[:workers]
    assert set(begin) <= set(busy)


@given(work=st.lists(st.integers(1, 1000), min_size=1, max_size=3), extra=st.integers(0, 5))
def test_the_longest_share_is_as_short_as_can_be(work: list[int], extra: int) -> None:
    workers = len(work) + extra
    begin = first_groups(work, workers)
    counts = [begin.count(i) for i in range(len(work))]
    possible = (
        choice
        for choice in product(range(1, workers + 1), repeat=len(work))
        if sum(choice) == workers
    )
    best = min(longest_share(work, choice) for choice in possible)
    assert longest_share(work, counts) == pytest.approx(best)


def longest_share(work: Sequence[int], counts: Sequence[int]) -> float:
    return max(amount / count for amount, count in zip(work, counts, strict=True))


def test_no_work_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no group"):
        first_groups([0.0, 0.0], 3)


def test_a_worker_without_a_group_takes_the_longest_that_nobody_is_on() -> None:
    groups = {0: OpenGroup(900, 2, 1.0), 1: OpenGroup(50, 0, None), 2: OpenGroup(70, 0, None)}
    assert next_group(groups, 1000.0) == 2


@pytest.mark.parametrize(("free", "helps"), [(200, False), (201, True)])
def test_help_has_to_be_worth_its_load(free: int, helps: bool) -> None:
    groups = {4: OpenGroup(free, 2, 20.0)}  # in two loads of 5 s they make 200 samples themselves
    assert next_group(groups, 5.0) == (4 if helps else None)


@pytest.mark.parametrize(("rate", "load"), [(None, 5.0), (20.0, None)])
def test_who_cannot_tell_helps(rate: float | None, load: float | None) -> None:
    assert next_group({0: OpenGroup(5, 3, rate)}, load) == 0


def test_nothing_open_is_the_end() -> None:
    assert next_group({}, None) is None
