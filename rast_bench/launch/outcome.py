"""What a launch left undone: one line per cell, with the cause, the log and the way on."""

from collections.abc import Mapping
from pathlib import Path

from rast_bench.launch.failures import Failure, Failures
from rast_bench.launch.folder import Launch
from rast_bench.launch.notes import Note
from rast_bench.launch.scheduler import JobStatus
from rast_bench.planning.cells import PlannedCell, cell_title, completeness
from rast_bench.runner.record import CellFailure

_WORDS = {
    "cancelled": "was cancelled",
    "timeout": "ran into its time limit before it could save and requeue",
    "node_failed": "lost its node",
    "out_of_memory": "ran out of memory",
    "preempted": "was preempted for good",
}


def describe_end(status: JobStatus, note: Note | None) -> str:
    """Why a worker ended that had not finished: what it said itself, else the scheduler's word."""
    if note is not None and note.state in ("failed", "crashed"):
        return f"{note.state}: {note.error}"
    if status.state in _WORDS:
        return _WORDS[status.state] + (f" ({status.reason})" if status.reason else "")
    if note is None:
        return "ended before its first word" + (f" ({status.reason})" if status.reason else "")
    if note.state in ("interrupted", "out of time"):
        return {"interrupted": "was interrupted", "out of time": "ran out of time"}[note.state]
    return "was killed" + (f" ({status.reason})" if status.reason else "")


def cell_failures(launch: Launch, causes: Mapping[int, str]) -> list[CellFailure]:
    """The cells that lack samples, when all workers have ended.

    Args:
        causes: by worker, of those that ended without having finished.

    Raises LedgerError.
    """
    failures = Failures(launch.failures).all()
    found = []
    for number, record in enumerate(launch.record.groups):
        for place in record.cells:
            cell = launch.cells[place]
            done, wanted = completeness(cell, launch.ledger)
            if done < wanted:
                failure = _failure_of(cell, number, failures)
                found.append(_cell_failure(launch, cell, wanted - done, failure, causes))
    return found


def resume_command(launch: Launch) -> str:
    return f"rast-bench resume {launch.path}"


def log_of(launch: Launch, worker: int) -> Path:
    """What the worker printed on stderr last; the folder of all logs where it never began."""
    notes = launch.notes / f"{worker}.json"
    job_id = launch.jobs.get(worker)
    log = launch.logs / f"{job_id}_0_log.err"
    return log if job_id is not None and notes.exists() and log.exists() else launch.logs


def _failure_of(cell: PlannedCell, group: int, failures: list[Failure]) -> Failure | None:
    """The cell's own failure, else its group's."""
    own = [failure for failure in failures if failure.cell_id == cell.cell_id]
    whole = [f for f in failures if f.cell_id is None and f.group == group]
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
