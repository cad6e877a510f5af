"""What workers report about themselves: heartbeats, and the failures of cells and groups.

`workers/<number>.json` is rewritten every two seconds: progress and the worker's final status;
results do not depend on it. `failures/` has a small file per cell or group that a worker could not
make, with the reason.
"""

import json
import os
import secrets
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from rast_bench.errors import LedgerError, RastBenchError
from rast_bench.ledger.atomic import ledger_errors, write_durably
from rast_bench.processes import start_ticks

SECONDS = 2.0
SILENT_SECONDS = 60.0  # without a heartbeat this long, a worker of unknown state counts as gone

WorkerState = Literal[
    "loading", "running", "done", "out of time", "interrupted", "crashed", "failed"
]


@dataclass(frozen=True)
class Heartbeat:
    """A worker's latest report. Counts are for this start of the worker; `start` identifies it."""

    worker: int
    start: str
    state: WorkerState = "loading"
    group: int | None = None  # the engine group it is on
    title: str = ""  # the cell of its latest request
    made: int = 0  # samples
    group_made: int = 0  # of its group, since the engine was loaded
    group_began: float | None = None  # seconds since the epoch; None while loading
    loads: int = 0  # engines
    error: str | None = None  # why it failed, on one line
    job_id: str | None = None
    host: str = ""
    pid: int = 0
    ticks: int | None = None  # when the process started: see processes.py
    began: float = 0.0  # seconds since the epoch, by the worker's clock
    updated: float = 0.0

    @property
    def over(self) -> bool:
        return self.state not in ("loading", "running")

    @property
    def samples_per_second(self) -> float | None:
        """Speed on its group; None before the first sample."""
        if self.group_began is None or not self.group_made:
            return None
        return self.group_made / max(self.updated - self.group_began, 1e-3)


def read_heartbeat(folder: Path, worker: int) -> Heartbeat | None:
    """Return a worker's latest heartbeat; None before its first.

    Raises:
        LedgerError: the file cannot be read.
    """
    path = _path(folder, worker)
    with ledger_errors(path):
        try:
            return Heartbeat(**json.loads(path.read_text()))
        except FileNotFoundError:
            return None


def read_heartbeats(folder: Path, workers: int) -> dict[int, Heartbeat]:
    found = {worker: read_heartbeat(folder, worker) for worker in range(workers)}
    return {worker: heartbeat for worker, heartbeat in found.items() if heartbeat is not None}


class HeartbeatWriter:
    """Keeps a worker's heartbeat up to date from a background thread.

    `replaced` becomes true if the worker was started again elsewhere while this process is still
    running, as happens to a job whose node was given up: it should end.
    """

    def __init__(
        self, folder: Path, worker: int, job_id: str | None, *, seconds: float = SECONDS
    ) -> None:
        """Write nothing before `open`.

        Args:
            seconds: between two heartbeats.
        """
        self._folder = folder
        self._seconds = seconds
        self._heartbeat = Heartbeat(
            worker,
            start=secrets.token_hex(8),
            job_id=job_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            ticks=start_ticks(os.getpid()),
            began=time.time(),
        )
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_regularly, name="heartbeat", daemon=True)
        self.replaced = False

    @property
    def heartbeat(self) -> Heartbeat:
        return self._heartbeat

    def open(self) -> None:
        """Write the first heartbeat, which supersedes every earlier start of this worker."""
        self._write()
        self._thread.start()

    def close(self, state: WorkerState, error: str | None = None) -> None:
        """Write the last heartbeat, unless another start has taken over."""
        self._closing.set()
        self._thread.join()
        self.say(state=state, error=error)
        self._write_if_current()

    def say(self, **changes: object) -> None:
        """Change fields of the heartbeat; they are on disk within two seconds."""
        with self._lock:
            self._heartbeat = replace(self._heartbeat, **changes)  # type: ignore[arg-type]

    def count(self) -> None:
        with self._lock:
            made, group_made = self._heartbeat.made + 1, self._heartbeat.group_made + 1
            self._heartbeat = replace(self._heartbeat, made=made, group_made=group_made)

    def is_current(self) -> bool:
        """Return whether no later start of this worker has written a heartbeat."""
        known = read_heartbeat(self._folder, self._heartbeat.worker)
        if known is not None and known.start != self._heartbeat.start:
            self.replaced = True
        return not self.replaced

    def _write_regularly(self) -> None:
        while not self._closing.wait(self._seconds):
            self._write_if_current()

    def _write_if_current(self) -> None:
        try:
            if self.is_current():
                self._write()
        except LedgerError as error:  # the ledger's writer fails as well, and ends the worker
            print(f"warning: {error.message}", file=sys.stderr)

    def _write(self) -> None:
        path = _path(self._folder, self._heartbeat.worker)
        with self._lock:
            self._heartbeat = replace(self._heartbeat, updated=time.time())
            text = json.dumps(asdict(self._heartbeat))
        with ledger_errors(path):
            temporary = path.with_name(f".{path.name}-{self._heartbeat.start}")
            temporary.write_text(text)
            temporary.replace(path)  # readers see a complete heartbeat; losing one costs nothing


def _path(folder: Path, worker: int) -> Path:
    return folder / f"{worker}.json"


@dataclass(frozen=True)
class Failure:
    """One worker's failure on one cell, or on a whole group (`cell_id` is None)."""

    group: int
    worker: int
    reason: str
    hint: str | None = None
    cell_id: str | None = None
    exit_code: int = RastBenchError.exit_code


class Failures:
    """The failures of one launch. Methods raise LedgerError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, failure: Failure) -> None:
        what = _what(failure.group, failure.cell_id)
        path = self._folder / f"{what}-worker-{failure.worker}.json"
        with ledger_errors(path):
            write_durably(path, json.dumps(asdict(failure)).encode())

    def is_first(self, group: int, cell_id: str | None) -> bool:
        """Return whether this is the first call for it, so that only one worker reports it."""
        path = self._folder / f"{_what(group, cell_id)}.told"
        with ledger_errors(path):
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                return False
        return True

    def all(self) -> list[Failure]:
        with ledger_errors(self._folder):
            return [
                Failure(**json.loads(path.read_text()))
                for path in sorted(self._folder.glob("*-worker-*.json"))
            ]


def _what(group: int, cell_id: str | None) -> str:
    return f"group-{group}" if cell_id is None else f"{cell_id}-group-{group}"


def failed_cells(failures: list[Failure], group: int) -> set[str]:
    """Return the ids of the group's cells that made its engine fail."""
    return {f.cell_id for f in failures if f.cell_id is not None and f.group == group}


def abandoned_groups(failures: list[Failure], worker: int, most_workers: int) -> set[int]:
    """Return the groups that this worker skips: it failed on them, or enough others did."""
    by_group: dict[int, set[int]] = {}
    for failure in failures:
        if failure.cell_id is None:
            by_group.setdefault(failure.group, set()).add(failure.worker)
    return {
        group
        for group, workers in by_group.items()
        if worker in workers or len(workers) >= most_workers
    }
