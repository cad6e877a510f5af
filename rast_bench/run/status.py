"""What `rast-bench status` shows about a launch: cells, workers, speed, time left."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rast_bench.planning.cells import cell_title, completeness
from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import Failures, Heartbeat, read_heartbeats
from rast_bench.run.outcome import ALIVE, worker_states
from rast_bench.run.progress import duration
from rast_bench.run.slurm_jobs import JobStatus

CellState = Literal["done", "running", "queued", "failed"]


@dataclass(frozen=True)
class CellStatus:
    title: str
    state: CellState
    done: int
    wanted: int


@dataclass(frozen=True)
class LaunchStatus:
    launch: Launch
    cells: tuple[CellStatus, ...]
    workers: Mapping[int, JobStatus]
    samples_per_second: float  # of the running workers

    @property
    def done(self) -> int:
        return sum(cell.done for cell in self.cells)

    @property
    def wanted(self) -> int:
        return sum(cell.wanted for cell in self.cells)

    @property
    def over(self) -> bool:
        return not any(status.state in ALIVE for status in self.workers.values())

    @property
    def seconds_left(self) -> float | None:
        if self.samples_per_second <= 0:
            return None
        return (self.wanted - self.done) / self.samples_per_second


def launch_status(launch: Launch) -> LaunchStatus:
    """Read the ledger, the workers' heartbeats and the scheduler.

    Raises:
        LedgerError: the launch or the ledger cannot be read.
    """
    heartbeats = read_heartbeats(launch.heartbeats, launch.workers)
    workers = worker_states(launch)
    running = [
        heartbeat for worker, heartbeat in heartbeats.items() if workers[worker].state == "running"
    ]
    return LaunchStatus(
        launch=launch,
        cells=tuple(_cells(launch, heartbeats, workers)),
        workers=workers,
        samples_per_second=sum(heartbeat.samples_per_second or 0.0 for heartbeat in running),
    )


def render_status(status: LaunchStatus) -> str:
    """Return one line per cell, then the workers, then the totals."""
    launch = status.launch
    width = max((len(cell.title) for cell in status.cells), default=0)
    lines = [f"launch {launch.launch_id} on {launch.record.cluster}: {typed(launch)}"]
    lines += [
        f"  {cell.title:<{width}}  {cell.state:<7}  {cell.done:>9,}/{cell.wanted:,}"
        for cell in status.cells
    ]
    counts = Counter(_word(state) for state in status.workers.values())
    lines.append("workers: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items())))
    states = Counter(cell.state for cell in status.cells)
    order: Sequence[CellState] = ("done", "running", "queued", "failed")
    lines.append("cells: " + ", ".join(f"{states[word]} {word}" for word in order if states[word]))
    share = 100 * status.done // status.wanted if status.wanted else 100
    whole = f"samples: {status.done:,}/{status.wanted:,} ({share}%)"
    if status.samples_per_second:
        whole += f", {status.samples_per_second:,.1f}/s"
    if status.seconds_left:
        whole += f", {duration(status.seconds_left)} left"
    return "\n".join([*lines, whole]) + "\n"


def _cells(
    launch: Launch, heartbeats: Mapping[int, Heartbeat], workers: Mapping[int, JobStatus]
) -> list[CellStatus]:
    failed = {failure.cell_id for failure in Failures(launch.failures).all()}
    titles = {
        heartbeat.title
        for worker, heartbeat in heartbeats.items()
        if workers[worker].state == "running" and not heartbeat.over
    }
    alive = any(status.state in ALIVE for status in workers.values())
    found = []
    for record in launch.record.groups:
        for index in record.cells:
            cell = launch.cells[index]
            done, wanted = completeness(cell, launch.ledger)
            title = cell_title(cell.cell)
            state: CellState = "queued"
            if done == wanted:
                state = "done"
            elif cell.cell_id in failed or not alive:
                state = "failed"
            elif title in titles or done:
                state = "running"
            found.append(CellStatus(title, state, done, wanted))
    return found


def _word(status: JobStatus) -> str:
    return status.state.replace("_", " ")


def typed(launch: Launch) -> str:
    """The command that made the launch, as it can be pasted into a shell."""
    return shlex.join([*launch.record.program.split(), *launch.record.words])
