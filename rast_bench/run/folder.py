"""A launch on disk: `<results>/launches/<launch id>/`.

launch.json           the command, the settings, the engine groups, each worker's first group
  cells.json            every planned cell with its id: workers hash no checkpoint again
  problems/<set>.jsonl  the data sets: read once by the command, not from the hub by every worker
  leases/<group>/       which worker holds which chunk
  workers/<n>.json      each worker's heartbeat
  jobs.json             the scheduler's job of each worker
  merged/<cell>         cells whose small shards a worker merges or has merged
  failures/             cells and groups that cannot be made, and why
  log/                  output of the workers
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rast_bench.config.identity import engine_key
from rast_bench.config.schema import CellConfig
from rast_bench.domain import Problem
from rast_bench.errors import LedgerError
from rast_bench.ledger import Ledger
from rast_bench.ledger.atomic import ledger_errors, make_folder, write_durably
from rast_bench.planning.cells import EngineGroup, PlannedCell
from rast_bench.planning.work import DisjointSamples, disjoint_samples
from rast_bench.run.chunks import GroupChunks, Leases

LAUNCHES = "launches"
MAX_FAILING_WORKERS = 2


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GroupRecord(_Record):
    """One engine group: `cells` are indices in cells.json."""

    title: str
    devices: int  # that its engine uses
    cells: tuple[int, ...]
    missing: int  # samples, when the launch was created
    tokens: float  # expected of them
    chunk_samples: int
    workers: int  # that start with it


class LaunchRecord(_Record):
    """The content of launch.json."""

    launch_id: str
    created: str  # ISO 8601
    program: str
    words: tuple[str, ...]  # of the command line, after the program
    folder: str  # where the command was typed
    results_dir: str  # absolute
    host: str
    pid: int  # of the command
    ticks: int | None  # when it started: see processes.py
    cluster: str
    settings: dict[str, Any]  # of the launcher; none where workers are started by hand
    groups: tuple[GroupRecord, ...]
    first: tuple[int, ...]  # the group that each worker starts with


@dataclass(frozen=True)
class Launch:
    """An existing launch. Methods raise LedgerError for what is missing or broken."""

    path: Path
    record: LaunchRecord
    planned: tuple[PlannedCell, ...] | None = None
    """The cells of a launch of the command's own processes, which writes no cells.json."""

    @property
    def is_private(self) -> bool:
        """Whether the workers are the command's own processes, whose failures it reports itself."""
        return self.planned is not None

    @property
    def most_failing_workers(self) -> int:
        """How many workers may fail on a group before the others skip it.

        Workers of a launch may have better devices than the first one that fails.
        """
        return 1 if self.is_private else MAX_FAILING_WORKERS

    @property
    def launch_id(self) -> str:
        return self.record.launch_id

    @property
    def ledger(self) -> Ledger:
        return Ledger(Path(self.record.results_dir))

    @property
    def workers(self) -> int:
        return len(self.record.first)

    @property
    def heartbeats(self) -> Path:
        return self.path / "workers"

    @property
    def logs(self) -> Path:
        return self.path / "log"

    @property
    def failures(self) -> Path:
        return self.path / "failures"

    def leases(self, group: int) -> Leases:
        return Leases(self.path / "leases" / str(group))

    def chunks(self, group: int) -> GroupChunks:
        record = self.record.groups[group]
        return GroupChunks([self._own[place] for place in record.cells], record.chunk_samples)

    def first_to_merge(self, cell_id: str) -> bool:
        """Return whether the caller merges the complete cell's small shards.

        Two at the same time would each leave a copy.
        """
        path = self.path / "merged" / cell_id
        with ledger_errors(path):
            make_folder(path.parent)
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                return False
        return True

    def engine_group(self, group: int) -> EngineGroup:
        indices = self.record.groups[group].cells
        cells = tuple(self.cells[place] for place in indices)
        return EngineGroup(cells[0].engine_key, cells[0].cell.engine, cells, indices)

    @cached_property
    def cells(self) -> tuple[PlannedCell, ...]:
        """Every cell of the launch, as planned."""
        if self.planned is not None:
            return self.planned
        path = self.path / "cells.json"
        problems = cache(_read_problems)
        planned = []
        for entry in _read_json(path):
            cell = CellConfig.model_validate(entry["config"])
            read = problems(self.path / "problems" / entry["problems"])
            planned.append(
                PlannedCell(cell, entry["cell_id"], entry["identity"], engine_key(cell), read)
            )
        return tuple(planned)

    @cached_property
    def _own(self) -> list[DisjointSamples]:
        return disjoint_samples(self.cells)

    @property
    def jobs(self) -> dict[int, str]:
        """Each worker's latest job as submitit names it: SLURM's id, or a process id."""
        path = self.path / "jobs.json"
        if not path.exists():
            return {}
        return {int(worker): job for worker, job in _read_json(path).items()}

    def write_jobs(self, jobs: dict[int, str]) -> None:
        _write_json(self.path / "jobs.json", {str(worker): job for worker, job in jobs.items()})


def write_launch(path: Path, record: LaunchRecord, cells: Sequence[PlannedCell]) -> Launch:
    """Create the launch's folder; launch.json is written last, so a folder that has one is
    complete.

    Raises:
        LedgerError: the folder cannot be written.
    """
    launch = Launch(path, record)
    _make_folders(launch)
    write_problems = cache(partial(_write_problems, path / "problems"))
    entries = [
        {
            "cell_id": cell.cell_id,
            "identity": cell.identity,
            "config": cell.cell.model_dump(mode="json", by_alias=True),
            "problems": write_problems(cell.problems),
        }
        for cell in cells
    ]
    _write_json(path / "cells.json", entries)
    _write_json(path / "launch.json", record.model_dump(mode="json"))
    return launch


def private_launch(path: Path, record: LaunchRecord, cells: Sequence[PlannedCell]) -> Launch:
    """Return a launch for the command's own processes alone. Raise LedgerError as
    `write_launch`.
    """
    launch = Launch(path, record, tuple(cells))
    _make_folders(launch)
    return launch


def _make_folders(launch: Launch) -> None:
    for folder in (launch.path / "problems", launch.heartbeats, launch.logs, launch.failures):
        with ledger_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
    for number in range(len(launch.record.groups)):
        launch.leases(number).make_folder()


def read_launch(path: Path) -> Launch:
    """Return the launch. Raise LedgerError if there is none or its launch.json is broken."""
    file = path / "launch.json"
    try:
        return Launch(path, LaunchRecord.model_validate(_read_json(file)))
    except ValidationError as error:
        raise _broken(file) from error


def launches(results_dir: Path) -> list[Path]:
    """Return the folders of all launches in a results folder, the latest last."""
    folder = results_dir / LAUNCHES
    return sorted(path.parent for path in folder.glob("*/launch.json"))


def _write_problems(folder: Path, problems: tuple[Problem, ...]) -> str:
    """Write these problems, in this order, to a file named after their hash; return its name."""
    lines = (json.dumps([p.problem_id, p.question, p.gold]) + "\n" for p in problems)
    data = "".join(lines).encode()
    path = folder / f"{hashlib.sha256(data).hexdigest()[:16]}.jsonl"
    with ledger_errors(path):
        write_durably(path, data)
    return path.name


def _read_problems(path: Path) -> tuple[Problem, ...]:
    with ledger_errors(path):
        lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(Problem(*json.loads(line)) for line in lines)


def _read_json(path: Path) -> Any:
    with ledger_errors(path):
        text = path.read_text(encoding="utf-8")
    try:
        return json.loads(text)
    except ValueError as error:
        raise _broken(path) from error


def _write_json(path: Path, value: Any) -> None:
    with ledger_errors(path):
        write_durably(path, (json.dumps(value, indent=1) + "\n").encode())


def _broken(path: Path) -> LedgerError:
    return LedgerError(
        f"{path} is broken",
        hint="delete the launch's folder and run the command again: no sample is lost",
    )
