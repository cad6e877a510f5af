from dataclasses import replace

import pytest
from reporting_samples import DATASETS, grid, measurements

from rast_bench.metrics.estimate import Estimate
from rast_bench.reporting.detail_tables import detail_tables
from rast_bench.reporting.measures import Measurements, Recovery, VerdictLengths
from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Column, Table, TableRow, TableSection, TextCell
from rast_bench.reporting.tables import grid_table, main_table, samples_note


def grid_of(table: Table, section: int = 0) -> list[list[str]]:
    return [[cell_text(cell) for cell in row.cells] for row in table.sections[section].rows]


def test_main_table_has_a_column_per_set_and_the_mean() -> None:
    table = main_table(measurements())
    assert [column.heading for column in table.columns] == ["", *DATASETS, "mean"]
    assert [section.title for section in table.sections] == ["tiny-l", "tiny-m"]


def test_main_rows_show_scores_and_below_them_recovery_rates() -> None:
    rows = grid_of(main_table(measurements()))
    # √(0.45 · 0.55 / 200) = 0.0352; √(0.62 · 0.38 / 200) = 0.0343
    assert rows[0][:2] == ["base (greedy)", "45.0 ± 3.5"]
    assert rows[1][:2] == ["+ ΔR tiny-m", "62.0 ± 3.4"]
    assert rows[2][:2] == ["recovery", "45 % [31, 60]"]
    assert [row[0] for row in rows].count("recovery") == 5
    assert [row[1] for row in rows if row[0] == "recovery"][3:] == ["12 %§", "undefined"]


def test_only_the_ceiling_is_shaded_and_only_the_first_control_ruled() -> None:
    rows = main_table(measurements()).sections[0].rows
    named = {cell_text(row.cells[0]): row for row in rows}
    assert [name for name, row in named.items() if row.style == "ceiling"] == ["RL ceiling"]
    assert [name for name, row in named.items() if row.rule_above] == ["ΔR shuffled"]


def test_a_missing_cell_is_a_dash_and_no_recovery_means_no_row() -> None:
    rows = grid_of(main_table(measurements()), section=1)
    assert len(rows) == 2
    assert rows[0][3:5] == ["–", "–"]


def test_one_data_set_needs_no_mean() -> None:
    rows = tuple(
        replace(row, cells={"tiny-easy": row.cells["tiny-easy"]}, mean=None)
        for row in measurements().rows
    )
    table = main_table(Measurements(("tiny-easy",), rows, "none"))
    assert [column.heading for column in table.columns] == ["", "tiny-easy"]
    assert not any(note.startswith("mean") for note in table.footnotes)


def test_footnotes_say_what_n_was_and_end_with_the_callers() -> None:
    table = main_table(measurements(), ["grader: boxed.", "seed 0."])
    assert "n: base 1, RAST 32, ceiling 32, controls 32." in table.footnotes[0]
    assert table.footnotes[-2:] == ("grader: boxed.", "seed 0.")
    assert any("not identified" in note for note in table.footnotes)


def test_recovery_is_not_explained_where_there_is_none() -> None:
    tiny_m = tuple(row for row in measurements().rows if row.section == "tiny-m")
    table = main_table(Measurements(DATASETS, tiny_m, "none"))
    assert not any("recovery" in text for text in (table.title, *table.footnotes))


def test_a_ceiling_below_its_base_is_marked_and_explained() -> None:
    first = measurements().rows[1]
    inverted = Recovery("identified", 0.5, 0.4, 0.6, inverted=True)
    table = main_table(Measurements(DATASETS, (replace(first, ratio_of_means=inverted),), "none"))
    assert grid_of(table)[1][-1] == "50 % [40, 60]‡"
    assert sum(note.startswith("‡") for note in table.footnotes) == 1
    assert not any("‡" in note for note in main_table(measurements()).footnotes)


def test_grid_table_has_the_highest_temperature_first_and_marks_the_near_best() -> None:
    table = grid_table(grid(), ["seed 0."])
    rows = grid_of(table)
    assert [row[0] for row in rows] == ["τ = 1.3", "τ = 1", "τ = 0.7", "τ = 0.4"]
    assert [column.heading for column in table.columns][1:3] == ["λ = 0", "λ = 0.25"]
    assert rows[0][-1] == "–"
    assert rows[3][5] == "57.6 ± 2.1†"
    assert sum(text.endswith("†") for row in rows for text in row) == 5
    assert table.footnotes[-1] == "seed 0."


def test_samples_note_names_all_counts_of_a_role() -> None:
    rows = measurements().rows
    cells = dict(rows[1].cells)
    cells["tiny-mid"] = replace(cells["tiny-mid"], samples=64)
    changed = Measurements(DATASETS, (replace(rows[1], cells=cells),), "none")
    assert "n: RAST 32 or 64." in samples_note(changed)


def test_pass_at_k_table_has_the_papers_k_and_the_papers_protocol() -> None:
    table = detail_tables(measurements())[0]
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
    rows = grid_of(table)
    assert rows[0] == ["base (greedy)", "tiny-easy", "200", "1", "45.0 ± 3.5", *["–"] * 4]
    assert rows[1][0] == ""
    # 1 − 0.38⁴ = 0.9791
    assert rows[4][:6] == ["+ ΔR tiny-m", "tiny-easy", "200", "32", "62.0 ± 3.4", "97.9 ± 1.0"]
    assert rows[5][:6] == ["", "10 draws", "", "", "", "97.9"]


def test_majority_table_drops_k_that_nobody_has() -> None:
    table = detail_tables(measurements())[1]
    assert [column.heading for column in table.columns][4:] == [
        "maj@4",
        "maj@8",
        "maj@16",
        "maj@32",
    ]


def test_generation_table_shows_lengths_shares_and_behaviour() -> None:
    table = detail_tables(measurements(), ["shared."])[2]
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
    first, *others = measurements().rows
    cell = replace(
        first.cells["tiny-easy"], by_verdict={"undecided": VerdictLengths(0.0125, 40.0, 38.0)}
    )
    rows = (replace(first, cells={**first.cells, "tiny-easy": cell}), *others)
    before = detail_tables(measurements(), ["shared."])[2]
    table = detail_tables(replace(measurements(), rows=rows), ["shared."])[2]
    headings = [column.heading for column in table.columns]
    assert headings[:9] == [*[one.heading for one in before.columns][:8], "undec. %"]
    assert [row[8] for row in grid_of(table)[:2]] == ["1.2", "0.0"]
    first_line = grid_of(table)[0]
    assert [*first_line[:8], *first_line[9:]] == grid_of(before)[0]
    assert len(table.footnotes) == len(before.footnotes) + 1
    assert table.footnotes[1].startswith("undec.: ")


def test_a_mean_over_no_samples_is_a_dash() -> None:
    first = measurements().rows[0]
    cell = first.cells["tiny-easy"]
    never_right = replace(cell, lengths=replace(cell.lengths, correct_mean=None))
    row = replace(first, cells={"tiny-easy": never_right}, mean=Estimate(0.0, None))
    table = detail_tables(Measurements(("tiny-easy",), (row,), "none"))[2]
    assert grid_of(table)[0][4:6] == ["–", "48.0"]


def test_a_row_of_the_wrong_width_is_refused() -> None:
    section = TableSection("s", (TableRow((TextCell("a"), TextCell("b"))),))
    with pytest.raises(ValueError, match="2 cells for 1 columns"):
        Table("t", "title", (Column("only"),), (section,))
