"""Where a run's samples of each cell came from: `manifest-<run id>.json` beside them."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell, fingerprints
from rast_bench.provenance import environment, now

EndStatus = Literal["complete", "partial"]


@dataclass
class _CellRun:
    """One cell's part of a run, from its first request on."""

    planned: PlannedCell
    started: datetime = field(default_factory=now)
    begin: float = field(default_factory=time.monotonic)
    last: float = 0.0  # monotonic time of the latest sample
    made: int = 0
    running: bool = True


class CellManifests:
    """The manifests of one run, one per cell: begun at the first request, updated, then ended.

    A run is what one run id names: a process. Methods raise LedgerError.
    """

    def __init__(
        self,
        ledger: Ledger,
        run_id: str,
        *,
        workers: int = 1,
        threads: int | None = None,
        launch: str | None = None,
        worker: int | None = None,
    ) -> None:
        """Create no manifest yet.

        Args:
            workers: processes that the command generates with; this run is one of them.
            threads: threads of an engine whose configuration leaves them open.
            launch: id of the launch that the run belongs to.
            worker: the run's number among the workers, if it has one.
        """
        self._ledger = ledger
        self.run_id = run_id
        self._threads = threads
        self._provenance: dict[str, Any] = {"workers": workers}
        if launch is not None:
            self._provenance["launch"] = launch
        if worker is not None:
            self._provenance["worker"] = worker
        self._runs: dict[str, _CellRun] = {}

    @property
    def running(self) -> list[str]:
        """Return the ids of the cells that have begun and not ended, in that order."""
        return [cell_id for cell_id, run in self._runs.items() if run.running]

    def begun(self, cell_id: str) -> bool:
        """Return whether the run has a manifest of the cell."""
        return cell_id in self._runs

    def begin(self, planned: PlannedCell) -> None:
        """Write the manifest as `running`, unless it is. A cell that had ended goes on."""
        run = self._runs.get(planned.cell_id)
        if run is None:
            run = self._runs[planned.cell_id] = _CellRun(planned)
        elif run.running:
            return
        run.running = True
        self._write(run, "running", ended=None)

    def engine_loaded(self, cell_ids: Iterable[str]) -> None:
        """Restart the clock of those cells that have no sample yet.

        The first request exists before its engine; loading must not count as slow sampling.
        """
        for cell_id in cell_ids:
            run = self._runs.get(cell_id)
            if run is not None and run.made == 0:
                run.started, run.begin = now(), time.monotonic()

    def count(self, cell_id: str) -> None:
        """Count one finished sample of a cell that has begun."""
        run = self._runs[cell_id]
        run.made += 1
        run.last = time.monotonic()
        run.running = True  # again, when only one of the cell's engine groups had ended

    def end(self, cell_id: str, status: EndStatus) -> None:
        """Write the manifest with its counts and its end; nothing for a cell that never began."""
        run = self._runs.get(cell_id)
        if run is not None:
            run.running = False
            self._write(run, status, ended=now())

    def _write(self, run: _CellRun, status: str, ended: datetime | None) -> None:
        seconds = max(run.last - run.begin, 0.0)
        manifest: dict[str, Any] = {
            "run_id": self.run_id,
            "cell_id": run.planned.cell_id,
            "config": run.planned.cell.model_dump(mode="json", by_alias=True),
            "models": fingerprints(run.planned),
            **environment(),
            **self._provenance,
            "threads": run.planned.cell.engine.threads or self._threads,
            "status": status,
            "started": run.started.isoformat(),
            "ended": None if ended is None else ended.isoformat(),
            "samples_made": run.made,
            "samples_wanted": run.planned.wanted,
            "seconds": round(seconds, 3),
            "samples_per_second": round(run.made / seconds, 3) if seconds > 0 else None,
        }
        self._ledger.write_manifest(run.planned.cell_id, self.run_id, manifest)
