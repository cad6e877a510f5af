"""What SLURM says, from commands that are shell scripts, and from its words alone."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_engine import make_cell
from launched import launch_of

from rast_bench.cli import main
from rast_bench.cli.cancel import cancel
from rast_bench.errors import ConfigError, RastBenchError
from rast_bench.run import slurm_jobs
from rast_bench.run.heartbeats import HeartbeatWriter
from rast_bench.run.slurm_jobs import JobStatus
from rast_bench.run.slurm_parse import array_ranges, parse_sacct, parse_squeue

CASES = json.loads((Path(__file__).parent / "data/scheduler.json").read_text())

COMMANDS = ("squeue", "sacct", "scancel", "scontrol", "sbatch", "srun")

Answer = Callable[..., None]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH without SLURM, and nothing said or remembered yet."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(slurm_jobs, "_warnings", slurm_jobs._Warnings())
    monkeypatch.setattr(slurm_jobs, "_accounting", slurm_jobs._Accounting())
    return folder


@pytest.fixture
def answer(commands: Path) -> Answer:
    """answer(command, out, error=…, code=…, sleep=…) makes a command, which logs its calls."""

    def make(command: str, out: str = "", error: str = "", code: int = 0, sleep: float = 0) -> None:
        (commands / f"{command}.out").write_text(out)
        (commands / f"{command}.err").write_text(error)
        script = commands / command
        script.write_text(
            "#!/bin/sh\n"
            f'echo "{command} $*" >> "{commands}/calls"\n'
            f'/usr/bin/env > "{commands}/{command}.environment"\n'
            f"/bin/cat {commands}/{command}.out\n"
            f"/bin/cat {commands}/{command}.err >&2\n"
            + (f"exec /bin/sleep {sleep}\n" if sleep else "")
            + f"exit {code}\n"
        )
        script.chmod(0o755)

    return make


def calls(commands: Path) -> list[str]:
    path = commands / "calls"
    return path.read_text().splitlines() if path.exists() else []


def plain(states: dict[str, JobStatus]) -> dict[str, list[str]]:
    return {job: [status.state, status.reason] for job, status in states.items()}


@pytest.mark.parametrize("case", CASES["squeue"], ids=lambda case: case["text"])
def test_what_squeue_prints(case: dict[str, Any]) -> None:
    assert plain(parse_squeue(case["text"])) == case["states"]


@pytest.mark.parametrize("case", CASES["sacct"], ids=lambda case: case["text"])
def test_what_sacct_prints(case: dict[str, Any]) -> None:
    assert plain(parse_sacct(case["text"])) == case["states"]


@pytest.mark.parametrize("case", CASES["max_array_size"], ids=lambda case: case["text"])
def test_the_largest_array(case: dict[str, Any], answer: Answer) -> None:
    answer("scontrol", case["text"])
    assert slurm_jobs.max_array_size() == case["size"]


@pytest.mark.parametrize("case", CASES["array_ranges"], ids=lambda case: str(case["jobs"]))
def test_elements_of_an_array_are_named_together(case: dict[str, Any]) -> None:
    assert array_ranges(case["jobs"]) == case["ranges"]


def test_squeue_is_enough_while_it_knows_all(commands: Path, answer: Answer) -> None:
    answer("squeue", "4_0|RUNNING|None\n4_1|PENDING|Resources\n9|FAILED|NonZeroExitCode\n")
    answer("sacct", error="never asked", code=1)
    assert plain(slurm_jobs.job_states(["4_0", "4_1", "9"])) == {
        "4_0": ["running", "RUNNING"],
        "4_1": ["queued", "Resources"],
        "9": ["failed", "FAILED NonZeroExitCode"],
    }
    (call,) = calls(commands)
    assert call.endswith("--jobs=4,9")


def test_sacct_knows_what_squeue_has_forgotten(
    commands: Path, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    answer("squeue", "4_1|RUNNING|None\n")
    answer("sacct", "4_0|CANCELLED by 1000\n4_1|RUNNING\n9|TIMEOUT\n")
    assert plain(slurm_jobs.job_states(["4_0", "4_1", "9", "12"])) == {
        "4_0": ["cancelled", "CANCELLED by 1000"],
        "4_1": ["running", "RUNNING"],
        "9": ["timeout", "TIMEOUT"],
        "12": ["unknown", "SLURM does not answer"],
    }
    assert calls(commands)[1].endswith("--jobs=4,9,12")
    assert slurm_jobs.job_states(["4_0", "9"])["4_0"].state == "cancelled"
    assert [call.split()[0] for call in calls(commands)] == ["squeue", "sacct", "squeue"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("controller", ["up", "down"])
def test_a_job_that_ended_may_be_requeued(controller: str, answer: Answer) -> None:
    if controller == "up":
        answer("squeue", "")
    else:
        answer("squeue", error="Unable to contact slurm controller", code=1)
    answer("sacct", "9|FAILED\n")
    assert slurm_jobs.job_states(["9"])["9"].state == "failed"
    answer("squeue", "9|PENDING|BeginTime\n")
    assert slurm_jobs.job_states(["9"])["9"].state == "queued"


def test_an_end_seen_without_the_controller_is_asked_for_again(answer: Answer) -> None:
    """In between the job may have been requeued, and ended otherwise."""
    answer("squeue", error="Unable to contact slurm controller", code=1)
    answer("sacct", "9|FAILED\n")
    assert slurm_jobs.job_states(["9"])["9"].state == "failed"
    answer("squeue", "")
    answer("sacct", "9|COMPLETED\n")
    assert slurm_jobs.job_states(["9"])["9"].state == "ended"


def test_one_job_that_squeue_has_forgotten_is_no_failure(
    answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one job alone squeue says so by an exit code, of several by leaving them out."""
    answer("squeue", error="slurm_load_jobs error: Invalid job id specified", code=1)
    answer("sacct", "9|COMPLETED\n")
    assert plain(slurm_jobs.job_states(["9"])) == {"9": ["ended", "COMPLETED"]}
    assert capsys.readouterr().err == ""


def test_accounting_that_missed_a_jobs_end_is_not_believed(answer: Answer) -> None:
    answer("squeue", "")
    answer("sacct", "9|RUNNING\n")
    (status,) = slurm_jobs.job_states(["9"]).values()
    assert status.state == "unknown"
    assert "sacct: RUNNING" in status.reason


def test_sacct_stands_in_for_a_controller_that_is_down(
    answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    error = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    answer("squeue", error=error, code=1)
    answer("sacct", "9|RUNNING\n")
    for _ in range(3):
        assert plain(slurm_jobs.job_states(["9"])) == {"9": ["running", "RUNNING"]}
    assert capsys.readouterr().err == f"warning: squeue failed: {error}; asking sacct\n"


def test_without_accounting_jobs_are_unknown_and_it_is_said_once(
    commands: Path, answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    answer("squeue", "4_1|RUNNING|None\n")
    answer("sacct", error="Slurm accounting storage is disabled\n", code=1)
    for _ in range(3):
        states = slurm_jobs.job_states(["4_0", "4_1"])
        assert (states["4_0"].state, states["4_1"].state) == ("unknown", "running")
    assert capsys.readouterr().err == (
        "warning: sacct failed: Slurm accounting storage is disabled; "
        "the state of jobs that squeue has forgotten is unknown\n"
    )
    assert [call.split()[0] for call in calls(commands)].count("sacct") == 1


def test_accounting_is_asked_again_after_a_rest(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_jobs, "REST_SECONDS", 0.0)
    answer("squeue", "")
    answer("sacct", error="Connection refused", code=1)
    assert slurm_jobs.job_states(["9"])["9"].state == "unknown"
    answer("sacct", "9|COMPLETED\n")
    assert slurm_jobs.job_states(["9"])["9"].state == "ended"


def test_nothing_hangs(
    answer: Answer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slurm_jobs, "ANSWER_SECONDS", 0.3)
    for command in COMMANDS:
        answer(command, sleep=3600)
    begin = time.monotonic()
    assert slurm_jobs.job_states(["9"])["9"].state == "unknown"
    assert slurm_jobs.max_array_size() is None
    assert time.monotonic() - begin < 600
    assert capsys.readouterr().err.count("no answer within 0.3 s") == 2


@pytest.mark.usefixtures("commands")
def test_a_machine_without_slurm(capsys: pytest.CaptureFixture[str]) -> None:
    assert slurm_jobs.job_states(["9", "4_0"]) == dict.fromkeys(
        ["9", "4_0"], JobStatus("unknown", "SLURM does not answer")
    )
    assert capsys.readouterr().err.count("No such file or directory") == 2
    assert slurm_jobs.max_array_size() is None
    assert not slurm_jobs.slurm_installed()
    with pytest.raises(ConfigError, match="sbatch") as caught:
        slurm_jobs.require_slurm()
    assert "hydra/launcher=local" in (caught.value.hint or "")


def test_a_machine_with_slurm(answer: Answer) -> None:
    answer("sbatch")
    assert not slurm_jobs.slurm_installed()
    answer("srun")
    slurm_jobs.require_slurm()


def test_what_is_no_job_is_not_asked_for(commands: Path, answer: Answer) -> None:
    """squeue would refuse the whole question."""
    answer("squeue", "9|RUNNING|None\n")
    states = slurm_jobs.job_states(["", "9", "DebugJob#1", "4_"])
    assert [status.state for status in states.values()] == [
        "unknown",
        "running",
        "unknown",
        "unknown",
    ]
    assert calls(commands)[0].endswith("--jobs=9")
    assert slurm_jobs.job_states([]) == {}
    assert len(calls(commands)) == 1


def test_a_users_own_filters_do_not_hide_jobs(
    commands: Path, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUEUE_PARTITION", "other")
    monkeypatch.setenv("SLURM_CLUSTERS", "alpha")
    answer("squeue", "9|RUNNING|None\n")
    slurm_jobs.job_states(["9"])
    seen = (commands / "squeue.environment").read_text()
    assert "SQUEUE_PARTITION" not in seen
    assert "SLURM_CLUSTERS=alpha" in seen


def test_cancel(commands: Path, answer: Answer) -> None:
    answer("scancel")
    slurm_jobs.cancel([])
    slurm_jobs.cancel(["4_0", "4_1", "9", "4_3"])
    assert calls(commands) == ["scancel --quiet 4_[0-1,3] 9"]


def test_cancelling_what_has_ended_is_fine(answer: Answer) -> None:
    lines = [
        "scancel: error: Kill job error on job id 9: Invalid job id specified",
        "scancel: error: Kill job error on job id 4: Job/step already completing or completed",
    ]
    answer("scancel", error="\n".join(lines), code=1)
    slurm_jobs.cancel(["9", "4"])


@pytest.mark.parametrize("kind", ["refused", "slow", "missing"])
def test_cancelling_that_fails_is_said(
    kind: str, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "scancel: error: Kill job error on job id 9: Invalid job id specified\n"
    if kind == "refused":
        answer("scancel", error=f"{gone}scancel: error: 4: Access/permission denied\n", code=1)
    elif kind == "slow":
        monkeypatch.setattr(slurm_jobs, "CANCEL_SECONDS", 0.3)
        answer("scancel", sleep=3600)
    with pytest.raises(RastBenchError, match="the jobs are not cancelled: ") as caught:
        slurm_jobs.cancel(["4_0", "4_1", "9"])
    assert caught.value.hint == "try again: scancel 4 9"
    if kind == "refused":
        assert "denied" in caught.value.message


DOWN = "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            "sbatch: error: Batch job submission failed: Unable to contact slurm controller\n",
            "no SLURM controller can be reached from here: Batch job submission failed: Unable to "
            "contact slurm controller",
        ),
        (
            "sbatch: error: s_p_parse_file: cannot stat file /no/slurm_jobs.conf\n"
            "sbatch: fatal: Unable to process configuration file\n",
            "no SLURM controller can be reached from here: s_p_parse_file: cannot stat file "
            "/no/slurm_jobs.conf; Unable to process configuration file",
        ),
        (
            "sbatch: error: You must say --account.\nsbatch: error: Unspecified error\n",
            "sbatch refuses the job: You must say --account.; Unspecified error",
        ),
    ],
)
def test_what_sbatch_says_is_one_line(
    error: str, message: str, answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer("srun")
    answer("sbatch", error=error, code=1)
    argv = ["delta=tiny-xs", "dataset=tiny-easy", "dataset.limit=2", f"results_dir={tmp_path}/r"]
    assert main(["run", *argv, "hydra/launcher=slurm", "launcher.gpus=0"]) == 2
    line, hint = capsys.readouterr().err.splitlines()
    assert line == f"error: {message}"
    assert hint.startswith("hint: ")
    assert not list((tmp_path / "r/launches").iterdir())


@pytest.mark.usefixtures("checked_keys")
def test_cancelling_without_a_controller_claims_nothing(
    answer: Answer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No worker has written anything, and nobody says whether they wait."""
    launch = launch_of([make_cell(tmp_path)], tmp_path, workers=1, cluster="slurm")
    launch.write_jobs({0: "7_0"})
    answer("squeue", error=DOWN, code=1)
    answer("sacct", error="Slurm accounting storage is disabled\n", code=1)
    with pytest.raises(RastBenchError) as caught:
        cancel(launch)
    assert caught.value.message == (
        "no SLURM controller can be reached from here: Unable to contact slurm controller "
        "(connect failure)"
    )
    assert "scontrol ping" in str(caught.value.hint)
    assert capsys.readouterr() == ("", "")
    writer = HeartbeatWriter(launch.heartbeats, 0, "7_0")
    writer.open()
    writer.close("done")
    assert cancel(launch) == 0  # that much is known without SLURM
    assert "has already ended" in capsys.readouterr().err
