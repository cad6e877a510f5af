"""From the first worker's start to the last one's end: progress, restarts, causes."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from rast_bench.run.folder import Launch
from rast_bench.run.notes import SILENT_SECONDS, Note, read_notes
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
class Watched:
    made: int  # samples
    causes: dict[int, str]  # by worker, of those that ended without having finished


def watch(launch: Launch, executor: Executor, restarts: int, progress: Progress) -> Watched:
    """Waits until every worker has ended; starts those that died again.

    Args:
        restarts: of one worker, one after another with no sample made in between.

    Raises LedgerError.
    """
    watcher = _Watch(launch, executor, restarts, progress)
    while not watcher.step():
        executor.wait()
    return Watched(watcher.made, watcher.causes)


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
        self._deaths: Counter[int] = Counter()  # with no sample in between
        self._since = dict.fromkeys(range(launch.workers), time.time())  # this start
        self._last_start: dict[int, str] = {}  # the note of an earlier start says nothing new
        self.causes: dict[int, str] = {}

    def step(self) -> bool:
        """Whether all have ended."""
        states = self._executor.states()
        notes = read_notes(self._launch.notes, self._launch.workers)
        self._tell(notes, states)
        for worker in range(self._launch.workers):
            if worker in self._done or worker in self.causes:
                continue
            status = states.get(worker, JobStatus("unknown", ""))
            note = notes.get(worker)
            if note is not None and note.start == self._last_start.get(worker):
                note = None
            if self._alive(worker, status, note):
                continue
            if note is not None and note.state == "done":
                self._done.add(worker)
            else:
                self._on_end(worker, status, note)
        return len(self._done) + len(self.causes) == self._launch.workers

    def _alive(self, worker: int, status: JobStatus, note: Note | None) -> bool:
        if status.state in ALIVE:
            return True
        if status.state != "unknown":
            return False
        # Nobody knows the job: its own words have to do.
        if note is not None and note.over:
            return False
        latest = self._since[worker] if note is None else note.updated
        return time.time() - latest < SILENT_SECONDS

    def _on_end(self, worker: int, status: JobStatus, note: Note | None) -> None:
        cause = describe_end(status, note)
        progressed = note is not None and note.made > 0
        self._deaths[worker] = 0 if progressed else self._deaths[worker] + 1
        hopeless = status.state == "cancelled" or (note is not None and note.state == "failed")
        if hopeless or not self._restarts or self._deaths[worker] > self._restarts:
            self._say(f"warning: worker {worker} {cause}; its chunks are free again")
            self.causes[worker] = cause
            for group in range(len(self._launch.record.groups)):
                self._launch.leases(group).release(worker)
            return
        count = "" if progressed else f" ({self._deaths[worker]} of {self._restarts} at most)"
        self._say(f"warning: worker {worker} {cause}; starting it again{count}")
        if note is not None:
            self._last_start[worker] = note.start
        self._since[worker] = time.time()
        self._executor.start([worker])

    def _tell(self, notes: Mapping[int, Note], states: Mapping[int, JobStatus]) -> None:
        for note in notes.values():
            self._made[note.worker, note.start] = note.made
        made = sum(self._made.values())
        self._progress.describe(_summary(notes, states))
        self._progress.advance(made - self.made)
        self.made = made

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


def _summary(notes: Mapping[int, Note], states: Mapping[int, JobStatus]) -> str:
    counts = Counter(status.state for status in states.values())
    words = [f"{counts[state]} {state}" for state in ("running", "queued") if counts[state]]
    titles = [note.title for note in notes.values() if not note.over and note.title]
    return ", ".join(words) + (f": {titles[0]}" if titles else "")
