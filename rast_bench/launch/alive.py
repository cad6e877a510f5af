"""Whether somebody still works on a launch."""

import socket
import time
from collections.abc import Collection
from pathlib import Path

from rast_bench.launch import scheduler
from rast_bench.launch.folder import Launch, launches, read_launch
from rast_bench.launch.notes import SILENT_SECONDS, Note, read_notes
from rast_bench.launch.outcome import describe_end
from rast_bench.launch.processes import runs
from rast_bench.launch.scheduler import JobStatus

ALIVE = ("queued", "running")
LATEST = 20  # launches that are looked at: older ones have ended


def worker_states(launch: Launch) -> dict[int, JobStatus]:
    """Each worker's state: the scheduler's word on SLURM, else what the worker wrote last."""
    notes = read_notes(launch.notes, launch.workers)
    jobs = launch.jobs
    known = scheduler.job_states(list(jobs.values())) if launch.record.cluster == "slurm" else {}
    states = {}
    for worker in range(launch.workers):
        status = known.get(jobs.get(worker, ""), JobStatus("unknown", ""))
        note = notes.get(worker)
        if status.state == "unknown":
            status = _by_note(launch, note)
        elif status.state not in ALIVE and note is not None and note.state == "done":
            status = JobStatus("ended", "")  # whatever became of its last second
        states[worker] = status
    return states


def is_alive(launch: Launch) -> bool:
    """Whether a worker runs or will run, or the command that starts workers again."""
    if launch.record.cluster == "local" and command_runs(launch):
        return True
    return any(status.state in ALIVE for status in worker_states(launch).values())


def wait_for_end(launch: Launch, seconds: float) -> None:
    """Until nobody works on the launch, `seconds` at most."""
    deadline = time.monotonic() + seconds
    while is_alive(launch) and time.monotonic() < deadline:
        time.sleep(0.5)


def command_runs(launch: Launch) -> bool:
    """Whether the process that made the launch runs on this machine."""
    return launch.record.host == socket.gethostname() and runs(
        launch.record.pid, launch.record.ticks
    )


def causes_of_end(launch: Launch) -> dict[int, str]:
    """Why workers ended that had not finished, as far as it is known afterwards."""
    notes = read_notes(launch.notes, launch.workers)
    return {
        worker: describe_end(status, notes.get(worker))
        for worker, status in worker_states(launch).items()
        if (note := notes.get(worker)) is None or note.state != "done"
    }


def living_launch(results_dir: Path, cell_ids: Collection[str]) -> Launch | None:
    """A launch that still makes one of these cells."""
    for path in launches(results_dir)[-LATEST:]:
        launch = read_launch(path)
        if is_alive(launch) and any(cell.cell_id in cell_ids for cell in launch.cells):
            return launch
    return None


def _by_note(launch: Launch, note: Note | None) -> JobStatus:
    if note is None:
        waiting = launch.record.cluster == "local" and command_runs(launch)
        return JobStatus("queued" if waiting else "unknown", "")
    if note.over:
        return JobStatus("ended", "")
    if note.host == socket.gethostname():
        return JobStatus(
            "running" if runs(note.pid, note.ticks) else "failed", "its process is gone"
        )
    fresh = time.time() - note.updated < SILENT_SECONDS
    return JobStatus("running" if fresh else "failed", "silent")
