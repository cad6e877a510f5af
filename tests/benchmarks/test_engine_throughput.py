"""The throughput benchmark on the smallest models, once: what it prints and saves."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SMALLEST = (
    *("--base-model", "zoo:tiny-s/base", "--rl", "zoo:tiny-xs/rl-0"),
    *("--small-base", "zoo:tiny-xs/base", "--rows", "1", "4", "--samples", "4"),
    *("--least-samples", "2", "--loop-samples", "2", "--repeats", "2", "--max-tokens", "6"),
)


@pytest.fixture
def benchmark_main(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import engine_throughput

    threads = torch.get_num_threads()
    yield engine_throughput.main
    torch.set_num_threads(threads)


def test_loop_and_engine_side_by_side(
    benchmark_main: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench" / "speed.json"
    assert benchmark_main([*SMALLEST, "--out", str(out)]) == 0
    table = capsys.readouterr().out
    for line in ("| one prompt at a time |", "| engine, 1 row |", "| engine, 4 rows |"):
        assert line in table
    result = json.loads(out.read_text())
    assert "--rows 1 4" in result["command"]
    assert result["environment"]["versions"]["torch"] == torch.__version__
    assert result["equal_outcomes"] == [1.0, 1.0]
    assert [run["samples"] for run in result["loop"]] == [2, 2]
    assert [run["samples"] for run in result["engine"]["4"]] == [4, 4]
    for rows, ratio in result["ratio"].items():
        quotients = sorted(
            ours["samples_per_second"] / plain["samples_per_second"]
            for ours, plain in zip(result["engine"][rows], result["loop"], strict=True)
        )
        assert [ratio["min"], ratio["max"]] == pytest.approx(quotients)
        assert ratio["median"] == pytest.approx(sum(quotients) / 2)


def test_a_missing_model_is_one_clear_line(
    benchmark_main: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert benchmark_main([*SMALLEST, "--base-model", "zoo:tiny-z/base"]) == 2
    assert "error: model zoo:tiny-z/base" in capsys.readouterr().err
