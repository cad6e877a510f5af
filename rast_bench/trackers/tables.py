"""The tables and charts of an experiment as a tracker takes them."""

import csv
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rast_bench.reporting.charts import Chart
from rast_bench.reporting.numbers import cell_text
from rast_bench.results.registry import ACCURACY
from rast_bench.trackers.base import LineChart, Scalar, TableData

if TYPE_CHECKING:
    from rast_bench.reporting.table import Table

INTERVAL_COLUMNS = ("group", "row", "value", "low", "high", "published")


def text_table(table: "Table") -> TableData:
    """Return a printed table as text, its sections in a column of their own."""
    columns = ("section", *(column.heading or " " for column in table.columns))
    rows = [
        [section.title, *map(cell_text, row.cells)]
        for section in table.sections
        for row in section.rows
    ]
    return TableData(_distinct(columns), rows)


def interval_table(charts: Iterable[Chart]) -> TableData:
    """Return the data of the charts of accuracies: ours with their 95 % intervals, in percent."""
    columns = INTERVAL_COLUMNS[2:]
    rows: list[list[Scalar]] = [
        [f"{chart.place}, {row['group']}", row["row"], *(row.get(name) for name in columns)]
        for chart in charts
        if chart.kind == "bars" and chart.measure == ACCURACY
        for row in chart.rows
    ]
    return TableData(INTERVAL_COLUMNS, rows)


def csv_table(text: str) -> TableData:
    """Return a CSV file of the report; columns all of whose values are numbers hold numbers."""
    head, *lines = csv.reader(io.StringIO(text))
    columns: list[list[Scalar]] = []
    for place in range(len(head)):
        values = [line[place] for line in lines]
        try:
            columns.append([float(value) if value else None for value in values])
        except ValueError:
            columns.append(list(values))
    return TableData(tuple(head), [list(row) for row in zip(*columns, strict=True)])


def line_charts(charts: Iterable[Chart]) -> dict[str, LineChart]:
    """Return the curves over k, λ and τ of our own numbers, by the name of their chart."""
    found = {}
    for chart in charts:
        if chart.kind != "curves":
            continue
        lines: dict[str, list[tuple[float, float]]] = {}
        for row in chart.rows:
            if "value" in row:
                lines.setdefault(row["row"], []).append((row["x"], row["value"]))
        if lines:
            title = f"{chart.title} (%)"
            x_name = chart.spec["encoding"]["x"]["title"]
            found[f"charts/{chart.id}"] = LineChart(title, x_name, lines)
    return found


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in names:
        count, own = 2, name
        while own in found:
            own, count = f"{name} {count}", count + 1
        found[own] = None
    return tuple(found)
