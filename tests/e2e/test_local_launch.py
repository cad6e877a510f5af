"""Workers on this machine, killed, interrupted and orphaned: never another table."""

import os
import signal
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from command import (
    CELL,
    SAMPLES_OF_CELL,
    Finished,
    finish,
    rast_bench,
    run_here,
    start,
    stored_rows,
)
from held import PATIENCE, Hold, wait_until

from rast_bench.ledger import Ledger
from rast_bench.run.folder import Launch, launches, read_launch
from rast_bench.run.heartbeats import read_heartbeats

SECOND = "decoding.lambda=0.5,1.0"
SWEEP = ("-m", *(o for o in CELL if not o.startswith("workers=")), SECOND)
LOCAL = ("hydra/launcher=local", "launcher.devices=[3,GPU-x]")  # PyTorch finds neither
IDENTITY = ["problem_id", "sample_index", "seed", "prompt_sha256", "token_ids", "text"]


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """The same sweep without a launcher: its results folder, and how it ended."""
    results = tmp_path_factory.mktemp("plain") / "results"
    finished = run_here(results, *SWEEP)
    assert finished.code == 0, finished.err
    return results, finished


def only_launch(results: Path) -> Launch:
    wait_until(lambda: launches(results), f"there is no launch in {results}")
    return read_launch(launches(results)[-1])


def started(results: Path, folder: Path) -> "tuple[subprocess.Popen[str], Hold]":
    """The sweep's command; its two workers are held after their first samples."""
    hold = Hold(folder, processes=2)
    return start(results, *SWEEP, *LOCAL, hold=hold), hold


def test_killed_interrupted_and_orphaned_and_resumed(
    tmp_path: Path, one_process: tuple[Path, Finished]
) -> None:
    """A worker is killed and the command interrupted; the next command is killed; then resume."""
    results = tmp_path / "results"
    process, hold = started(results, tmp_path / "hold")
    killed = min(hold.wait(process.poll))
    launch = only_launch(results)
    (worker,) = (
        n
        for n, heartbeat in read_heartbeats(launch.heartbeats, 2).items()
        if heartbeat.pid == killed
    )
    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: read_heartbeats(launch.heartbeats, 2)[worker].pid != killed,
        "it is not started again",
    )
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process in it
    finished = finish(process)
    assert finished.code == 130, finished.err
    assert finished.err.count("was killed; starting it again") == 1
    assert f"resume with: rast-bench resume {launch.path}" in finished.err
    assert "Traceback" not in finished.err
    heartbeats = read_heartbeats(launch.heartbeats, launch.workers)
    assert {heartbeat.state for heartbeat in heartbeats.values()} == {"interrupted"}
    durable = stored_rows(results)
    assert durable >= hold.samples + hold.samples // 2

    process, hold = started(results, tmp_path / "hold again")
    hold.wait(process.poll)
    launch = only_launch(results)
    process.kill()
    finish_killed(process)
    wait_until(
        lambda: all(n.over for n in read_heartbeats(launch.heartbeats, launch.workers).values()),
        "workers go on without their command",
    )
    heartbeats = read_heartbeats(launch.heartbeats, launch.workers)
    assert all(heartbeat.loads == 1 and heartbeat.made for heartbeat in heartbeats.values())
    assert stored_rows(results) >= durable + hold.samples
    status = rast_bench("status", str(launch.path))
    assert status.code == 2
    assert "samples missing: worker" in status.err

    finished = rast_bench("resume", str(launch.path))
    assert finished.code == 0, finished.err
    assert finished.out == one_process[1].out
    assert stored_rows(results) == 2 * SAMPLES_OF_CELL
    assert not list(results.parent.glob("multirun"))
    one, many = Ledger(one_process[0]), launch.ledger
    assert len(many.cells()) == 2
    for cell in many.cells():
        assert identities(many, cell).equals(identities(one, cell))
    manifests = [manifest for cell in many.cells() for manifest in many.manifests(cell)]
    shown = {(manifest["worker"], manifest["cuda_visible_devices"]) for manifest in manifests}
    assert shown == {(0, "3"), (1, "GPU-x")}


def finish_killed(process: subprocess.Popen[str]) -> None:
    process.wait(PATIENCE)
    assert process.stdout is not None
    process.stdout.close()


def identities(ledger: Ledger, cell_id: str) -> pd.DataFrame:
    frame = ledger.samples(cell_id)[IDENTITY]
    return frame.assign(token_ids=frame["token_ids"].map(tuple))


def test_status_resume_and_cancel_from_another_shell(tmp_path: Path) -> None:
    """While the workers start: they need not have loaded anything."""
    results = tmp_path / "results"
    process, _ = started(results, tmp_path / "hold")
    launch = only_launch(results)
    wait_until(lambda: len(read_heartbeats(launch.heartbeats, 2)) == 2, "the workers do not start")
    status = rast_bench("status", "--results-dir", str(results))
    assert status.code == 0
    assert f"launch {launch.launch_id} on local" in status.out
    assert "workers: 2 running" in status.out
    again = rast_bench("resume", str(launch.path))
    assert (again.code, again.err.splitlines()[0]) == (
        2,
        f"error: launch {launch.launch_id} is still running",
    )
    second = run_here(results, *SWEEP, *LOCAL)
    assert second.code == 2
    assert f"launch {launch.launch_id} is making these cells already" in second.err
    cancelled = rast_bench("cancel", "--results-dir", str(results))
    assert cancelled.code == 0
    assert f"resume with: rast-bench resume {launch.path}" in cancelled.err
    assert finish(process).code == 143
