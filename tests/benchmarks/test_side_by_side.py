"""The comparison with another checkout, on the quickest of its commands."""

import json
from pathlib import Path

import pytest
from side_by_side import main

ROOT = Path(__file__).parents[2]


def test_a_checkout_beside_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.json"
    words = ["--before", str(ROOT), "--cases", "help", "--repeats", "1", "--out", str(out)]
    assert main(words) == 0
    assert "| rast-bench --help | " in capsys.readouterr().out
    case = json.loads(out.read_text())["cases"]["help"]
    (turn,) = case["turns"]
    assert turn["ratio"] == turn["after"]["cpu_seconds"] / turn["before"]["cpu_seconds"]
    assert turn["after"]["exit_code"] == 0


def test_without_the_other_checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--before", str(tmp_path)]) == 2
    assert "is no checkout\nhint: git worktree add" in capsys.readouterr().err
