"""The stages of a command, over all its jobs: plan, run, grade, report.

Every stage reads what the previous one left in the ledger, so each can be run alone.
"""

import sys
from collections.abc import Container, Sequence
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.capacity import check_cell_count, check_processes, check_samples
from rast_bench.code_tests.consent import check_code_execution
from rast_bench.config.compose import Job, RunOptions
from rast_bench.config.next_command import next_command
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.ledger import Ledger
from rast_bench.ledger.derived import computing_ahead
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.pins import warn_of_unpinned
from rast_bench.planning.plan import plan_cells
from rast_bench.reporting.reports import experiment_report
from rast_bench.reporting.sweeps import (
    SWEEPS,
    cells_report,
    check_pool,
    distinct,
    experiment_folders,
    sweep_name,
)
from rast_bench.results.measures import table_ks
from rast_bench.run.devices import any_split, automatic_workers, check_workers
from rast_bench.run.progress import stderr_progress

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rast_bench.config.launchers import LauncherConfig
    from rast_bench.run.array import ArrayTask
    from rast_bench.run.folder import Launch
    from rast_bench.run.launch import Command
    from rast_bench.run.outcome import RunSummary
    from rast_bench.trackers.live import LiveProcess, LiveTask


@dataclass(frozen=True)
class PlannedJob:
    """A job and its planned cells, in the job's order."""

    job: Job
    planned: tuple[PlannedCell, ...]


def run_jobs(jobs: Sequence[Job], command: "Command") -> int:
    """Generate, grade and print; return the exit code.

    All cells of all jobs are planned and checked before any model is loaded, and cells that need
    the same models share one engine. With a launcher that does not wait, this ends with the
    submission.

    Args:
        command: what was typed, so that a launch can be resumed.

    Raises:
        RastBenchError: the configuration, a model, a data set or the results folder cannot be
            used.
        KeyboardInterrupt: Ctrl-C; everything finished is saved.
    """
    options = shared_options(jobs)
    if options.tracker.name != "none":
        from rast_bench.trackers.base import check_tracker

        check_tracker(options.tracker)
    ledger = Ledger(Path(options.results_dir))
    for job in jobs:
        check_code_execution(
            job.cells, options.grader, allow_code_execution=options.allow_code_execution
        )
    planned = plan_jobs(jobs)
    cells = [cell for item in planned for cell in item.planned]
    warn_of_unpinned(item.cell for item in cells)
    if options.pool is not None:
        check_pool([item.cell for item in distinct(single_cells(planned))], options.pool)
    launcher = jobs[0].launcher
    _print_notes(cells, launcher)
    if launcher is not None and options.workers != "auto":
        raise ConfigError(
            f"workers={options.workers}: a launcher starts workers of its own",
            hint="set launcher.devices=… or launcher.tasks=…, and leave workers out",
        )
    # Where nobody waits for the workers there is something to show only when all is made already.
    waits = launcher is None or launcher.cluster == "local" or launcher.wait
    task = live_task(planned, options, command.text, launched=launcher is not None)
    with ExitStack() as stack:
        tracking = stack.enter_context(_tracked(task)) if waits else None
        if launcher is None:
            summary = _generate(cells, ledger, options)
        else:
            from rast_bench.run.dispatch import launch_cells

            launched = launch_cells(cells, ledger, launcher, command, stderr_progress())
            if launched is None:
                return 0
            summary = launched
            if not waits:
                tracking = stack.enter_context(_tracked(task))
        print(_summary_line(summary), file=sys.stderr)
        if tracking is not None:
            tracking.generated(summary.failures)
        if summary.failures:
            print(summary.render_failures(), file=sys.stderr)
            return summary.exit_code
        report_jobs(planned, ledger, options, command.text, tracking)
    return 0


def _tracked(task: "LiveTask | None") -> "AbstractContextManager[LiveProcess | None]":
    """What follows the run for `tracker=…`."""
    if task is None:
        return nullcontext()
    from rast_bench.trackers.live import tracked

    return tracked(task)


def live_task(
    planned: Sequence[PlannedJob], options: RunOptions, command: str, *, launched: bool
) -> "LiveTask | None":
    """What a process that tracks these jobs is told; None where nothing is to be tracked.

    Args:
        command: what was typed.
        launched: whether the workers are of a launch.
    """
    if options.tracker.name == "none":
        return None
    from rast_bench.trackers.live import LiveTask
    from rast_bench.trackers.publish import experiment_group, repair_command, sweep_group

    folders = experiment_folders([item.job for item in planned])
    groups = [
        experiment_group(item.job, item.planned, options.tracker, folder)
        for item, folder in zip(planned, folders, strict=True)
        if item.job.options.experiment is not None
    ]
    if single := single_cells(planned):
        groups.insert(0, sweep_group(single, options.tracker))
    return LiveTask(
        config=options.tracker,
        groups=tuple(groups),
        results=Path(options.results_dir),
        grader=options.grader,
        allow_code_execution=options.allow_code_execution,
        repair=repair_command([item.job for item in planned], options.tracker, command),
        launched=launched,
    )


def plan_jobs(jobs: Sequence[Job]) -> list[PlannedJob]:
    """Read data sets and check models for all jobs at once; load no weights.

    Raises:
        DatasetError: a data set cannot be used.
        ModelError: a model cannot be used.
        ConfigError: there are more cells or samples than this machine can hold, or a measure or
            grader does not exist or no longer grades.
    """
    from rast_bench.grading import check_graders, check_retired
    from rast_bench.results.experiment import requested_measures

    check_cell_count(sum(len(job.cells) for job in jobs))
    for job in jobs:
        if job.options.experiment is not None:
            requested_measures(job.options.experiment)
    check_graders(
        name for job in jobs for cell in job.cells for name in cell.graders(job.options.grader)
    )
    read = plan_cells([cell for job in jobs for cell in job.cells])
    check_samples(read)
    cells = iter(read)
    planned = [PlannedJob(job, tuple(next(cells) for _ in job.cells)) for job in jobs]
    for item in planned:
        options = item.job.options
        check_retired(item.planned, Ledger(Path(options.results_dir)), options.grader)
    return planned


def join_array(words: Sequence[str], task: "ArrayTask") -> "Launch | None":
    """Return the launch shared by the tasks of a user's SLURM array; the first task makes it.

    None for a task without work.

    Raises:
        RastBenchError: composing or planning failed.
        LedgerError: no task makes the launch.
    """
    from rast_bench.config.frontend import jobs_of_command_line
    from rast_bench.run.array import join_launch
    from rast_bench.run.launch import Command

    program = "rast-bench run"
    jobs = jobs_of_command_line(words)
    return join_launch(
        task,
        Path(shared_options(jobs).results_dir).resolve(),
        Command(program, tuple(words), Path.cwd()),
        lambda: [cell for item in plan_jobs(jobs) for cell in item.planned],
    )


def single_cells(planned: Sequence[PlannedJob]) -> list[PlannedCell]:
    """Return the cells that belong to no experiment."""
    return [
        cell for item in planned if item.job.options.experiment is None for cell in item.planned
    ]


@computing_ahead()
def report_jobs(
    planned: Sequence[PlannedJob],
    ledger: Ledger,
    options: RunOptions,
    command: str,
    tracking: "LiveProcess | None" = None,
) -> None:
    """Grade samples without a verdict; print one table per experiment and one for all other cells.

    The files of an experiment go to `<results_dir>/<experiment name>` (`experiment_folders`), those
    of several single cells to `<results_dir>/sweeps`.

    Args:
        command: what was typed, for the saved tables.
        tracking: where the reports are shown as well.

    Raises:
        LedgerError: a cell is partial.
    """
    from rast_bench.reporting.save import save_report, written_files_summary

    voting = {one for item in planned for one in voting_cells(item.job, item.planned)}
    grade_planned([cell for item in planned for cell in item.planned], ledger, options, voting)
    single = single_cells(planned)
    if single:
        report = cells_report(single, ledger, options.grader, options.pool)
        print(report.terminal)
        folder = Path(options.results_dir) / SWEEPS / sweep_name(single)
        paths = []
        if len(distinct(single)) > 1:
            paths = save_report(report, folder, command)
            print("\n".join(written_files_summary(paths)), file=sys.stderr)
        if tracking is not None:
            tracking.publish(report, folder, paths)
    folders = experiment_folders([item.job for item in planned])
    for item, name in zip(planned, folders, strict=True):
        experiment = item.job.options.experiment
        if experiment is None:
            continue
        report = experiment_report(
            experiment, item.job.experiment_cells, item.planned, ledger, options.grader
        )
        print(report.terminal)
        paths = save_report(report, Path(options.results_dir) / name, command)
        following = next_command(item.job, "report")
        print("\n".join(written_files_summary(paths, following)), file=sys.stderr)
        if tracking is not None:
            tracking.publish(report, paths[0].parent, paths)


def voting_cells(job: Job, planned: Sequence[PlannedCell | None]) -> set[tuple[str, int]]:
    """Return the cells of which a table counts votes, by id and wanted samples: those in rows, with
    enough samples for the k of majority@k.
    """
    in_rows = [True] * len(planned)
    if job.options.experiment is not None:
        in_rows = [entry.row is not None for entry in job.experiment_cells]
    return {
        (cell.cell_id, cell.wanted)
        for cell, in_row in zip(planned, in_rows, strict=True)
        if cell is not None and in_row and table_ks(cell.cell.decoding.samples_per_problem)
    }


def grade_planned(
    planned: Sequence[PlannedCell],
    ledger: Ledger,
    options: RunOptions,
    voting: Container[tuple[str, int]] = (),
) -> None:
    """Run each grader once, over all cells that it judges.

    Args:
        voting: the cells of which a table will count votes (`voting_cells`), by their first
            grader: other processes begin to read their answers, and a thread to count words.
    """
    from rast_bench.grading import grade_cells, graders_of
    from rast_bench.metrics.behaviour import count_words_ahead, words_stored
    from rast_bench.metrics.majority import read_answers_ahead, votes_stored
    from rast_bench.metrics.outcomes import kept_of, load_outcome

    def graded(cell: PlannedCell, grader: str) -> None:
        first = graders_of(cell.cell, options.grader)[0]
        if (cell.cell_id, cell.wanted) not in voting or grader != first:
            return
        of_samples, of_verdicts = kept_of(cell, ledger, grader)
        if not votes_stored(of_verdicts) or not words_stored(of_samples):
            with suppress(LedgerError):  # a table says so itself
                outcome = load_outcome(cell, ledger, grader)
                read_answers_ahead(outcome)
                count_words_ahead(outcome)

    judged: dict[str, list[PlannedCell]] = {}
    for item in planned:
        for name in item.cell.graders(options.grader):
            judged.setdefault(name, []).append(item)
    for name, cells in judged.items():
        grade_cells(
            cells,
            ledger,
            name,
            allow_code_execution=options.allow_code_execution,
            graded=graded,
        )


def shared_options(jobs: Sequence[Job]) -> RunOptions:
    """Return the options of a command that a sweep cannot vary."""
    first = jobs[0].options
    for job in jobs:
        for key in ("results_dir", "grader", "allow_code_execution", "workers", "pool", "tracker"):
            if getattr(job.options, key) != getattr(first, key):
                raise ConfigError(f"{key} varies within one sweep", hint=f"run once for each {key}")
    return first


def _generate(planned: Sequence[PlannedCell], ledger: Ledger, options: RunOptions) -> "RunSummary":
    from rast_bench.planning.settled import settle_engines
    from rast_bench.run.devices import devices_of
    from rast_bench.run.direct import run_cells

    settled = settle_engines(planned, ledger, lambda: devices_of(None))
    workers = _workers(settled, options)
    _note_idle_gpus(settled)
    return run_cells(settled, ledger, progress=stderr_progress(), workers=workers)


def _print_notes(planned: Sequence[PlannedCell], launcher: "LauncherConfig | None") -> None:
    from rast_bench.planning.settled import precision_note
    from rast_bench.run.devices import devices_of

    note = precision_note(item.cell for item in planned)
    if note is not None and devices_of(launcher) is not None:
        print(f"note: {note}", file=sys.stderr)


def _note_idle_gpus(planned: Sequence[PlannedCell]) -> None:
    from rast_bench.gpus import gpu_names

    gpus = len(gpu_names())
    used = max(item.cell.engine.devices for item in planned)
    if gpus > used:
        print(
            f"note: {used} of {gpus} GPUs {'is' if used == 1 else 'are'} used; "
            "hydra/launcher=local uses all",
            file=sys.stderr,
        )


def _workers(planned: Sequence[PlannedCell], options: RunOptions) -> int:
    """Return how many processes generate. A tensor-parallel engine starts its own processes."""
    cells = [item.cell for item in planned]
    check_workers(cells, options)
    threads = max(cell.engine.threads or 1 for cell in cells)
    check_processes("workers", 1 if options.workers == "auto" else options.workers, threads)
    if any_split(cells):
        return 1
    if options.workers != "auto":
        return options.workers
    return automatic_workers(sum(cell.wanted for cell in planned), cells)


def _summary_line(summary: "RunSummary") -> str:
    noun = "cell" if summary.cells == 1 else "cells"
    return (
        f"{summary.cells} {noun}: {summary.samples_made:,} samples made in "
        f"{summary.seconds:.0f} s, {summary.samples_reused:,} taken from the ledger"
    )
