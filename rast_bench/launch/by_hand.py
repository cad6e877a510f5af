"""Workers that a user's own sbatch script starts: an array's tasks make a launch and join it."""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rast_bench.config.compose import Job
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.launch.cards import local_cards
from rast_bench.launch.devices import visible_gpus
from rast_bench.launch.folder import LAUNCHES, Launch, read_launch
from rast_bench.launch.plan import Command, make_launch, missing_groups
from rast_bench.ledger import Ledger
from rast_bench.ledger.atomic import ledger_errors
from rast_bench.planning.settled import settle_engines

PROGRAM = "rast-bench run"
WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 1800.0  # for the task that plans; hashing large checkpoints takes minutes


@dataclass(frozen=True)
class Place:
    """One task of an array; a job without an array, or no job at all, is an array of one."""

    number: int
    job_ids: tuple[str, ...]  # of all tasks; empty where there is no SLURM
    name: str  # of the launch, the same for all tasks

    @property
    def workers(self) -> int:
        return max(1, len(self.job_ids))

    @property
    def job_id(self) -> str | None:
        return self.job_ids[self.number] if self.job_ids else None


def place_in_array(environment: Mapping[str, str]) -> Place:
    """What SLURM's variables say. Raises ConfigError for an array with gaps."""
    job = environment.get("SLURM_ARRAY_JOB_ID") or environment.get("SLURM_JOB_ID")
    if job is None:
        return Place(0, (), f"{socket.gethostname()}-{os.getpid()}")
    task = environment.get("SLURM_ARRAY_TASK_ID")
    if task is None:
        return Place(0, (job,), f"slurm-{job}")
    first = int(environment["SLURM_ARRAY_TASK_MIN"])
    last = int(environment["SLURM_ARRAY_TASK_MAX"])
    if int(environment["SLURM_ARRAY_TASK_COUNT"]) != last - first + 1:
        raise ConfigError(
            "the numbers of the array's tasks have gaps", hint="submit with --array=0-N"
        )
    ids = tuple(f"{job}_{number}" for number in range(first, last + 1))
    return Place(int(task) - first, ids, f"slurm-{job}")


def join_launch(words: Sequence[str], place: Place) -> Launch | None:
    """The array's launch; the task that comes first makes it, the others wait for it.

    None where Hydra answered the command itself, and where fewer workers have work than there are
    tasks. Raises what composing and planning raise, and LedgerError when no task makes the launch.
    """
    from rast_bench.config.frontend import jobs_of_command_line
    from rast_bench.pipeline import shared_options

    jobs = jobs_of_command_line(words, PROGRAM)
    if jobs is None:
        return None
    results = Path(shared_options(jobs).results_dir).resolve()
    path = results / LAUNCHES / place.name
    if not (path / "launch.json").is_file():
        if _is_maker(path, place.number):
            _make(jobs, words, place, results)
        else:
            _wait_for(path / "launch.json")
    launch = read_launch(path)
    return launch if place.number < launch.workers else None


def _is_maker(path: Path, number: int) -> bool:
    """Whether this task is the one that plans: the first to come, also when it comes again."""
    mark = path.with_name(f".{path.name}.maker")
    with ledger_errors(mark):
        mark.parent.mkdir(parents=True, exist_ok=True)
        try:
            mark.symlink_to(str(number))
        except FileExistsError:
            return int(str(mark.readlink())) == number
    return True


def _make(jobs: Sequence[Job], words: Sequence[str], place: Place, results: Path) -> None:
    from rast_bench.pipeline import plan_jobs

    ledger = Ledger(results)
    ledger.check_writable()
    planned = [cell for item in plan_jobs(jobs) for cell in item.planned]
    gpus = visible_gpus()
    planned = settle_engines(planned, ledger, lambda: local_cards(gpus))
    # All tasks have the same devices, however many an engine uses, so each may serve all groups.
    groups = [
        replace(group, devices=max(1, len(gpus))) for group in missing_groups(planned, ledger)
    ]
    command = Command(PROGRAM, tuple(words), Path.cwd())
    launch = make_launch(
        groups, ledger, command, "slurm", {}, lambda _: place.workers, launch_id=place.name
    )
    launch.write_jobs(dict(enumerate(place.job_ids[: launch.workers])))


def _wait_for(file: Path) -> None:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while not file.is_file():
        if time.monotonic() > deadline:
            raise LedgerError(
                f"no task of this array has made {file}",
                hint="see the log of the task that came first, and submit again",
            )
        time.sleep(WAIT_SECONDS)
