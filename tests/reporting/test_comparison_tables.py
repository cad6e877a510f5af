"""Comparisons whose numbers can be checked on paper, from outcomes to tables and CSV."""

import csv
import io
from itertools import product

import numpy as np
import pytest

from rast_bench.metrics.accuracy import holm
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.reporting.measure import measure_grid, measure_rows
from rast_bench.reporting.measures import GridMeasures, Measurements
from rast_bench.reporting.records import GridPoint, ReportRow, Role
from rast_bench.reporting.report import build_report


def outcome_of(*problems: str) -> CellOutcome:
    """One word a problem, one letter a sample; g is right."""
    letters = np.array([list(word) for word in problems], dtype=object)
    kinds = np.where(letters == "g", "correct", "wrong").astype(object)
    reasons = np.full(letters.shape, "eos", dtype=object)
    ids = tuple(f"p{i}" for i in range(len(problems)))
    tokens = np.ones(letters.shape, dtype=np.int64)
    return CellOutcome(" ".join(problems), ids, kinds, letters, tokens, reasons, reasons)


def row(label: str, role: Role, *answers: str) -> ReportRow:
    return ReportRow(label, "base model", role, {"d": outcome_of(*answers)})


def sign_flips(differences: list[int]) -> float:
    sums = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    return float(np.mean([one >= abs(sum(differences)) for one in sums]))


def measured() -> Measurements:
    return measure_rows(
        [
            row("base", "base", *["ww"] * 8),
            row("+ ΔR", "rast", *["gw"] * 6, *["ww"] * 2),
            row("RL", "ceiling", *["gg"] * 7, "gw"),
        ],
        counter=SimplemmaCounter(),
    )


def test_differences_from_the_base_are_one_family_a_section() -> None:
    base, rast, ceiling = (one.cells["d"].difference for one in measured().rows)
    assert base is None
    assert rast is not None
    assert ceiling is not None
    assert rast.value == pytest.approx(3 / 8)
    assert rast.p_value == pytest.approx(sign_flips([1] * 6 + [0] * 2))
    assert ceiling.p_value == pytest.approx(sign_flips([2] * 7 + [1]))
    adjusted = holm([rast.p_value, ceiling.p_value])
    assert [rast.adjusted_p_value, ceiling.adjusted_p_value] == pytest.approx(adjusted)


def test_the_comparison_table_and_both_intervals() -> None:
    measurements = measured()
    report = build_report("title", measurements)
    assert "Paired comparisons with the base" in report.texts["details.txt"]
    recovery = measurements.rows[1].cells["d"].recovery
    assert recovery is not None
    assert recovery.fieller is not None
    assert recovery.bootstrap is not None
    assert (recovery.low, recovery.high) == recovery.fieller
    assert "−0.0" not in report.texts["details.txt"]
    rows = [
        one
        for one in csv.DictReader(io.StringIO(report.texts["numbers.csv"]))
        if one["row"] == "+ ΔR" and one["dataset"] == "d"
    ]
    intervals = {
        one["estimator"]: (float(one["low"]), float(one["high"]))
        for one in rows
        if one["metric"] == "recovery"
    }
    assert intervals == {
        "": recovery.fieller,
        "fieller": recovery.fieller,
        "bootstrap": recovery.bootstrap,
    }
    (difference,) = (one for one in rows if one["metric"] == "avg_difference_from_base")
    assert float(difference["value"]) == pytest.approx(3 / 8)
    assert float(difference["p_value"]) == pytest.approx(2 / 64)
    by_metric = {one["metric"]: one["value"] for one in rows}
    assert float(by_metric["verdict_share_correct"]) == pytest.approx(3 / 8)
    assert float(by_metric["tokens_median_wrong"]) == 1.0
    assert "tokens_mean_timeout" not in by_metric


def grid() -> GridMeasures:
    points = [
        GridPoint(0.5, 1.0, outcome_of(*"wwwwwwwww")),
        GridPoint(1.0, 1.0, outcome_of(*"ggggggggg")),
        GridPoint(1.0, 0.5, outcome_of(*"ggggggggw")),
    ]
    return measure_grid("pair", "d", points)


def test_a_grid_tells_holm_corrected_p_values() -> None:
    report = build_report("title", measure_rows([]), [grid()])
    worst, best, near = grid().cells
    assert best.difference is None
    assert worst.difference is not None
    assert near.difference is not None
    expected = holm([sign_flips([1] * 9), sign_flips([1] + [0] * 8)])
    found = [worst.difference.adjusted_p_value, near.difference.adjusted_p_value]
    assert found == pytest.approx(expected)
    assert "−100.0 (0.0078)" in report.texts["table.txt"]
    assert "highest" in report.texts["table.txt"]
    table = list(csv.DictReader(io.StringIO(report.texts["grid.csv"])))
    assert [one["holm_p_value"] for one in table] == [
        repr(worst.difference.adjusted_p_value),
        repr(near.difference.adjusted_p_value),
        "",
    ]
