"""Outcomes whose numbers can be checked on paper, through the real metrics."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from rast_bench.errors import ConfigError
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.reporting.measure import measure_grid, measure_rows, table_ks
from rast_bench.reporting.measures import Measurements, Recovery
from rast_bench.reporting.records import GridPoint, ReportRow, Role
from rast_bench.reporting.report import build_report

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
        texts=each(dict.fromkeys("cutd", "so it is 4") | {"w": "but check it again"}, object),
    )


def row(label: str, role: Role, outcomes: Mapping[str, CellOutcome]) -> ReportRow:
    return ReportRow(label, "tiny-l", role, outcomes)


def measure(*rows: ReportRow) -> Measurements:
    return measure_rows(rows, counter=SimplemmaCounter())


def test_one_cell_by_hand() -> None:
    cell = measure(row("r", "rast", {"d": outcome("a", "cccc", "ccww", "wwut")})).rows[0].cells["d"]
    # p̂ = 1, 1/2, 0: mean 1/2, sd 1/2, standard error 1/(2√3); over reruns √((1/4)/3)/3
    assert (cell.problems, cell.samples) == (3, 4)
    assert cell.avg.value == pytest.approx(0.5)
    assert cell.avg.standard_error == pytest.approx(0.5 / 3**0.5)
    assert cell.rerun_standard_error == pytest.approx((0.25 / 3) ** 0.5 / 3)
    # pass@2 = (1 + (1 − 1/6) + 0)/3; all four samples hold a right one twice
    assert cell.pass_at_k[2].value == pytest.approx((1 + 5 / 6) / 3)
    assert cell.pass_at_k[4].value == pytest.approx(2 / 3)
    assert cell.paper_pass_at_k == {4: pytest.approx(2 / 3)}
    # majority of all four: right, a tie of 2 and 2, wrong
    assert cell.majority_at_k[4].value == pytest.approx(0.5)
    assert set(cell.paper_majority_at_k) == {4}
    # 6 × 10, 4 × 20, 2 × 50 tokens
    assert cell.lengths.mean.value == pytest.approx(20.0)
    assert cell.lengths.median == 15.0
    assert (cell.lengths.correct_mean, cell.lengths.wrong_mean) == (10.0, 20.0)
    assert cell.truncated_share == pytest.approx(1 / 12)
    assert cell.unparsed_share == pytest.approx(1 / 12)
    assert cell.timeout_share == 0.0
    # Four of twelve texts: "but" and "again" backtrack, "check" verifies
    assert {name: value.value for name, value in cell.behaviour.items()} == pytest.approx(
        {"branching": 0.0, "backtracking": 2 / 3, "self-verification": 1 / 3}
    )


def test_what_is_undecided_is_not_correct_and_counted_apart() -> None:
    rows = measure(row("r", "rast", {"d": outcome("a", "cddw"), "e": outcome("b", "cwww")}))
    cell, other = (rows.rows[0].cells[name] for name in "de")
    assert cell.avg.value == 0.25
    assert (cell.undecided_share, other.undecided_share) == (0.5, 0.0)
    assert (cell.lengths.correct_mean, cell.lengths.wrong_mean) == (10.0, 20.0)
    numbers = build_report("t", rows).texts["numbers.csv"].splitlines()
    lines = [line for line in numbers if "undecided" in line]
    assert [line.split(",")[3:5] for line in lines] == [
        *(
            ["d", f"{metric}_undecided"]
            for metric in ("verdict_share", "tokens_mean", "tokens_median")
        )
    ]


def recovering(base: str, rast: str, rl: str, *, copies: int = 100) -> Measurements:
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


def test_recovery_of_rast_and_control_rows() -> None:
    base, rast, ceiling, control = recovering("cwwww", "ccwww", "cccww").rows
    assert [one.label for one in (base, rast, ceiling, control)] == ["base", "rast", "rl", "null"]
    assert base.cells["d"].recovery is None
    assert ceiling.ratio_of_means is None
    found = rast.cells["d"].recovery
    assert found is not None
    assert found.status == "identified"
    assert found.value == pytest.approx(0.5)
    assert found.low is not None
    assert found.high is not None
    assert 0.4 < found.low < 0.5 < found.high < 0.6
    assert rast.ratio_of_means is not None
    assert rast.ratio_of_means.value == pytest.approx(0.5)
    assert rast.mean_of_ratios == Recovery("identified", pytest.approx(0.5))
    assert control.cells["d"].recovery is not None
    assert control.cells["d"].recovery.value == 0.0


def test_mean_over_sets_combines_standard_errors() -> None:
    rast = recovering("cwwww", "ccwww", "cccww").rows[1]
    error = rast.cells["d"].avg.standard_error
    assert error is not None
    assert rast.mean is not None
    assert rast.mean.value == pytest.approx(0.4)
    assert rast.mean.standard_error == pytest.approx(error / 2**0.5)


def test_equal_ceiling_and_base_are_undefined() -> None:
    rast = recovering("cwwww", "ccwww", "wwwwc").rows[1]
    assert rast.cells["d"].recovery is not None
    assert rast.cells["d"].recovery.status == "undefined"
    assert rast.cells["d"].recovery.value is None
    assert rast.ratio_of_means is not None
    assert rast.ratio_of_means.status == "undefined"
    assert rast.mean_of_ratios == Recovery("undefined")


def test_a_gap_within_noise_is_not_identified() -> None:
    rast = recovering("ccwww", "cccww", "wwccc", copies=8).rows[1]
    for recovery in (rast.cells["d"].recovery, rast.ratio_of_means, rast.mean_of_ratios):
        assert recovery is not None
        assert (recovery.status, recovery.low) == ("not identified", None)
        assert recovery.value == pytest.approx(1.0)


def test_a_ceiling_below_its_base_is_inverted() -> None:
    recovery = recovering("cccww", "ccwww", "cwwww").rows[1].cells["d"].recovery
    assert recovery is not None
    assert recovery.inverted
    assert recovery.value == pytest.approx(0.5)


def test_no_mean_where_a_data_set_is_missing() -> None:
    everywhere = row("all", "rast", {"d": outcome("a", "c", "w"), "e": outcome("b", "c", "c")})
    partly = row("one", "rast", {"d": outcome("c", "c", "w")})
    first, second = measure(everywhere, partly).rows
    assert first.mean is not None
    assert second.mean is None
    assert second.ratio_of_means is None
    assert second.mean_of_ratios is None


def test_one_cell_with_other_n_is_measured_apart() -> None:
    rows = measure(
        row("two", "control", {"d": outcome("same", "cw", "ww")}),
        row("four", "control", {"d": outcome("same", "cwcc", "wwcc")}),
    ).rows
    assert [one.cells["d"].samples for one in rows] == [2, 4]


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


def test_grid_knows_which_cells_are_near_the_best() -> None:
    points = [
        GridPoint(0.0, 1.0, outcome("a", *["ww"] * 12)),
        GridPoint(1.0, 1.0, outcome("b", *["cc"] * 12)),
        GridPoint(1.0, 0.5, outcome("c", *["cc"] * 11, "cw")),
    ]
    grid = measure_grid("tiny-l + ΔR", "d", points)
    assert [cell.near_best for cell in grid.cells] == [False, True, True]
    assert [cell.avg.value for cell in grid.cells] == pytest.approx([0, 1, 23 / 24])
    assert (grid.problems, grid.samples) == (12, 2)
    assert (grid.lambdas(), grid.temperatures()) == ((0.0, 1.0), (0.5, 1.0))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "has no points"),
        ([GridPoint(1.0, 1.0, outcome("a", "c"))] * 2, "a point twice"),
        (
            [GridPoint(0.0, 1.0, outcome("a", "c")), GridPoint(1.0, 1.0, outcome("b", "cc"))],
            "differ in their problems or numbers of samples",
        ),
    ],
)
def test_unusable_grids_are_refused(points: list[GridPoint], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        measure_grid("pair", "d", points)


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
