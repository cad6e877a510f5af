import json
import shutil
from pathlib import Path

import pytest

from rast_bench.cli import run_command
from rast_bench.errors import DatasetError
from rast_bench.paper.audit import audit
from rast_bench.paper.audit.finding import interval_text
from rast_bench.paper.intervals import Interval
from rast_bench.paper.published import load_published, published_dir


def test_the_audit_prints_a_table_its_faults_and_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("audit-paper", []) == 0
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line for line in lines if line.startswith("32B + ΔR 1.5B, minerva: recovery rate")]
    assert row.split("  ")[-1] == "cannot be right"
    assert "84.1 %" in row
    assert "31.74 to 33.34" in row
    listed = lines[lines.index("Cannot be right:") + 1 : lines.index("Unlikely:")]
    assert sum(line.startswith("• ") for line in listed) == 17
    assert listed[1].strip() == "give (25.1 − 21.0)/(33.6 − 21.0)"
    assert max(map(len, lines)) <= 100
    assert (
        lines[-1] == "302 checks: 269 agree, 17 cannot be right, 3 unlikely, 13 cannot be checked"
    )


def test_the_audit_as_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command("audit-paper", ["--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    findings = audit(load_published())
    assert [one["number"] for one in record["findings"]] == [one.number for one in findings]
    assert record["counts"] == {
        "agrees": 269,
        "cannot be right": 17,
        "unlikely": 3,
        "cannot be checked": 13,
    }
    (rate,) = [one for one in record["findings"] if one["published"] == "84.1 %"]
    assert rate["low"] == pytest.approx(31.746, abs=1e-3)
    assert rate["high"] == pytest.approx(33.333, abs=1e-3)
    (share,) = [one for one in record["findings"] if one["published"] == "33.1 %"][:1]
    assert (share["low"], share["high"]) == (None, None)


def test_other_facts_can_be_audited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(published_dir(), tmp_path / "facts")
    table = tmp_path / "facts" / "table1.csv"
    table.write_text(table.read_text().replace(",84.1,", ",32.5,"))
    assert run_command("audit-paper", ["--facts", str(tmp_path / "facts")]) == 0
    assert capsys.readouterr().out.endswith(
        "302 checks: 270 agree, 16 cannot be right, 3 unlikely, 13 cannot be checked\n"
    )


def test_a_folder_without_facts_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no CSV files"):
        run_command("audit-paper", ["--facts", str(tmp_path)])


@pytest.mark.parametrize(
    ("low", "high", "decimals", "text"),
    [
        ("31.7461", "33.3333", 2, "31.74 to 33.34"),
        ("-0.061", "0.061", 2, "-0.07 to 0.07"),
        ("2", "2", 1, "2.0"),
        ("8.2073e21", "8.2074e21", -18, "8.207E+21 to 8.208E+21"),
    ],
)
def test_printed_intervals_are_never_narrower(
    low: str, high: str, decimals: int, text: str
) -> None:
    from fractions import Fraction

    assert interval_text(Interval(Fraction(low), Fraction(high)), decimals) == text
