"""The grading benchmark and the check against recorded verdicts, on a few made-up responses."""

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    ("math500", "7", r"so \boxed{7}", True, True),
    ("math500", "7", r"so \boxed{8}", False, False),
    ("math500", "x^2+2x+1", r"so \boxed{(x+1)^2}", True, True),
    ("gsm8k", "100", "The answer is 1.", True, False),
    ("gsm8k", "12", "She has 12 left.", True, True),
]
FIELDS = ("dataset", "gold", "response", "simplerl_correct", "math_verify_correct")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    lines = [json.dumps(dict(zip(FIELDS, row, strict=True))) for row in ROWS]
    (tmp_path / "grader_dev.jsonl").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def cores() -> Iterator[None]:
    """The benchmark ties its process to one core; the tests after it want theirs back."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


def script(path: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"{Path(path).stem}_script", ROOT / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("cores")
def test_all_ways_are_timed_side_by_side(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = corpus / "bench" / "grading.json"
    arguments = ["--data-dir", str(corpus), "--repeats", "1", "--out", str(out)]
    assert script("benchmarks/grading.py").main(arguments) == 0
    table = capsys.readouterr().out
    assert "5 responses, one core" in table
    assert "verdicts changed by the fast paths: simplerl 0, robust 0" in table
    result = json.loads(out.read_text())
    assert result["verdicts"]["simplerl"] == {"correct": 4, "wrong": 1}
    assert result["verdicts"]["robust"] == {"correct": 3, "wrong": 2}
    assert result["verdicts"]["math-verify"] == {"correct": 3, "wrong": 2}
    assert result["ratio"]["math-verify"] == {"min": 1, "median": 1, "max": 1}
    for name, seconds in result["seconds"].items():
        fastest = 5 / min(each["cpu"] for each in seconds)
        assert result["pairs_per_second"][name]["max"] == pytest.approx(fastest)


def test_agreement_overall_and_on_each_set(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = script("scripts/check_graders.py")
    assert check.main(["--data-dir", str(corpus), "--workers", "1"]) == 0
    table = capsys.readouterr().out
    assert "| all | 5 | 100.00% | 100.00% | 80.00% | 80.00% |" in table
    assert "| gsm8k | 2 | 100.00% | 100.00% | 50.00% | 50.00% |" in table
    assert "| all | 80.00% | 80.00% | 60.00% | 60.00% |" in table


def test_too_little_agreement_is_an_exit_code(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = corpus / "grader_dev.jsonl"
    path.write_text(
        path.read_text().replace('"simplerl_correct": false', '"simplerl_correct": true')
    )
    arguments = ["--data-dir", str(corpus), "--workers", "1", "--show"]
    assert script("scripts/check_graders.py").main(arguments) == 1
    assert "math500: wrong, SimpleRL correct: gold '7', answer '8'" in capsys.readouterr().out


@pytest.mark.parametrize("path", ["benchmarks/grading.py", "scripts/check_graders.py"])
@pytest.mark.usefixtures("cores")
def test_a_missing_corpus_is_one_clear_line(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script(path).main(["--data-dir", str(tmp_path)]) == 2
    assert f"error: cannot read {tmp_path}/grader_dev.jsonl" in capsys.readouterr().err
