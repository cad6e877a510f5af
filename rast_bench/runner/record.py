"""What one run asks for, receives and writes down, whichever engine or process makes it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rast_bench.domain import Request, Sample, SampleKey
from rast_bench.errors import EngineError, RastBenchError
from rast_bench.ledger import Ledger, LedgerWriter
from rast_bench.runner.manifests import CellManifests
from rast_bench.runner.plan import (
    EngineGroup,
    PlannedCell,
    cell_display,
    cell_title,
    missing_requests,
)
from rast_bench.runner.progress import Progress
from rast_bench.unforeseen import as_known


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
    ) -> None:
        """Counts what is there; `workers` and `threads` are the manifests'.

        Raises:
            LedgerError: a cell's folder cannot be used.
        """
        self._ledger = ledger
        self._writer = writer
        self._progress = progress
        self._manifests = CellManifests(ledger, run_id, workers=workers, threads=threads)
        self._requested: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
        # By id() of the planned cell: cells of one cell id may lie in different groups.
        self._to_request: Counter[int] = Counter()
        self._left: Counter[int] = Counter()  # wanted, not yet received
        self._outstanding: dict[SampleKey, int] = {}
        self._planned = tuple(planned)  # keeps the id()s valid
        self._same_cell: defaultdict[str, set[int]] = defaultdict(set)
        self._failed: dict[int, RastBenchError] = {}
        self._title = ""  # of the cell whose requests came last
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
            self._ledger.register(cell_id, items[0].identity, cell_display(items[0].cell))
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
        """The group's missing samples, found lazily, cell by cell; none of a failed cell."""
        for item in group.cells:
            unasked = self._to_request.pop(id(item), 0)
            if unasked == 0 or id(item) in self._failed:
                continue
            self._start_cell(item)
            requested = self._requested[item.cell_id]
            for request in missing_requests(item, self._ledger, skip=requested):
                requested.add((request.key.problem_id, request.key.sample_index))
                self._outstanding[request.key] = id(item)
                unasked -= 1
                yield request
                if id(item) in self._failed:
                    break
            else:
                self._count_by_others(item, unasked)

    def _count_by_others(self, item: PlannedCell, count: int) -> None:
        """Takes in what another process made since the count."""
        self.reused += count
        self._left[id(item)] -= count
        self._progress.advance(count)

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

        Args:
            error: why the engine made nothing more; cells that failed by themselves keep their own.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        self._writer.flush()
        known = None if error is None else as_known(error, self._ledger.root.parent)
        running = set(self._manifests.running)
        for item in {id(item): item for item in group.cells}.values():
            left = self._left[id(item)]
            if left > 0:
                reason = self._failed.get(id(item), known)
                self.failures.append(_failure(item, left, reason))
            if item.cell_id in running:
                self._end_manifest(item.cell_id)
                if left == 0:
                    self._ledger.compact(item.cell_id)

    def interrupt(self) -> None:
        """Ends the manifests of a run that the user stops."""
        for cell_id in self._manifests.running:
            self._end_manifest(cell_id)

    def _start_cell(self, item: PlannedCell) -> None:
        self._title = cell_title(item.cell)
        self._progress.describe(self._title)
        self._manifests.begin(item)

    def _end_manifest(self, cell_id: str) -> None:
        left = sum(self._left[which] for which in self._same_cell[cell_id])
        self._manifests.end(cell_id, "partial" if left else "complete")


def _failure(item: PlannedCell, left: int, error: RastBenchError | None) -> CellFailure:
    if error is None:
        error = EngineError(
            f"the engine ended without {left:,} of its samples",
            hint="run the same command again: it makes only what is missing",
        )
    title = cell_title(item.cell)
    return CellFailure(item.cell_id, title, error.message, error.hint, error.exit_code)
