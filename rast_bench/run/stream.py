"""Missing samples through engines into the ledger, one loaded engine per group of cells."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import EngineKey
from rast_bench.errors import LedgerError
from rast_bench.hardware import engine_threads
from rast_bench.interrupt import two_step_interrupt
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import EngineGroup, PlannedCell, group_cells
from rast_bench.provenance import new_run_id
from rast_bench.run.isolate import IsolatedStream
from rast_bench.run.progress import NoProgress, Progress
from rast_bench.run.record import CellFailure, RunRecord
from rast_bench.run.shares import Shares

if TYPE_CHECKING:
    from rast_bench.engines.base import Engine

    LoadEngine = Callable[[EngineKey, EngineConfig], Engine]


WAIT_SECONDS = 1.0  # between looks at what other processes have made


@dataclass(frozen=True)
class RunSummary:
    """What a run did. Samples of failed cells that were finished are kept and counted."""

    cells: int  # distinct cell ids
    samples_made: int
    samples_reused: int
    seconds: float
    failures: tuple[CellFailure, ...]

    @property
    def exit_code(self) -> int:
        """0 when all went well, 2 when cells are incomplete, 1 when a bug is the reason."""
        return min((failure.exit_code for failure in self.failures), default=0)

    def render_failures(self) -> str:
        """One line per failed cell, and each distinct hint once; empty when all went well."""
        lines = [failure.render() for failure in self.failures]
        hints = dict.fromkeys(f.hint for f in self.failures if f.hint)
        return "\n".join([*lines, *(f"hint: {hint}" for hint in hints)])


def run_cells(
    planned: Sequence[PlannedCell],
    ledger: Ledger,
    *,
    load_engine: "LoadEngine | None" = None,
    progress: Progress | None = None,
    workers: int = 1,
) -> RunSummary:
    """Makes every wanted sample that the ledger lacks.

    Any number of processes may do so at the same time: each sample is made by one of them, and all
    of them return when all is there.

    Each engine is loaded once, and only when one of its cells lacks something. A cell that makes
    its engine fail costs a load anew, its siblings go on (`IsolatedStream` says how); when an
    engine fails by itself, the other groups still run. The summary's `failures` name the cells
    left incomplete.

    Args:
        load_engine: `rast_bench.engines.load_engine` by default; with several workers it must be
            a function of an importable module.
        progress: told about each sample; silent by default.
        workers: processes. With several, each engine has one thread unless its configuration says
            more; with one, it has the cores that this process may use.

    Raises:
        LedgerError: the results folder cannot be used, or the disk is full. What was written
            before stays.
        KeyboardInterrupt: after Ctrl-C; everything finished is durable and stderr says how to
            resume.
    """
    load = _default_load_engine() if load_engine is None else load_engine
    progress = NoProgress() if progress is None else progress
    ledger.check_writable()
    run_id = new_run_id()
    begin = time.monotonic()
    with two_step_interrupt(), Shares(ledger) as shares, ledger.writer(run_id) as writer:
        threads = engine_threads() if workers == 1 else 1
        record = RunRecord(
            planned,
            ledger,
            writer,
            progress,
            run_id,
            workers=workers,
            threads=threads,
            shares=shares,
        )
        groups = [group for group in group_cells(planned) if record.missing(group)]
        if groups:
            progress.start(total=record.total, done=record.reused)
            try:
                while groups:
                    if workers > 1:
                        from rast_bench.run.pool import run_groups_in_workers

                        run_groups_in_workers(groups, record, load, progress, workers)
                    else:
                        for group in groups:
                            _run_group(group, record, load, progress)
                    groups = _wait_for_others(groups, record, progress)
            except KeyboardInterrupt:
                progress.stop()
                writer.flush()
                record.interrupt()
                _say_how_to_resume(record)
                raise
            finally:
                progress.stop()
    return RunSummary(
        cells=len({item.cell_id for item in planned}),
        samples_made=record.made,
        samples_reused=record.reused,
        seconds=time.monotonic() - begin,
        failures=tuple(record.failures),
    )


def _default_load_engine() -> "LoadEngine":
    from rast_bench.engines import load_engine

    return load_engine


def _run_group(
    group: EngineGroup, record: RunRecord, load_engine: "LoadEngine", progress: Progress
) -> None:
    def load() -> "Engine":
        progress.describe(f"loading {group.key.main.path}")
        engine = load_engine(group.key, group.config)
        record.engine_loaded(group)
        return engine

    failure: Exception | None = None
    try:
        with IsolatedStream(load) as isolated:
            for sample in isolated.stream(
                record.requests(group), on_failed_cell=partial(record.fail_cell, group)
            ):
                record.receive(sample)
    except LedgerError:
        raise
    except Exception as error:  # one engine's failure must not cost the other groups
        failure = error
    record.finish(group, failure)


def _wait_for_others(
    groups: Sequence[EngineGroup], record: RunRecord, progress: Progress
) -> list[EngineGroup]:
    """Until other processes have made what they have leased: nothing is left then.

    Otherwise the groups of which something is free again, since such a process has ended.
    """
    told: tuple[str, ...] = ()
    while True:
        free = [group for group in groups if record.look_elsewhere(group)]
        waiting = [group for group in groups if record.missing(group)]
        if free or not waiting:
            return waiting
        others = record.others(waiting)
        if others:
            words = record.waiting_for(waiting, others)
            if others != told:
                print(words, file=sys.stderr, flush=True)
            told = others
            progress.describe(words)
            progress.advance(0)
        time.sleep(WAIT_SECONDS)


def _say_how_to_resume(record: RunRecord) -> None:
    print(
        f"interrupted: {record.reused + record.made:,} of {record.total:,} samples are saved; "
        "run the same command again to make the rest",
        file=sys.stderr,
        flush=True,
    )
