"""From the first worker's start to the last one's end: progress, restarts, causes."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import SILENT_SECONDS, Heartbeat, read_heartbeats
from rast_bench.run.outcome import ALIVE, describe_end
from rast_bench.run.progress import Progress
from rast_bench.run.slurm_jobs import JobStatus


class Executor(Protocol):
    """Where workers run, as far as watching them needs it."""

    def start(self, workers: Iterable[int]) -> None: ...
    def states(self) -> dict[int, JobStatus]: ...
    def wait(self) -> None: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class WatchResult:
    made: int  # samples
    causes: dict[int, str]  # by worker, for those that ended unfinished


def watch(launch: Launch, executor: Executor, restarts: int, progress: Progress) -> WatchResult:
    """Wait until every worker has ended; restart those that died.

    Args:
        restarts: per worker, in a row without a sample in between.

    Raises:
        LedgerError: the launch or the ledger cannot be used.
    """
    watcher = _Watch(launch, executor, restarts, progress)
    while not watcher.step():
        executor.wait()
    return WatchResult(watcher.made, watcher.causes)


class _Watch:
    def __init__(
        self, launch: Launch, executor: Executor, restarts: int, progress: Progress
    ) -> None:
        self._launch = launch
        self._executor = executor
        self._restarts = restarts
        self._progress = progress
        self._done: set[int] = set()
        self._made: dict[tuple[int, str], int] = {}  # by worker and start
        self.made = 0
        self._deaths: Counter[int] = Counter()  # in a row without a sample in between
        self._since = dict.fromkeys(range(launch.workers), time.time())  # this start
        self._last_start: dict[int, str] = {}  # an earlier start's heartbeat is stale
        self.causes: dict[int, str] = {}

    def step(self) -> bool:
        """Return whether all have ended."""
        states = self._executor.states()
        heartbeats = read_heartbeats(self._launch.heartbeats, self._launch.workers)
        self._tell(heartbeats, states)
        for worker in range(self._launch.workers):
            if worker in self._done or worker in self.causes:
                continue
            status = states.get(worker, JobStatus("unknown", ""))
            heartbeat = heartbeats.get(worker)
            if heartbeat is not None and heartbeat.start == self._last_start.get(worker):
                heartbeat = None
            if self._alive(worker, status, heartbeat):
                continue
            if heartbeat is not None and heartbeat.state == "done":
                self._done.add(worker)
            else:
                self._on_end(worker, status, heartbeat)
        return len(self._done) + len(self.causes) == self._launch.workers

    def _alive(self, worker: int, status: JobStatus, heartbeat: Heartbeat | None) -> bool:
        if status.state in ALIVE:
            return True
        if status.state != "unknown":
            return False
        # The job's state is unknown: its heartbeat decides.
        if heartbeat is not None and heartbeat.over:
            return False
        latest = self._since[worker] if heartbeat is None else heartbeat.updated
        return time.time() - latest < SILENT_SECONDS

    def _on_end(self, worker: int, status: JobStatus, heartbeat: Heartbeat | None) -> None:
        cause = describe_end(status, heartbeat)
        progressed = heartbeat is not None and heartbeat.made > 0
        self._deaths[worker] = 0 if progressed else self._deaths[worker] + 1
        hopeless = status.state == "cancelled" or (
            heartbeat is not None and heartbeat.state == "failed"
        )
        if hopeless or not self._restarts or self._deaths[worker] > self._restarts:
            self._say(f"warning: worker {worker} {cause}; its chunks are free again")
            self.causes[worker] = cause
            for group in range(len(self._launch.record.groups)):
                self._launch.leases(group).release(worker)
            return
        count = "" if progressed else f" ({self._deaths[worker]} of {self._restarts} at most)"
        self._say(f"warning: worker {worker} {cause}; starting it again{count}")
        if heartbeat is not None:
            self._last_start[worker] = heartbeat.start
        self._since[worker] = time.time()
        self._executor.start([worker])

    def _tell(self, heartbeats: Mapping[int, Heartbeat], states: Mapping[int, JobStatus]) -> None:
        for heartbeat in heartbeats.values():
            self._made[heartbeat.worker, heartbeat.start] = heartbeat.made
        made = sum(self._made.values())
        self._progress.describe(_summary(heartbeats, states))
        self._progress.advance(made - self.made)
        self.made = made

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def _summary(heartbeats: Mapping[int, Heartbeat], states: Mapping[int, JobStatus]) -> str:
    counts = Counter(status.state for status in states.values())
    words = [f"{counts[state]} {state}" for state in ("running", "queued") if counts[state]]
    titles = [
        heartbeat.title
        for heartbeat in heartbeats.values()
        if not heartbeat.over and heartbeat.title
    ]
    return ", ".join(words) + (f": {titles[0]}" if titles else "")
