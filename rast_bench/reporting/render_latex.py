"""A table in LaTeX with booktabs, ceilings shaded as in the paper's table 1."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rast_bench.reporting.latex_layout import TEXT_WIDTH, Layout, layout_of, row_groups
from rast_bench.reporting.latex_text import breakable, escape_latex, text_width
from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Cell, RecoveryCell, Table, TableRow, TableSection

__all__ = ["escape_latex", "render_latex"]

PACKAGES = (
    r"% Needs in the preamble: \usepackage{booktabs} \usepackage[table]{xcolor} "
    r"\usepackage{graphicx}"
)
LONG_PACKAGES = PACKAGES + r" \usepackage{longtable}"

SCALED_LINES = 40
"""Lines of one float of a table that is scaled down, which a longtable cannot be."""

BOUNDS_NOTE = (
    "Behind a recovery rate its 95 % interval: the lower bound below, the upper bound above."
)

_SIZES = {9: r"\small", 8: r"\footnotesize", 7: r"\scriptsize"}
_SHADE = r"\rowcolor{gray!15} "


def render_latex(table: Table) -> str:
    r"""Return a `table` (or, for many lines, a `longtable`) with footnotes below it.

    It fits the text of an article: its font shrinks down to \scriptsize, names are wrapped or put
    on lines of their own, and what is still wider than the page is scaled down. The first line
    names the packages that it needs; the last one ends with a newline.
    """
    layout = layout_of(table)
    if not layout.long:
        lines = _float(table, layout)
    elif layout.fits:
        lines = _long(table, layout)
    else:
        lines = [line for part in _parts(table) for line in _float(part, layout)]
    return "\n".join(lines) + "\n"


def _float(table: Table, layout: Layout) -> list[str]:
    return [
        PACKAGES,
        r"\begin{table}[t]",
        rf"\centering{_SIZES[layout.size]}\setlength{{\tabcolsep}}{{{layout.gap:g}pt}}",
        rf"\caption{{{escape_latex(table.title)}}}",
        _label(table),
        r"\par\smallskip",
        # In a column narrower than an article's it is scaled down.
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{_column_spec(table, layout)}}}",
        r"\toprule",
        _headings(table, layout),
        *_body(table, layout),
        r"\bottomrule",
        r"\end{tabular}}",
        *_notes(table, [r"\begin{minipage}{\linewidth}"], [r"\end{minipage}"]),
        r"\end{table}",
    ]


def _long(table: Table, layout: Layout) -> list[str]:
    return [
        LONG_PACKAGES,
        rf"\begingroup{_SIZES[layout.size]}\setlength{{\tabcolsep}}{{{layout.gap:g}pt}}",
        rf"\begin{{longtable}}{{{_column_spec(table, layout)}}}",
        rf"\caption{{{escape_latex(table.title)}}}{_label(table)} \\",
        r"\toprule",
        _headings(table, layout),
        r"\endfirsthead",
        r"\toprule",
        _headings(table, layout),
        r"\midrule",
        r"\endhead",
        *_body(table, layout),
        r"\bottomrule",
        r"\end{longtable}",
        *_notes(table),
        r"\par\endgroup",
    ]


def _parts(table: Table) -> Iterable[Table]:
    """Yield tables of at most about a page each; the footnotes are below the last one."""
    parts: list[list[TableSection]] = [[]]
    lines = 0
    for section in table.sections:
        for group in row_groups(section.rows):
            if lines and lines + len(group) > SCALED_LINES:
                parts.append([])
                lines = 0
            lines += len(group)
            if parts[-1] and parts[-1][-1].title == section.title:
                group = (*parts[-1].pop().rows, *group)
            parts[-1].append(TableSection(section.title, tuple(group)))
    for number, sections in enumerate(parts, 1):
        yield replace(
            table,
            name=f"{table.name}-{number}",
            title=f"{table.title} ({number} of {len(parts)})",
            sections=tuple(sections),
            footnotes=table.footnotes if number == len(parts) else (),
        )


def _column_spec(table: Table, layout: Layout) -> str:
    letters = ["l" if column.align == "left" else "r" for column in table.columns]
    if layout.names is not None:
        letters[0] = rf">{{\raggedright\arraybackslash}}p{{{layout.names:.0f}pt}}"
    if layout.spanning:
        letters = letters[1:]
    return "".join(letters)


def _label(table: Table) -> str:
    return rf"\label{{tab:{re.sub('[^A-Za-z0-9]', '-', table.name)}}}"


def _headings(table: Table, layout: Layout) -> str:
    headings = [escape_latex(column.heading) for column in table.columns]
    return _line(headings[1:] if layout.spanning else headings)


def _body(table: Table, layout: Layout) -> list[str]:
    columns = len(table.columns) - layout.spanning
    lines = []
    for section in table.sections:
        title = _spanning(section.title, rf"\textbf{{{escape_latex(section.title)}}}", columns)
        lines += [r"\midrule", title]
        lines += _section_rows(section.rows, columns, layout)
    return lines


def _spanning(plain: str, latex: str, columns: int) -> str:
    """Return a line of one cell over all columns, wrapped if it is long."""
    wide = text_width(plain, 9) > TEXT_WIDTH - 20
    spec = f"p{{{TEXT_WIDTH - 12:.0f}pt}}" if wide else "l"
    return rf"\multicolumn{{{columns}}}{{{spec}}}{{{latex}}} \\"


def _section_rows(rows: Sequence[TableRow], columns: int, layout: Layout) -> list[str]:
    lines = []
    shade = ""
    for row in rows:
        if row.rule_above:
            lines.append(r"\addlinespace[2pt]\cmidrule(l){1-" + f"{columns}}}")
        if row.style != "sub":
            shade = _SHADE if row.style == "ceiling" else ""
        if not layout.spanning:
            lines.append(shade + _line(_row_texts(row, row.cells)))
            continue
        name = cell_text(row.cells[0])
        if name:
            lines.append(shade + _spanning(name, escape_latex(name), columns))
        texts = _row_texts(row, row.cells[1:])
        lines.append(shade + _line([rf"\quad {texts[0]}", *texts[1:]]))
    return lines


def _row_texts(row: TableRow, cells: Sequence[Cell]) -> list[str]:
    texts = list(map(_cell, cells))
    if row.style == "sub":
        return [rf"{{\scriptsize {text}}}" if text else "" for text in texts]
    return texts


def _cell(cell: Cell) -> str:
    """Return a cell's text; an interval is set as two small numbers after its rate."""
    text = cell_text(cell)
    if not _has_bounds(cell):
        return escape_latex(text)
    rate, low, high, mark = _bounds(text)
    return rf"{escape_latex(rate)} ${{}}_{{{low}}}^{{{high}}}${escape_latex(mark)}"


def _has_bounds(cell: Cell) -> bool:
    return isinstance(cell, RecoveryCell) and "[" in cell_text(cell)


def _bounds(text: str) -> tuple[str, str, str, str]:
    """Return the rate, its bounds with LaTeX's minus, and the mark of `45 % [31, 60]‡`."""
    rate, _, rest = text.partition(" [")
    interval, _, mark = rest.partition("]")
    low, high = interval.replace("−", "-").split(", ")
    return rate, low, high, mark


def _notes(table: Table, opening: Sequence[str] = (), closing: Sequence[str] = ()) -> list[str]:
    notes = list(table.footnotes)
    cells = (cell for section in table.sections for row in section.rows for cell in row.cells)
    if any(map(_has_bounds, cells)):
        notes.insert(0, BOUNDS_NOTE)
    if not notes:
        return []
    return [
        r"\par\smallskip\noindent",
        *opening,
        r"\footnotesize\raggedright\parindent=0pt",
        " \\par\n".join(breakable(escape_latex(note)) for note in notes),
        *closing,
    ]


def _line(texts: Sequence[str]) -> str:
    return " & ".join(_guard(text) for text in texts) + r" \\"


def _guard(text: str) -> str:
    r"""Protect a leading `[`, which would be read as the option of the `\\` before it."""
    return "{}" + text if text.startswith(("[", "*")) else text
