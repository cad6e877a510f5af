"""The stages, run as a user runs them: `scripts/train_zoo.py --smoke`."""

import importlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rast_bench.zoo.build import curve_points, pending, stages
from rast_bench.zoo.recipe import FAMILIES, family

SCRIPT = Path(__file__).parents[2] / "scripts" / "train_zoo.py"


def command(folder: Path) -> list[str]:
    return [
        *(sys.executable, str(SCRIPT), "--smoke", "--workers", "1", "--family", "piles"),
        *("--out", str(folder / "out"), "--work", str(folder / "work")),
    ]


def weights(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("model.safetensors")
    }


def test_a_killed_run_goes_on_where_it_stopped_and_trains_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    process = subprocess.Popen(command(tmp_path), stderr=subprocess.DEVNULL)
    record = tmp_path / "work" / "base-tiny-xs.json"
    while not record.exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    base = weights(tmp_path)["out/weights/tiny-xs/base/model.safetensors"]

    monkeypatch.syspath_prepend(SCRIPT.parent)
    monkeypatch.setattr(sys, "argv", command(tmp_path)[1:])
    train = importlib.import_module(SCRIPT.stem).main
    train()  # in this process, which has imported PyTorch
    resumed = capsys.readouterr()
    assert resumed.out.strip().endswith("manifest-piles.json")
    assert "rl:tiny-xs:0 done" in resumed.err
    made = weights(tmp_path)
    assert len(made) == 2
    assert made["out/weights/tiny-xs/base/model.safetensors"] == base
    assert "out/weights/tiny-xs/rl-0/model.safetensors" in made
    manifest = json.loads(Path(resumed.out.strip()).read_text())
    assert [stage["stage"] for stage in manifest["stages"]] == ["base:tiny-xs", "rl:tiny-xs:0"]
    assert manifest["corpus"]["documents"] == 8

    train()
    assert weights(tmp_path) == made


def test_rl_waits_for_its_base() -> None:
    recipe = family()
    ready = pending(recipe, [])
    assert ready == [f"base:{name}" for name in ("tiny-l", "tiny-m", "tiny-s", "tiny-xs")]
    assert "rl:tiny-s:1" in pending(recipe, ["base:tiny-s"])
    assert pending(recipe, [stage for stage, _ in stages(recipe)]) == []


@pytest.mark.parametrize("name", FAMILIES)
def test_every_delta_source_has_two_rl_seeds_and_all_one_budget(name: str) -> None:
    recipe = FAMILIES[name]()
    assert [len(scale.rl_seeds) >= 2 for scale in recipe.scales[:-1]] == [True] * 3
    assert all(scale.shape.head_dim >= 32 for scale in recipe.scales)


def test_curve_points_are_window_means() -> None:
    points = curve_points({"loss": [4.0, 2.0, 1.0, 3.0, 5.0]}, every=2)
    assert points == [
        {"step": 2.0, "loss": 3.0},
        {"step": 4.0, "loss": 2.0},
        {"step": 5.0, "loss": 5.0},
    ]
