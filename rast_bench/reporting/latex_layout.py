"""Layout of a table that fits the text of an article: font size, wrapped or spanning names.

Widths are estimates from the metrics of Computer Modern (`latex_text.text_width`), rounded up. If
no layout fits, the table is scaled down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rast_bench.reporting.latex_text import text_width
from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Cell, RecoveryCell, Table, TableRow

TEXT_WIDTH = 343.0
"""Points: \\textwidth of LaTeX's article class at 10 pt, less what rounding may cost."""

NARROWEST_NAMES = 76.0
"""Points that a wrapped first column has at least."""

_SIZES = ((9, 6.0), (8, 4.0), (7, 3.0), (7, 2.0))  # of the font, and the gap beside a column
SUB_SIZE = 7  # of rows that continue the row above them

_FLOAT_POINTS = 480.0  # of the 550 that a page holds
_LEADING = {9: 11.0, 8: 9.5, 7: 8.5}
_NOTE_LINE = 83  # characters of \footnotesize in a line


@dataclass(frozen=True)
class Layout:
    """Layout of one table.

    Attributes:
        size: Of the font, in points.
        gap: Points on either side of a column (\tabcolsep).
        spanning: The names in the first column are on lines of their own, which span the others.
        names: Points to which the first column is wrapped; None if it need not be.
        fits: False if the table has to be scaled down.
        long: Whether it is broken over pages.
    """

    size: int
    gap: float
    spanning: bool = False
    names: float | None = None
    fits: bool = True
    long: bool = False


def layout_of(table: Table) -> Layout:
    """Return the layout of the largest font in which the table fits."""
    found = (layout for size, gap in _SIZES for layout in _of_size(table, size, gap))
    layout = next(found, Layout(7, 2.0, names_span(table), fits=False))
    return replace(layout, long=_height(table, layout) > _FLOAT_POINTS)


def _of_size(table: Table, size: int, gap: float) -> Iterator[Layout]:
    """Yield the layouts of one size that fit, the simplest first."""
    widths = [width + 2 * gap for width in _column_widths(table, size)]
    if sum(widths) <= TEXT_WIDTH:
        yield Layout(size, gap)
    left = TEXT_WIDTH - sum(widths[1:]) - 2 * gap
    if size < 9 and left >= max(NARROWEST_NAMES, _longest_word(table, size)):
        yield Layout(size, gap, names=left)
    if size < 9 and names_span(table) and sum(widths[1:]) + size <= TEXT_WIDTH:
        yield Layout(size, gap, spanning=True)


def names_span(table: Table) -> bool:
    """Return whether the second column tells the lines of a row apart, so the name may span."""
    return len(table.columns) > 2 and all(one.align == "left" for one in table.columns[:2])


def compact_text(cell: Cell) -> str:
    """Return the text whose width a cell takes: an interval is set as two small numbers."""
    if isinstance(cell, RecoveryCell) and cell.result.value.low is not None:
        rate, _, bounds = cell_text(cell).partition("[")
        longest = max(bounds.rstrip("]§‡").split(", "), key=len)
        return rate.replace(" ", "") + longest[: max(1, round(0.8 * len(longest)))] + " "
    return cell_text(cell)


def _column_widths(table: Table, size: int) -> list[float]:
    def width(row: TableRow, place: int) -> float:
        points = SUB_SIZE if row.style == "sub" else size
        return text_width(compact_text(row.cells[place]), min(points, size))

    return [
        max(
            text_width(column.heading, size),
            *(width(row, place) for section in table.sections for row in section.rows),
            0.0,
        )
        for place, column in enumerate(table.columns)
    ]


def _longest_word(table: Table, size: int) -> float:
    words = (
        word
        for section in table.sections
        for row in section.rows
        for word in cell_text(row.cells[0]).split()
    )
    return max((text_width(word, size) for word in words), default=0.0)


def _height(table: Table, layout: Layout) -> float:
    """Return the approximate height in points of a float of the table."""
    lines = sum(_lines(section.rows, layout) + 1.5 for section in table.sections) + 2
    notes = sum(1 + len(note) // _NOTE_LINE for note in table.footnotes)
    return lines * _LEADING[layout.size] + notes * _LEADING[8] + 40


def _lines(rows: Sequence[TableRow], layout: Layout) -> float:
    texts = [cell_text(row.cells[0]) for row in rows]
    if layout.spanning:
        return len(rows) + sum(map(bool, texts))
    if layout.names is None:
        return len(rows)
    return sum(1 + text_width(text, layout.size) // layout.names for text in texts)


def row_groups(rows: Sequence[TableRow]) -> Iterator[Sequence[TableRow]]:
    """Yield what a page break should keep together: a named row and the rows that go on with it."""
    starts = [
        place
        for place, row in enumerate(rows)
        if place == 0 or (row.style != "sub" and cell_text(row.cells[0]))
    ]
    for start, end in pairwise([*starts, len(rows)]):
        yield rows[start:end]
