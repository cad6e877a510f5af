"""The worker: leases chunks, streams them through one engine per group, writes to the ledger.

The same code runs in a command's process, in processes of this machine and in tasks of SLURM.
"""

import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.errors import (
    EngineError,
    LedgerError,
    RastBenchError,
    UnexpectedError,
    first_line,
)
from rast_bench.hardware import engine_threads
from rast_bench.interrupt import Interrupted
from rast_bench.planning.cells import PlannedCell, cell_title, completeness
from rast_bench.provenance import new_run_id
from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import (
    SECONDS,
    Failure,
    Failures,
    HeartbeatWriter,
    failed_cells,
)
from rast_bench.run.isolate import IsolatedStream
from rast_bench.run.manifests import CellManifests
from rast_bench.run.progress import NoProgress, Progress
from rast_bench.run.shares import Shares
from rast_bench.run.signals import OUT_OF_TIME, worker_signals
from rast_bench.run.work import GroupChoice, GroupWork
from rast_bench.unexpected import as_user_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rast_bench.config.engines import EngineConfig
    from rast_bench.config.identity import EngineKey
    from rast_bench.domain import Request, Sample, SampleKey
    from rast_bench.engines.base import Engine
    from rast_bench.ledger import LedgerWriter

    LoadEngine = Callable[[EngineKey, EngineConfig], Engine]


PRIVATE_SECONDS = 0.5  # between heartbeats to a command that displays them


class _ReplacedError(Exception):
    """This worker was started again elsewhere."""


class _CrashedError(UnexpectedError):
    """An engine failed unexpectedly: this process's GPU may be unusable now."""


def run_worker(
    launch: Launch,
    number: int,
    *,
    load_engine: "LoadEngine | None" = None,
    threads: int | None = None,
    job_id: str | None = None,
    on_slurm: bool = False,
    shares: Shares | None = None,
    manifests: CellManifests | None = None,
    progress: Progress | None = None,
) -> int:
    """Work until no chunk is left that is worth a load; return how many samples were made.

    Cells and groups that fail are recorded in the launch; the heartbeat says how the worker ended.

    Args:
        number: from 0; the same number again takes up what the earlier start left.
        threads: this worker's share of the cores, for engines whose configuration leaves their
            threads open; all cores of the process by default.
        job_id: the scheduler's job id, for the heartbeat.
        shares: work shared with other commands; a launch with a folder has its cells to itself.
        manifests: of a run that this continues; a new run by default.
        progress: receives each cell and sample from a worker in the command's own process,
            which then handles the signals.

    Raises:
        LedgerError: the ledger or the launch cannot be used.
        Interrupted: after a signal.
        Exception: only a new process should continue. In all cases everything finished is
            durable.
    """
    load = _default_load_engine() if load_engine is None else load_engine
    seconds = PRIVATE_SECONDS if launch.is_private else SECONDS
    heartbeat_writer = HeartbeatWriter(launch.heartbeats, number, job_id, seconds=seconds)
    heartbeat_writer.open()
    signals = worker_signals(on_slurm=on_slurm) if progress is None else nullcontext()
    try:
        with signals:
            worker = _Worker(
                launch, number, load, engine_threads(threads), heartbeat_writer, shares
            )
            worker.run(manifests, NoProgress() if progress is None else progress)
    except Interrupted as interruption:
        out_of_time = interruption.number == OUT_OF_TIME
        heartbeat_writer.close("out of time" if out_of_time else "interrupted")
        raise
    except _ReplacedError:
        print("this worker was started again elsewhere: ending", file=sys.stderr)
        return heartbeat_writer.heartbeat.made
    except _CrashedError as error:
        heartbeat_writer.close("crashed", first_line(error))
        raise
    except BaseException as error:
        words = first_line(error)
        known = isinstance(error, RastBenchError)
        heartbeat_writer.close("failed", words if known else f"{type(error).__name__}: {words}")
        raise
    heartbeat_writer.close("done")
    return heartbeat_writer.heartbeat.made


def _default_load_engine() -> "LoadEngine":
    from rast_bench.engines import load_engine

    return load_engine


class _Worker:
    def __init__(
        self,
        launch: Launch,
        number: int,
        load_engine: "LoadEngine",
        threads: int,
        heartbeat_writer: HeartbeatWriter,
        shares: Shares | None,
    ) -> None:
        self._launch = launch
        self._number = number
        self._load_engine = load_engine
        self._threads = threads
        self._heartbeat_writer = heartbeat_writer
        self._shares = shares
        self._progress: Progress = NoProgress()
        self._failures = Failures(launch.failures)
        self._manifests = CellManifests(
            launch.ledger,
            new_run_id(),
            workers=launch.workers,
            threads=threads,
            launch=None if launch.is_private else launch.launch_id,
            worker=number,
        )
        self._load_seconds: float | None = None

    def run(self, manifests: CellManifests | None, progress: Progress) -> None:
        """Serve one group after another."""
        self._progress = progress
        if manifests is not None:
            self._manifests = manifests
        groups = range(len(self._launch.record.groups))
        works = [GroupWork(self._launch, group, self._shares) for group in groups]
        choice = GroupChoice(self._launch, works, self._number)
        work = choice.first()
        with self._launch.ledger.writer(self._manifests.run_id) as writer:
            while work is not None:
                self._serve(work, writer)
                work = choice.next(self._load_seconds)

    def _serve(self, work: GroupWork, writer: "LedgerWriter") -> None:
        """Stream what this worker leases of one group, until nothing of it is free."""
        failed: set[str] = set()  # here and in other workers
        asked: set[SampleKey] = set()  # and not made yet

        def load() -> "Engine":
            begin = time.monotonic()
            self._progress.describe(f"loading {work.group.key.main.path}")
            self._heartbeat_writer.say(
                state="loading", loads=self._heartbeat_writer.heartbeat.loads + 1
            )
            engine = self._load_engine(work.group.key, work.engine_config(self._threads))
            self._heartbeat_writer.say(state="running", group_made=0, group_began=time.time())
            self._load_seconds = time.monotonic() - begin
            self._manifests.engine_loaded(self._manifests.running)
            self._progress.describe(self._heartbeat_writer.heartbeat.title)
            return engine

        def fail(cell_id: str, error: Exception) -> None:
            failed.add(cell_id)
            self._fail(error, work, cell_id)

        self._heartbeat_writer.say(group=work.number, group_made=0, group_began=None)
        try:
            with IsolatedStream(load) as isolated:
                for sample in isolated.stream(
                    self._requests(work, failed, asked), on_failed_cell=fail
                ):
                    _check_asked(sample, asked)
                    writer.add(sample)
                    self._manifests.count(sample.key.cell_id)
                    self._heartbeat_writer.count()
                    self._progress.advance()
                    if self._heartbeat_writer.replaced:
                        raise _ReplacedError
        except (LedgerError, _ReplacedError):
            raise
        except Exception as error:  # of the engine; other groups have other engines
            known = self._fail(error, work)
            self._launch.leases(work.number).release(self._number)  # another worker may succeed
            fresh = not self._launch.is_private and not isinstance(error, RastBenchError)
            if fresh and known is not None:
                raise _CrashedError(known.message, hint=known.hint) from error
        finally:
            writer.flush()
            self._end_cells(work)

    def _requests(
        self,
        work: GroupWork,
        failed: set[str],
        asked: "set[SampleKey]",
    ) -> "Iterator[Request]":
        def left_out() -> set[str]:
            failed.update(failed_cells(self._failures.all(), work.number))
            return failed

        cells = {cell.cell_id: cell for cell in work.group.cells}
        begun = None
        for request in work.requests(self._number, left_out, self._heartbeat_writer.is_current):
            if request.key.cell_id != begun:
                begun = request.key.cell_id
                self._begin(cells[begun])
            asked.add(request.key)
            yield request

    def _begin(self, cell: PlannedCell) -> None:
        self._manifests.begin(cell)
        title = cell_title(cell.cell)
        self._heartbeat_writer.say(title=title)
        self._progress.describe(title)

    def _end_cells(self, work: GroupWork) -> None:
        """End the manifests; the worker that completes a cell merges its small shards."""
        cells = {cell.cell_id: cell for cell in work.group.cells}
        for cell_id in self._manifests.running:
            done, wanted = completeness(cells[cell_id], self._launch.ledger)
            if done == wanted and self._is_to_merge(cell_id):
                self._launch.ledger.compact(cell_id)
            self._manifests.end(cell_id, "complete" if done == wanted else "partial")
            if done == wanted and self._shares is not None:
                self._shares.release(cell_id)

    def _is_to_merge(self, cell_id: str) -> bool:
        return self._launch.first_to_merge(cell_id) and (
            self._shares is None or self._shares.lease_merge(cell_id)
        )

    def _fail(
        self, error: Exception, work: GroupWork, cell_id: str | None = None
    ) -> RastBenchError | None:
        """Record the failure and print it unless a command will; None if another worker did."""
        if self._launch.is_private and not self._failures.is_first(work.number, cell_id):
            return None
        known = as_user_error(error, Path(self._launch.record.results_dir))
        if not self._launch.is_private:
            print(known.render(), file=sys.stderr)
        place = (work.number, self._number)
        self._failures.add(Failure(*place, known.message, known.hint, cell_id, known.exit_code))
        return known


def _check_asked(sample: "Sample", asked: "set[SampleKey]") -> None:
    if sample.key not in asked:
        raise EngineError(
            f"the engine made a sample that was not requested: {sample.key}",
            hint="please report it: the engine mixes up its requests",
        )
    asked.discard(sample.key)
