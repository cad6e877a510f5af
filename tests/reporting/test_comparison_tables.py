"""Comparisons whose numbers can be checked on paper, from outcomes to tables and CSV."""

import csv
import io
from itertools import product

import numpy as np
import pytest

from rast_bench.config.experiment import Role
from rast_bench.metrics.accuracy import holm
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.reporting.index import ResultIndex, grids_of
from rast_bench.reporting.report import build_report
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, PaperCell
from rast_bench.results.registry import GAIN, RECOVERY
from rast_bench.results.result import Result


def outcome_of(*problems: str) -> CellOutcome:
    """One word a problem, one letter a sample; g is right."""
    letters = np.array([list(word) for word in problems], dtype=object)
    kinds = np.where(letters == "g", "correct", "wrong").astype(object)
    reasons = np.full(letters.shape, "eos", dtype=object)
    ids = tuple(f"p{i}" for i in range(len(problems)))
    tokens = np.ones(letters.shape, dtype=np.int64)
    return CellOutcome(" ".join(problems), ids, kinds, letters, tokens, reasons, reasons)


STANDS_FOR = PaperCell("base model", "rast", None, "d")


def row(label: str, role: Role, *answers: str) -> MeasuredCell:
    place = ("base model", label, role, "d", "base model", STANDS_FOR)
    return MeasuredCell(*place, outcome=outcome_of(*answers))


def sign_flips(differences: list[int]) -> float:
    sums = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in product((-1, 1), repeat=len(differences))
    ]
    return float(np.mean([one >= abs(sum(differences)) for one in sums]))


def measured() -> list[Result]:
    return build_results(
        "test",
        [
            row("base", "base", *["ww"] * 8),
            row("+ ΔR", "rast", *["gw"] * 6, *["ww"] * 2),
            row("RL", "ceiling", *["gg"] * 7, "gw"),
        ],
        counter=SimplemmaCounter(),
    )


def test_differences_from_the_base_are_one_family_a_section() -> None:
    index = ResultIndex(measured())
    base, rast, ceiling = (index.get(one, "d", GAIN) for one in index.rows)
    assert base is None
    assert rast is not None
    assert ceiling is not None
    assert rast.estimate == pytest.approx(3 / 8)
    p_values = [rast.value.p_value, ceiling.value.p_value]
    assert p_values == pytest.approx([sign_flips([1] * 6 + [0] * 2), sign_flips([2] * 7 + [1])])
    adjusted = holm([one for one in p_values if one is not None])
    assert [rast.holm_p_value, ceiling.holm_p_value] == pytest.approx(adjusted)


def test_the_comparison_table_and_both_intervals() -> None:
    results = measured()
    report = build_report("title", results)
    assert "Paired comparisons with the base" in report.texts["details.txt"]
    recoveries = [one.value for one in results if one.measure == RECOVERY]
    ours, fieller, bootstrap = [(one.low, one.high) for one in recoveries]
    assert [one.estimator for one in recoveries] == ["", "fieller", "bootstrap"]
    assert ours == fieller
    assert None not in bootstrap
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
        "": fieller,
        "fieller": fieller,
        "bootstrap": bootstrap,
    }
    (difference,) = (one for one in rows if one["metric"] == "avg_difference_from_base")
    assert float(difference["value"]) == pytest.approx(3 / 8)
    assert float(difference["p_value"]) == pytest.approx(2 / 64)
    by_metric = {one["metric"]: one["value"] for one in rows}
    assert float(by_metric["verdict_share_correct"]) == pytest.approx(3 / 8)
    assert float(by_metric["tokens_median_wrong"]) == 1.0
    assert "tokens_mean_timeout" not in by_metric


def grid() -> list[Result]:
    points = {(0.5, 1.0): "wwwwwwwww", (1.0, 1.0): "ggggggggg", (1.0, 0.5): "ggggggggw"}
    cells = [
        MeasuredCell(
            *("base model", "pair", "rast", "d", "base model", STANDS_FOR),
            lambda_=lambda_,
            temperature=temperature,
            grid="pair",
            outcome=outcome_of(*answers),
        )
        for (lambda_, temperature), answers in points.items()
    ]
    return build_results("test", cells, counter=SimplemmaCounter())


def test_a_grid_tells_holm_corrected_p_values() -> None:
    results = grid()
    report = build_report("title", results)
    (measured_grid,) = grids_of(results)
    assert list(measured_grid.differences) == [(0.5, 1.0), (1.0, 0.5)]
    expected = holm([sign_flips([1] * 9), sign_flips([1] + [0] * 8)])
    found = [one.holm_p_value for one in measured_grid.differences.values()]
    assert found == pytest.approx(expected)
    assert "−100.0 (0.0078)" in report.texts["table.txt"]
    assert "highest" in report.texts["table.txt"]
    table = list(csv.DictReader(io.StringIO(report.texts["grid.csv"])))
    assert [one["holm_p_value"] for one in table] == [repr(found[0]), repr(found[1]), ""]
