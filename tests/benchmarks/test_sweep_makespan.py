"""The comparison of ways to run a sweep: its arithmetic on made-up runs, then once for real."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from makespan.sweep import AXES, Sweep
from makespan.warm_work import BLOCK, share
from makespan.ways import OURS, PLAIN, SUBMITIT, Place, call, read_loads
from sweep_makespan import check_equal_work, main, parse, render, summary, sweep_of, turn

from rast_bench.config.frontend import jobs_of_command_line
from rast_bench.errors import EngineError
from rast_bench.pipeline import plan_jobs
from rast_bench.planning.cells import group_cells

SMALL = (
    *("--base_model", "tiny-s", "--decoding.lambda", "0.5", "1.0", "--decoding.temperature", "1.0"),
    *("--problems", "2", "--samples", "2", "--repeats", "1", "--slots", "1"),
)


def test_the_sweep_is_24_cells_in_two_engine_groups() -> None:
    sweep = sweep_of(parse([]))
    together = planned(sweep.multirun())
    one_by_one = [cell for words in sweep.cells() for cell in planned(words)]
    assert len(together) == len(sweep.cells()) == 24
    assert [cell.cell_id for cell in together] == [cell.cell_id for cell in one_by_one]
    assert len({cell.cell_id for cell in together}) == 24
    assert len(group_cells(together)) == 2
    assert {cell.wanted for cell in together} == {100 * 16}


def planned(words: list[str]) -> list[Any]:
    return [cell for job in plan_jobs(jobs_of_command_line(words)) for cell in job.planned]


def test_parts_of_the_work_hold_every_request_once() -> None:
    requests: Any = list(range(5 * BLOCK + 3))
    parts = [share(requests, part, 2) for part in range(2)]
    assert sorted(parts[0] + parts[1]) == requests
    assert parts[1][:BLOCK] == requests[BLOCK : 2 * BLOCK]
    assert share(requests, 0, 1) == requests


def test_another_way_begins_each_time() -> None:
    assert [turn("abc", repeat)[0] for repeat in range(4)] == ["a", "b", "c", "a"]
    assert sorted(turn("abc", 2)) == ["a", "b", "c"]


def one_run(makespan: float, loads: int, **changed: Any) -> dict[str, Any]:
    made = {"cells": 24, "samples": 40, "tokens": 1000, "tokens_sha256": "0"}
    return {"makespan": makespan, "engine_loads": loads, **made, **changed}


def measured(**changed: Any) -> dict[str, Any]:
    work = {"seconds": 100.0, "samples": 40, "tokens": 1000}
    return {
        "cells": 24,
        "settings": {"slots": 2, "repeats": 2},
        "environment": {"cpu": {"model": "a processor"}},
        "work_of_one_process_alone": work | {"seconds": 80.0},
        "work": [work, work | {"seconds": 120.0}],
        "runs": {
            PLAIN: [one_run(150, 24), one_run(180, 24)],
            SUBMITIT: [one_run(200, 24), one_run(200, 24)],
            OURS: [one_run(55, 3), one_run(72, 4)],
        },
        **changed,
    }


def test_ratios_pair_repetitions() -> None:
    result = measured()
    found = summary(result, slots=2)
    assert found["ideal_seconds"] == {"min": 50.0, "median": 55.0, "max": 60.0}
    assert found["ideal_seconds_of_slots_that_do_not_slow_each_other"] == 40.0
    assert found["makespan_over_ideal"][OURS] == {
        "min": 55 / 50,
        "median": pytest.approx(1.15),
        "max": 72 / 60,
    }
    assert found["makespan_over_ours"][PLAIN]["max"] == 150 / 55
    assert found["engine_loads_over_ours"][SUBMITIT]["min"] == 6
    assert list(found["aims"].values()) == [True, True]
    table = render(result | found)
    assert f"| {OURS} | 63.5 (55.0 to 72.0) | 1.15 (1.10 to 1.20) | 4 (3 to 4) | – | – |" in table
    assert "\nmet: makespan within 1.2 of the ideal" in table


def test_missed_aims_are_said() -> None:
    runs = {PLAIN: [one_run(150, 24)] * 2, OURS: [one_run(90, 6)] * 2}
    result = measured(runs=runs)
    table = render(result | summary(result, slots=2))
    assert "NOT met: makespan within 1.2 of the ideal" in table
    assert "NOT met: at least 5 times fewer engine loads" in table


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"cells": 23}, "left cells out"),
        ({"tokens_sha256": "1"}, "different tokens"),
        ({"tokens": 999}, "other work"),
    ],
)
def test_unequal_work_is_refused(changed: dict[str, Any], reason: str) -> None:
    check_equal_work(measured())
    result = measured()
    result["runs"][OURS][1].update(changed)
    with pytest.raises(EngineError, match=reason):
        check_equal_work(result)


def test_a_failed_command_says_its_last_lines(tmp_path: Path) -> None:
    program = "import sys; print('first\\n' * 9 + 'last', file=sys.stderr); sys.exit(3)"
    with pytest.raises(EngineError, match=r"(?ms)exit code 3 .*\nlast$"):
        call([sys.executable, "-c", program], Place(tmp_path, 1))


def test_no_log_is_no_load(tmp_path: Path) -> None:
    assert read_loads(Place(tmp_path, 1).load_log) == []


def test_two_ways_for_real(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a process per cell, which tests/e2e starts often enough."""
    out = tmp_path / "report.json"
    assert main([*SMALL, "--ways", SUBMITIT, OURS, "--out", str(out)]) == 0
    table = capsys.readouterr().out
    result = json.loads(out.read_text())
    runs = {name: run for name, (run,) in result["runs"].items()}
    assert {run["samples"] for run in runs.values()} == {2 * 2 * 2}
    assert runs[SUBMITIT]["engine_loads"] == runs[SUBMITIT]["processes_with_engine"] == 2
    assert runs[OURS]["engine_loads"] == 1
    assert result["work"][0]["samples"] == 8
    assert "the same tokens from all ways" in table


def test_axes_keep_the_engine_but_for_the_base_model() -> None:
    one = Sweep("tiny-easy", 1, 1, AXES | {"base_model": ("tiny-s",)})
    assert len(group_cells(planned(one.multirun()))) == 1
