"""The states of workers and the cells they left incomplete: cause, log and resume command."""

import socket
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rast_bench.errors import RastBenchError
from rast_bench.planning.cells import PlannedCell, cell_title, completeness
from rast_bench.processes import runs
from rast_bench.run import slurm_jobs
from rast_bench.run.folder import Launch, launches, read_launch
from rast_bench.run.heartbeats import SILENT_SECONDS, Failure, Failures, Heartbeat, read_heartbeats
from rast_bench.run.slurm_jobs import JobStatus


@dataclass(frozen=True)
class CellFailure:
    """A cell that a run left incomplete, with the reason in one line."""

    cell_id: str
    title: str
    reason: str
    hint: str | None = None
    exit_code: int = RastBenchError.exit_code

    def render(self) -> str:
        return f"error: {self.title} [{self.cell_id}]: {self.reason}"


def exit_code_of(failures: Iterable[CellFailure | Failure]) -> int:
    """Return 0 without failures, 2 if cells are incomplete, 1 if a bug is the reason."""
    return min((failure.exit_code for failure in failures), default=0)


@dataclass(frozen=True)
class RunSummary:
    """What a run did. Finished samples of failed cells are kept and counted."""

    cells: int  # distinct cell ids
    samples_made: int
    samples_reused: int
    seconds: float
    failures: tuple[CellFailure, ...]

    @property
    def exit_code(self) -> int:
        """0 if all went well, 2 if cells are incomplete, 1 if a bug is the reason."""
        return exit_code_of(self.failures)

    def render_failures(self) -> str:
        """Return one line per failed cell and each distinct hint once; empty if all went well."""
        lines = [failure.render() for failure in self.failures]
        hints = dict.fromkeys(f.hint for f in self.failures if f.hint)
        return "\n".join([*lines, *(f"hint: {hint}" for hint in hints)])


ALIVE = ("queued", "running")
LATEST = 20  # launches that are checked: older ones have ended


def worker_states(launch: Launch) -> dict[int, JobStatus]:
    """Return each worker's state: the scheduler's on SLURM, else its latest heartbeat's."""
    heartbeats = read_heartbeats(launch.heartbeats, launch.workers)
    jobs = launch.jobs
    known = slurm_jobs.job_states(list(jobs.values())) if launch.record.cluster == "slurm" else {}
    states = {}
    for worker in range(launch.workers):
        status = known.get(jobs.get(worker, ""), JobStatus("unknown", ""))
        heartbeat = heartbeats.get(worker)
        if status.state == "unknown":
            status = _by_heartbeat(launch, heartbeat)
        elif status.state not in ALIVE and heartbeat is not None and heartbeat.state == "done":
            status = JobStatus("ended", "")  # whatever happened in its last second
        states[worker] = status
    return states


def is_alive(launch: Launch) -> bool:
    """Return whether a worker runs or will run, or the command that restarts workers does."""
    if launch.record.cluster == "local" and command_runs(launch):
        return True
    return any(status.state in ALIVE for status in worker_states(launch).values())


def wait_for_end(launch: Launch, seconds: float) -> None:
    """Wait until nobody works on the launch, at most `seconds`."""
    deadline = time.monotonic() + seconds
    while is_alive(launch) and time.monotonic() < deadline:
        time.sleep(0.5)


def command_runs(launch: Launch) -> bool:
    """Return whether the process that created the launch runs on this machine."""
    return launch.record.host == socket.gethostname() and runs(
        launch.record.pid, launch.record.ticks
    )


def causes_of_end(launch: Launch) -> dict[int, str]:
    """Return why unfinished workers ended, as far as that is known afterwards."""
    heartbeats = read_heartbeats(launch.heartbeats, launch.workers)
    return {
        worker: describe_end(status, heartbeats.get(worker))
        for worker, status in worker_states(launch).items()
        if (heartbeat := heartbeats.get(worker)) is None or heartbeat.state != "done"
    }


def active_launch(results_dir: Path, cell_ids: Collection[str]) -> Launch | None:
    """Return a launch that is still making one of these cells."""
    for path in launches(results_dir)[-LATEST:]:
        launch = read_launch(path)
        if is_alive(launch) and any(cell.cell_id in cell_ids for cell in launch.cells):
            return launch
    return None


def _by_heartbeat(launch: Launch, heartbeat: Heartbeat | None) -> JobStatus:
    if heartbeat is None:
        waiting = launch.record.cluster == "local" and command_runs(launch)
        return JobStatus("queued" if waiting else "unknown", "")
    if heartbeat.over:
        return JobStatus("ended", "")
    if heartbeat.host == socket.gethostname():
        return JobStatus(
            "running" if runs(heartbeat.pid, heartbeat.ticks) else "failed", "its process is gone"
        )
    fresh = time.time() - heartbeat.updated < SILENT_SECONDS
    return JobStatus("running" if fresh else "failed", "silent")


_WORDS = {
    "cancelled": "was cancelled",
    "timeout": "ran into its time limit before it could save and requeue",
    "node_failed": "lost its node",
    "out_of_memory": "ran out of memory",
    "preempted": "was preempted for good",
}


def describe_end(status: JobStatus, heartbeat: Heartbeat | None) -> str:
    """Return why an unfinished worker ended: its own report, else the scheduler's."""
    if heartbeat is not None and heartbeat.state in ("failed", "crashed"):
        return f"{heartbeat.state}: {heartbeat.error}"
    if status.state in _WORDS:
        return _WORDS[status.state] + (f" ({status.reason})" if status.reason else "")
    if heartbeat is None:
        return "ended before its first heartbeat" + (f" ({status.reason})" if status.reason else "")
    if heartbeat.state in ("interrupted", "out of time"):
        return {"interrupted": "was interrupted", "out of time": "ran out of time"}[heartbeat.state]
    return "was killed" + (f" ({status.reason})" if status.reason else "")


def cell_failures(launch: Launch, causes: Mapping[int, str]) -> list[CellFailure]:
    """Return the cells that lack samples after all workers have ended.

    Args:
        causes: why unfinished workers ended, by worker.

    Raises:
        LedgerError: the ledger or the launch cannot be read.
    """
    failures = Failures(launch.failures).all()
    found = []
    for number, record in enumerate(launch.record.groups):
        for index in record.cells:
            cell = launch.cells[index]
            done, wanted = completeness(cell, launch.ledger)
            if done < wanted:
                failure = failure_of(cell.cell_id, number, failures)
                found.append(_cell_failure(launch, cell, wanted - done, failure, causes))
    return found


def resume_command(launch: Launch) -> str:
    return f"rast-bench resume {launch.path}"


def log_of(launch: Launch, worker: int) -> Path:
    """Return the worker's latest stderr; the folder of all logs if it never started."""
    heartbeats = launch.heartbeats / f"{worker}.json"
    job_id = launch.jobs.get(worker)
    log = launch.logs / f"{job_id}_0_log.err"
    return log if job_id is not None and heartbeats.exists() and log.exists() else launch.logs


def failure_of(cell_id: str, group: int, failures: Sequence[Failure]) -> Failure | None:
    """Return the cell's own failure in its group, else the whole group's."""
    of_group = [failure for failure in failures if failure.group == group]
    own = [failure for failure in of_group if failure.cell_id == cell_id]
    whole = [failure for failure in of_group if failure.cell_id is None]
    return next(iter(own or whole), None)


def _cell_failure(
    launch: Launch,
    cell: PlannedCell,
    missing: int,
    failure: Failure | None,
    causes: Mapping[int, str],
) -> CellFailure:
    if failure is not None:
        worker, cause = failure.worker, failure.reason
    elif causes:
        worker = min(causes)
        cause = f"worker {worker} {causes[worker]}"
    else:
        worker, cause = 0, "the workers ended without them"
    reason = (
        f"{missing:,} of {cell.wanted:,} samples missing: {cause}; "
        f"log: {log_of(launch, worker)}; resume: {resume_command(launch)}"
    )
    title = cell_title(cell.cell)
    if failure is None:
        return CellFailure(cell.cell_id, title, reason)
    return CellFailure(cell.cell_id, title, reason, failure.hint, failure.exit_code)
