"""Outcomes whose numbers can be checked on paper, through the real metrics."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from rast_bench.config.experiment import Role
from rast_bench.errors import ConfigError
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.metrics.pass_at_k import pass_at_k
from rast_bench.reporting.index import ResultIndex, grids_of
from rast_bench.reporting.report import build_report
from rast_bench.results import measures
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, PaperCell
from rast_bench.results.measures import table_ks
from rast_bench.results.registry import (
    ACCURACY,
    BEHAVIOURS,
    CORRECT_LENGTH,
    LENGTH,
    MAJORITY_AT_K,
    MEAN_ACCURACY,
    MEAN_RECOVERY,
    MEDIAN_LENGTH,
    PASS_AT_K,
    RATIO_OF_MEANS,
    RECOVERY,
    RERUN_ERROR,
    TIMEOUT,
    TRUNCATED,
    UNPARSED,
    VERDICT_SHARES,
    WRONG_LENGTH,
)
from rast_bench.results.result import Measure, Result

KINDS = {"c": "correct", "w": "wrong", "u": "unparsed", "t": "truncated", "d": "undecided"}


def outcome(cell_id: str, *problems: str, ids: tuple[str, ...] | None = None) -> CellOutcome:
    """One word a problem, one letter a sample: correct, wrong, unparsed, truncated, undecided."""
    letters = [list(problem) for problem in problems]

    def each(values: dict[str, Any], dtype: type) -> Any:
        return np.array([[values[letter] for letter in line] for line in letters], dtype=dtype)

    return CellOutcome(
        cell_id=cell_id,
        problem_ids=ids or tuple(f"p{i}" for i in range(len(problems))),
        kinds=each(KINDS, object),
        answers=each({"c": "4", "w": "5", "u": None, "t": None, "d": "x"}, object),
        token_counts=each({"c": 10, "w": 20, "u": 50, "t": 50, "d": 30}, int),
        finish_reasons=each(dict.fromkeys("cwud", "eos") | {"t": "length"}, object),
        text_source=each(dict.fromkeys("cutd", "so it is 4") | {"w": "but check it again"}, object),
    )


def row(label: str, role: Role, outcomes: Mapping[str, CellOutcome]) -> list[MeasuredCell]:
    return [
        MeasuredCell("tiny-l", label, role, name, "tiny-l", STANDS_FOR, outcome=one)
        for name, one in outcomes.items()
    ]


STANDS_FOR = PaperCell("tiny-l", "rast", None, "d")


def measure(*rows: list[MeasuredCell]) -> list[Result]:
    cells = [cell for row in rows for cell in row]
    return build_results("test", cells, counter=SimplemmaCounter())


class Measured:
    """The results of one row on one data set, the mean where that is None."""

    def __init__(self, results: list[Result], label: str, dataset: str | None = "d") -> None:
        self.index = ResultIndex(results)
        (self.row,) = (row for row in self.index.rows if row.label == label)
        self.dataset = dataset

    def result(self, measure: Measure, k: int | None = None, estimator: str = "") -> Result:
        found = self.index.get(self.row, self.dataset, measure, k, estimator)
        assert found is not None, measure.name
        return found

    def __call__(self, measure: Measure, k: int | None = None) -> float | None:
        return self.result(measure, k).estimate

    def has(self, measure: Measure) -> bool:
        return self.index.get(self.row, self.dataset, measure) is not None


def test_one_cell_by_hand() -> None:
    cell = Measured(measure(row("r", "rast", {"d": outcome("a", "cccc", "ccww", "wwut")})), "r")
    # p̂ = 1, 1/2, 0: mean 1/2, sd 1/2, standard error 1/(2√3); over reruns √((1/4)/3)/3
    avg = cell.result(ACCURACY)
    assert (avg.problems, avg.samples, avg.cell_ids) == (3, 4, ("a",))
    assert avg.estimate == pytest.approx(0.5)
    assert avg.standard_error == pytest.approx(0.5 / 3**0.5)
    assert cell(RERUN_ERROR) == pytest.approx((0.25 / 3) ** 0.5 / 3)
    # pass@2 = (1 + (1 − 1/6) + 0)/3; all four samples hold a right one twice
    assert cell(PASS_AT_K, 2) == pytest.approx((1 + 5 / 6) / 3)
    assert cell(PASS_AT_K, 4) == pytest.approx(2 / 3)
    drawn = cell.index.curve(cell.row, "d", PASS_AT_K, "paper")
    assert {k: one.value for k, one in drawn.items()} == {4: pytest.approx(2 / 3)}
    # majority of all four: right, a tie of 2 and 2, wrong
    assert cell(MAJORITY_AT_K, 4) == pytest.approx(0.5)
    assert set(cell.index.curve(cell.row, "d", MAJORITY_AT_K, "paper")) == {4}
    # 6 × 10, 4 × 20, 2 × 50 tokens
    assert cell(LENGTH) == pytest.approx(20.0)
    assert cell(MEDIAN_LENGTH) == 15.0
    assert (cell(CORRECT_LENGTH), cell(WRONG_LENGTH)) == (10.0, 20.0)
    assert cell(TRUNCATED) == pytest.approx(1 / 12)
    assert cell(UNPARSED) == pytest.approx(1 / 12)
    assert cell(TIMEOUT) == 0.0
    # Four of twelve texts: "but" and "again" backtrack, "check" verifies
    assert {name: cell(one) for name, one in BEHAVIOURS.items()} == pytest.approx(
        {"branching": 0.0, "backtracking": 2 / 3, "self-verification": 1 / 3}
    )


def test_what_is_undecided_is_not_correct_and_counted_apart() -> None:
    results = measure(row("r", "rast", {"d": outcome("a", "cddw"), "e": outcome("b", "cwww")}))
    cell, other = (Measured(results, "r", name) for name in "de")
    assert cell(ACCURACY) == 0.25
    assert cell(VERDICT_SHARES["undecided"]) == 0.5
    assert not other.has(VERDICT_SHARES["undecided"])
    assert (cell(CORRECT_LENGTH), cell(WRONG_LENGTH)) == (10.0, 20.0)
    numbers = build_report("t", results).texts["numbers.csv"].splitlines()
    lines = [line for line in numbers if "undecided" in line]
    assert [line.split(",")[3:5] for line in lines] == [
        *(
            ["d", f"{metric}_undecided"]
            for metric in ("verdict_share", "tokens_mean", "tokens_median")
        )
    ]


def recovering(base: str, rast: str, rl: str, *, copies: int = 100) -> list[Result]:
    """One letter a problem, all `copies` times, one sample each, on two equal data sets."""

    def both(name: str, letters: str) -> dict[str, CellOutcome]:
        cell = outcome(name, *(letters * copies))
        return {"d": cell, "e": cell}

    return measure(
        row("rl", "ceiling", both("t", rl)),
        row("null", "control", both("n", base)),
        row("rast", "rast", both("s", rast)),
        row("base", "base", both("b", base)),
    )


def recoveries(results: list[Result]) -> tuple[Result, Result, Result]:
    """Of the row `rast`: on a data set, the ratio of means and the mean of ratios."""
    mean = Measured(results, "rast", None)
    one = Measured(results, "rast").result(RECOVERY)
    return one, mean.result(RATIO_OF_MEANS), mean.result(MEAN_RECOVERY)


def test_recovery_of_rast_and_control_rows() -> None:
    results = recovering("cwwww", "ccwww", "cccww")
    assert [row.label for row in ResultIndex(results).rows] == ["base", "rast", "rl", "null"]
    assert not Measured(results, "base").has(RECOVERY)
    assert not Measured(results, "rl", None).has(RATIO_OF_MEANS)
    found, ratio, mean = recoveries(results)
    assert found.status == "measured"
    assert found.estimate == pytest.approx(0.5)
    assert found.value.low is not None
    assert found.value.high is not None
    assert 0.4 < found.value.low < 0.5 < found.value.high < 0.6
    assert ratio.estimate == pytest.approx(0.5)
    assert (mean.status, mean.estimate) == ("measured", pytest.approx(0.5))
    assert (mean.value.low, mean.cell_ids) == (None, ("s", "s"))
    assert Measured(results, "null")(RECOVERY) == 0.0


def test_mean_over_sets_combines_standard_errors() -> None:
    results = recovering("cwwww", "ccwww", "cccww")
    error = Measured(results, "rast").result(ACCURACY).standard_error
    assert error is not None
    mean = Measured(results, "rast", None).result(MEAN_ACCURACY)
    assert mean.estimate == pytest.approx(0.4)
    assert mean.standard_error == pytest.approx(error / 2**0.5)


def test_equal_ceiling_and_base_are_undefined() -> None:
    for recovery in recoveries(recovering("cwwww", "ccwww", "wwwwc")):
        assert (recovery.status, recovery.estimate) == ("undefined", None)


def test_a_gap_within_noise_is_not_identified() -> None:
    for recovery in recoveries(recovering("ccwww", "cccww", "wwccc", copies=8)):
        assert (recovery.status, recovery.value.low) == ("not identified", None)
        assert recovery.estimate == pytest.approx(1.0)


def test_a_ceiling_below_its_base_says_so() -> None:
    recovery, _, _ = recoveries(recovering("cccww", "ccwww", "cwwww"))
    assert recovery.status == "ceiling below base"
    assert recovery.estimate == pytest.approx(0.5)


def test_no_mean_where_a_data_set_is_missing() -> None:
    results = measure(
        row("all", "rast", {"d": outcome("a", "c", "w"), "e": outcome("b", "c", "c")}),
        row("one", "rast", {"d": outcome("c", "c", "w")}),
    )
    assert Measured(results, "all", None).has(MEAN_ACCURACY)
    for mean in (MEAN_ACCURACY, RATIO_OF_MEANS, MEAN_RECOVERY):
        assert not Measured(results, "one", None).has(mean)


def test_one_cell_with_other_n_is_measured_apart() -> None:
    results = measure(
        row("two", "control", {"d": outcome("same", "cw", "ww")}),
        row("four", "control", {"d": outcome("same", "cwcc", "wwcc")}),
    )
    assert [Measured(results, one).result(ACCURACY).samples for one in ("two", "four")] == [2, 4]


def test_a_cell_is_measured_once_for_all_rows_and_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(measures, "pass_at_k", lambda one: calls.append(one) or pass_at_k(one))
    alone = outcome("same", "cw", "ww")
    cells = row("first", "control", {"d": alone}) + row("second", "rast", {"d": alone})
    results = build_results("test", cells, requested=[PASS_AT_K], counter=SimplemmaCounter())
    assert len(calls) == 1
    found = [one for one in results if one.measure == PASS_AT_K and one.row == "second"]
    assert [one.k for one in found] == [1, 2]


def test_rows_over_different_problems_are_refused() -> None:
    with pytest.raises(ConfigError, match="'b' and 'a' are over different problems of d"):
        measure(
            row("a", "base", {"d": outcome("a", "c", "w")}),
            row("b", "rast", {"d": outcome("b", "c", "w", ids=("p1", "p0"))}),
        )


@pytest.mark.parametrize(
    ("samples", "ks"),
    [
        (1, ()),
        (3, ()),
        (8, (4, 8)),
        (31, (4, 8, 16)),
        (32, (4, 8, 16, 32)),
        (64, (4, 8, 16, 32, 64)),
    ],
)
def test_table_ks(samples: int, ks: tuple[int, ...]) -> None:
    assert table_ks(samples) == ks


def point(lambda_: float, temperature: float, one: CellOutcome) -> MeasuredCell:
    return MeasuredCell(
        *("tiny-l", "tiny-l + ΔR", "rast", "d", "tiny-l", STANDS_FOR),
        lambda_=lambda_,
        temperature=temperature,
        grid="pair",
        outcome=one,
    )


def test_grid_knows_which_cells_are_near_the_best() -> None:
    points = [
        point(0.0, 1.0, outcome("a", *["ww"] * 12)),
        point(1.0, 1.0, outcome("b", *["cc"] * 12)),
        point(1.0, 0.5, outcome("c", *["cc"] * 11, "cw")),
    ]
    (grid,) = grids_of(measure(points))
    assert [grid.near_best(place) for place in grid.accuracies] == [False, True, True]
    values = [one.estimate for one in grid.accuracies.values()]
    assert values == pytest.approx([0, 1, 23 / 24])
    assert (grid.problems, grid.samples) == (12, 2)
    assert (grid.lambdas, grid.temperatures) == ((0.0, 1.0), (0.5, 1.0))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([point(1.0, 1.0, outcome("a", "c"))] * 2, "a point twice"),
        (
            [point(0.0, 1.0, outcome("a", "c")), point(1.0, 1.0, outcome("b", "cc"))],
            "differ in their problems or numbers of samples",
        ),
    ],
)
def test_unusable_grids_are_refused(points: list[MeasuredCell], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        measure(points)


def test_a_report_from_outcomes_has_no_nan() -> None:
    extreme = measure(
        row("base", "base", {"d": outcome("b", "w")}),
        row("rast", "rast", {"d": outcome("s", "cccc")}),
        row("rl", "ceiling", {"d": outcome("t", "cccc")}),
        row("null", "control", {"d": outcome("n", "tttt")}),
    )
    report = build_report("one problem", extreme)
    for text in report.texts.values():
        assert "nan" not in text
        assert "inf" not in text
    assert "not identified" in report.terminal
