import pytest
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.planning.estimate import (
    Length,
    Throughput,
    assumed_bytes,
    busy_seconds,
    hours,
    total_work,
)


def test_work_is_samples_times_length() -> None:
    parts = [(10, Length(5.5, "data set")), (2, Length(100, "own samples"))]
    work = total_work(parts)
    assert work.tokens == 255
    assert work.sources == ("own samples", "data set")
    assert not work.at_most


def test_one_upper_bound_makes_the_sum_one() -> None:
    work = total_work([(1, Length(5, "own samples")), (1, Length(9, "max_tokens"))])
    assert work.at_most


def test_complete_cells_say_nothing() -> None:
    work = total_work([(0, Length(9, "max_tokens"))])
    assert (work.tokens, work.sources) == (0, ())


def test_hours() -> None:
    assert hours(7_200_000, Throughput(1000, "assumption", "")) == 2


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 20)), max_size=12))
def test_overlapping_cells_count_once(spans: list[tuple[int, int]]) -> None:
    intervals = [(begin, begin + length) for begin, length in spans]
    by_second = {second for begin, end in intervals for second in range(begin, end)}
    assert busy_seconds(intervals) == len(by_second)


def test_bytes_grow_with_tokens() -> None:
    assert assumed_bytes(1000) - assumed_bytes(0) == pytest.approx(4000)
