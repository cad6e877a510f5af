"""Run a command's cells without a launcher: in this process, or in several of this machine."""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.hardware import engine_threads
from rast_bench.interrupt import two_step_interrupt
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell, cell_display, cell_title
from rast_bench.planning.work import CellWork, disjoint_samples
from rast_bench.provenance import new_run_id
from rast_bench.run.devices import LocalDevices
from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import Failures
from rast_bench.run.launch import make_private_launch
from rast_bench.run.local import LocalExecutor
from rast_bench.run.manifests import CellManifests
from rast_bench.run.outcome import CellFailure, RunSummary, failure_of
from rast_bench.run.progress import NoProgress, Progress
from rast_bench.run.shares import Shares
from rast_bench.run.watch import watch
from rast_bench.run.worker import run_worker

if TYPE_CHECKING:
    from rast_bench.ledger.shards import FollowedKeys
    from rast_bench.run.worker import LoadEngine

RESTARTS = 1  # per worker, in a row without a sample in between
WAIT_SECONDS = 1.0  # between checks of what other processes have made


def run_cells(
    planned: Sequence[PlannedCell],
    ledger: Ledger,
    *,
    load_engine: "LoadEngine | None" = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> RunSummary:
    """Make every wanted sample that the ledger lacks.

    Any number of processes may do so at the same time: each sample is made by one of them, and all
    return when all samples exist.

    Each worker loads an engine once, and only if one of its cells lacks samples. A cell that makes
    its engine fail costs another load; its siblings go on (see `IsolatedStream`). If an engine
    itself fails, the other groups still run. The summary's `failures` name the incomplete cells.

    Args:
        load_engine: `rast_bench.engines.load_engine` by default; with several workers it must
            be a function of an importable module.
        progress: receives each sample; silent by default.
        workers: processes. With several, each engine has one thread unless configured
            otherwise; with one, it has all cores of this process.

    Raises:
        LedgerError: the results folder cannot be used, or the disk is full. What was written
            before stays.
        KeyboardInterrupt: after Ctrl-C; everything finished is durable and stderr says how to
            resume.
    """
    progress = NoProgress() if progress is None else progress
    ledger.check_writable()
    begin = time.monotonic()
    with two_step_interrupt(), Shares(ledger) as shares:
        run = _Run(planned, ledger, shares, progress)
        if run.pending():
            progress.start(total=run.total, done=run.done)
            try:
                while run.pending():
                    run.work(workers, load_engine)
                    run.wait_for_others()
            except KeyboardInterrupt:
                progress.stop()
                run.say_how_to_resume()
                raise
            finally:
                progress.stop()
    return RunSummary(
        cells=len({cell.cell_id for cell in planned}),
        samples_made=run.made,
        samples_reused=run.done - run.made,
        seconds=time.monotonic() - begin,
        failures=tuple(run.failures),
    )


class _Run:
    """What the command wants, what of it is durable, and what cannot be made."""

    def __init__(
        self, planned: Sequence[PlannedCell], ledger: Ledger, shares: Shares, progress: Progress
    ) -> None:
        self._ledger = ledger
        self._shares = shares
        self._progress = progress
        self._own = disjoint_samples(planned)
        self._durable: dict[str, FollowedKeys] = {}  # by id, for cells that lack samples
        self._failed: dict[int, CellFailure] = {}  # by index in `planned`
        # One run, however many rounds of work this process needs.
        self._manifests = CellManifests(ledger, new_run_id(), threads=engine_threads())
        self._fruitless = 0  # consecutive rounds of work that made nothing
        self.made = 0
        for cell in {cell.cell_id: cell for cell in planned}.values():
            ledger.register(cell.cell_id, cell.identity, cell_display(cell.cell))
            self._durable[cell.cell_id] = ledger.followed(cell.cell_id)
        self._cells = len(self._durable)
        self.total = sum(own.count for own in self._own)
        self._missing = [own.count for own in self._own]
        self._look()
        shares.take_part_in(self._durable)
        lacking = {self._own[index].planned.cell_id for index in self.pending()}
        for cell_id in self._durable.keys() - lacking:  # their keys take memory
            del self._durable[cell_id]

    @property
    def done(self) -> int:
        """Samples that were durable at the last check."""
        return self.total - sum(self._missing)

    @property
    def failures(self) -> list[CellFailure]:
        return [self._failed[index] for index in sorted(self._failed) if self._missing[index]]

    def pending(self) -> list[int]:
        """Return the indices of cells whose missing samples can still be made, here or
        elsewhere.
        """
        return [
            index
            for index, missing in enumerate(self._missing)
            if missing and index not in self._failed
        ]

    def work(self, workers: int, load_engine: "LoadEngine | None") -> None:
        """Make what no other command is working on; record what failed."""
        works = [self._work_of(index) for index in self.pending()]
        with tempfile.TemporaryDirectory(prefix="rast-bench-") as folder:
            launch = make_private_launch(works, self._ledger, Path(folder), workers)
            made, causes = self._serve(launch, workers, load_engine)
            self.made += made
            self._progress.advance(self._look() - made)
            self._fruitless = 0 if made else self._fruitless + 1
            self._note_failures(launch, causes)

    def wait_for_others(self) -> None:
        """Wait until others have made what they are working on, or some of it is free again."""
        told: tuple[str, ...] = ()
        while pending := self.pending():
            cell_ids = {self._own[index].planned.cell_id for index in pending}
            if any(self._shares.free_again(cell_id) for cell_id in cell_ids):
                return
            others = tuple(self._shares.others(cell_ids))
            if others:
                words = self._waiting_for(others, cell_ids, pending)
                if others != told:
                    print(words, file=sys.stderr, flush=True)
                told = others
                self._progress.describe(words)
                self._progress.advance(0)
            time.sleep(WAIT_SECONDS)
            self._progress.advance(self._look())

    def say_how_to_resume(self) -> None:
        self._look()
        print(
            f"interrupted: {self.done:,} of {self.total:,} samples are saved; "
            "run the same command again to make the rest",
            file=sys.stderr,
            flush=True,
        )

    def _look(self) -> int:
        """Refresh the durable samples; return how many are new."""
        before = sum(self._missing)
        for index, own in enumerate(self._own):
            if self._missing[index]:
                durable = self._durable[own.planned.cell_id].refresh()
                self._missing[index] = own.missing(durable)
        return before - sum(self._missing)

    def _work_of(self, index: int) -> CellWork:
        own = self._own[index]
        durable = self._durable[own.planned.cell_id].refresh()
        return CellWork(own.planned, own.done(durable), self._missing[index])

    def _serve(
        self, launch: Launch, workers: int, load_engine: "LoadEngine | None"
    ) -> tuple[int, dict[int, str]]:
        """Return how many samples were made, and why workers ended that had not finished."""
        if workers == 1:
            made = run_worker(
                launch,
                0,
                load_engine=load_engine,
                shares=self._shares,
                manifests=self._manifests,
                progress=self._progress,
            )
            return made, {}
        executor = LocalExecutor(launch, LocalDevices((), workers, 1), load_engine, self._shares)
        try:
            executor.start(range(launch.workers))
            watched = watch(launch, executor, RESTARTS, self._progress)
        finally:
            executor.stop()
        return watched.made, watched.causes

    def _note_failures(self, launch: Launch, causes: Mapping[int, str]) -> None:
        """Record the cells of this round that lack samples no other command holds."""
        # If another command dies at the wrong moment, its samples are free and were not tried.
        hopeless = bool(self._fruitless and causes) or self._fruitless > 1
        failures = Failures(launch.failures).all()
        groups = [launch.engine_group(number) for number in range(len(launch.record.groups))]
        numbers = {(group.key, group.config): number for number, group in enumerate(groups)}
        for index in self.pending():
            cell = self._own[index].planned
            group = numbers[cell.engine_key, cell.cell.engine]
            failure = failure_of(cell.cell_id, group, failures)
            title = cell_title(cell.cell)
            if failure is not None:
                told = failure.reason, failure.hint, failure.exit_code
                self._failed[index] = CellFailure(cell.cell_id, title, *told)
            elif lost := self._lost(index, with_free=hopeless):
                self._failed[index] = CellFailure(cell.cell_id, title, *_why_lost(lost, causes))

    def _lost(self, index: int, *, with_free: bool) -> int:
        """Return how many missing samples this command has leased and not made.

        Args:
            with_free: also count samples that nobody has leased.
        """
        own = self._own[index]
        durable = self._durable[own.planned.cell_id].refresh()
        missing = Counter(key[0] for key in own.wanted_keys() if key not in durable)
        holders = {self._shares.number, None} if with_free else {self._shares.number}
        return sum(
            count
            for problem_id, count in missing.items()
            if self._shares.holder(own.planned.cell_id, problem_id) in holders
        )

    def _waiting_for(
        self, others: Sequence[str], cell_ids: Collection[str], pending: Sequence[int]
    ) -> str:
        one = len(others) == 1
        who = "another process" if one else f"{len(others)} other processes"
        samples = sum(self._missing[index] for index in pending)
        return (
            f"{who} ({'; '.join(others)}) {'is' if one else 'are'} working on "
            f"{len(cell_ids):,} of {self._cells:,} cells; waiting for {samples:,} samples"
        )


def _why_lost(lost: int, causes: Mapping[int, str]) -> tuple[str, str]:
    """Return the reason and a hint."""
    if causes:
        worker = min(causes)
        return (
            f"worker {worker} {causes[worker]}",
            "check whether memory ran out; use fewer workers or a smaller max_num_seqs",
        )
    return (
        f"the engine ended without {lost:,} of its samples",
        "run the same command again: it makes only what is missing",
    )
