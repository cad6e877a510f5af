"""SIGKILL at random moments and Ctrl-C, then the same command: real processes, a fake engine."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_engine import PATIENCE, load_fast, make_cell, wait_until

from rast_bench.ledger import Ledger
from rast_bench.planning.cells import PlannedCell
from rast_bench.planning.plan import plan_cells
from rast_bench.processes import start_ticks
from rast_bench.run.direct import run_cells

PROGRAM = Path(__file__).with_name("resumable_run.py")
TOTAL = 3 * 40 * 8

pytestmark = pytest.mark.usefixtures("checked_keys")
Key = tuple[str, str, int]


def start(results: Path, engine: str, *, workers: int = 1) -> "subprocess.Popen[str]":
    command = [sys.executable, str(PROGRAM), str(results), engine, str(workers)]
    paths = [str(PROGRAM.parents[1]), os.environ.get("PYTHONPATH", "")]  # for fake_engine
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def plan(results: Path) -> list[PlannedCell]:
    return plan_cells([make_cell(results, seed=s, problems=40, n=8) for s in range(3)])


def durable(results: Path) -> set[Key]:
    ledger = Ledger(results)
    return {(cell, *key) for cell in ledger.cells() for key in ledger.completed(cell)}


def made(output: str) -> list[Key]:
    """What a process printed before it made it; one that is killed may leave half a line."""
    rows = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return [(cell, problem, int(index)) for cell, problem, index in rows]


def frames(results: Path) -> list[str]:
    """Every cell's final samples, as exact text."""
    ledger = Ledger(results)
    return [ledger.samples(item.cell_id).to_json() for item in plan(results)]


def undisturbed(folder: Path) -> list[str]:
    folder.mkdir()
    run_cells(plan(folder), Ledger(folder), load_engine=load_fast)
    return frames(folder)


def wait_for_more(results: Path, saved: set[Key], process: "subprocess.Popen[str]") -> set[Key]:
    """What is durable, once that is more than `saved`."""
    found = saved

    def more() -> bool:
        nonlocal found
        assert process.poll() is None, process.communicate()
        found = durable(results)
        return not found <= saved

    wait_until(more)
    return found


def test_killed_at_random_moments_and_resumed_equals_an_undisturbed_run(tmp_path: Path) -> None:
    results = tmp_path / "killed"
    results.mkdir()
    moments = random.Random(7)
    saved: set[Key] = set()
    for survives in (False, True, True):
        process = start(results, "0.1")
        before = wait_for_more(results, saved, process) if survives else saved
        time.sleep(moments.uniform(0.0, 1.5))
        process.kill()
        output, _ = process.communicate()
        seen = set(made(output))
        after = durable(results)
        assert not seen & saved  # nothing durable was made again
        assert before <= after <= saved | seen
        assert len(after) > len(saved) or not survives
        saved = after
    assert len(saved) < TOTAL

    process = start(results, "0")
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    last = made(output)
    assert len(last) == len(set(last)) == TOTAL - len(saved)
    assert not set(last) & saved
    assert frames(results) == undisturbed(tmp_path / "whole")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(("engine", "workers"), [("0.1", 1), ("load_endless", 2)])
def test_a_signal_saves_all_says_how_to_resume_and_exits(
    tmp_path: Path, engine: str, workers: int, number: int, code: int
) -> None:
    process = start(tmp_path, engine, workers=workers)
    wait_for_more(tmp_path, set(), process)
    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE)

    assert process.returncode == code, errors
    assert len(errors.splitlines()) == 1, errors
    saved = durable(tmp_path)
    assert errors.startswith(f"interrupted: {len(saved)} of {TOTAL} samples are saved; run")
    if workers == 1:  # the sample in the making at the signal may be lost
        assert len(set(made(output)) - saved) <= 1
    ledger = Ledger(tmp_path)
    statuses = [m["status"] for cell in ledger.cells() for m in ledger.manifests(cell)]
    assert "partial" in statuses
    assert "running" not in statuses
    assert run_cells(plan(tmp_path), ledger, load_engine=load_fast).samples_made == TOTAL - len(
        saved
    )


def test_workers_die_with_a_killed_parent(tmp_path: Path) -> None:
    process = start(tmp_path, "load_stuck", workers=2)
    wait_until(lambda: len(list(tmp_path.glob("*/stuck-*"))) == 2 or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    pids = [int(mark.name.removeprefix("stuck-")) for mark in tmp_path.glob("*/stuck-*")]
    process.kill()
    process.communicate(timeout=PATIENCE)  # ends when the last holder of its pipes is gone
    wait_until(lambda: all(start_ticks(pid) is None for pid in pids))


@pytest.mark.parametrize(("second", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_leaves_at_once(tmp_path: Path, second: int, code: int) -> None:
    """An engine that will not stop: it sits in a step that Ctrl-C cannot end."""
    program = (
        "import signal, sys, time\n"
        "from rast_bench.interrupt import two_step_interrupt\n"
        "with two_step_interrupt():\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(1200)\n"
        "    except KeyboardInterrupt:\n"
        "        print('once', flush=True)\n"
        "        time.sleep(1200)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    for said, number in (("ready", signal.SIGINT), ("once", second)):
        assert process.stdout.readline().strip() == said
        process.send_signal(number)
    assert process.wait(timeout=PATIENCE) == code
    process.stdout.close()


def start_two(results: Path) -> list["subprocess.Popen[str]"]:
    """Two equal commands, both of which have made a sample before either makes a second one."""
    results.mkdir()
    return [start(results, "together") for _ in range(2)]


def test_two_equal_commands_at_the_same_time_share_the_work(tmp_path: Path) -> None:
    results = tmp_path / "shared"
    made_by = []
    processes = start_two(results)
    for process in processes:
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
        made_by.append(made(output))
        (other,) = set(processes) - {process}
        assert f"pid {other.pid}) is working on the same cells; the samples are shared" in errors
        assert "Traceback" not in errors
    assert all(made_by)
    every = [key for keys in made_by for key in keys]
    assert len(every) == len(set(every)) == TOTAL
    assert durable(results) == set(every)
    ledger = Ledger(results)
    counts = [m["samples_made"] for cell in ledger.cells() for m in ledger.manifests(cell)]
    assert sum(counts) == TOTAL
    assert not [path for path in (ledger.root / "running").rglob("*") if not path.is_dir()]
    assert frames(results) == undisturbed(tmp_path / "alone")


def test_the_other_command_takes_over_from_one_that_is_killed(tmp_path: Path) -> None:
    results = tmp_path / "killed"
    victim, heir = start_two(results)
    saved = wait_for_more(results, wait_for_more(results, set(), victim), victim)
    victim.kill()
    lost, _ = victim.communicate()
    output, errors = heir.communicate(timeout=PATIENCE)

    assert heir.returncode == 0, errors
    assert f"pid {victim.pid}) is working on the same cells" in errors
    taken_over = set(made(output))
    assert len(taken_over) == len(made(output))
    assert durable(results) == taken_over | set(made(lost))
    assert not taken_over & saved & set(made(lost))  # what the victim had saved is not made again
    assert not list((results / "ledger" / "running" / "leases").iterdir())
    assert frames(results) == undisturbed(tmp_path / "whole")


def test_a_command_with_nothing_left_to_claim_waits_and_says_for_whom(tmp_path: Path) -> None:
    """The other one has leased the last problems and sits in a long step with them."""
    results = tmp_path / "waiting"
    results.mkdir()
    stuck = start(results, "stuck")
    wait_until(lambda: stuck.poll() is not None or list(results.glob("*/stuck-*")))
    assert stuck.poll() is None, stuck.communicate()
    waiting = start(results, "0")
    assert waiting.stderr is not None
    lines = iter(waiting.stderr.readline, "")
    told = next(line for line in lines if "waiting for" in line)
    assert f"pid {stuck.pid}) is working on 1 of 3 cells; waiting for 8 samples" in told
    assert waiting.poll() is None
    stuck.kill()
    stuck.communicate()
    output, errors = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 0, errors
    assert len(made(output)) == TOTAL
    assert len(durable(results)) == TOTAL
