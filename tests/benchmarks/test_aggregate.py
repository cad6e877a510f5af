"""The aggregation benchmark on a hundredth of its size: made-up ledger, table, measurements."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from aggregate import main
from aggregation.measured import run_measured
from aggregation.responses import SHARD_ROWS, answer_book, cell_tables
from aggregation.table1 import DATASETS, ROWS


def test_full_size_is_that_of_table_1() -> None:
    assert len(ROWS) * len(DATASETS) == 72
    assert len(ROWS) * sum(DATASETS.values()) * 32 == 1_198_080


def test_responses_have_the_statistics_that_they_are_made_for() -> None:
    problems, samples = 600, 32
    rng = np.random.default_rng(0)
    ids = [f"p{i}" for i in range(problems)]
    book = answer_book(problems, rng)
    tables = list(cell_tables(ids, book, samples, 0.6, rng))
    assert [judged.num_rows for _, judged in tables] == [SHARD_ROWS, 19_200 - SHARD_ROWS]
    verdicts = [row for _, judged in tables for row in judged.to_pylist()]
    assert {(row["problem_id"], row["sample_index"]) for row in verdicts} == {
        (name, index) for name in ids for index in range(samples)
    }
    kinds = np.array([row["kind"] for row in verdicts])
    assert (kinds == "correct").mean() == pytest.approx(0.6 * 0.949, abs=0.05)
    assert (kinds == "truncated").mean() == pytest.approx(0.03, abs=0.005)
    for row in verdicts:
        assert (row["extracted"] is None) == (row["kind"] in ("unparsed", "truncated"))
        gold = book.gold[int(row["problem_id"][1:])]
        assert (row["extracted"] == gold) == (row["kind"] == "correct")
    texts = [text for made, _ in tables for text in made["text"].to_pylist()]
    assert np.mean([len(text) for text in texts]) == pytest.approx(1_080, rel=0.08)


def test_a_small_table_from_ledger_to_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "aggregate.json"
    arguments = ["--samples", "4", "--share", "0.01", "--repeats", "1", "--out", str(out)]
    assert main([*arguments, "--folder", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "| table | wall seconds |" in printed
    result = json.loads(out.read_text())
    assert f"72 cells, {result['verdicts']:,} verdicts" in printed
    assert result["verdicts"] == 12 * 4 * sum(max(2, round(n * 0.01)) for n in DATASETS.values())
    for name in ("first", "again"):
        (run,) = result["runs"][name]
        assert run["cpu_seconds"] > 0
        assert 50e6 < run["peak_bytes"] < 2e9
    assert [path.name for path in tmp_path.iterdir()] == ["aggregate.json"]


def test_measured_memory_and_time(tmp_path: Path) -> None:
    code = "import time; held = bytearray(200_000_000); time.sleep(0.2); raise SystemExit(3)"
    run = run_measured([sys.executable, "-c", code], tmp_path / "out")
    assert run.exit_code == 3
    assert run.seconds >= 0.2
    assert 200e6 < run.peak_bytes < 400e6
