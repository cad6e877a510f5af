"""gpu_kit's miniature, whole, where only PyTorch and transformers are installed."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HARNESS_ONLY = (  # what a machine with PyTorch and transformers may lack
    "accelerate", "datasets", "hydra", "matplotlib", "math_verify", "omegaconf", "pandas", "pebble",
    "pyarrow", "pydantic", "rast_bench", "rich", "simplemma", "submitit", "vllm",
)  # fmt: skip


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Installed packages without the harness's own."""
    spec = find_spec("torch")
    assert spec is not None and spec.origin is not None
    folder = tmp_path / "bare"
    folder.mkdir()
    for entry in Path(spec.origin).parents[1].iterdir():
        name = entry.name.lstrip("_").lower()
        if entry.suffix != ".pth" and not name.startswith(HARNESS_ONLY):
            (folder / entry.name).symlink_to(entry)
    return folder


def run_kit(bare: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """As `python benchmarks/gpu_kit.py` from a checkout that is not installed."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{bare}:{ROOT}",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "TORCHINDUCTOR_VEC_ISA_OK": "1",  # as in vllm_environment.py
    }
    script = ROOT / "benchmarks" / "gpu_kit.py"
    python = Path(sys.executable).resolve()  # not the virtual environment's, which adds its own
    command = [str(python), "-S", str(script), "--device", "cpu", "--out", str(out)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_every_part_runs_without_the_harness(bare: Path, tmp_path: Path) -> None:
    out = tmp_path / "bench" / "kit.json"
    done = run_kit(bare, out)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    jobs = result["jobs"]
    assert {name: job["status"] for name, job in jobs.items()} == dict.fromkeys(
        ("engine-tiny", "step-miniature-miniature-small", "sampling", "engine-qwen2"), "passed"
    )
    (call,) = result["runs"]
    assert "pydantic" not in call["environment"]["versions"]
    assert {"torch", "transformers"} <= call["environment"]["versions"].keys()
    engine = jobs["engine-qwen2"]["data"]
    assert engine["float32"]["deviation"]["max"] == 0  # on a CPU it is the reference itself
    assert engine["float32"]["repeated_equal"] == engine["float32"]["requests"]
    assert 0 < engine["bfloat16"]["deviation"]["max"] < 1
    for entry in jobs["step-miniature-miniature-small"]["data"]["batches"].values():
        assert entry["plain"]["repeats_equal"] and entry["composed"]["repeats_equal"]
        assert entry["composed"]["weight_bytes"] > entry["plain"]["weight_bytes"]
        assert 0 < entry["parameter_bound"] < 1
    assert jobs["sampling"]["data"]["compiled"]["equal"] is True
    table = out.with_suffix(".md").read_text()
    assert table == done.stdout
    for sign in ("| qwen2 | bfloat16 |", "M + 2 S", "draw_tokens", "no CUDA graphs on CPUs"):
        assert sign in table


@pytest.fixture
def kit() -> Any:
    import gpu_kit

    return gpu_kit


@pytest.fixture
def measured(kit: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The parts that a stand-in measures, in order."""
    from gpu_checks.job import Outcome

    names: list[str] = []

    def run(settings: dict[str, Any], _device: str, _folder: Path) -> Any:
        names.append(settings.get("main") or settings.get("trio") or "sampling")
        return Outcome()

    monkeypatch.setattr(kit, "MEASURE", dict.fromkeys(kit.MEASURE, run))
    monkeypatch.setattr(kit, "render", lambda _result: "")
    monkeypatch.setattr(kit, "copy_bandwidth", lambda *_: 1e9)
    return names


def test_no_part_starts_that_would_outlast_the_budget(
    kit: Any,
    measured: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kit, "time", SimpleNamespace(monotonic=lambda: 0.0))  # however busy
    words = ["--device", "cpu", "--out", str(tmp_path / "kit.json"), "--budget-minutes", "0.5"]
    assert kit.main(words) == 0
    assert measured == ["tiny", "miniature", "qwen2"]
    assert "not measured: sampling; call again to go on" in capsys.readouterr().err


def test_an_interruption_keeps_what_is_finished(
    kit: Any, measured: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(kit.MEASURE, "sampling", interrupt)
    out = tmp_path / "kit.json"
    words = ["--device", "cpu", "--out", str(out)]
    assert kit.main(words) == 130
    assert set(json.loads(out.read_text())["jobs"]) == {
        "engine-tiny",
        "step-miniature-miniature-small",
    }
    monkeypatch.setitem(kit.MEASURE, "sampling", kit.MEASURE["step"])
    measured.clear()
    assert kit.main(words) == 0
    assert measured == ["sampling", "qwen2"]


def test_a_fault_costs_one_part_and_is_tried_again(
    kit: Any, measured: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("of ours")

    works = kit.MEASURE["step"]
    monkeypatch.setitem(kit.MEASURE, "step", fail)
    out = tmp_path / "kit.json"
    words = ["--device", "cpu", "--out", str(out)]
    assert kit.main(words) == 1
    job = json.loads(out.read_text())["jobs"]["step-miniature-miniature-small"]
    assert job["status"] == "error" and "raise ZeroDivisionError" in job["trace"]
    monkeypatch.setitem(kit.MEASURE, "step", works)
    measured.clear()
    assert kit.main(words) == 0
    assert measured == ["miniature"]


def test_one_report_tells_of_one_card(
    kit: Any, measured: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kit.json"
    out.write_text(json.dumps({"runs": [{"device": {"name": "NVIDIA H100"}}], "jobs": {}}))
    assert kit.main(["--device", "cpu", "--out", str(out)]) == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown == [
        f"error: {out} holds measurements of NVIDIA H100, this is CPU",
        "hint: give another --out",
    ]
    assert measured == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--only", "step-70B"], "error: --only step-70B: no such part here"),
        (["--device", "cuda"], "error: engine.device=cuda cannot be used"),
    ],
)
def test_what_cannot_be_measured_is_told_at_once(
    kit: Any,
    measured: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    error: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    out = tmp_path / "kit.json"
    assert kit.main(["--device", "cpu", *words, "--out", str(out)]) == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown[0].startswith(error) and shown[1].startswith("hint: ")
    assert not out.exists() and measured == []


def test_memory_that_ends_at_one_batch_ends_that_batch(
    kit: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """M + 2 S does not fit at batch 4; M there and all of batch 1 are still measured."""
    import torch
    from gpu_kit_parts import step

    run = step.time_step

    def narrow(models: list[Any], batch: int, positions: int, device: str) -> dict[str, Any]:
        if batch == 4 and len(models) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return run(models, batch, positions, device)

    monkeypatch.setattr(step, "time_step", narrow)
    out = tmp_path / "kit.json"
    assert kit.main(["--device", "cpu", "--only", "step", "--out", str(out)]) == 0
    (job,) = json.loads(out.read_text())["jobs"].values()
    batches = job["data"]["batches"]
    assert "composed" in batches["1"] and "told" not in batches["1"]
    assert "plain" in batches["4"] and "composed" not in batches["4"]
    assert batches["4"]["told"].startswith("composed: out of memory (")
    assert "batch 4, composed: out of memory" in out.with_suffix(".md").read_text()


def test_weights_without_room_are_told_by_their_size(
    kit: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch
    from gpu_kit_parts import step

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(step, "random_model", full)
    out = tmp_path / "kit.json"
    assert kit.main(["--device", "cpu", "--only", "step", "--out", str(out)]) == 0
    (job,) = json.loads(out.read_text())["jobs"].values()
    assert job["status"] == "refused"
    assert job["error"] == "0 GiB of weights do not fit on this card"


@pytest.mark.usefixtures("kit")
def test_a_step_that_no_graph_can_hold_runs_eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from gpu_kit_parts import step

    def refuse(_graph: object) -> None:
        raise RuntimeError("operation not permitted when stream is capturing\nmore")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", object)
    monkeypatch.setattr(torch.cuda, "graph", refuse)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    call, told = step.recorded("the step")  # type: ignore[arg-type]
    assert call == "the step"
    assert told == "no graph: operation not permitted when stream is capturing"


@pytest.mark.usefixtures("kit")
def test_on_a_card_everything_fits_into_six_minutes() -> None:
    from gpu_kit_parts.plan import parts

    planned = parts("cuda")
    assert len({part.name for part in planned}) == len(planned)
    assert sum(part.minutes for part in planned) <= 6
    mains = {part.settings["main"] for part in planned if part.kind == "step"}
    assert mains == {"1.5B", "7B", "14B", "32B"}
