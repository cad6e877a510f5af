"""Launchers against one process per core: the arithmetic on made-up runs, then once for real."""

import json
from pathlib import Path
from typing import Any

import launcher_throughput
import pytest
from launcher_throughput import (
    check_equal_work,
    failed,
    main,
    parse,
    render,
    samples_per_second,
    summary,
)

from rast_bench.errors import EngineError
from rast_bench.hardware import usable_cores


def test_a_rate_begins_with_the_first_sample_of_any_process() -> None:
    assert samples_per_second([10.5, 11.0, 10.0, 12.0]) == pytest.approx(3 / 2)


def measured(**changed: Any) -> dict[str, Any]:
    def run(rate: float, **more: Any) -> dict[str, Any]:
        made = {"samples_per_second": rate, "tokens": 9, "tokens_sha256": "0", "samples": 60}
        return {**made, "workers": 2, "threads": [1], **more}

    return {
        "settings": {"cores": 2, "repeats": 2},
        "environment": {"cpu": {"model": "a processor"}},
        "without": {},
        "yardstick": [run(100.0), run(200.0)],
        "runs": {"local": [run(90.0), run(190.0)], "slurm": [run(4.0), run(9.0, threads=[2])]},
        **changed,
    }


def test_a_loss_of_threads_is_seen() -> None:
    result = measured()
    found = result | summary(result)
    assert found["share_of_one_process_per_core"]["local"]["min"] == 0.9
    assert found["share_of_one_process_per_core"]["slurm"]["max"] == 0.045
    table = render(found)
    assert "| one process per core | 150 (100 to 200) | 1 | 2 × 1 |" in table
    assert "| slurm | 6 (4 to 9) | 0.04 (0.04 to 0.04) | 2 × 2 |" in table
    assert "\nmet: local: at least 0.5" in table
    assert "\nNOT met: slurm: at least 0.5" in table
    assert failed(found) == 1


@pytest.mark.parametrize(("place", "changed"), [("yardstick", "tokens"), ("runs", "tokens_sha256")])
def test_unequal_work_is_refused(place: str, changed: str) -> None:
    result = measured()
    check_equal_work(result)
    (result["yardstick"] if place == "yardstick" else result["runs"]["slurm"])[1][changed] = 8
    with pytest.raises(EngineError, match="tokens" if place == "runs" else "other work"):
        check_equal_work(result)


def test_quick_is_small_and_once() -> None:
    options = parse(["--quick"])
    assert (options.problems, options.samples, options.repeats) == (40, 8, 1)
    assert options.cores == usable_cores()


def test_for_real_where_there_is_no_slurm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher_throughput, "obstacle", lambda: "not installed: sbatch")
    out = tmp_path / "report.json"
    small = ("--problems", "2", "--samples", "2", "--repeats", "1", "--ways", "local", "slurm")
    main([*small, "--cores", "1", "--out", str(out)])  # so few samples say nothing of the aim
    result = json.loads(out.read_text())
    (run,) = result["runs"]["local"]
    assert run["samples"] == result["yardstick"][0]["samples"] == 4 * 2 * 2
    assert run["workers"] == usable_cores()
    assert run["threads"] == [1]
    assert "not measured: slurm: not installed: sbatch" in capsys.readouterr().out
