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
from rast_bench.run.notes import read_notes

SECOND = "decoding.lambda=0.5,1.0"
SWEEP = ("-m", *(o for o in CELL if not o.startswith("workers=")), SECOND)
LOCAL = ("hydra/launcher=local", "launcher.devices=2")
IDENTITY = ["problem_id", "sample_index", "seed", "prompt_sha256", "token_ids", "text"]


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """The same sweep without a launcher: its results folder, and how it ended."""
    results = tmp_path_factory.mktemp("plain") / "results"
    finished = run_here(results, *SWEEP)
    assert finished.code == 0, finished.err
    return results, finished


@pytest.fixture
def undisturbed(one_process: tuple[Path, Finished]) -> Finished:
    return one_process[1]


def assert_same(results: Path, finished: Finished, expected: Finished) -> None:
    assert finished.code == 0, finished.err
    assert finished.out == expected.out
    assert sum(1 for _ in results.glob("ledger/*/cell.json")) == 2
    assert stored_rows(results) >= 2 * SAMPLES_OF_CELL


def only_launch(results: Path) -> Launch:
    wait_until(lambda: launches(results), f"there is no launch in {results}")
    return read_launch(launches(results)[-1])


def held_launch(results: Path, folder: Path) -> "tuple[subprocess.Popen[str], Launch, Hold]":
    """The sweep's two workers, each after its first samples."""
    hold = Hold(folder, processes=2)
    process = start(results, *SWEEP, *LOCAL, hold=hold)
    hold.wait(process.poll)
    return process, only_launch(results), hold


def test_workers_share_two_cells_with_one_load_each(
    tmp_path: Path, one_process: tuple[Path, Finished]
) -> None:
    results = tmp_path / "results"
    devices = "launcher.devices=[3,GPU-x]"  # PyTorch finds neither
    hold = Hold(tmp_path / "hold", processes=2)
    process = start(results, *SWEEP, "hydra/launcher=local", devices, hold=hold)
    hold.wait(process.poll)  # neither has made all before the other is there
    hold.release()
    finished = finish(process)
    assert_same(results, finished, one_process[1])
    assert stored_rows(results) == 2 * SAMPLES_OF_CELL
    launch = only_launch(results)
    notes = read_notes(launch.notes, launch.workers)
    assert [note.loads for note in notes.values()] == [1, 1]
    assert all(note.made >= hold.samples for note in notes.values())
    assert not list(results.parent.glob("multirun"))
    one, many = Ledger(one_process[0]), launch.ledger
    manifests = [manifest for cell in many.cells() for manifest in many.manifests(cell)]
    shown = {manifest["worker"]: manifest["cuda_visible_devices"] for manifest in manifests}
    assert shown == {0: "3", 1: "GPU-x"}
    for cell in many.cells():
        assert identities(many, cell).equals(identities(one, cell))


def identities(ledger: Ledger, cell_id: str) -> pd.DataFrame:
    frame = ledger.samples(cell_id)[IDENTITY]
    return frame.assign(token_ids=frame["token_ids"].map(tuple))


def test_a_killed_worker_is_started_again(tmp_path: Path, undisturbed: Finished) -> None:
    results = tmp_path / "results"
    process, _, hold = held_launch(results, tmp_path / "hold")
    killed, other = hold.wait()
    os.kill(killed, signal.SIGKILL)
    hold.release(other)
    finished = finish(process)
    assert_same(results, finished, undisturbed)
    assert finished.err.count("was killed; starting it again") == 1


def test_ctrl_c_and_a_killed_command_end_the_workers_gently(
    tmp_path: Path, undisturbed: Finished
) -> None:
    """First the one, then, of the same sweep, the other; then it is finished."""
    results = tmp_path / "results"
    process, launch, _ = held_launch(results, tmp_path / "hold")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process in it
    finished = finish(process)
    assert finished.code == 130, finished.err
    assert f"resume with: rast-bench resume {launch.path}" in finished.err
    assert "Traceback" not in finished.err
    notes = read_notes(launch.notes, launch.workers)
    assert {note.state for note in notes.values()} == {"interrupted"}
    assert stored_rows(results) >= sum(note.made for note in notes.values()) > 0

    process, launch, _ = held_launch(results, tmp_path / "hold again")
    process.kill()
    finish_killed(process)
    wait_until(
        lambda: all(n.over for n in read_notes(launch.notes, launch.workers).values()),
        "workers go on without their command",
    )
    status = rast_bench("status", str(launch.path))
    assert status.code == 2
    assert "samples missing: worker" in status.err
    assert_same(results, rast_bench("resume", str(launch.path)), undisturbed)
    assert stored_rows(results) == 2 * SAMPLES_OF_CELL


def finish_killed(process: subprocess.Popen[str]) -> None:
    process.wait(PATIENCE)
    assert process.stdout is not None
    process.stdout.close()


def test_status_resume_and_cancel_from_another_shell(tmp_path: Path) -> None:
    results = tmp_path / "results"
    process, launch, _ = held_launch(results, tmp_path / "hold")
    status = rast_bench("status", "--results-dir", str(results))
    assert status.code == 0
    assert f"launch {launch.launch_id} on local" in status.out
    assert "workers: 2 running" in status.out
    again = rast_bench("resume", str(launch.path))
    assert (again.code, again.err.splitlines()[0]) == (
        2,
        f"error: launch {launch.launch_id} still runs",
    )
    second = run_here(results, *SWEEP, *LOCAL)
    assert second.code == 2
    assert f"launch {launch.launch_id} is making these cells already" in second.err
    cancelled = rast_bench("cancel", "--results-dir", str(results))
    assert cancelled.code == 0
    assert f"resume with: rast-bench resume {launch.path}" in cancelled.err
    assert finish(process).code == 143
    assert stored_rows(results) > 0
