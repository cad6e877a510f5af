"""The parts of gpu_check that need no card: what it plans, says, keeps and refuses."""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rast_bench.errors import EngineError

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import gpu_check

    return gpu_check


@pytest.fixture
def measured(check: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the jobs that are measured, in order, by a stand-in."""
    from gpu_checks.job import Outcome

    names: list[str] = []

    def run(job: Any, _place: Any) -> Any:
        names.append(job.name)
        outcome = Outcome()
        outcome.check("always", 0.0, 1.0)
        return outcome

    monkeypatch.setattr(check, "check_place", lambda _options: {})
    stand_ins = dict.fromkeys(check.MEASURE, SimpleNamespace(run=run))
    monkeypatch.setattr(check, "MEASURE", stand_ins)
    return names


def test_without_a_card_it_ends_with_one_line_and_a_hint(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert check.main(["--out", str(tmp_path / "report.json")]) == 2
    error = capsys.readouterr().err.splitlines()
    assert error[0] == "error: no NVIDIA card that PyTorch can use"
    assert error[1].startswith("hint:") and "--device cpu --quick" in error[1]
    assert len(error) == 2
    assert not (tmp_path / "report.json").exists()


def test_a_cpu_is_for_trying_out_only(
    check: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main(["--device", "cpu", "--out", str(tmp_path / "report.json")]) == 2
    assert "hint: add --quick" in capsys.readouterr().err


def test_what_is_no_report_is_not_overwritten(
    check: Any, measured: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "notes.json"
    out.write_text('{"runs": 3}')
    assert check.main(["--out", str(out)]) == 2
    assert f"error: {out} is no report" in capsys.readouterr().err
    assert out.read_text() == '{"runs": 3}'
    assert measured == []


def test_several_calls_fill_one_report(
    check: Any, measured: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from gpu_checks.plan import jobs

    out = tmp_path / "bench" / "report.json"
    assert check.main(["--only", "throughput", "--out", str(out)]) == 0
    throughput = list(measured)
    assert throughput == [j.name for j in jobs("cuda", quick=False) if j.part == "throughput"]
    assert check.main(["--missing", "--out", str(out)]) == 0
    assert sorted(measured) == sorted(job.name for job in jobs("cuda", quick=False))
    result = json.loads(out.read_text())
    assert sorted(result["jobs"]) == sorted(measured)
    assert {result["jobs"][name]["run"] for name in throughput} == {0}
    assert set(result["seconds"]) == {"exactness", "throughput", "speculation"}
    assert [run["command"].split()[2] for run in result["runs"]] == ["--only", "--missing"]
    assert "not run" not in capsys.readouterr().out.splitlines()[-1]


def test_no_job_starts_that_would_outlast_the_budget(
    check: Any, measured: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--only", "throughput", "--budget-minutes", "7", "--out", str(tmp_path / "r")]
    assert check.main(arguments) == 0
    assert measured == ["throughput-7B-1.5B", "throughput-14B-7B"]
    shown = capsys.readouterr()
    assert "not run  throughput-32B-7B" in shown.out
    assert "1 jobs not run yet: call again with --missing" in shown.err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("EngineError: speculation with draft_model: wrong distribution", "refused"),
        ("the engine's process ended with code -11: no output", "error"),
    ],
)
def test_an_engine_that_fails_is_a_line_of_the_report(
    check: Any,
    measured: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: str,
    status: str,
) -> None:
    from gpu_checks.engine_process import EngineProcessError

    def fail(_job: Any, _place: Any) -> Any:
        raise EngineProcessError(error)

    monkeypatch.setitem(check.MEASURE, "throughput", SimpleNamespace(run=fail))
    arguments = ["--only", "throughput", "exactness", "--out", str(tmp_path / "report.json")]
    assert check.main(arguments) == (status == "error")
    assert error in capsys.readouterr().out
    result = json.loads((tmp_path / "report.json").read_text())
    assert result["jobs"]["throughput-7B-1.5B"]["status"] == status
    assert len(measured) == len(result["jobs"]) - 3


def test_a_fault_of_ours_costs_one_job_and_keeps_its_trace(
    check: Any, measured: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_job: Any, _place: Any) -> Any:
        raise ZeroDivisionError("of ours")

    monkeypatch.setitem(check.MEASURE, "speculation", SimpleNamespace(run=fail))
    assert check.main(["--out", str(tmp_path / "report.json")]) == 1
    job = json.loads((tmp_path / "report.json").read_text())["jobs"]["speculation-speed-7B-1.5B"]
    assert job["error"] == "ZeroDivisionError('of ours')"
    assert "raise ZeroDivisionError" in job["trace"]
    assert measured


@pytest.mark.usefixtures("check")
@pytest.mark.parametrize(("device", "quick"), [("cuda", False), ("cuda", True), ("cpu", True)])
def test_every_planned_job_has_its_own_name(device: str, quick: bool) -> None:
    from gpu_checks.plan import PARTS, jobs

    planned = jobs(device, quick)
    assert len({job.name for job in planned}) == len(planned)
    assert {job.part for job in planned} == set(PARTS)
    if device == "cpu":
        assert {job.settings.get("runner", "v1") for job in planned} == {"v1"}


@pytest.mark.usefixtures("check")
def test_a_dead_engine_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gpu_checks.engine_process import EngineProcess, EngineProcessError, EngineSpec

    dying = tmp_path / "dying"
    dying.write_text("#!/bin/sh\necho 'out of memory' >&2\nexit 3\n")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    engine = EngineProcess(EngineSpec("model", None), tmp_path / "log", time.monotonic() + 60)
    with pytest.raises(EngineProcessError, match="ended with code 3: out of memory"), engine:
        pass


@pytest.mark.usefixtures("check")
def test_a_silent_engine_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gpu_checks import engine_process

    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 600\n")
    silent.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(silent))
    monkeypatch.setattr(engine_process, "SHUTDOWN_SECONDS", 0.1)
    spec = engine_process.EngineSpec("model", None)
    engine = engine_process.EngineProcess(spec, tmp_path / "log", deadline=0.0)
    with pytest.raises(engine_process.EngineProcessError, match="no answer"), engine:
        pass
    assert engine.process.returncode == -9


@pytest.mark.usefixtures("check")
def test_the_cause_of_an_engine_cores_death_is_found_in_its_log() -> None:
    from gpu_checks.engine_process import root_cause

    died = "RuntimeError: Engine core initialization failed. See root cause above."
    log = (
        "(EngineCore pid=7) ValueError: Model Runner V2 does not yet support: ngram\n"
        f"Traceback (most recent call last):\n{died}\n"
    )
    assert root_cause(died, log).endswith(
        "(ValueError: Model Runner V2 does not yet support: ngram)"
    )
    assert root_cause("KeyError: 'seed'", log) == "KeyError: 'seed'"


@pytest.mark.usefixtures("check")
def test_backends_are_read_off_the_log() -> None:
    from gpu_checks.engine_process import attention_backends

    log = (
        "INFO [cuda.py:423] Using FLASH_ATTN attention backend out of potential backends: "
        "['FLASH_ATTN', 'FLASHINFER']\nINFO Using AttentionBackendEnum.TRITON_ATTN backend.\n"
        "INFO Using FLASHINFER attention backend\nINFO Using V2 Model Runner\n"
    )
    assert attention_backends(log) == ["FLASHINFER", "FLASH_ATTN", "TRITON_ATTN"]


@pytest.mark.usefixtures("check")
def test_a_card_that_is_too_small_is_told_before_anything_starts(tmp_path: Path) -> None:
    from gpu_checks import throughput
    from gpu_checks.job import Place
    from gpu_checks.plan import jobs

    (large,) = (job for job in jobs("cuda", quick=False) if job.name == "throughput-32B-7B")
    place = Place("cuda", False, tmp_path, tmp_path, deadline=0.0, memory_gib=79.6)
    with pytest.raises(EngineError, match="32B and twice 7B need about 101 GiB, the card has 80"):
        throughput.run(large, place)
