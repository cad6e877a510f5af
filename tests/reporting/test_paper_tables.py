"""The paper's layout with ours below it, to the letter."""

from pathlib import Path

from measured_cells import HALF, cell, cells, published, requested

from rast_bench.reporting.comparison_csv import comparison_csv
from rast_bench.reporting.paper_tables import paper_tables
from rast_bench.reporting.paper_texts import verdict_counts
from rast_bench.reporting.render_latex import render_latex
from rast_bench.reporting.render_text import render_text

PUBLISHED = [
    published("48.5"),
    published("99.0", method="rl", delta=None, lambda_=None),
    published("33.3", metric="recovery rate"),
]


EXPECTED = Path(__file__).parent / "data" / "paper_table.txt"


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if "─" not in line]


def test_the_table_of_scores() -> None:
    two = [*cells(), cell("+ ΔR", "rast", None, dataset="hard")]
    results = requested(two, ["accuracy", "recovery rate"], *PUBLISHED)
    (table,) = paper_tables(results, "table1", published=True)
    assert _lines(render_text(table))[:16] == EXPECTED.read_text().splitlines()


def test_nothing_run_prints_the_published_numbers() -> None:
    nothing = [cell(one.row, one.role, None) for one in cells()]
    results = requested(nothing, ["accuracy"], *PUBLISHED)
    (table,) = paper_tables(results, "table1", published=True)
    text = " ".join(render_text(table).split())
    assert "48.5" in text
    assert "differs" not in text
    assert "• not run: `python run.py experiment=table1` makes what is missing." in text
    assert "2 published numbers: 2 not run." in text


def test_ceilings_are_shaded_in_latex() -> None:
    results = requested(cells(), ["accuracy"], *PUBLISHED)
    (table,) = paper_tables(results, "table1", published=True)
    latex = render_latex(table)
    shaded = [line for line in latex.splitlines() if line.startswith(r"\rowcolor")]
    assert len(shaded) == 1
    assert r"\toprule" in latex
    assert shaded[0].split(" & ")[0].endswith("RL")


def test_a_grid_of_one_dimension_is_a_line_a_point() -> None:
    points = [
        cell("big + ΔR small", "rast", HALF, grid="λ at τ = 1", lambda_=lambda_)
        for lambda_ in (0.5, 1.0)
    ]
    results = requested(points, ["accuracy"], published("50.0"), published("99.9", lambda_=0.5))
    (table,) = paper_tables(results, "figure6", published=True)
    assert [column.heading for column in table.columns] == [
        *("", "paper", "ours", "range", "verdict")
    ]
    rows = [[cell.text for cell in row.cells] for row in table.sections[0].rows]
    assert [row[0] for row in rows] == ["λ = 0.5", "λ = 1"]
    assert [row[-1] for row in rows] == ["differs", "agrees"]


def test_the_spread_over_runs_is_a_column_of_a_tall_grid() -> None:
    points = [
        cell("big + ΔR small", "rast", correct, grid="λ at τ = 1", lambda_=lambda_)
        for lambda_, correct in ((0.5, HALF), (1.0, None))
    ]
    results = requested(points, ["accuracy", "standard deviation over runs"], published("50.0"))
    (table,) = paper_tables(results, "figure6", published=True)
    assert [column.heading for column in table.columns][-1] == "sd over runs"
    assert [row.cells[-1].text for row in table.sections[0].rows] == ["35.36 ± 14.43", "not run"]


def test_a_rate_that_is_not_identified_has_a_mark_and_a_note() -> None:
    unsure = [
        cell("base", "base", HALF),
        cell("+ ΔR", "rast", [[1, 1, 1, 1], *HALF[1:]]),
        cell("RL", "ceiling", [[1, 1, 1, 0], *HALF[1:]]),
    ]
    rate = published("210", metric="recovery rate")
    mean = published("84.8", metric="mean recovery rate", dataset=None)
    results = requested(unsure, ["recovery rate", "mean recovery rate"], rate, mean)
    (table,) = paper_tables(results, "table4", published=True)
    assert [column.heading for column in table.columns][2:] == ["easy", "mean of ratios"]
    text = " ".join(render_text(table).split())
    assert "ours 200§ 200.0§" in text
    assert "verdict agrees§ agrees§" in text
    assert "§ not identified: ceiling and base" in text
    assert "2 published numbers: 2 agree (2 of them not identified)." in text
    assert "ratio of means" in text
    assert comparison_csv(results).count(",agrees,not identified") == 2
    assert "{\\scriptsize agrees\\S{}}" in render_latex(table)


def test_another_lemmatizer_is_named_and_makes_no_difference_of_its_own() -> None:
    number = published("9.999", metric="self verify frequency")
    results = requested(cells()[1:2], ["self verify frequency"], number)
    (table,) = paper_tables(results, "figure10", published=True)
    text = " ".join(render_text(table).split())
    assert "differs" not in text
    assert "not comparable: ours was counted by simplemma" in text
    assert "1 published number: 1 not comparable." in text


def test_pass_at_k_has_a_section_a_data_set() -> None:
    results = requested(cells()[1:], ["pass@k"], published("90.0", metric="pass@k", k=4))
    (table,) = paper_tables(results, "figure3", published=True)
    assert [section.title for section in table.sections] == ["easy"]


def test_unknown_published_numbers_are_left_empty() -> None:
    results = requested(cells(), ["response length"])
    (table,) = paper_tables(results, "table6", published=True)
    text = " ".join(render_text(table).split())
    assert "could not be recovered" in text
    assert "paper" not in text


def test_alone_ours_is_not_called_ours() -> None:
    two = [*cells(), cell("+ ΔR", "rast", HALF, dataset="hard")]
    (table,) = paper_tables(requested(two, ["accuracy"]), "demo", published=False)
    assert [column.heading for column in table.columns] == ["", "easy", "hard"]
    assert "ours" not in render_text(table)


def test_the_csv_has_a_line_for_each_published_number() -> None:
    results = requested(cells(), ["accuracy"], *PUBLISHED[:2], published("48.9", source="text"))
    lines = comparison_csv(results).splitlines()
    assert len(lines) == 1 + 1 + 2 + 1
    assert lines[2].startswith("big,+ ΔR,rast,,easy,accuracy,,1.0,1.0,table 1,48.5,equal,%,50.0,")
    assert lines[2].endswith(",agrees,")
    assert lines[1].endswith(",,")


def test_verdicts_are_counted() -> None:
    ceiling = published("60.0", method="rl", delta=None, lambda_=None)
    results = requested(cells(), ["accuracy"], PUBLISHED[0], ceiling)
    assert verdict_counts(results) == "2 published numbers: 1 agree, 1 differ."
    assert verdict_counts(requested(cells(), ["accuracy"])) == ""
