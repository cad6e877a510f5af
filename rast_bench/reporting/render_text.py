"""A table for the terminal: aligned plain Unicode, no colour."""

import textwrap
import unicodedata

from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Column, Table, TableRow

GAP = "  "
INDENT = {"plain": "  ", "ceiling": "  ", "sub": "    "}
MIN_NOTE_WIDTH = 60


def display_width(text: str) -> int:
    """Columns that `text` takes in a terminal: wide characters two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def render_text(table: Table) -> str:
    """The table as lines, the last one ended by a newline; footnotes wrapped to its width."""
    body = [[_row_texts(row) for row in section.rows] for section in table.sections]
    headings = [column.heading for column in table.columns]
    texts = [headings, *(row for rows in body for row in rows)]
    widths = [max(display_width(row[i]) for row in texts) for i in range(len(headings))]
    total = max(
        sum(widths) + len(GAP) * (len(widths) - 1),
        *(display_width(section.title) for section in table.sections),
        0,
    )
    lines = [table.title, "─" * total, _line(headings, widths, table.columns)]
    for section, rows in zip(table.sections, body, strict=True):
        lines += ["─" * total, section.title]
        for row, row_texts in zip(section.rows, rows, strict=True):
            if row.rule_above:
                lines.append("  " + "╌" * (total - 2))
            lines.append(_line(row_texts, widths, table.columns))
    lines.append("─" * total)
    for note in table.footnotes:
        lines += textwrap.wrap(
            note, max(total, MIN_NOTE_WIDTH), initial_indent="• ", subsequent_indent="  "
        )
    return "\n".join(lines) + "\n"


def _row_texts(row: TableRow) -> list[str]:
    first, *others = (cell_text(cell) for cell in row.cells)
    return [INDENT[row.style] + first if first else "", *others]


def _line(texts: list[str], widths: list[int], columns: tuple[Column, ...]) -> str:
    padded = []
    for text, width, column in zip(texts, widths, columns, strict=True):
        space = " " * (width - display_width(text))
        padded.append(text + space if column.align == "left" else space + text)
    return GAP.join(padded).rstrip()
