"""From planned cells to a launch: what is missing, in which groups, for how many workers."""

import os
import shlex
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rast_bench.launch.assign import first_groups
from rast_bench.launch.chunks import chunk_size
from rast_bench.launch.folder import LAUNCHES, GroupRecord, Launch, LaunchRecord, write_launch
from rast_bench.launch.processes import start_ticks
from rast_bench.ledger import Ledger
from rast_bench.planning.history import History
from rast_bench.planning.work import CellWork, cell_work
from rast_bench.provenance import new_run_id, now
from rast_bench.runner.plan import (
    PlannedCell,
    cell_display,
    cell_title,
    group_cells,
)


@dataclass(frozen=True)
class Command:
    """What the user typed, and where: what `rast-bench resume` runs again."""

    program: str
    words: tuple[str, ...]
    folder: Path

    @property
    def text(self) -> str:
        """As it can be pasted into a shell."""
        return f"{self.program} {shlex.join(self.words)}"


@dataclass(frozen=True)
class MissingGroup:
    """An engine group with something missing; `cells` come longest responses first."""

    cells: tuple[CellWork, ...]
    devices: int  # that its worker has
    tokens: float  # expected of what is missing
    missing: int

    @property
    def planned(self) -> tuple[PlannedCell, ...]:
        return tuple(work.planned for work in self.cells)


def missing_groups(planned: Sequence[PlannedCell], ledger: Ledger) -> list[MissingGroup]:
    """The groups that lack samples, the one with most tokens to make first. Raises LedgerError.

    Their engines are settled (planning/settled.py), as far as they lack something.
    """
    history = History(ledger)
    works = {id(work.planned): work for work in cell_work(planned, ledger)}
    found = []
    for group in group_cells(planned):
        lengths = {
            id(work.planned): history.length(work.planned, work.done).tokens
            for cell in group.cells
            if (work := works[id(cell)]).missing
        }
        if not lengths:
            continue
        cells = sorted(
            (works[which] for which in lengths), key=lambda work: -lengths[id(work.planned)]
        )
        found.append(
            MissingGroup(
                cells=tuple(cells),
                devices=group.config.devices,
                tokens=sum(work.missing * lengths[id(work.planned)] for work in cells),
                missing=sum(work.missing for work in cells),
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
    """Writes the launch's folder into the ledger's results folder.

    Args:
        workers: how many are wanted for groups whose engines need equally many devices.
        launch_id: a new one by default.

    Raises LedgerError.
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
                chunk_samples=chunk_size(group.missing, max(1, beginning)),
                workers=beginning,
            )
        )
    results = ledger.root.parent.resolve()
    launch_id = launch_id or new_run_id()
    for cell in cells:
        ledger.register(cell.cell_id, cell.identity, cell_display(cell.cell))
    record = LaunchRecord(
        launch_id=launch_id,
        created=now().isoformat(),
        program=command.program,
        words=command.words,
        folder=str(command.folder),
        results_dir=str(results),
        host=socket.gethostname(),
        pid=os.getpid(),
        ticks=start_ticks(os.getpid()),
        cluster=cluster,
        settings=dict(settings),
        groups=tuple(records),
        first=tuple(first),
    )
    return write_launch(results / LAUNCHES / launch_id, record, cells)
