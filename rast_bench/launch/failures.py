"""Cells and groups that a worker could not make, and why: one small file each."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rast_bench.errors import RastBenchError
from rast_bench.ledger.atomic import ledger_errors, write_durably

MOST_WORKERS = 2  # that may fail on one group before the others leave it alone


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
        what = failure.cell_id or f"group-{failure.group}"
        path = self._folder / f"{what}-worker-{failure.worker}.json"
        with ledger_errors(path):
            write_durably(path, json.dumps(asdict(failure)).encode())

    def all(self) -> list[Failure]:
        with ledger_errors(self._folder):
            return [
                Failure(**json.loads(path.read_text()))
                for path in sorted(self._folder.glob("*-worker-*.json"))
            ]


def failed_cells(failures: list[Failure]) -> set[str]:
    return {failure.cell_id for failure in failures if failure.cell_id is not None}


def abandoned_groups(failures: list[Failure], worker: int) -> set[int]:
    """The groups that this worker leaves alone: it failed on them, or enough others did."""
    by_group: dict[int, set[int]] = {}
    for failure in failures:
        if failure.cell_id is None:
            by_group.setdefault(failure.group, set()).add(failure.worker)
    return {
        group
        for group, workers in by_group.items()
        if worker in workers or len(workers) >= MOST_WORKERS
    }
