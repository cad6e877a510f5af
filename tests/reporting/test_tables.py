from dataclasses import replace

import pytest
from reporting_samples import DATASETS, grid, recovery, result, results, rows

from rast_bench.reporting.detail_tables import detail_tables
from rast_bench.reporting.index import ResultIndex, grids_of
from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Column, Table, TableRow, TableSection, TextCell
from rast_bench.reporting.tables import grid_table, main_table, samples_note
from rast_bench.results.registry import CORRECT_LENGTH, RATIO_OF_MEANS, VERDICT_SHARES
from rast_bench.results.result import Value

INDEX = ResultIndex(results())


def grid_of(table: Table, section: int = 0) -> list[list[str]]:
    return [[cell_text(cell) for cell in row.cells] for row in table.sections[section].rows]


def test_main_table_has_a_column_per_set_and_the_mean() -> None:
    table = main_table(INDEX)
    assert [column.heading for column in table.columns] == ["", *DATASETS, "mean"]
    assert [section.title for section in table.sections] == ["tiny-l", "tiny-m"]


def test_main_rows_show_scores_and_below_them_recovery_rates() -> None:
    lines = grid_of(main_table(INDEX))
    # √(0.45 · 0.55 / 200) = 0.0352; √(0.62 · 0.38 / 200) = 0.0343
    assert lines[0][:2] == ["base (greedy)", "45.0 ± 3.5"]
    assert lines[1][:2] == ["+ ΔR tiny-m", "62.0 ± 3.4"]
    assert lines[2][:2] == ["recovery", "45 % [31, 60]"]
    assert [line[0] for line in lines].count("recovery") == 5
    assert [line[1] for line in lines if line[0] == "recovery"][3:] == ["12 %§", "undefined"]


def test_only_the_ceiling_is_shaded_and_only_the_first_control_ruled() -> None:
    rows = main_table(INDEX).sections[0].rows
    named = {cell_text(row.cells[0]): row for row in rows}
    assert [name for name, row in named.items() if row.style == "ceiling"] == ["RL ceiling"]
    assert [name for name, row in named.items() if row.rule_above] == ["ΔR shuffled"]


def test_a_missing_cell_is_a_dash_and_no_recovery_means_no_row() -> None:
    lines = grid_of(main_table(INDEX), section=1)
    assert len(lines) == 2
    assert lines[0][3:5] == ["–", "–"]


def test_one_data_set_needs_no_mean() -> None:
    table = main_table(ResultIndex(one for one in results() if one.dataset == "tiny-easy"))
    assert [column.heading for column in table.columns] == ["", "tiny-easy"]
    assert not any(note.startswith("mean") for note in table.footnotes)


def test_footnotes_say_what_n_was_and_end_with_the_callers() -> None:
    table = main_table(INDEX, ["grader: boxed.", "seed 0."])
    assert "n: base 1, RAST 32, ceiling 32, controls 32." in table.footnotes[0]
    assert table.footnotes[-2:] == ("grader: boxed.", "seed 0.")
    assert any("not identified" in note for note in table.footnotes)


def test_recovery_is_not_explained_where_there_is_none() -> None:
    table = main_table(ResultIndex(one for one in results() if one.section == "tiny-m"))
    assert not any("recovery" in text for text in (table.title, *table.footnotes))


def test_a_ceiling_below_its_base_is_marked_and_explained() -> None:
    inverted = recovery(0.5, 0.4, 0.6, status="ceiling below base")
    changed = [
        replace(one, value=inverted) if one.measure == RATIO_OF_MEANS else one for one in rows()[1]
    ]
    table = main_table(ResultIndex(changed))
    assert grid_of(table)[1][-1] == "50 % [40, 60]‡"
    assert sum(note.startswith("‡") for note in table.footnotes) == 1
    assert not any("‡" in note for note in main_table(INDEX).footnotes)


def test_grid_table_has_the_highest_temperature_first_and_marks_the_near_best() -> None:
    (one,) = grids_of(grid())
    table = grid_table(one, ["seed 0."])
    lines = grid_of(table)
    assert [line[0] for line in lines] == ["τ = 1.3", "τ = 1", "τ = 0.7", "τ = 0.4"]
    assert [column.heading for column in table.columns][1:3] == ["λ = 0", "λ = 0.25"]
    assert lines[0][-1] == "–"
    assert lines[3][5] == "57.6 ± 2.1†"
    assert sum(text.endswith("†") for line in lines for text in line) == 5
    assert table.footnotes[-1] == "seed 0."


def test_samples_note_names_all_counts_of_a_role() -> None:
    changed = [replace(one, samples=64) if one.dataset == "tiny-mid" else one for one in rows()[1]]
    assert "n: RAST 32 or 64." in samples_note(ResultIndex(changed))


def test_pass_at_k_table_has_the_papers_k_and_the_papers_protocol() -> None:
    table = detail_tables(INDEX)[0]
    assert [column.heading for column in table.columns] == [
        "",
        "data set",
        "problems",
        "N",
        "pass@1",
        "pass@4",
        "pass@8",
        "pass@16",
        "pass@32",
    ]
    lines = grid_of(table)
    assert lines[0] == ["base (greedy)", "tiny-easy", "200", "1", "45.0 ± 3.5", *["–"] * 4]
    assert lines[1][0] == ""
    # 1 − 0.38⁴ = 0.9791
    assert lines[4][:6] == ["+ ΔR tiny-m", "tiny-easy", "200", "32", "62.0 ± 3.4", "97.9 ± 1.0"]
    assert lines[5][:6] == ["", "10 draws", "", "", "", "97.9"]


def test_majority_table_drops_k_that_nobody_has() -> None:
    table = detail_tables(INDEX)[1]
    assert [column.heading for column in table.columns][4:] == [
        "maj@4",
        "maj@8",
        "maj@16",
        "maj@32",
    ]


def test_generation_table_shows_lengths_shares_and_behaviour() -> None:
    table = detail_tables(INDEX, ["shared."])[2]
    assert grid_of(table)[0] == [
        "base (greedy)",
        "tiny-easy",
        "41.2",
        "38.0",
        "36.5",
        "48.0",
        "1.5",
        "2.1",
        "0.125",
        "0.000",
        "1.500",
    ]
    assert "as found by simplemma 1.1.2." in table.footnotes[-2]
    assert table.footnotes[-1] == "shared."


def test_what_is_undecided_has_a_column_only_where_something_is() -> None:
    place = {"row": "base (greedy)", "role": "base", "samples": 1}
    undecided = result(VERDICT_SHARES["undecided"], Value(0.0125), **place)
    before = detail_tables(INDEX, ["shared."])[2]
    table = detail_tables(ResultIndex([*results(), undecided]), ["shared."])[2]
    headings = [column.heading for column in table.columns]
    assert headings[:9] == [*[one.heading for one in before.columns][:8], "undec. %"]
    assert [row[8] for row in grid_of(table)[:2]] == ["1.2", "0.0"]
    first_line = grid_of(table)[0]
    assert [*first_line[:8], *first_line[9:]] == grid_of(before)[0]
    assert len(table.footnotes) == len(before.footnotes) + 1
    assert table.footnotes[1].startswith("undec.: ")


def test_a_mean_over_no_samples_is_a_dash() -> None:
    nothing = Value(None, status="undefined")
    never_right = [
        replace(one, value=nothing) if one.measure == CORRECT_LENGTH else one for one in rows()[0]
    ]
    table = detail_tables(ResultIndex(never_right))[2]
    assert grid_of(table)[0][4:6] == ["–", "48.0"]


def test_a_row_of_the_wrong_width_is_refused() -> None:
    section = TableSection("s", (TableRow((TextCell("a"), TextCell("b"))),))
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        Table("t", "title", (Column("only"),), (section,))
