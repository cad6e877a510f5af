"""Whole files against golden ones in data/, and what must hold for any text."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reporting_samples import DATASETS, grid, results, rows

from rast_bench.metrics.estimate import Estimate
from rast_bench.reporting.detail_tables import detail_tables
from rast_bench.reporting.index import ResultIndex, grids_of
from rast_bench.reporting.latex_layout import layout_of
from rast_bench.reporting.long_csv import GRID_COLUMNS, grid_csv, long_csv
from rast_bench.reporting.render_latex import escape_latex, render_latex
from rast_bench.reporting.render_markdown import escape_markdown, render_markdown
from rast_bench.reporting.render_text import display_width, render_text
from rast_bench.reporting.table import (
    Column,
    RateCell,
    Table,
    TableRow,
    TableSection,
    TextCell,
)
from rast_bench.reporting.tables import grid_table, main_table
from rast_bench.results.registry import PASS_AT_K

DATA = Path(__file__).parent / "data"
NOTES = ("λ = 1, τ = 1.0, top-p = 0.95; at most 96 new tokens.", "grader: boxed; seed 0.")
INDEX = ResultIndex(results())
(GRID,) = grids_of(grid())
ALL_TABLES = (
    main_table(INDEX, NOTES),
    *detail_tables(INDEX, NOTES),
    grid_table(GRID, NOTES),
)


@pytest.mark.parametrize(
    ("render", "golden"),
    [
        (render_text, "main_table.txt"),
        (render_markdown, "main_table.md"),
        (render_latex, "main_table.tex"),
    ],
)
def test_main_table_is_the_golden_file(render: Callable[[Table], str], golden: str) -> None:
    expected = (DATA / golden).read_text(encoding="utf-8")
    assert render(main_table(INDEX, NOTES)) == expected


def test_numbers_are_the_golden_file() -> None:
    few = [*rows()[0], *rows()[1]]
    assert long_csv(ResultIndex(few)) == (DATA / "numbers.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("index", range(len(ALL_TABLES)))
def test_tables_of_four_sets_fit_a_terminal_of_120_columns(index: int) -> None:
    table = ALL_TABLES[index]
    assert max(map(len, render_text(table).splitlines())) <= 120


def test_text_columns_line_up_even_with_wide_letters() -> None:
    rows = tuple(
        TableRow((TextCell(name), RateCell(Estimate(0.5, None)))) for name in ("数学", "maths", "é́")
    )
    table = Table("t", "t", (Column("", "left"), Column("x")), (TableSection("s", rows),))
    body = render_text(table).splitlines()[5:8]
    assert len({display_width(line) for line in body}) == 1


HOSTILE = r"a|b_c*d`e\f<g>[h]{i}$j&k#l%m^n~o--p λ·ΔR"


def hostile_table() -> Table:
    rows = (TableRow((TextCell(HOSTILE), TextCell("[1]"))), TableRow((TextCell("[2]"),) * 2))
    section = TableSection(HOSTILE, rows)
    return Table("a_b", HOSTILE, (Column("", "left"), Column(HOSTILE)), (section,), (HOSTILE,))


def test_markdown_rows_keep_their_number_of_cells() -> None:
    lines = [line for line in render_markdown(hostile_table()).splitlines() if line[:1] == "|"]
    assert len(lines) == 5
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {3}


def test_latex_environments_and_braces_balance_for_hostile_text() -> None:
    source = render_latex(hostile_table())
    assert environments_are_nested(source)
    assert braces_balance(source)
    rows = [line for line in source.splitlines() if line.endswith(r"\\")]
    # An unescaped & opens a cell; a \\ followed by [ would be read as its optional argument.
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [1, 0, 1, 1]
    assert not any(row.startswith(("[", "*")) for row in rows)


@pytest.mark.parametrize("index", range(len(ALL_TABLES)))
def test_latex_of_every_table_has_as_many_cells_as_columns(index: int) -> None:
    table = ALL_TABLES[index]
    source = render_latex(table)
    assert environments_are_nested(source)
    assert braces_balance(source)
    assert "xcolor" in source.splitlines()[0]
    columns = len(table.columns) - layout_of(table).spanning
    lines = [
        line
        for line in source.splitlines()
        if line.endswith(r"\\") and not re.search(r"\\multicolumn|\\caption", line)
    ]
    assert len(lines) > len(table.sections)
    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {columns - 1}


def test_a_ceiling_is_shaded_with_the_rows_that_go_on_with_it() -> None:
    source = render_latex(ALL_TABLES[1])
    (band,) = re.findall(r"(?:^\\rowcolor.*\n)+", source, re.MULTILINE)
    # Its name, four data sets, and the draws of each.
    assert len(band.splitlines()) == 1 + 4 + 4
    assert "RL ceiling" in band


def test_a_narrow_terminal_gets_wrapped_names_and_blocks_of_columns() -> None:
    table = main_table(INDEX, NOTES)
    narrow = render_text(table, 50)
    assert max(map(display_width, narrow.splitlines())) <= 60  # notes
    rules = [line for line in narrow.splitlines() if set(line) == {"─"}]
    assert max(map(len, rules)) <= 50
    heads = [line.split() for line in narrow.splitlines() if line.startswith(" " * 24)]
    assert [name for head in heads[: len(rules) // 4] for name in head] == [*DATASETS, "mean"]
    assert narrow.count("+ ΔR tiny-s seed 1") == len(rules) / 4 == 3
    assert render_text(table, 120) == render_text(table)


def test_a_long_name_is_wrapped_only_where_the_terminal_is_narrow() -> None:
    name = "a name of very many words that a narrow terminal has no place for"
    section = TableSection("s", (TableRow((TextCell(name), TextCell("12.5 ± 3.5"))),))
    table = Table("t", "title", (Column("", "left"), Column("x")), (section,))
    assert render_text(table, 80).splitlines()[5].startswith(f"  {name}")
    lines = render_text(table, 40).splitlines()[5:8]
    assert lines[0] == "  a name of very many    12.5 ± 3.5"
    assert lines[1] == "    words that a narrow"


def test_latex_breaks_only_long_tables_over_pages() -> None:
    environments = [re.findall(r"\\begin\{(\w+)\}", render_latex(table))[0] for table in ALL_TABLES]
    assert environments == ["table", *["longtable"] * 3, "table"]
    for table, environment in zip(ALL_TABLES, environments, strict=True):
        names_package = "{longtable}" in render_latex(table).splitlines()[0]
        assert names_package == (environment == "longtable")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("+ ΔR tiny_s", r"+ $\Delta$R tiny\_s"),
        ("62.3 ± 1.4", r"62.3 $\pm$ 1.4"),
        ("−5 % [−31, 0]", r"$-$5 \% [$-$31, 0]"),
        ("λ × τ", r"$\lambda$ $\times$ $\tau$"),
        ("a\\b{c}", r"a\textbackslash{}b\{c\}"),
        ("~^", r"\textasciitilde{}\textasciicircum{}"),
        ("a--b", "a-{}-b"),
        ("a---b", "a-{}-{}-b"),
        ("–", "--"),
    ],
)
def test_escape_latex(text: str, escaped: str) -> None:
    assert escape_latex(text) == escaped


@given(st.text())
def test_escaped_latex_has_no_bare_special_character(text: str) -> None:
    escaped = escape_latex(text)
    assert braces_balance(escaped)
    assert not re.search(r"(?<!\\)[&#%_]", escaped)
    assert len(re.findall(r"(?<!\\)\$", escaped)) % 2 == 0


@given(st.text())
def test_escaped_markdown_reads_back_as_the_text(text: str) -> None:
    escaped = escape_markdown(text)
    assert "\n" not in escaped
    assert re.sub(r"\\([\\`*_<>\[\]|])", r"\1", escaped) == " ".join(text.splitlines())


def test_csv_reads_back_at_full_precision() -> None:
    lines = list(csv.DictReader(io.StringIO(long_csv(INDEX))))
    chosen = {
        (line["row"], line["dataset"], line["metric"], line["estimator"], line["k"]): line
        for line in lines
        if line["section"] == "tiny-l"
    }
    exact = INDEX.get(INDEX.rows[1], "tiny-mid", PASS_AT_K, 7)
    assert exact is not None
    curve = chosen["+ ΔR tiny-m", "tiny-mid", "pass", "unbiased", "7"]
    assert float(curve["value"]) == exact.estimate
    assert float(curve["standard_error"]) == exact.standard_error
    assert chosen["RL ceiling", "(mean)", "avg", "", ""]["standard_error"] == "0.0123"
    hidden = chosen["ΔR shuffled", "tiny-mid", "recovery", "", ""]
    assert (hidden["value"], hidden["low"], hidden["status"]) == (
        *("0.1234", "", "not identified"),
    )
    assert not {"nan", "inf", "-inf", "None"} & {field for line in lines for field in line.values()}


def test_csv_has_one_line_a_row_set_and_metric() -> None:
    lines = list(csv.DictReader(io.StringIO(long_csv(INDEX))))
    names = ("section", "row", "dataset", "metric", "estimator", "k")
    keys = [tuple(line[name] for name in names) for line in lines]
    assert len(keys) == len(set(keys))


def test_grid_csv_has_one_line_a_point() -> None:
    lines = list(csv.DictReader(io.StringIO(grid_csv([GRID]))))
    assert len(lines) == 27
    assert tuple(lines[0]) == GRID_COLUMNS
    points = [(float(line["lambda"]), float(line["temperature"])) for line in lines]
    assert points == sorted(points)
    assert {line["near_best"] for line in lines} == {"true", "false"}


def environments_are_nested(source: str) -> bool:
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", source):
        if kind == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            return False
    return not stack


def braces_balance(source: str) -> bool:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", source):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0
