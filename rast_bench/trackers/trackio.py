"""trackio: runs in one SQLite file of the results folder, and a dashboard on this machine.

It knows no summary: what a run shows in the end is its last point, and a run that is shown again
gets a new point only where something has changed.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.config.trackers import TrackioConfig
from rast_bench.errors import TrackerError, first_line
from rast_bench.ledger.atomic import write_durably
from rast_bench.trackers.base import Content, Scalar, TableData, TrackedRun, Warn

if TYPE_CHECKING:
    import trackio

FOLDER = "trackio"
_SHOWN = "shown.json"
_ELSEWHERE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL", "TRACKIO_BUCKET_ID", "TRACKIO_DATASET_ID")
"""Variables that would send runs to other machines."""


class TrackioTracker:
    """A run of trackio for each cell and experiment, in one group (`base.Tracker`)."""

    def __init__(
        self,
        config: TrackioConfig,
        results: Path,
        warn: Warn,  # noqa: ARG002 (nothing of it fails half-way)
        *,
        repair: str,
        strict: bool,  # noqa: ARG002
    ) -> None:
        self._config = config
        self._folder = results.resolve() / FOLDER
        self._repair = repair
        self._runs: dict[str, trackio.Run] = {}
        self._shown: dict[str, str] = {}  # digests of contents by run
        self.address: str | None = None

    def start(self) -> None:
        os.environ["TRACKIO_DIR"] = str(self._folder)
        for name in _ELSEWHERE:
            os.environ.pop(name, None)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            import trackio  # noqa: F401
        except (ImportError, OSError) as error:
            raise TrackerError(
                f"trackio cannot be used: {first_line(error)}", hint=f"later: {self._repair}"
            ) from error
        path = self._folder / _SHOWN
        if path.is_file():
            self._shown = json.loads(path.read_text())

    def update(self, run: TrackedRun, numbers: Mapping[str, float]) -> None:
        self._opened(run).log(dict(numbers))

    def finish(self, run: TrackedRun, content: Content, exit_code: int = 0) -> None:  # noqa: ARG002
        self._show(run, content)
        self._runs.pop(run.run_id).finish()

    def publish(self, run: TrackedRun, content: Content) -> None:
        self._show(run, content)

    def close(self, exit_code: int = 0) -> None:  # noqa: ARG002
        for run_id in list(self._runs):
            self._runs.pop(run_id).finish()

    def _opened(self, run: TrackedRun) -> "trackio.Run":
        import trackio
        from trackio import context_vars

        if run.run_id not in self._runs:
            try:
                self._runs[run.run_id] = trackio.init(
                    project=self._config.project,
                    name=f"{run.name} ({run.run_id})",
                    group=run.group,
                    config={**run.config, "kind": run.kind, "tags": list(run.tags)},
                    resume="allow",
                    embed=False,
                    auto_log_gpu=False,
                    auto_log_cpu=False,
                )
            except Exception as error:
                raise TrackerError(
                    f"trackio cannot be used: {first_line(error)}", hint=f"later: {self._repair}"
                ) from error
            context_vars.current_run.set(None)  # else the next run would end this one
            self.address = (
                f"TRACKIO_DIR={self._folder} trackio show --project {self._config.project}"
            )
        return self._runs[run.run_id]

    def _show(self, run: TrackedRun, content: Content) -> None:
        import trackio

        handle = self._opened(run)
        digest = hashlib.sha256(repr((content.summary, content.tables)).encode()).hexdigest()[:16]
        if self._shown.get(run.run_id) == digest:
            return
        logged: dict[str, Any] = {k: v for k, v in content.summary.items() if v is not None}
        for name, table in content.tables.items():
            logged[name] = _table(table)
        for name, chart in content.charts.items():
            rows: list[list[Scalar]] = [
                [line, x, y] for line, points in chart.lines.items() for x, y in points
            ]
            logged[name] = _table(TableData(("line", chart.x_name, "percent"), rows))
        for name, path in content.images.items():
            logged[name] = trackio.Image(path)
        handle.log(logged)
        self._shown[run.run_id] = digest
        write_durably(self._folder / _SHOWN, json.dumps(self._shown, indent=1).encode())


def _table(table: TableData) -> "trackio.Table":
    import trackio

    rows = [["" if value is None else value for value in row] for row in table.rows]
    return trackio.Table(columns=list(table.columns), data=rows)
