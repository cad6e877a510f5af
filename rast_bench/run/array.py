"""Workers started by a user's own sbatch script: the array's tasks create a launch and join it."""

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rast_bench.errors import ConfigError, LedgerError
from rast_bench.ledger import Ledger
from rast_bench.ledger.atomic import ledger_errors
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.settled import settle_engines
from rast_bench.run.devices import local_cards, visible_gpus
from rast_bench.run.folder import LAUNCHES, Launch, read_launch
from rast_bench.run.launch import Command, make_launch, missing_groups

WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 1800.0  # for the task that plans; hashing large checkpoints takes minutes


@dataclass(frozen=True)
class ArrayTask:
    """One task of an array; a job without an array, or no job at all, is an array of one task."""

    number: int
    job_ids: tuple[str, ...]  # of all tasks; empty where there is no SLURM
    name: str  # of the launch, the same for all tasks

    @property
    def workers(self) -> int:
        return max(1, len(self.job_ids))

    @property
    def job_id(self) -> str | None:
        return self.job_ids[self.number] if self.job_ids else None


def array_task(environment: Mapping[str, str]) -> ArrayTask:
    """Return the task described by SLURM's variables. Raise ConfigError for an array with gaps."""
    job = environment.get("SLURM_ARRAY_JOB_ID") or environment.get("SLURM_JOB_ID")
    if job is None:
        return ArrayTask(0, (), f"{socket.gethostname()}-{os.getpid()}")
    task = environment.get("SLURM_ARRAY_TASK_ID")
    if task is None:
        return ArrayTask(0, (job,), f"slurm-{job}")
    first = int(environment["SLURM_ARRAY_TASK_MIN"])
    last = int(environment["SLURM_ARRAY_TASK_MAX"])
    if int(environment["SLURM_ARRAY_TASK_COUNT"]) != last - first + 1:
        raise ConfigError("the task numbers of the array have gaps", hint="submit with --array=0-N")
    ids = tuple(f"{job}_{number}" for number in range(first, last + 1))
    return ArrayTask(int(task) - first, ids, f"slurm-{job}")


def join_launch(
    task: ArrayTask, results: Path, command: Command, plan: Callable[[], list[PlannedCell]]
) -> Launch | None:
    """Return the array's launch: the first task plans and creates it, the others wait for it.

    None if fewer workers have work than there are tasks.

    Raises:
        LedgerError: no task creates the launch.
        Exception: what `plan` raises.
    """
    path = results / LAUNCHES / task.name
    if not (path / "launch.json").is_file():
        if _is_maker(path, task.number):
            _make(plan, command, task, results)
        else:
            _wait_for(path / "launch.json")
    launch = read_launch(path)
    return launch if task.number < launch.workers else None


def _is_maker(path: Path, number: int) -> bool:
    """Return whether this task plans: the first one to arrive, also after a restart."""
    mark = path.with_name(f".{path.name}.maker")
    with ledger_errors(mark):
        mark.parent.mkdir(parents=True, exist_ok=True)
        try:
            mark.symlink_to(str(number))
        except FileExistsError:
            return int(str(mark.readlink())) == number
    return True


def _make(
    plan: Callable[[], list[PlannedCell]], command: Command, task: ArrayTask, results: Path
) -> None:
    ledger = Ledger(results)
    ledger.check_writable()
    gpus = visible_gpus()
    planned = settle_engines(plan(), ledger, lambda: local_cards(gpus))
    # All tasks have the same devices, however many an engine uses, so each may serve all groups.
    groups = [
        replace(group, devices=max(1, len(gpus))) for group in missing_groups(planned, ledger)
    ]
    launch = make_launch(
        groups, ledger, command, "slurm", {}, lambda _: task.workers, launch_id=task.name
    )
    launch.write_jobs(dict(enumerate(task.job_ids[: launch.workers])))


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not file.is_file():
        if time.monotonic() > deadline:
            raise LedgerError(
                f"no task of this array has made {file}",
                hint="see the log of the first task, and submit again",
            )
        time.sleep(WAIT_SECONDS)
