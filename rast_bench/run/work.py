"""An engine group as a worker serves it: what it leases, what is missing, which group comes
next.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from math import ceil
from operator import itemgetter
from typing import TYPE_CHECKING

from rast_bench.config.engines import EngineConfig
from rast_bench.domain import Request
from rast_bench.planning.cells import EngineGroup, PlannedCell
from rast_bench.planning.work import Key, requests_for
from rast_bench.run.assign import OpenGroup, next_group
from rast_bench.run.chunks import Chunk
from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import (
    SILENT_SECONDS,
    Failures,
    Heartbeat,
    abandoned_groups,
    read_heartbeats,
)
from rast_bench.run.shares import Shares

if TYPE_CHECKING:
    from rast_bench.ledger.shards import FollowedKeys

ROW_STEP = 8  # engines run rows in multiples of eight


class GroupWork:
    """The group's chunks and leases. Methods raise LedgerError."""

    def __init__(self, launch: Launch, number: int, shares: Shares | None = None) -> None:
        """Read the group of a launch.

        Args:
            shares: work shared with other commands; None if a launch has its cells to itself.
        """
        self.number = number
        self.record = launch.record.groups[number]
        self.group: EngineGroup = launch.engine_group(number)
        self._ledger = launch.ledger
        self._chunks = launch.chunks(number)
        self._leases = launch.leases(number)
        self._shares = shares
        self._followed: tuple[str, FollowedKeys] | None = None  # for the latest cell

    def free_samples(self) -> int:
        """Return about how many samples are in unleased chunks."""
        free = len(self._chunks.chunks) - self._leases.count()
        return max(0, free) * self.record.chunk_samples

    def left_unfinished_by(self, worker: int) -> bool:
        """Return whether chunks that this worker leased in an earlier start lack samples."""
        owners = self._leases.owners()
        mine = [chunk for chunk in self._chunks.chunks if owners.get(chunk.name) == worker]
        done = {cell_id: self._ledger.completed(cell_id) for cell_id in self._cell_ids(mine)}
        return any(
            key not in done[self._cell(chunk).cell_id]
            for chunk in mine
            for key in self._chunks.keys(chunk)
        )

    def requests(
        self, worker: int, failed: Callable[[], Collection[str]], current: Callable[[], bool]
    ) -> Iterator[Request]:
        """Yield the missing samples of the chunks that the worker leases, one chunk after another.

        Problems that another command is working on are skipped.

        Args:
            failed: returns the ids of skipped cells; called for each chunk, and the set may
                grow.
            current: see `Leases.take`.
        """
        for chunk in self._leases.take(self._chunks.chunks, worker, current=current):
            cell, left_out = self._cell(chunk), failed()
            if cell.cell_id not in left_out:
                yield from self._missing(cell, self._chunks.keys(chunk), left_out)

    def _missing(
        self, cell: PlannedCell, wanted: Iterable[Key], failed: Collection[str]
    ) -> Iterator[Request]:
        durable = self._durable(cell.cell_id)  # a dead worker may have made part of the chunk
        for problem_id, of_problem in groupby(wanted, key=itemgetter(0)):
            keys = [key for key in of_problem if key not in durable]
            if keys and self._shares is not None:
                if not self._shares.lease(cell.cell_id, problem_id):
                    continue
                # A previous holder of the problem may have made part of it.
                durable = self._durable(cell.cell_id)
                keys = [key for key in keys if key not in durable]
            for request in requests_for(cell, keys):
                if cell.cell_id in failed:
                    return
                yield request

    def _durable(self, cell_id: str) -> set[Key]:
        if self._followed is None or self._followed[0] != cell_id:
            self._followed = cell_id, self._ledger.followed(cell_id)
        return self._followed[1].refresh()

    def engine_config(self, threads: int) -> EngineConfig:
        """Return the group's configuration, with at most a worker's even share of the samples as
        rows.

        Otherwise the first worker would lease all of a small group.
        """
        config = self.group.config
        share = ceil(self.record.missing / max(1, self.record.workers))
        rows = min(config.max_num_seqs, ceil(share / ROW_STEP) * ROW_STEP)
        return config.model_copy(
            update={"max_num_seqs": rows, "threads": config.threads or threads}
        )

    def _cell(self, chunk: Chunk) -> PlannedCell:
        return self.group.cells[chunk.cell]

    def _cell_ids(self, chunks: Iterable[Chunk]) -> set[str]:
        return {self._cell(chunk).cell_id for chunk in chunks}


class GroupChoice:
    """Decides which group a worker serves next. Methods raise LedgerError."""

    def __init__(self, launch: Launch, works: Sequence[GroupWork], worker: int) -> None:
        self._launch = launch
        self._works = works
        self._worker = worker
        self._failures = Failures(launch.failures)

    def first(self) -> GroupWork | None:
        """Return the group where an earlier start was killed, else the one assigned by the
        launch.
        """
        for work in self._works:
            if self._may_serve(work) and work.left_unfinished_by(self._worker):
                return work
        first = self._works[self._launch.record.first[self._worker]]
        if self._may_serve(first) and first.free_samples():
            return first
        return self.next(None)

    def next(self, load_seconds: float | None) -> GroupWork | None:
        """Return the group to go on with; None: better to end.

        Args:
            load_seconds: load time of this worker's last engine; None before its first.
        """
        at_work = self._others_at_work()
        choice = {
            work.number: _open(
                free, [heartbeat for heartbeat in at_work if heartbeat.group == work.number]
            )
            for work in self._works
            if self._may_serve(work) and (free := work.free_samples())
        }
        number = next_group(choice, load_seconds)
        return None if number is None else self._works[number]

    def _may_serve(self, work: GroupWork) -> bool:
        """Return whether this worker has the devices, and the group is not abandoned."""
        own = self._launch.record.groups[self._launch.record.first[self._worker]]
        failures = self._failures.all()
        abandoned = abandoned_groups(failures, self._worker, self._launch.most_failing_workers)
        return work.record.devices == own.devices and work.number not in abandoned

    def _others_at_work(self) -> list[Heartbeat]:
        latest = time.time() - SILENT_SECONDS
        heartbeats = read_heartbeats(self._launch.heartbeats, self._launch.workers)
        return [
            heartbeat
            for worker, heartbeat in heartbeats.items()
            if worker != self._worker and not heartbeat.over and heartbeat.updated > latest
        ]


def _open(free: int, at_work: Sequence[Heartbeat]) -> OpenGroup:
    rates = [heartbeat.samples_per_second for heartbeat in at_work]
    known = [rate for rate in rates if rate is not None]
    together = sum(known) / len(known) * len(rates) if known else None
    return OpenGroup(free, len(at_work), together)
