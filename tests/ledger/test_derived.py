"""Arrays that are kept beside a cell's shards."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from rast_bench.errors import LedgerError
from rast_bench.ledger import derived
from rast_bench.ledger.derived import KEPT, Counts, Derived, code_version, computing_ahead


class Computed:
    """A computation that counts its calls."""

    def __init__(self, *values: int) -> None:
        self.values = values
        self.calls = 0

    def __call__(self) -> Counts:
        self.calls += 1
        return np.array([self.values, self.values], dtype=np.int64)


def test_an_array_is_computed_once(tmp_path: Path) -> None:
    kept = Derived(tmp_path, lambda: ["samples-1"], "all")
    compute = Computed(0, 70_000, 3)
    assert not kept.stored("votes", "code")
    first = kept.array("votes", "code", compute)
    assert kept.stored("votes", "code")
    again = kept.array("votes", "code", compute)
    assert compute.calls == 1
    assert again.dtype == first.dtype == np.int64
    np.testing.assert_array_equal(first, again)


def test_an_empty_array_is_kept(tmp_path: Path) -> None:
    kept = Derived(tmp_path, list, "all")
    kept.array("votes", "code", lambda: np.zeros((0, 2), dtype=np.int64))
    assert kept.array("votes", "code", Computed(1)).shape == (0, 2)


@pytest.mark.parametrize(
    ("shards", "request_", "name", "code"),
    [
        (["samples-1", "samples-2"], "all", "votes", "code"),
        (["samples-1"], "half", "votes", "code"),
        (["samples-1"], "all", "lemmas", "code"),
        (["samples-1"], "all", "votes", "changed"),
    ],
)
def test_it_is_computed_again_when_anything_differs(
    tmp_path: Path, shards: list[str], request_: str, name: str, code: str
) -> None:
    Derived(tmp_path, lambda: ["samples-1"], "all").array("votes", "code", Computed(1))
    compute = Computed(2)
    found = Derived(tmp_path, lambda: shards, request_).array(name, code, compute)
    assert compute.calls == 1
    assert found[0, 0] == 2


def test_samples_that_arrive_meanwhile(tmp_path: Path) -> None:
    """What was computed from old and new samples is not kept as that of either."""
    shards = ["samples-1"]

    def compute() -> Counts:
        shards.append("samples-2")
        return np.ones((1, 1), dtype=np.int64)

    Derived(tmp_path, lambda: shards, "all").array("votes", "code", compute)
    assert list(tmp_path.iterdir()) == []


def test_samples_that_arrived_before_anything_was_computed(tmp_path: Path) -> None:
    """The cell was read, then shards came: what is computed is that of the old ones."""
    shards = ["samples-1"]
    old = Derived(tmp_path, lambda: list(shards), "all")
    shards.append("samples-2")
    assert old.array("votes", "code", Computed(1))[0, 0] == 1
    assert not old.stored("votes", "code")
    new = Derived(tmp_path, lambda: list(shards), "all")
    assert new.array("votes", "code", Computed(2))[0, 0] == 2
    assert old.array("votes", "code", Computed(1))[0, 0] == 1


def test_no_flipped_bit_is_an_error_or_another_array(tmp_path: Path) -> None:
    kept = Derived(tmp_path, list, "all")
    kept.array("votes", "code", Computed(1, 2))
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    for place in range(8 * len(data)):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        found = derived._read(path)
        assert found is None or found.tolist() == [[1, 2], [1, 2]]


@pytest.mark.parametrize("damage", ["flipped", "cut", "other", "empty", "objects"])
def test_a_damaged_file_is_computed_again(tmp_path: Path, damage: str) -> None:
    kept = Derived(tmp_path, list, "all")
    values = np.arange(10_000, dtype=np.int64)
    kept.array("votes", "code", lambda: values)
    (path,) = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    if damage == "objects":
        np.savez(path, values=np.array([{}], dtype=object))
    else:
        path.write_bytes(
            {"flipped": bytes(data), "cut": path.read_bytes()[:-100], "other": b"{}"}.get(
                damage, b""
            )
        )
    np.testing.assert_array_equal(kept.array("votes", "code", lambda: values), values)
    np.testing.assert_array_equal(kept.array("votes", "code", Computed(1)), values)


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 3):
        Derived(tmp_path, list, str(number)).array("votes", "code", Computed(number))
    Derived(tmp_path, list, "all").array("lemmas", "code", Computed(1))
    assert len(list(tmp_path.glob("votes-*.npz"))) == KEPT
    assert Derived(tmp_path, list, str(KEPT + 2)).stored("votes", "code")


def test_nothing_is_kept_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, _data: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(derived, "write_durably", refuse)
    compute = Computed(5)
    kept = Derived(tmp_path, list, "all")
    assert kept.array("votes", "code", compute)[0, 0] == 5
    assert kept.array("votes", "code", compute)[0, 0] == 5
    assert compute.calls == 2


class TestComputingAhead:
    @pytest.fixture(autouse=True)
    def two_cores(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(derived, "usable_cores", lambda: 2)

    def test_a_second_thread_computes_what_is_begun(self, tmp_path: Path) -> None:
        kept = Derived(tmp_path, list, "all")
        threads: list[str] = []

        def compute() -> Counts:
            threads.append(threading.current_thread().name)
            return np.array([[0, 70_000]], dtype=np.int64)

        before = sys.getswitchinterval()
        with computing_ahead():
            kept.begin("lemmas", "code", compute)
            wait_for(lambda: kept.stored("lemmas", "code"))
            found = kept.array("lemmas", "code", Computed(1))
        assert found.dtype == np.int64
        assert found.tolist() == [[0, 70_000]]
        assert threads == ["arrays"]
        assert sys.getswitchinterval() == before
        assert kept.array("lemmas", "code", Computed(1)).tolist() == [[0, 70_000]]

    def test_what_waits_is_computed_by_who_wants_it_and_nobody_else(self, tmp_path: Path) -> None:
        kept, go = Derived(tmp_path, list, "all"), threading.Event()

        def wait() -> Counts:
            go.wait(60)
            return np.ones((1, 1), dtype=np.int64)

        begun, unwanted = Computed(2), Computed(3)
        with computing_ahead():
            kept.begin("first", "code", wait)
            kept.begin("second", "code", begun)
            kept.begin("third", "code", unwanted)
            assert kept.array("second", "code", Computed(4))[0, 0] == 4
        go.set()  # the thread works on, but nobody has waited for it
        wait_for(lambda: kept.stored("first", "code"))
        assert kept.array("first", "code", Computed(5))[0, 0] == 1
        assert begun.calls == unwanted.calls == 0

    def test_what_is_begun_twice_is_computed_once(self, tmp_path: Path) -> None:
        kept, compute = Derived(tmp_path, list, "all"), Computed(2)
        with computing_ahead():
            for _ in range(3):
                kept.begin("lemmas", "code", compute)
            kept.array("lemmas", "code", compute)
            kept.begin("lemmas", "code", compute)
            kept.array("lemmas", "code", compute)
        assert compute.calls == 1

    def test_an_error_is_raised_where_the_array_is_wanted(self, tmp_path: Path) -> None:
        kept = Derived(tmp_path, list, "all")
        begun = threading.Event()

        def fail() -> Counts:
            begun.set()
            raise LedgerError("samples have vanished")

        with computing_ahead():
            kept.begin("lemmas", "code", fail)
            begun.wait()
            with pytest.raises(LedgerError, match="vanished"):
                kept.array("lemmas", "code", Computed(1))

    def test_what_is_stored_is_not_begun(self, tmp_path: Path) -> None:
        kept, compute = Derived(tmp_path, list, "all"), Computed(2)
        kept.array("lemmas", "code", Computed(1))
        with computing_ahead():
            kept.begin("lemmas", "code", compute)
        assert compute.calls == 0

    @pytest.mark.parametrize("cores", [1, 2])
    def test_nothing_is_begun_without_a_second_thread(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
    ) -> None:
        monkeypatch.setattr(derived, "usable_cores", lambda: cores)
        kept, compute = Derived(tmp_path, list, "all"), Computed(1)
        with computing_ahead() if cores == 1 else nullcontext():
            kept.begin("lemmas", "code", compute)
        assert compute.calls == 0
        assert not kept.stored("lemmas", "code")


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_code_is_that_of_the_named_folders() -> None:
    both, one = code_version("grading", "metrics"), code_version("metrics")
    assert len({both, one, code_version("grading")}) == 3
