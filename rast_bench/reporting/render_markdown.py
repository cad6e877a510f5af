"""A table in GitHub's Markdown."""

import re

from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Table, TableRow, TextCell

SPECIAL = re.compile(r"([\\`*_<>\[\]|])")


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, also inside a table cell."""
    return SPECIAL.sub(r"\\\1", " ".join(text.splitlines()))


def render_markdown(table: Table) -> str:
    """Return a heading, the table and its footnotes, ended by a newline.

    Sections are rows in bold; the thin rule before the controls is a row in italics.
    """
    lines = [f"## {escape_markdown(table.title)}", ""]
    lines.append(_join([escape_markdown(column.heading) for column in table.columns]))
    lines.append(_join([":--" if column.align == "left" else "--:" for column in table.columns]))
    blanks = [""] * (len(table.columns) - 1)
    for section in table.sections:
        lines.append(_join([f"**{escape_markdown(section.title)}**", *blanks]))
        for row in section.rows:
            if row.rule_above:
                lines.append(_join(["*controls*", *blanks]))
            lines.append(_join(_row_texts(row)))
    if table.footnotes:
        lines += ["", *(f"- {escape_markdown(note)}" for note in table.footnotes)]
    return "\n".join(lines) + "\n"


def _row_texts(row: TableRow) -> list[str]:
    texts = [
        escape_markdown(cell.text) if isinstance(cell, TextCell) else cell_text(cell)
        for cell in row.cells
    ]
    if row.style == "sub":
        return [f"<sub>{text}</sub>" if text else "" for text in texts]
    return texts


def _join(texts: list[str]) -> str:
    return "| " + " | ".join(texts) + " |"
