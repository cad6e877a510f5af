"""`rast-bench wandb push` with the real client against a server that keeps what it is sent."""

import getpass
import os
import pty
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from finished_run import Finished
from wandb_server import WandbServer, wandb_server

from rast_bench.cli import main
from rast_bench.ledger import Ledger
from rast_bench.trackers import wandb as ours
from rast_bench.trackers.publish import only_writer

# The client's own threads complain where it is ended while it waits for a server.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

WHOLE = "experiment-small"


def push(finished: Finished, *more: str) -> int:
    words = [word for word in finished.words if not word.startswith("experiment=")]
    return main(["wandb", "push", "small", *words, *more])


def cell_runs(server: WandbServer) -> dict[str, str]:
    """Ids of the runs of cells by their rows."""
    return {
        run.config["row"]["value"]: run_id
        for run_id, run in server.runs.items()
        if run.job_type == "cell"
    }


def test_an_experiment_is_a_run_per_cell_and_one_of_its_own(
    finished: Finished, server: WandbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(finished, "--project", "rast", "tracker.tags=[mine]") == 0
    assert capsys.readouterr().out.strip() == f"{server.url}/me/rast"
    ids = Ledger(finished.results).cells()
    assert set(server.runs) == {*(f"{cell_id}-small" for cell_id in ids), WHOLE}
    assert {run.group for run in server.runs.values()} == {"small"}
    assert {run.exit_code for run in server.runs.values()} == {0}

    run = server.runs[cell_runs(server)["with delta"]]
    config = {key: kept["value"] for key, kept in run.config.items()}
    assert run.tags == ["rast", "made-up", "mine"]
    assert (config["method"], config["lambda"], config["temperature"], config["n"]) == (
        *("rast", 1, 1, 4),
    )
    assert (config["role"], config["section"], config["grid"]) == ("rast", "tiny-l", None)
    assert config["model_hash"].startswith("sha256:")
    assert len(config["delta_hashes"]) == 2
    assert config["identity"]["decoding"]["lambda"] == 1
    # 4, 2 and 0 of 4; Student's interval over three problems leaves nothing out
    assert run.summary["accuracy"] == pytest.approx(0.5)
    assert run.summary["accuracy_stderr"] == pytest.approx(0.2887, abs=1e-4)
    assert (run.summary["accuracy_low"], run.summary["accuracy_high"]) == (0, 1)
    assert (run.summary["samples"], run.summary["problems"]) == (12, 3)
    assert run.summary["pass_at_4"] == pytest.approx(2 / 3)
    assert run.summary["recovery_status"] == "not identified"
    assert (run.summary["mean_tokens"], run.summary["unparsed_share"]) == (3, 0)

    table = server.table(cell_runs(server)["with delta"], "responses")
    first = dict(zip(table["columns"], table["data"][0], strict=True))
    assert len(table["data"]) == 12
    assert first == {
        "problem": first["problem"],
        "sample": 0,
        "question": "q0",
        "response": "\\boxed{10}",
        "gold": "10",
        "extracted": "10",
        "verdict boxed-1": "correct",
        "verdict simplerl-1": "correct",
        "tokens": 3,
        "finish_reason": "eos",
    }


def test_the_run_of_the_whole_has_tables_charts_figures_and_an_artifact(
    finished: Finished, server: WandbServer
) -> None:
    (finished.results / "small" / "report.html").write_text("<p>page</p>")
    assert push(finished) == 0
    whole = server.runs[WHOLE]
    (row,) = whole.history
    assert {"figures/pass_at_k-tiny-l", "pages/report"} <= set(row)
    assert any("charts/lambda" in key for key in row)
    assert server.table(WHOLE, "grid")["columns"][0] == "pair"
    main_table = server.table(WHOLE, next(k for k in whole.summary if k.startswith("table ")))
    assert ["tiny-l", "ceiling", "50.0 ± 28.9"] in main_table["data"]
    beside = server.table(WHOLE, "problems tiny-l")
    assert beside["columns"][4:] == [
        f"{row}: {what}"
        for row in ("base", "with delta", "ceiling")
        for what in ("correct", "response")
    ]
    assert [line[2:4] + line[4::2] for line in beside["data"]] == [
        ["q0", "10", 1, 1, 1],
        ["q1", "11", 1, 0.5, 0.5],
        ["q2", "12", 0, 0, 0],
    ]
    names = [one["input"]["artifactCollectionName"] for one in server.artifacts]
    assert "results-small" in names
    assert not any(name.startswith("ledger") for name in names)


def test_pushed_again_it_is_the_same_runs_without_a_second_history(
    finished: Finished, server: WandbServer
) -> None:
    assert push(finished) == 0
    before = {run_id: (list(run.history), run.opened) for run_id, run in server.runs.items()}
    assert push(finished, "tracker.sample_rows=2") == 0
    assert set(server.runs) == set(before)
    for run_id, run in server.runs.items():
        assert run.history == before[run_id][0]
        assert run.opened > before[run_id][1]
    assert len(server.table(cell_runs(server)["with delta"], "responses")["data"]) == 2


def test_nothing_is_sent_that_is_nobodys_business(
    finished: Finished, server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secretsecret")
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--token=hf_secretsecret"])
    assert push(finished) == 0
    sent = b"\n".join([*server.sent, *server.uploads.values()])
    own = [str(finished.results), "hf_secretsecret", "--token", "pytest", "requirements.txt"]
    if len(socket.gethostname()) > 4:
        own.append(socket.gethostname())
    if len(getpass.getuser()) > 4:
        own.append(getpass.getuser())
    assert [word for word in own if word.encode() in sent] == []
    assert [path for path in Path.home().rglob("*") if "wandb" in path.name] == []
    assert not (finished.results / "wandb" / "data").exists()


def test_cells_that_are_partial_say_so(finished: Finished, server: WandbServer) -> None:
    (finished.results / "small" / "report.html").write_text("<p>all samples</p>")
    assert push(finished, "decoding.n=6", "tracker.sample_rows=0") == 0
    assert not any("all samples" in str(one) for one in (*server.sent, *server.uploads.values()))
    runs = {
        run.config["method"]["value"]: run
        for run in server.runs.values()
        if run.config.get("method")
    }
    assert runs["base"].summary["status"] == "complete"  # greedy
    assert runs["rl"].summary["status"] == "partial"
    assert runs["rl"].summary["samples"] == 12
    assert runs["rl"].summary["accuracy"] == pytest.approx(0.5)


def test_offline_and_synced_later(
    finished: Finished, server: WandbServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert push(finished) == 0
    assert not server.runs
    folders = sorted((finished.results / "wandb").glob("offline-run-*"))
    assert len(folders) == 5
    environment = {**os.environ, "WANDB_MODE": "online"}
    words = [sys.executable, "-m", "wandb", "sync", *map(str, folders)]
    subprocess.run(words, check=True, capture_output=True, env=environment)
    assert len(server.runs) == 5
    assert server.runs[cell_runs(server)["ceiling"]].summary["accuracy"] == pytest.approx(0.5)
    assert len(server.table(cell_runs(server)["ceiling"], "responses")["data"]) == 12


def test_without_a_key_in_a_terminal_it_is_an_error_at_once(finished: Finished) -> None:
    """The client itself would show a menu and wait for ever."""
    words = [word for word in finished.words if not word.startswith("experiment=")]
    inner, outer = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rast_bench", "wandb", "push", "small", *words],
        stdin=outer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    out, _ = process.communicate(timeout=300)
    os.close(inner)
    os.close(outer)
    assert process.returncode == 2, out
    assert "error: W&B cannot be used: there is no key" in out
    assert "wandb login" in out


@pytest.mark.usefixtures("server")
def test_a_server_that_is_not_there_is_one_error(
    finished: Finished,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ours, "INIT_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{port}")
    assert push(finished) == 2
    err = capsys.readouterr().err
    assert len(re.findall(r"^error: W&B cannot be used", err, re.M)) == 1
    assert "Traceback" not in err


def test_a_second_push_at_the_same_time_is_refused(
    finished: Finished, server: WandbServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with only_writer(finished.results, "wandb", "small"):
        assert push(finished) == 2
    assert "another process is showing small already" in capsys.readouterr().err
    assert not server.runs


@pytest.mark.usefixtures("server")
def test_a_folder_that_cannot_be_written_is_an_error(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    (finished.results / "wandb").write_text("no folder")
    assert push(finished) == 2
    assert "error: cannot write to" in capsys.readouterr().err


@pytest.mark.usefixtures("server")
def test_an_experiment_of_which_nothing_was_run_is_an_error(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wandb", "push", "demo", f"results_dir={finished.results}"]) == 2
    assert "nothing of experiment demo" in capsys.readouterr().err


def test_a_silent_server_is_an_error_after_a_while(
    finished: Finished,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ours, "INIT_SECONDS", 1.0)
    with wandb_server(silent=True) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        assert push(finished) == 2
    assert "error: W&B cannot be used" in capsys.readouterr().err
