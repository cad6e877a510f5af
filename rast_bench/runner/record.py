"""What one run asks for, receives and writes down, whichever engine or process makes it."""

import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rast_bench.domain import Request, Sample, SampleKey
from rast_bench.errors import EngineError, RastBenchError
from rast_bench.ledger import Ledger, LedgerWriter
from rast_bench.ledger.manifest import environment, now
from rast_bench.runner.plan import (
    EngineGroup,
    PlannedCell,
    cell_title,
    fingerprints,
    missing_requests,
)
from rast_bench.runner.progress import Progress


@dataclass(frozen=True)
class CellFailure:
    """A cell that a run left incomplete, and why, in one line."""

    cell_id: str
    title: str
    reason: str
    hint: str | None = None


@dataclass
class _CellRun:
    """One cell's part of this run, from its first request on."""

    planned: PlannedCell
    started: datetime
    begin: float = field(default_factory=time.monotonic)
    last: float = 0.0  # monotonic time of the latest sample
    made: int = 0


class RunRecord:
    """The run's book-keeping between engines and ledger. All methods run in one thread."""

    def __init__(
        self,
        planned: Sequence[PlannedCell],
        ledger: Ledger,
        writer: LedgerWriter,
        progress: Progress,
        run_id: str,
    ) -> None:
        """Counts what is there. Raises LedgerError when a cell's folder cannot be used."""
        self._ledger = ledger
        self._writer = writer
        self._progress = progress
        self._run_id = run_id
        self._requested: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
        self._runs: dict[str, _CellRun] = {}
        # By id() of the planned cell: cells of one cell id may lie in different groups.
        self._to_request: Counter[int] = Counter()
        self._left: Counter[int] = Counter()  # wanted, not yet received
        self._outstanding: dict[SampleKey, int] = {}
        self._planned = tuple(planned)  # keeps the id()s valid
        self._same_cell: defaultdict[str, set[int]] = defaultdict(set)
        self.failures: list[CellFailure] = []
        self.made = 0
        self.reused = 0
        self._count()
        self.total = self.reused + self._left.total()

    def _count(self) -> None:
        """Two cells with one id share their samples: each is counted and requested once."""
        by_cell: defaultdict[str, list[PlannedCell]] = defaultdict(list)
        for item in self._planned:
            by_cell[item.cell_id].append(item)
        for cell_id, items in by_cell.items():
            self._ledger.register(cell_id, items[0].identity, _display(items[0]))
            durable = self._ledger.completed(cell_id)
            claimed: set[tuple[str, int]] = set()
            for item in items:
                self._same_cell[cell_id].add(id(item))
                new = set(item.wanted_keys()) - claimed
                claimed |= new
                self._to_request[id(item)] += len(new - durable)
                self._left[id(item)] += len(new - durable)
            self.reused += len(claimed & durable)

    def missing(self, group: EngineGroup) -> int:
        """How many samples the group's engine has still to be asked for."""
        return sum(self._to_request[which] for which in {id(item) for item in group.cells})

    def requests(self, group: EngineGroup) -> Iterator[Request]:
        """The group's missing samples, found lazily, cell by cell."""
        for item in group.cells:
            expected = self._to_request.pop(id(item), 0)
            if expected == 0:
                continue
            self._start_cell(item)
            requested = self._requested[item.cell_id]
            count = 0
            for request in missing_requests(item, self._ledger, skip=requested):
                requested.add((request.key.problem_id, request.key.sample_index))
                self._outstanding[request.key] = id(item)
                count += 1
                yield request
            by_others = expected - count  # another process made them since the count
            self.reused += by_others
            self._left[id(item)] -= by_others
            self._progress.advance(by_others)

    def receive(self, sample: Sample) -> None:
        """Takes one finished sample.

        Raises:
            EngineError: it was not asked for, or came before.
            LedgerError: earlier samples could not be written.
        """
        which = self._outstanding.pop(sample.key, None)
        if which is None:
            raise EngineError(f"the engine made a sample that nobody asked for: {sample.key}")
        self._writer.add(sample)
        run = self._runs[sample.key.cell_id]
        run.made += 1
        run.last = time.monotonic()
        self._left[which] -= 1
        self.made += 1
        self._progress.advance()

    def finish(self, group: EngineGroup, error: Exception | None = None) -> None:
        """Makes the group's samples durable and notes its cells as complete or failed.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        self._writer.flush()
        if error is not None and not isinstance(error, RastBenchError):
            traceback.print_exception(error)  # a fault of ours: its place must not get lost
        for item in {id(item): item for item in group.cells}.values():
            left = self._left[id(item)]
            if left > 0:
                self.failures.append(_failure(item, left, error))
            run = self._runs.get(item.cell_id)
            if run is not None:
                self._write_manifest(run, ended=True)
                if left == 0:
                    self._ledger.compact(item.cell_id)

    def interrupt(self) -> None:
        """Ends the manifests of a run that the user stops."""
        for run in self._runs.values():
            self._write_manifest(run, ended=True)

    def _start_cell(self, item: PlannedCell) -> None:
        self._progress.describe(cell_title(item.cell))
        if item.cell_id not in self._runs:
            self._runs[item.cell_id] = _CellRun(item, started=now())
            self._write_manifest(self._runs[item.cell_id], ended=False)

    def _write_manifest(self, run: _CellRun, *, ended: bool) -> None:
        seconds = max(run.last - run.begin, 0.0)
        left = sum(self._left[which] for which in self._same_cell[run.planned.cell_id])
        manifest: dict[str, Any] = {
            "run_id": self._run_id,
            "cell_id": run.planned.cell_id,
            "config": run.planned.cell.model_dump(mode="json", by_alias=True),
            "models": fingerprints(run.planned.engine_key),
            **environment(),
            "status": ("complete" if left == 0 else "partial") if ended else "running",
            "started": run.started.isoformat(),
            "ended": now().isoformat() if ended else None,
            "samples_made": run.made,
            "seconds": round(seconds, 3),
            "samples_per_second": round(run.made / seconds, 3) if seconds > 0 else None,
        }
        self._ledger.write_manifest(run.planned.cell_id, self._run_id, manifest)


def _display(item: PlannedCell) -> dict[str, Any]:
    cell = item.cell
    return {
        "title": cell_title(cell),
        "method": cell.method.name,
        "base_model": cell.base_model.name,
        "delta": cell.delta.name,
        "dataset": cell.dataset.name,
        "prompt": cell.prompt.name,
    }


def _failure(item: PlannedCell, left: int, error: Exception | None) -> CellFailure:
    hint = None
    if isinstance(error, RastBenchError):
        reason, hint = error.message, error.hint
    elif error is not None:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    else:
        reason = f"the engine ended without {left:,} of its samples"
    return CellFailure(item.cell_id, cell_title(item.cell), reason, hint)
