"""From planned cells to a launch: missing samples, engine groups, number of workers."""

import os
import shlex
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell, cell_display, cell_title, group_cells
from rast_bench.planning.history import History
from rast_bench.planning.work import CellWork, cell_work
from rast_bench.processes import start_ticks
from rast_bench.provenance import new_run_id, now
from rast_bench.run.assign import first_groups
from rast_bench.run.chunks import chunk_size
from rast_bench.run.folder import (
    LAUNCHES,
    GroupRecord,
    Launch,
    LaunchRecord,
    private_launch,
    write_launch,
)

PRIVATE_SAMPLES = 32
"""Smallest chunk without a launcher: for fewer samples a second process is not worth its load."""


@dataclass(frozen=True)
class Command:
    """What the user typed, and where: what `rast-bench resume` runs again."""

    program: str
    words: tuple[str, ...]
    folder: Path

    @property
    def text(self) -> str:
        """The command as it can be pasted into a shell."""
        return f"{self.program} {shlex.join(self.words)}"


@dataclass(frozen=True)
class MissingGroup:
    """An engine group with missing samples; the `cells` with the longest responses come first."""

    cells: tuple[CellWork, ...]
    devices: int  # per worker
    tokens: float  # expected for the missing samples
    missing: int

    @property
    def planned(self) -> tuple[PlannedCell, ...]:
        return tuple(work.planned for work in self.cells)


def missing_groups(planned: Sequence[PlannedCell], ledger: Ledger) -> list[MissingGroup]:
    """Return the groups that lack samples, the one with the most missing tokens first.

    Their engines are settled (planning/settled.py).

    Raises:
        LedgerError: the ledger cannot be read.
    """
    history = History(ledger)
    return _groups(
        cell_work(planned, ledger), lambda work: history.length(work.planned, work.done).tokens
    )


def _groups(works: Sequence[CellWork], length: Callable[[CellWork], float]) -> list[MissingGroup]:
    """Return the groups of `missing_groups`.

    Args:
        length: returns the expected tokens per sample of a cell.
    """
    found = []
    for group in group_cells([work.planned for work in works]):
        lengths = [
            (work, length(work)) for place in group.indices if (work := works[place]).missing
        ]
        if not lengths:
            continue
        lengths.sort(key=lambda item: -item[1])
        found.append(
            MissingGroup(
                cells=tuple(work for work, _ in lengths),
                devices=group.config.devices,
                tokens=sum(work.missing * tokens for work, tokens in lengths),
                missing=sum(work.missing for work, _ in lengths),
            )
        )
    return sorted(found, key=lambda group: -group.tokens)


def make_launch(
    groups: Sequence[MissingGroup],
    ledger: Ledger,
    command: Command,
    cluster: str,
    settings: Mapping[str, Any],
    workers: Callable[[Sequence[MissingGroup]], int],
    launch_id: str | None = None,
) -> Launch:
    """Create the launch's folder in the ledger's results folder.

    Args:
        workers: returns how many workers are wanted for groups whose engines need equally many
            devices.
        launch_id: a new one by default.

    Raises:
        LedgerError: the folder cannot be written.
    """
    launch_id = launch_id or new_run_id()
    record, cells = _record(groups, ledger, workers)
    for cell in cells:
        ledger.register(cell.cell_id, cell.identity, cell_display(cell.cell))
    record = record.model_copy(
        update={
            "launch_id": launch_id,
            "program": command.program,
            "words": command.words,
            "folder": str(command.folder),
            "cluster": cluster,
            "settings": dict(settings),
        }
    )
    return write_launch(Path(record.results_dir) / LAUNCHES / launch_id, record, cells)


def make_private_launch(
    works: Sequence[CellWork], ledger: Ledger, folder: Path, workers: int
) -> Launch:
    """Return a launch of the command's own processes, with `folder` for their communication.

    All samples are assumed to be equally long, and every worker may serve every group.

    Raises:
        LedgerError: the folder cannot be written.
    """
    groups = [replace(group, devices=1) for group in _groups(works, lambda _: 1.0)]
    record, cells = _record(groups, ledger, lambda _: workers, PRIVATE_SAMPLES)
    return private_launch(folder, record, cells)


def _record(
    groups: Sequence[MissingGroup],
    ledger: Ledger,
    workers: Callable[[Sequence[MissingGroup]], int],
    least_samples: int = 1,
) -> tuple[LaunchRecord, list[PlannedCell]]:
    """Return the part of the record that all launches share, and the cells in order.

    Args:
        least_samples: the smallest chunk.
    """
    first: list[int] = []
    for devices in sorted({group.devices for group in groups}, reverse=True):
        numbers = [i for i, group in enumerate(groups) if group.devices == devices]
        pool = [groups[i] for i in numbers]
        count = min(workers(pool), sum(group.missing for group in pool))
        begin = first_groups([group.tokens for group in pool], count)
        first += [numbers[place] for place in begin]
    cells: list[PlannedCell] = []
    records = []
    for number, group in enumerate(groups):
        places = range(len(cells), len(cells) + len(group.cells))
        cells += group.planned
        beginning = first.count(number)
        records.append(
            GroupRecord(
                title=cell_title(group.planned[0].cell),
                devices=group.devices,
                cells=tuple(places),
                missing=group.missing,
                tokens=group.tokens,
                chunk_samples=max(least_samples, chunk_size(group.missing, max(1, beginning))),
                workers=beginning,
            )
        )
    record = LaunchRecord(
        launch_id="",
        created=now().isoformat(),
        program="",
        words=(),
        folder=str(Path.cwd()),
        results_dir=str(ledger.root.parent.resolve()),
        host=socket.gethostname(),
        pid=os.getpid(),
        ticks=start_ticks(os.getpid()),
        cluster="local",
        settings={},
        groups=tuple(records),
        first=tuple(first),
    )
    return record, cells
