"""Comparisons whose numbers can be checked on paper, from outcomes to tables and CSV."""

import csv
import io
from dataclasses import replace
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
from rast_bench.results.registry import DIFFERENCE, GAIN, MEAN_DIFFERENCE, RECOVERY
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


def test_differences_from_a_chosen_row() -> None:
    """Two data sets of unlike size: the mean counts each set once."""

    def on(dataset: str, label: str, role: Role, *answers: str) -> MeasuredCell:
        return replace(row(label, role, *answers), dataset=dataset)

    results = build_results(
        "test",
        [
            on("d", "base", "base", *["ww"] * 4),
            on("d", "ours", "rast", "gg", "gg", "gw", "ww"),
            on("d", "other", "control", "g", "w", "w", "w"),
            on("e", "base", "base", "ww", "ww"),
            on("e", "ours", "rast", "gg", "gw"),
            on("e", "other", "control", "g", "g"),
        ],
        counter=SimplemmaCounter(),
        compare_with="ours",
    )
    found = {
        (one.row, one.dataset): one
        for one in results
        if one.measure in (DIFFERENCE, MEAN_DIFFERENCE)
    }
    assert set(found) == set(product(("base", "other"), ("d", "e", None)))
    assert found["other", "d"].estimate == pytest.approx(-3 / 8)
    assert found["other", "e"].estimate == pytest.approx(1 / 4)
    mean = found["other", None]
    assert mean.estimate == pytest.approx((-3 / 8 + 1 / 4) / 2)
    parts = [np.array([0, -1, -0.5, 0]), np.array([0, 0.5])]
    errors = [one.std(ddof=1) / np.sqrt(len(one)) for one in parts]
    assert mean.standard_error == pytest.approx(np.hypot(*errors) / 2)
    # In eighths of a set's mean: a problem of d counts 1/4 of its set, one of e 1/2.
    assert mean.value.p_value == pytest.approx(sign_flips([0, -2, -1, 0, 0, 2]))
    assert mean.holm_p_value == pytest.approx(
        holm([found[one, None].value.p_value or 0 for one in ("other", "base")])[0]
    )
    low, high = found["other", "d"].value.low, found["other", "d"].value.high
    assert low is not None
    assert high is not None
    assert (high - low) / 2 == pytest.approx(3.182446 * errors[0], rel=1e-5)  # t with 3 degrees
    report = build_report("title", results)
    assert "Paired differences from ours" in report.texts["details.txt"]
    lines = csv.DictReader(io.StringIO(report.texts["numbers.csv"]))
    written = [one for one in lines if one["metric"] == "avg_difference"]
    assert {one["estimator"] for one in written} == {"ours"}
    assert len(written) == 6
    assert not [one for one in measured() if one.measure in (DIFFERENCE, MEAN_DIFFERENCE)]
