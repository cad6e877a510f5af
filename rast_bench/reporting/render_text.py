"""A table for the terminal: aligned plain Unicode, no colour."""

import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import takewhile, zip_longest
from math import ceil

from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Column, Table, TableRow

GAP = "  "
INDENT = {"plain": "  ", "ceiling": "  ", "sub": "    "}
MIN_NOTE_WIDTH = 60

NARROWEST_NAMES = 24
"""Characters that names are wrapped to at least, else to a third of a narrow terminal."""


def display_width(text: str) -> int:
    """Return the columns that `text` takes in a terminal: wide characters two, marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def render_text(table: Table, width: int | None = None) -> str:
    """Return the table as lines, the last one ended by a newline; footnotes wrapped to its width.

    Args:
        table: Any table.
        width: Of the terminal, None for as wide as the table is. In a narrower terminal names are
            wrapped, and columns that do not fit are in further blocks below.
    """
    natural = _total(table, _widths(table.columns, _texts(table)))
    if width is None or natural <= width:
        return "\n".join([table.title, *_block(table, None, None), *_notes(table, natural)]) + "\n"
    names = max(NARROWEST_NAMES, width // 3)
    lines = textwrap.wrap(table.title, width)
    for number, columns in enumerate(_blocks(table, width, names)):
        lines += [*([""] if number else []), *_block(table, columns, names)]
    return "\n".join([*lines, *_notes(table, width)]) + "\n"


def _texts(table: Table) -> list[list[str]]:
    return [_row_texts(row) for section in table.sections for row in section.rows]


def _widths(columns: Sequence[Column], texts: Iterable[Sequence[str]]) -> list[int]:
    rows = [[column.heading for column in columns], *texts]
    return [max(display_width(row[place]) for row in rows) for place in range(len(columns))]


def _total(table: Table, widths: Sequence[int]) -> int:
    titles = (display_width(section.title) for section in table.sections)
    return max(sum(widths) + len(GAP) * (len(widths) - 1), *titles, 0)


def _blocks(table: Table, width: int, names: int) -> list[list[int]]:
    """Return the columns of each block, by position: names in all blocks, the others divided."""
    fixed = len(list(takewhile(lambda column: column.align == "left", table.columns)))
    widths = _widths(table.columns, _texts(table))
    widths[0] = min(widths[0], names)
    taken = sum(widths[:fixed]) + len(GAP) * (fixed - 1)
    others = range(fixed, len(widths))
    blocks = 1
    while True:
        size = ceil(len(others) / blocks)
        shares = [others[start : start + size] for start in range(0, len(others), size or 1)]
        fits = all(
            taken + sum(widths[place] + len(GAP) for place in share) <= width for share in shares
        )
        if fits or size <= 1:
            return [[*range(fixed), *share] for share in shares] or [list(range(fixed))]
        blocks += 1


def _block(table: Table, places: Sequence[int] | None, names: int | None) -> list[str]:
    """Return the lines of some columns, their names wrapped to `names` characters."""
    places = range(len(table.columns)) if places is None else places
    columns = [table.columns[place] for place in places]
    body = [
        [_wrapped([_row_texts(row)[place] for place in places], names) for row in section.rows]
        for section in table.sections
    ]
    texts = [line for rows in body for lines in rows for line in lines]
    widths = _widths(columns, texts)
    # Titles of sections may be longer than a narrow block.
    total = _total(table, widths) if names is None else sum(widths) + len(GAP) * (len(widths) - 1)
    lines = ["─" * total, _line([column.heading for column in columns], widths, columns)]
    for section, rows in zip(table.sections, body, strict=True):
        lines += ["─" * total, *(textwrap.wrap(section.title, total) or [""])]
        for row, row_lines in zip(section.rows, rows, strict=True):
            if row.rule_above:
                lines.append("  " + "╌" * (total - 2))
            lines += [_line(texts, widths, columns) for texts in row_lines]
    return [*lines, "─" * total]


def _wrapped(texts: list[str], names: int | None) -> list[list[str]]:
    """Return a row as one line, or as several if its name is longer than `names`."""
    if names is None or display_width(texts[0]) <= names:
        return [texts]
    indent = texts[0][: len(texts[0]) - len(texts[0].lstrip())]
    parts = textwrap.wrap(
        texts[0].strip(), names, initial_indent=indent, subsequent_indent=indent + "  "
    )
    first, *more = zip_longest(parts, [texts[1:]], fillvalue=[""] * (len(texts) - 1))
    return [[str(first[0]), *first[1]], *([str(part), *rest] for part, rest in more)]


def _notes(table: Table, width: int) -> list[str]:
    lines = []
    for note in table.footnotes:
        lines += textwrap.wrap(
            note, max(width, MIN_NOTE_WIDTH), initial_indent="• ", subsequent_indent="  "
        )
    return lines


def _row_texts(row: TableRow) -> list[str]:
    first, *others = (cell_text(cell) for cell in row.cells)
    return [INDENT[row.style] + first if first else "", *others]


def _line(texts: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    padded = []
    for text, width, column in zip(texts, widths, columns, strict=True):
        space = " " * (width - display_width(text))
        padded.append(text + space if column.align == "left" else space + text)
    return GAP.join(padded).rstrip()
