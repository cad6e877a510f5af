"""A crashing cell is found and dropped; its siblings finish, each request once."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_device import Device, Outcome, once, poison, requests
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.domain import Request, SampleKey
from rast_bench.run.isolate import MAX_FAILED_IN_A_ROW, IsolatedStream


@pytest.mark.parametrize(
    ("bad", "loads"),
    [
        ("a", 2),  # its requests fill the batch, so that the first crash tells
        ("b", 3),  # it shares a batch with "a": the second load runs each alone
        ("d", 2),  # as "b", but nothing is left for a third load
    ],
)
def test_a_bad_cell_costs_a_load_or_two_and_no_sibling(bad: str, loads: int) -> None:
    device = Device(poison(bad))
    outcome = Outcome(device, requests(("a", 6), ("b", 6), ("c", 6), ("d", 4)))
    assert outcome.error is None
    assert {cell: str(error) for cell, error in outcome.failed.items()} == {bad: f"fault of {bad}"}
    sizes = {"a": 6, "b": 6, "c": 6, "d": 4}
    assert outcome.per_cell == {cell: size for cell, size in sizes.items() if cell != bad}
    assert max(Counter(device.finished).values()) == 1
    assert device.loads == loads


def test_nothing_is_loaded_when_only_dropped_requests_are_left() -> None:
    device = Device(poison("b"))
    outcome = Outcome(device, requests(("a", 4), ("b", 100)))
    assert list(outcome.failed) == ["b"]
    assert (outcome.per_cell, device.loads) == ({"a": 4}, 1)


def test_suspects_run_alone_and_what_follows_runs_together() -> None:
    device = Device(poison("b"), rows=6)
    outcome = Outcome(device, requests(("a", 2), ("b", 2), ("c", 4), ("d", 4)))
    assert list(outcome.failed) == ["b"]
    assert [sorted({key.cell_id for key in pulled}) for pulled in device.streams] == [
        ["a", "b", "c"],
        ["a"],
        ["b"],
        ["c", "d"],  # two of "c" were finished before the crash
    ]
    assert outcome.per_cell == {"a": 2, "c": 4, "d": 4}


def test_an_engine_that_dies_once_costs_one_load_and_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    device = Device(once(5, RuntimeError("CUDA error: misaligned address")))
    outcome = Outcome(device, requests(("a", 6), ("b", 6)))
    assert (outcome.error, outcome.failed) == (None, {})
    assert outcome.per_cell == {"a": 6, "b": 6}
    assert max(Counter(device.finished).values()) == 1
    assert device.loads == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert "CUDA error: misaligned address" in told
    assert told.startswith("warning: the engine failed")
    report = Path(told.partition("the full report is in ")[2].partition(")")[0])
    assert "in generate" in report.read_text()  # where it was raised
    report.unlink()


def test_one_cell_under_way_is_to_blame_at_once() -> None:
    device = Device(once(5, RuntimeError("CUDA error")))
    outcome = Outcome(device, requests(("a", 8), ("b", 8)))
    assert list(outcome.failed) == ["a"]
    assert outcome.per_cell == {"a": 5, "b": 8}
    assert device.loads == 2


def test_no_request_loads_nothing() -> None:
    device = Device()
    assert Outcome(device, []).made == []
    assert device.loads == 0


def test_requests_are_pulled_one_ahead_of_the_engine() -> None:
    pulled: list[SampleKey] = []

    def noted() -> Iterator[Request]:
        for one in requests(("a", 20)):
            pulled.append(one.key)
            yield one

    with IsolatedStream(Device().load) as isolated:
        stream = isolated.stream(noted(), on_failed_cell=lambda _cell, _error: None)
        next(stream)
        assert len(pulled) == 4
        stream.close()


def test_the_engine_is_kept_between_streams_and_closed_at_the_end() -> None:
    device = Device()
    isolated = IsolatedStream(device.load)
    for cell in ("a", "b"):
        stream = isolated.stream(requests((cell, 3)), on_failed_cell=lambda _cell, _error: None)
        assert len(list(stream)) == 3
    assert (device.loads, device.closed) == (1, 0)
    isolated.close()
    isolated.close()
    assert device.closed == 1
    stream = isolated.stream(requests(("a", 1)), on_failed_cell=lambda _cell, _error: None)
    assert len(list(stream)) == 1
    assert device.loads == 2


def test_many_bad_cells_are_isolated_as_long_as_others_work() -> None:
    names = [f"{number} {'bad' if number % 3 else 'good'}" for number in range(12)]
    bad = [name for name in names if name.endswith("bad")]
    device = Device(poison(*bad))
    outcome = Outcome(device, requests(*((name, 5) for name in names)))
    assert outcome.error is None
    assert sorted(outcome.failed) == sorted(bad)
    assert outcome.per_cell == dict.fromkeys(set(names) - set(bad), 5)


@given(
    cells=st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=12),
    rows=st.integers(1, 12),
)
def test_all_siblings_finish_once_and_only_bad_cells_fail(
    cells: list[tuple[int, bool]], rows: int
) -> None:
    sizes = {f"cell {number}": size for number, (size, _) in enumerate(cells)}
    bad = {f"cell {number}" for number, (_, is_bad) in enumerate(cells) if is_bad}
    device = Device(poison(*bad), rows)
    outcome = Outcome(device, requests(*sizes.items()))

    assert max(Counter(device.finished).values(), default=1) == 1
    assert outcome.made == device.finished
    assert outcome.failed.keys() <= bad
    assert device.loads <= 1 + 2 * len(bad)
    if outcome.error is None:
        assert outcome.failed.keys() == bad
        good = {cell: size for cell, size in sizes.items() if cell not in bad}
        assert outcome.per_cell == good
    else:
        assert len(bad) >= MAX_FAILED_IN_A_ROW
