"""Saved tables say where they come from, and are never replaced by smaller ones in silence."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from reporting_samples import rows

from rast_bench.reporting.origin import RECORD, SampleOrigin, stamped
from rast_bench.reporting.report import Report, build_report
from rast_bench.reporting.save import save_report

SAMPLES = SampleOrigin(("2026-11-02", "2026-11-04"), ("0123456789", "abc with changes"))


def report(problems: int = 200, samples: int = 32) -> Report:
    numbers = [
        replace(one, problems=one.problems and problems, samples=one.samples and samples)
        for one in rows()[1]
    ]
    return build_report("title", numbers, kinds=(), samples=SAMPLES)


def test_every_saved_text_says_its_command_date_and_commit(tmp_path: Path) -> None:
    paths = save_report(report(), tmp_path, "rast-bench table mine_1")
    tables = [path for path in paths if path.suffix in (".txt", ".md", ".tex")]
    assert len(tables) == 6
    for path in tables:
        text = path.read_text().replace("\\", "")
        assert re.search(r"by `+ ?rast-bench table mine_1 ?`", text)
        assert "Samples made 2026-11-02 to 2026-11-04 at commit 0123456789" in text
        assert "Table made 20" in text
    record = json.loads((tmp_path / RECORD).read_text())
    assert record["command"] == "rast-bench table mine_1"
    assert record["cells"] == {"0123456789abcdef": [200, 32]}
    assert record["samples"]["commits"] == ["0123456789", "abc with changes"]


def test_an_origin_is_no_part_of_what_is_printed() -> None:
    assert "Table made" not in report().terminal
    assert stamped("numbers.csv", "a,b\n", "origin") == "a,b\n"


@pytest.mark.parametrize(
    ("fewer", "name"),
    [
        ({"problems": 10}, "10-problems"),
        ({"samples": 4}, "4-samples"),
        ({"problems": 10, "samples": 4}, "10-problems-4-samples"),
    ],
)
def test_a_smaller_table_stands_beside_the_full_one(
    fewer: dict[str, int], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_report(report(), tmp_path, "full")
    before = (tmp_path / "table.md").read_text()
    paths = save_report(report(**fewer), tmp_path, "smaller")
    assert {path.parent for path in paths} == {tmp_path / name}
    assert (tmp_path / "table.md").read_text() == before
    assert f"these go to {tmp_path / name}" in capsys.readouterr().err


def test_a_fuller_table_replaces_a_smaller_one(tmp_path: Path) -> None:
    save_report(report(10), tmp_path, "smaller")
    paths = save_report(report(), tmp_path, "full")
    assert {path.parent for path in paths} == {tmp_path}
    assert "by `full`" in (tmp_path / "table.txt").read_text()


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3}', '{"cells": {"x": []}}'])
def test_a_record_that_cannot_be_read_stands_in_nobodys_way(text: str, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(text)
    assert save_report(report(10), tmp_path, "x")[0].parent == tmp_path
