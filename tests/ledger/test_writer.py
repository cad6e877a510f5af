"""Durable in time, errors surface, nothing is lost or doubled, on a full disk either."""

import json
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ledger_samples import CELL, make_sample, rows, sample_rows

from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger, LedgerWriter, atomic, writer

DISK_FULL = Path(__file__).with_name("disk_full.py")
OTHER_CELL = "fedcba9876543210"


PATIENCE = 600.0  # seconds, on a machine that has much else to do


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_sample_is_durable_soon_without_another(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with ledger.writer("run") as open_writer:
        open_writer.add(make_sample())
        wait_for(lambda: bool(ledger.completed(CELL)))
    assert writer.FLUSH_SECONDS <= 2.0


def test_cells_may_alternate_in_one_stream(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    samples = [make_sample("p", i, cell=(CELL, OTHER_CELL)[i % 2]) for i in range(10)]
    with ledger.writer("run") as open_writer:
        for sample in samples:
            open_writer.add(sample)
    for cell in (CELL, OTHER_CELL):
        own = [s for s in samples if s.key.cell_id == cell]
        assert rows(ledger.samples(cell)) == sample_rows(own)
        assert len(list(ledger.cell_folder(cell).glob("*.parquet"))) == 1


def test_flush_and_close_twice_write_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    open_writer = ledger.writer("run")
    open_writer.add(make_sample())
    for finish in (open_writer.flush, open_writer.flush, open_writer.close, open_writer.close):
        finish()
    assert len(list(ledger.cell_folder(CELL).glob("*.parquet"))) == 1
    with pytest.raises(ValueError, match="closed"):
        open_writer.add(make_sample("late"))


def test_many_flushes_leave_few_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "COMPACT_EVERY", 5)
    ledger = Ledger(tmp_path)
    with ledger.writer("run") as open_writer:
        for i in range(23):
            open_writer.add(make_sample("p", i))
            open_writer.flush()
    assert len(list(ledger.cell_folder(CELL).glob("*.parquet"))) <= 5
    assert len(ledger.completed(CELL)) == 23


def break_once(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Makes the next durable write fail; the event is set when it did."""
    failed = threading.Event()
    write = atomic.write_durably

    def fail_first(path: Path, data: bytes) -> None:
        if not failed.is_set():
            failed.set()
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr("rast_bench.ledger.shards.write_durably", fail_first)
    return failed


def test_the_background_threads_error_reaches_the_next_add_and_no_sample_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    failed = break_once(monkeypatch)
    open_writer = LedgerWriter(ledger, "run", interval=0.02)
    open_writer.add(make_sample("p", 0))
    assert failed.wait(PATIENCE)
    wait_for(lambda: open_writer._error is not None)

    with pytest.raises(LedgerError, match="no room to write"):
        open_writer.add(make_sample("p", 1))
    open_writer.close()

    assert ledger.completed(CELL) == {("p", 0), ("p", 1)}


def test_close_tries_again_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    failed = break_once(monkeypatch)
    open_writer = LedgerWriter(ledger, "run", interval=0.02)
    open_writer.add(make_sample("p", 0))
    assert failed.wait(PATIENCE)
    open_writer.close()
    assert ledger.completed(CELL) == {("p", 0)}


def test_an_unforeseen_error_of_the_thread_surfaces_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise ZeroDivisionError

    ledger = Ledger(tmp_path)
    monkeypatch.setattr(ledger, "write_samples", fail)
    open_writer = LedgerWriter(ledger, "run", interval=0.02)
    open_writer.add(make_sample())
    wait_for(lambda: open_writer._error is not None)
    with pytest.raises(ZeroDivisionError):
        open_writer.flush()
    with pytest.raises(ZeroDivisionError):
        open_writer.close()


def test_a_failed_compaction_surfaces_though_all_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_cell_id: str) -> None:
        raise LedgerError("compaction")

    monkeypatch.setattr(writer, "COMPACT_EVERY", 1)
    ledger = Ledger(tmp_path)
    monkeypatch.setattr(ledger, "compact", fail)
    open_writer = LedgerWriter(ledger, "run", interval=0.02)
    open_writer.add(make_sample())
    wait_for(lambda: open_writer._error is not None)
    with pytest.raises(LedgerError, match="compaction"):
        open_writer.close()
    assert len(ledger.completed(CELL)) == 1


def may_mount() -> bool:
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("room", ["limit", "disk"])
def test_a_full_disk_costs_nothing_that_was_made(tmp_path: Path, room: str) -> None:
    """`disk` is a real tmpfs of 64 KiB where the system lets us mount one, else a limit again."""
    command = [sys.executable, str(DISK_FULL), str(tmp_path), room]
    if room == "disk":
        if may_mount():
            mount = f"mount -t tmpfs -o size=64k tmpfs {shlex.quote(str(tmp_path))}"
            command = ["unshare", "-m", "sh", "-c", f"{mount} && exec {shlex.join(command)}"]
        else:
            command[-1] = "limit"

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    report = json.loads(done.stdout)
    assert len(report["errors"]) == 2  # flush and check_writable; add alone writes nothing
    for message, hint in report["errors"]:
        assert message.startswith("no room to write")
        assert str(tmp_path) in message
        assert "free some space" in hint
    assert report["leftovers"] == []
    assert report["kept"] == [["small", 0]]
    assert report["after"] == [["big", 0], ["small", 0]]
