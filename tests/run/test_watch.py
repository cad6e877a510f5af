"""Watching workers: who is started again, who is given up, what is said of it."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from fake_engine import load_fast, make_cell
from launched import launch_of, stored

from rast_bench.run.folder import Launch
from rast_bench.run.heartbeats import HeartbeatWriter, WorkerState
from rast_bench.run.outcome import cell_failures
from rast_bench.run.progress import NoProgress
from rast_bench.run.slurm_jobs import JobStatus
from rast_bench.run.watch import watch
from rast_bench.run.worker import run_worker

pytestmark = pytest.mark.usefixtures("checked_keys")

GONE = JobStatus("failed", "FAILED")
Life = Callable[[Launch, int], JobStatus]
"""What one start of a worker does at once, and what the scheduler says then."""


class FakeExecutor:
    """A scheduler that starts lives from a script, one for each start of a worker."""

    def __init__(self, launch: Launch, lives: dict[int, list[Life]]) -> None:
        self._launch = launch
        self._lives = lives
        self._states: dict[int, JobStatus] = {}
        self.started: list[int] = []

    def start(self, workers: Iterable[int]) -> None:
        for worker in workers:
            self.started.append(worker)
            life = self._lives[worker].pop(0)
            self._states[worker] = life(self._launch, worker)

    def states(self) -> dict[int, JobStatus]:
        return dict(self._states)

    def wait(self) -> None:
        pass

    def stop(self) -> None:
        raise AssertionError("nobody asked for this")


def works(launch: Launch, worker: int) -> JobStatus:
    run_worker(launch, worker, load_engine=load_fast)
    return JobStatus("ended", "COMPLETED")


def dies(made: int = 0, state: WorkerState | None = None, status: JobStatus = GONE) -> Life:
    def life(launch: Launch, worker: int) -> JobStatus:
        writer = HeartbeatWriter(launch.heartbeats, worker, None)
        writer.open()
        writer.say(made=made)
        writer.close("running" if state is None else state, "no card" if state else None)
        return status

    return life


def says_nothing(_launch: Launch, _worker: int) -> JobStatus:
    return GONE


def watched(
    launch: Launch, lives: dict[int, list[Life]], restarts: int = 1
) -> tuple[FakeExecutor, dict[int, str]]:
    executor = FakeExecutor(launch, lives)
    executor.start(range(launch.workers))
    return executor, watch(launch, executor, restarts, NoProgress()).causes


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    return launch_of([make_cell(tmp_path)], tmp_path, workers=2)


def test_workers_that_finish_have_no_cause(launch: Launch) -> None:
    executor, causes = watched(launch, {0: [works], 1: [works]})
    assert causes == {}
    assert executor.started == [0, 1]
    assert stored(launch) == 24
    assert cell_failures(launch, causes) == []


def test_a_dead_worker_is_started_again(launch: Launch, capfd: pytest.CaptureFixture[str]) -> None:
    executor, causes = watched(launch, {0: [dies(), works], 1: [works]})
    assert (executor.started, causes) == ([0, 1, 0], {})
    (line,) = capfd.readouterr().err.splitlines()
    assert line == ("warning: worker 0 was killed (FAILED); starting it again (1 of 1 at most)")


def test_deaths_count_only_without_a_sample_in_between(launch: Launch) -> None:
    lives = [dies(made=3), dies(made=1), dies(made=2), dies(), works]
    executor, causes = watched(launch, {0: lives, 1: [works]})
    assert (executor.started.count(0), causes) == (5, {})


def test_a_worker_that_only_dies_is_given_up_and_its_chunks_are_free(launch: Launch) -> None:
    next(launch.leases(0).take(launch.chunks(0).chunks, 0))
    executor, causes = watched(launch, {0: [dies(), says_nothing], 1: [works]})
    assert executor.started == [0, 1, 0]
    assert causes == {0: "ended before its first heartbeat (FAILED)"}
    assert 0 not in launch.leases(0).owners().values()


@pytest.mark.parametrize(
    ("life", "cause"),
    [
        (dies(status=JobStatus("cancelled", "CANCELLED by 0")), "was cancelled (CANCELLED by 0)"),
        (dies(state="failed"), "failed: no card"),
    ],
)
def test_what_another_start_cannot_mend_is_not_tried_again(
    launch: Launch, life: Life, cause: str
) -> None:
    executor, causes = watched(launch, {0: [life], 1: [life]}, restarts=5)
    assert executor.started == [0, 1]
    assert causes == {0: cause, 1: cause}
    (failure,) = cell_failures(launch, causes)
    assert failure.reason.startswith(f"24 of 24 samples missing: worker 0 {cause}; log: ")
    assert failure.reason.endswith(f"resume: rast-bench resume {launch.path}")


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (JobStatus("out_of_memory", "OUT_OF_MEMORY"), "ran out of memory (OUT_OF_MEMORY)"),
        (JobStatus("node_failed", "NODE_FAIL"), "lost its node (NODE_FAIL)"),
        (JobStatus("timeout", ""), "ran into its time limit before it could save and requeue"),
        (JobStatus("unknown", ""), "was interrupted"),
    ],
)
def test_causes_in_words(launch: Launch, status: JobStatus, cause: str) -> None:
    state: WorkerState = "interrupted" if status.state == "unknown" else "running"

    def life(launch: Launch, worker: int) -> JobStatus:
        dies(state=state)(launch, worker)
        return status

    _, causes = watched(launch, {0: [life], 1: [works]}, restarts=0)
    assert causes == {0: cause}


def test_a_job_that_nobody_knows_is_believed_while_its_worker_speaks(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No accounting, and squeue has forgotten: the heartbeats decide."""
    monkeypatch.setattr("rast_bench.run.watch.SILENT_SECONDS", 0.3)
    silent = dies(status=JobStatus("unknown", ""))
    _, causes = watched(launch, {0: [silent], 1: [works]}, restarts=0)
    assert causes == {0: "was killed"}
