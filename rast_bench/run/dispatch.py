"""Run a command's cells through a launcher: create the folder, start workers, wait for the end."""

import shutil
import sys
import time
from collections.abc import Sequence
from math import ceil

from rast_bench.config.launchers import LauncherConfig, LocalLauncher, SlurmLauncher
from rast_bench.errors import ConfigError
from rast_bench.interrupt import two_step_interrupt
from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.settled import settle_engines
from rast_bench.planning.work import disjoint_samples
from rast_bench.run.devices import devices_of, local_devices, threads_note
from rast_bench.run.folder import Launch
from rast_bench.run.launch import Command, MissingGroup, make_launch, missing_groups
from rast_bench.run.local import LocalExecutor
from rast_bench.run.outcome import (
    CellFailure,
    RunSummary,
    active_launch,
    cell_failures,
    resume_command,
)
from rast_bench.run.progress import Progress
from rast_bench.run.slurm import SlurmExecutor
from rast_bench.run.slurm_jobs import require_slurm
from rast_bench.run.watch import Executor, watch


def launch_cells(
    planned: Sequence[PlannedCell],
    ledger: Ledger,
    config: LauncherConfig,
    command: Command,
    progress: Progress,
) -> RunSummary | None:
    """Make every wanted sample that the ledger lacks, in separate worker processes.

    Returns None if the workers go on after this returns (`launcher.wait=false`).

    Raises:
        ConfigError: this machine cannot provide what the launcher requests.
        LedgerError: the results folder cannot be used.
        KeyboardInterrupt: after Ctrl-C; everything finished is durable and stderr says what
            became of the workers.
    """
    begin = time.monotonic()
    if isinstance(config, SlurmLauncher):
        require_slurm()
    ledger.check_writable()
    planned = settle_engines(planned, ledger, lambda: devices_of(config))
    groups = missing_groups(planned, ledger)
    before = _durable(planned, ledger)
    if not groups:
        return _summary(planned, 0, before, begin, [])
    _reject_if_running(groups, ledger)
    launch, executor = _make_launch(groups, ledger, config, command)
    with two_step_interrupt():
        try:
            _start(launch, executor)
            if isinstance(config, SlurmLauncher) and not config.wait:
                _say_how_to_follow(launch)
                return None
            progress.start(total=sum(group.missing for group in launch.record.groups), done=0)
            try:
                causes = watch(launch, executor, config.restarts, progress).causes
            finally:
                progress.stop()
        except KeyboardInterrupt:
            _end(launch, executor, config)
            raise
        except Exception:
            if isinstance(executor, LocalExecutor):
                executor.stop()
            raise
    made = _durable(planned, ledger) - before
    return _summary(planned, made, before, begin, cell_failures(launch, causes))


def _make_launch(
    groups: Sequence[MissingGroup], ledger: Ledger, config: LauncherConfig, command: Command
) -> tuple[Launch, Executor]:
    settings = config.model_dump(mode="json")
    if isinstance(config, LocalLauncher):
        threads = max(cell.cell.engine.threads or 1 for group in groups for cell in group.planned)
        devices = local_devices(config.devices, threads)
        if note := threads_note(devices, threads):
            print(f"note: {note}", file=sys.stderr)

        def processes(pool: Sequence[MissingGroup]) -> int:
            return devices.count // pool[0].devices if devices.names else devices.slots

        launch = make_launch(groups, ledger, command, "local", settings, processes)
        return launch, LocalExecutor(launch, devices)
    slurm = config
    all_tokens = sum(group.tokens for group in groups)

    def tasks(pool: Sequence[MissingGroup]) -> int:
        if slurm.tasks == "auto":
            return sum(ceil(group.missing / slurm.samples_per_task) for group in pool)
        share = sum(group.tokens for group in pool) / all_tokens
        return max(1, round(slurm.tasks * share))

    launch = make_launch(groups, ledger, command, "slurm", settings, tasks)
    return launch, SlurmExecutor(launch, slurm)


def _start(launch: Launch, executor: Executor) -> None:
    """Start the workers and say so."""
    try:
        executor.start(range(launch.workers))
    except ConfigError:
        if launch.jobs:
            print(_announcement(launch), file=sys.stderr)
        else:  # no worker will ever use it
            shutil.rmtree(launch.path)
        raise
    print(_announcement(launch), file=sys.stderr)


def _reject_if_running(groups: Sequence[MissingGroup], ledger: Ledger) -> None:
    wanted = {work.planned.cell_id for group in groups for work in group.cells}
    other = active_launch(ledger.root.parent, wanted)
    if other is not None:
        raise ConfigError(
            f"launch {other.launch_id} is making these cells already",
            hint=f"rast-bench status {other.path}, or rast-bench cancel {other.path} first",
        )


def _durable(planned: Sequence[PlannedCell], ledger: Ledger) -> int:
    return sum(
        own.count - own.missing(ledger.completed(own.planned.cell_id))
        for own in disjoint_samples(planned)
    )


def _summary(
    planned: Sequence[PlannedCell],
    made: int,
    reused: int,
    begin: float,
    failures: Sequence[CellFailure],
) -> RunSummary:
    return RunSummary(
        cells=len({item.cell_id for item in planned}),
        samples_made=made,
        samples_reused=reused,
        seconds=time.monotonic() - begin,
        failures=tuple(failures),
    )


def _announcement(launch: Launch) -> str:
    missing = sum(group.missing for group in launch.record.groups)
    counts = (
        (missing, "sample"),
        (len(launch.record.groups), "engine group"),
        (launch.workers, "worker"),
    )
    words = ", ".join(f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
    return f"launch {launch.launch_id}: {words} ({launch.path})"


def _say_how_to_follow(launch: Launch) -> None:
    jobs = ", ".join(dict.fromkeys(job.partition("_")[0] for job in launch.jobs.values()))
    print(
        f"submitted as job {jobs}; follow it with: rast-bench status --follow {launch.path}",
        file=sys.stderr,
    )


def _end(launch: Launch, executor: Executor, config: LauncherConfig) -> None:
    """Do what Ctrl-C does to the workers."""
    if isinstance(config, SlurmLauncher) and config.on_interrupt == "leave":
        print(
            f"the tasks go on; follow them with: rast-bench status --follow {launch.path}, "
            f"cancel them with: rast-bench cancel {launch.path}",
            file=sys.stderr,
        )
        return
    executor.stop()
    print(
        f"interrupted: what is finished is saved; resume with: {resume_command(launch)}",
        file=sys.stderr,
    )
