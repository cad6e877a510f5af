"""`tracker=wandb` while samples are made, and what it does when W&B is not what it should be."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import app_world
import pytest
from app_world import make_world
from finished_run import experiment_words
from waiting import PATIENCE, wait_until
from wandb_server import WandbServer, wandb_server

from rast_bench.cli import main
from rast_bench.cli.status import EXIT_INCOMPLETE
from rast_bench.config.frontend import jobs_of_command_line
from rast_bench.config.trackers import WandbConfig
from rast_bench.domain import Request, Sample
from rast_bench.ledger import Ledger
from rast_bench.pipeline import live_task, plan_jobs
from rast_bench.run.folder import Launch
from rast_bench.run.launch import Command, make_launch, missing_groups
from rast_bench.run.status import LaunchStatus, launch_status
from rast_bench.trackers import wandb as ours
from rast_bench.trackers.base import Content, TrackedRun
from rast_bench.trackers.live import LiveProcess, LiveTask
from rast_bench.trackers.publish import only_writer
from rast_bench.trackers.wandb import WandbTracker

# The client's own threads complain where it is ended while it waits for a server.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

LIVE = ("tracker=wandb", "tracker.project=rast", "tracker.live_seconds=1")
FIRST = TrackedRun("one", "one", "g", "cell", {"experiment": "e"})
SECOND = TrackedRun("two", "two", "g", "cell", {"experiment": "e"})


class WaitingEngine(app_world.AnsweringEngine):
    """It stops after ten samples until `go` is true."""

    go = staticmethod(lambda: True)

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        for sample in super().generate(requests):
            yield sample
            if self.world.requests == 10:
                wait_until(self.go, "no run was opened")


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of `run`: the experiment of finished_run.py, by an engine that may wait."""
    world = make_world(tmp_path / "world", monkeypatch)
    monkeypatch.setattr(
        "rast_bench.engines.load_engine",
        lambda key, _cfg: WaitingEngine(world, Path(key.main.path).name),
    )
    return ["run", *experiment_words(world), *LIVE]


def results_of(words: list[str]) -> Path:
    return Path(next(word for word in words if word.startswith("results_dir=")).partition("=")[2])


def opened_cells(server: WandbServer) -> list[str]:
    return [run_id for run_id, run in server.runs.items() if run.job_type == "cell"]


def test_a_run_is_followed_and_shown_when_it_is_over(
    words: list[str],
    server: WandbServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(WaitingEngine, "go", staticmethod(lambda: opened_cells(server)))
    assert main(words) == 0
    err = capsys.readouterr().err
    assert err.count(f"tracker  {server.url}/me/rast") == 1
    assert "warning" not in err
    assert {run.exit_code for run in server.runs.values()} == {0}
    first = server.runs[opened_cells(server)[0]].history
    assert sorted({row["samples_done"] for row in first}) == [10, 12]
    # the first ten of q0, q1, q2: 4 of 4, 2 of 4 and 0 of 2
    assert first[0]["live/accuracy"] == pytest.approx(0.5)
    assert first[0]["live/stderr"] == pytest.approx(0.2887, abs=1e-4)
    assert first[0]["live/tokens_per_s"] == pytest.approx(3 * first[0]["live/samples_per_s"])
    whole = server.runs["experiment-small"].history
    totals = [row["samples_done"] for row in whole if "samples_done" in row]
    assert totals == sorted(set(totals))
    assert totals[-1] == 33
    assert all(row["live/failures"] == 0 for row in whole if "live/failures" in row)
    ceiling = [run for run in server.runs.values() if "rl" in run.tags]
    assert ceiling[0].summary["accuracy_low"] == 0  # the report's, not only the live one

    histories = {run_id: len(run.history) for run_id, run in server.runs.items()}
    assert main(words) == 0  # all is there: nothing to follow, and the same runs
    assert {run_id: len(run.history) for run_id, run in server.runs.items()} == histories


def test_a_sweep_is_a_group_of_its_own(
    tmp_path: Path, server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(tmp_path / "world", monkeypatch)
    sweep = ["run", "-m", *world.overrides, "decoding.lambda=0.5,1", *LIVE]
    assert main([*sweep, "tracker.group=lambda-grid"]) == 0
    assert {run.group for run in server.runs.values()} == {"lambda-grid"}
    lambdas = [r.config["lambda"]["value"] for r in server.runs.values() if r.job_type == "cell"]
    assert sorted(lambdas) == [0.5, 1]


def test_without_a_key_the_run_goes_on_and_is_tracked_offline(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    err = capsys.readouterr().err
    assert err.count("warning:") == 1
    assert "W&B cannot be used: there is no key" in err
    assert "wandb push small" in err
    assert "wandb sync" in err
    results = results_of(words)
    assert (results / "small" / "table.txt").is_file()
    assert list((results / "wandb").glob("offline-run-*-experiment-small"))


@pytest.mark.usefixtures("server")
def test_a_folder_that_cannot_be_written_costs_only_the_tracking(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    results = results_of(words)
    results.mkdir()
    (results / "wandb").write_text("no folder")
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "50.0 ± 28.9" in out
    assert err.count("warning:") == 1
    assert "cannot write to" in err


def test_of_two_commands_one_tracks(
    words: list[str], server: WandbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    results = results_of(words)
    with only_writer(results, "wandb", "small"):
        assert main(words) == 0
    assert "another process is showing small already" in capsys.readouterr().err
    assert not server.runs


def test_cells_that_fail_end_as_failed(
    tmp_path: Path, server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(tmp_path / "world", monkeypatch)
    world.failing_model = "l-rl"
    assert main(["run", "-m", *world.overrides, "method=base,rl", *LIVE]) != 0
    failed = [run for run in server.runs.values() if run.summary.get("status") == "failed"]
    assert [run.exit_code for run in failed] == [2]
    assert "the engine broke" in failed[0].summary["failure"]


def test_workers_of_a_launcher_know_nothing_of_it(tmp_path: Path, server: WandbServer) -> None:
    cell = ("base_model=tiny-s", "delta=tiny-xs", "dataset=tiny-easy", "dataset.limit=2")
    launcher = ("decoding.n=2", "hydra/launcher=local", "launcher.devices=1")
    assert main(["run", *cell, *launcher, *LIVE, f"results_dir={tmp_path / 'results'}"]) == 0
    (run,) = (run for run in server.runs.values() if run.job_type == "cell")
    assert (run.summary["samples"], run.summary["status"], run.exit_code) == (4, "complete", 0)
    for log in (tmp_path / "results").glob("launches/*/log/*"):
        assert "wandb" not in log.read_text()


def test_a_launch_that_nobody_waits_for_is_followed_by_status(
    words: list[str], server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `launcher.wait=false` leaves it; its workers are over as soon as it is tracked."""
    jobs = jobs_of_command_line(words[1:])
    ledger = Ledger(results_of(words))
    launch = make_launch(
        missing_groups(plan_jobs(jobs)[0].planned, ledger),
        ledger,
        Command("rast-bench run", tuple(words[1:]), Path.cwd()),
        "local",
        {"wait": False},
        lambda _: 1,
    )

    def seen(launch: Launch) -> LaunchStatus:
        found = launch_status(launch)
        return replace(found, workers={}) if server.runs else found

    monkeypatch.setattr("rast_bench.run.status.launch_status", seen)
    assert main(["status", "--follow", str(launch.path)]) == EXIT_INCOMPLETE
    run = server.runs["experiment-small"]
    assert run.history[0]["live/samples_missing"] == 33
    assert run.exit_code == 0


# The client against servers that stop; its limits are shortened, so it runs in this process.


def make(tmp_path: Path, warnings: list[str]) -> WandbTracker:
    tracker = WandbTracker(
        WandbConfig(), tmp_path, warnings.append, repair="rast-bench wandb push e", strict=False
    )
    tracker.start()
    return tracker


def test_a_silent_server_is_one_warning_and_the_runs_are_kept_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "INIT_SECONDS", 1.0)
    warnings: list[str] = []
    with wandb_server(silent=True) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        tracker = make(tmp_path, warnings)
        for run in (FIRST, SECOND):
            tracker.update(run, {"samples_done": 1})
            tracker.finish(run, Content({"accuracy": 1.0}))
        tracker.close()
    assert len(warnings) == 1
    assert "rast-bench wandb push e" in warnings[0]
    assert len(list((tmp_path / "wandb").glob("offline-run-*"))) == 2


def test_a_server_that_dies_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "FINISH_SECONDS", 1.0)
    warnings: list[str] = []
    with wandb_server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        tracker = make(tmp_path, warnings)
        tracker.update(FIRST, {"samples_done": 1})
        tracker.update(SECOND, {"samples_done": 1})
    tracker.update(FIRST, {"samples_done": 2})
    tracker.finish(FIRST, Content({"accuracy": 1.0}))
    tracker.finish(SECOND, Content({"accuracy": 1.0}))
    tracker.close()
    assert len(warnings) == 1
    assert "rast-bench wandb push e" in warnings[0]
    assert "--include-online" in warnings[0]


# The process when the command is gone.


def lead(task: LiveTask) -> None:
    """A command that does nothing but be killed."""
    LiveProcess(task)
    time.sleep(PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_command_that_is_killed_leaves_no_run_open(
    words: list[str], server: WandbServer, number: signal.Signals
) -> None:
    jobs = jobs_of_command_line(words[1:])
    planned = plan_jobs(jobs)
    task = live_task(planned, jobs[0].options, "the command", launched=False)
    assert task is not None
    process = multiprocessing.get_context("spawn").Process(target=lead, args=(task,))
    process.start()
    wait_until(lambda: server.runs, "no run was opened")
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join()
    wait_until(lambda: server.runs["experiment-small"].exit_code is not None, "the run is open")
    assert server.runs["experiment-small"].exit_code == 1
