"""What one run asks for, receives and writes down, whichever engine or process makes it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from rast_bench.domain import Request, Sample, SampleKey
from rast_bench.errors import EngineError, RastBenchError
from rast_bench.ledger import Ledger, LedgerWriter
from rast_bench.planning.cells import EngineGroup, PlannedCell, cell_display, cell_title
from rast_bench.planning.work import requests_for
from rast_bench.run.manifests import CellManifests
from rast_bench.run.progress import Progress
from rast_bench.run.shares import Shares
from rast_bench.unforeseen import as_known

if TYPE_CHECKING:
    from rast_bench.ledger.shards import FollowedKeys

Key = tuple[str, int]
"""(problem id, sample index) within a cell."""


@dataclass(frozen=True)
class CellFailure:
    """A cell that a run left incomplete, and why, in one line."""

    cell_id: str
    title: str
    reason: str
    hint: str | None = None
    exit_code: int = RastBenchError.exit_code

    def render(self) -> str:
        return f"error: {self.title} [{self.cell_id}]: {self.reason}"


class RunRecord:
    """The run's book-keeping between engines and ledger. All methods run in one thread."""

    def __init__(
        self,
        planned: Sequence[PlannedCell],
        ledger: Ledger,
        writer: LedgerWriter,
        progress: Progress,
        run_id: str,
        *,
        workers: int = 1,
        threads: int | None = None,
        shares: Shares | None = None,
    ) -> None:
        """Counts what is there.

        Args:
            workers: the manifests', as `threads`.
            shares: which problems are this run's; all of them by default.

        Raises:
            LedgerError: a cell's folder cannot be used.
        """
        self._ledger = ledger
        self._writer = writer
        self._progress = progress
        self._shares = shares
        self._manifests = CellManifests(ledger, run_id, workers=workers, threads=threads)
        # By id() of the planned cell: cells of one cell id may lie in different groups.
        self._left: Counter[int] = Counter()  # wanted, not known to be durable, not received
        self._unasked: dict[int, set[Key]] = {}  # of `_left`; of cells whose requests have begun
        self._looked: Counter[int] = Counter()  # how much was durable when `_unasked` was looked at
        self._passed: set[int] = set()  # all was asked for that no other process has
        self._outstanding: dict[SampleKey, int] = {}
        self._durable: dict[str, FollowedKeys] = {}  # of cells whose requests have begun
        self._planned = tuple(planned)  # keeps the id()s valid
        self._same_cell: defaultdict[str, list[PlannedCell]] = defaultdict(list)
        self._failed: dict[int, RastBenchError | None] = {}
        self._told: set[int] = set()  # of the failed
        self._title = ""  # of the cell whose requests came last
        self.failures: list[CellFailure] = []
        self.made = 0
        self.reused = 0
        self._count()
        self.total = self.reused + self._left.total()

    def _count(self) -> None:
        for item in _distinct(self._planned):
            self._same_cell[item.cell_id].append(item)
        for cell_id, items in self._same_cell.items():
            self._ledger.register(cell_id, items[0].identity, cell_display(items[0].cell))
            durable = self._ledger.completed(cell_id)
            for item in items:
                own = self._own_keys(item)
                self._left[id(item)] = len(own - durable)
                self.reused += len(own & durable)

    def _own_keys(self, item: PlannedCell) -> set[Key]:
        """Two cells with one id share their samples; the first that wants one asks for it."""
        own = set(item.wanted_keys())
        for earlier in self._same(item):
            if earlier is item:
                break
            own.difference_update(earlier.wanted_keys())
        return own

    def missing(self, group: EngineGroup) -> int:
        """How many samples of the group are missing that may still be made, here or elsewhere."""
        return sum(
            self._left[id(item)] for item in _distinct(group.cells) if id(item) not in self._failed
        )

    def requests(self, group: EngineGroup) -> Iterator[Request]:
        """The group's missing samples, found lazily, cell by cell; none of a failed cell.

        Nor those of a problem that another process has leased: see `look_elsewhere`.
        """
        for item in _distinct(group.cells):
            which = id(item)
            self._passed.discard(which)
            if self._left[which] == 0 or which in self._failed:
                continue
            for request in self._requests_of(item):
                yield request
                if which in self._failed:
                    break
            else:
                self._passed.add(which)

    def _requests_of(self, item: PlannedCell) -> Iterator[Request]:
        begun = False
        unasked = self._look(item)
        for problem_id, wanted in groupby(item.wanted_keys(), key=itemgetter(0)):
            keys = [key for key in wanted if key in unasked]
            if not keys or not self._lease(item.cell_id, problem_id):
                continue
            self._look(item)  # whoever had the problem before may have made a part of it
            keys = [key for key in keys if key in unasked]
            if keys and not begun:
                self._start_cell(item)
                begun = True
            for request in requests_for(item, keys):
                unasked.discard((request.key.problem_id, request.key.sample_index))
                self._outstanding[request.key] = id(item)
                yield request

    def _lease(self, cell_id: str, problem_id: str) -> bool:
        return self._shares is None or self._shares.lease(cell_id, problem_id)

    def _look(self, item: PlannedCell) -> set[Key]:
        """What was not asked for and is not durable; samples that others made are counted."""
        which = id(item)
        if item.cell_id not in self._durable:
            self._durable[item.cell_id] = self._ledger.followed(item.cell_id)
        durable = self._durable[item.cell_id].refresh()
        if which not in self._unasked:
            self._unasked[which] = self._own_keys(item)
            before = self._left[which]
        else:
            before = len(self._unasked[which])
        if self._looked[which] != len(durable):
            self._unasked[which] -= durable
            self._looked[which] = len(durable)
        by_others = before - len(self._unasked[which])
        if by_others:
            self.reused += by_others
            self._left[which] -= by_others
            self._progress.advance(by_others)
        return self._unasked[which]

    def look_elsewhere(self, group: EngineGroup) -> bool:
        """Takes in what other processes made; whether something that they had is free now."""
        free = False
        for item in _distinct(group.cells):
            if self._left[id(item)] == 0 or id(item) in self._failed:
                continue
            self._look(item)
            if self._left[id(item)] == 0:
                self._end_cell(item)
            elif self._shares is None or self._shares.free_again(item.cell_id):
                free = True
        return free

    def others(self, groups: Sequence[EngineGroup]) -> tuple[str, ...]:
        """The living processes that have problems of these groups."""
        if self._shares is None:
            return ()
        return tuple(self._shares.others(self._pending(groups)))

    def waiting_for(self, groups: Sequence[EngineGroup], others: Sequence[str]) -> str:
        """In words, who is at work on how many cells, and how much of that is missing.

        Args:
            others: of these groups.
        """
        one = len(others) == 1
        who = "another process" if one else f"{len(others)} other processes"
        cells, samples = len(self._pending(groups)), sum(map(self.missing, groups))
        return (
            f"{who} ({'; '.join(others)}) {'is' if one else 'are'} at work on {cells:,} of "
            f"{len(self._same_cell):,} cells; waiting for {samples:,} samples"
        )

    def _pending(self, groups: Sequence[EngineGroup]) -> set[str]:
        items = (item for group in groups for item in group.cells)
        return {i.cell_id for i in items if self._left[id(i)] and id(i) not in self._failed}

    def engine_loaded(self, group: EngineGroup) -> None:
        """Loading, of which the progress told, is over."""
        self._manifests.engine_loaded(item.cell_id for item in group.cells)
        self._progress.describe(self._title)

    def receive(self, sample: Sample) -> None:
        """Takes one finished sample.

        Raises:
            EngineError: it was not asked for, or came before.
            LedgerError: earlier samples could not be written.
        """
        which = self._outstanding.pop(sample.key, None)
        if which is None:
            raise EngineError(
                f"the engine made a sample that nobody asked for: {sample.key}",
                hint="please report it: the engine confuses its requests",
            )
        self._writer.add(sample)
        self._manifests.count(sample.key.cell_id)
        self._left[which] -= 1
        self.made += 1
        self._progress.advance()

    def fail_cell(self, group: EngineGroup, cell_id: str, error: Exception) -> None:
        """Notes that the group's engine cannot make this cell; the first error counts."""
        items = {id(item) for item in group.cells if item.cell_id == cell_id}
        if items <= self._failed.keys():  # another worker met it too
            return
        known = as_known(error, self._ledger.root.parent)
        self._failed.update((which, known) for which in items)

    def finish(self, group: EngineGroup, error: Exception | None = None) -> None:
        """Makes the group's samples durable and notes its cells as complete or failed.

        A cell is neither when another process has problems of it.

        Args:
            error: why the engine made nothing more; cells that failed by themselves keep their own.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        self._writer.flush()
        known = None if error is None else as_known(error, self._ledger.root.parent)
        unanswered = Counter(self._outstanding.values())
        for item in _distinct(group.cells):
            which = id(item)
            left = self._left[which]
            if left == 0 or which in self._told:
                continue
            if known is not None or which not in self._passed:
                self._failed.setdefault(which, known)
            elif unanswered[which]:
                left = unanswered[which]
                self._failed.setdefault(which, None)
            if which in self._failed:
                self._told.add(which)
                self.failures.append(_failure(item, left, self._failed[which]))
        running = set(self._manifests.running)
        for item in _distinct(group.cells):
            if item.cell_id in running or id(item) in self._failed:
                self._end_cell(item)

    def _end_cell(self, item: PlannedCell) -> None:
        """Ends the cell's manifest, merges its shards when all is there, and gives up its leases
        when nothing of it is to be made here any more.
        """
        cell_id = item.cell_id
        if self._manifests.begun(cell_id):
            self._end_manifest(cell_id)
            if self._left[id(item)] == 0 and self._is_to_merge(cell_id):
                self._ledger.compact(cell_id)
        if all(self._left[id(one)] == 0 or id(one) in self._failed for one in self._same(item)):
            self._durable.pop(cell_id, None)
            for one in self._same(item):
                self._unasked.pop(id(one), None)
            if self._shares is not None:
                self._shares.release(cell_id)

    def _is_to_merge(self, cell_id: str) -> bool:
        return self._shares is None or self._shares.lease_merge(cell_id)

    def interrupt(self) -> None:
        """Ends the manifests of a run that the user stops."""
        for cell_id in self._manifests.running:
            self._end_manifest(cell_id)

    def _start_cell(self, item: PlannedCell) -> None:
        self._title = cell_title(item.cell)
        self._progress.describe(self._title)
        self._manifests.begin(item)

    def _same(self, item: PlannedCell) -> list[PlannedCell]:
        """All planned cells of its id."""
        return self._same_cell[item.cell_id]

    def _end_manifest(self, cell_id: str) -> None:
        left = sum(self._left[id(item)] for item in self._same_cell[cell_id])
        self._manifests.end(cell_id, "partial" if left else "complete")


def _distinct(cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Each cell once, in the order given."""
    return list({id(item): item for item in cells}.values())


def _failure(item: PlannedCell, left: int, error: RastBenchError | None) -> CellFailure:
    if error is None:
        error = EngineError(
            f"the engine ended without {left:,} of its samples",
            hint="run the same command again: it makes only what is missing",
        )
    title = cell_title(item.cell)
    return CellFailure(item.cell_id, title, error.message, error.hint, error.exit_code)
