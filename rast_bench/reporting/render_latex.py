"""A table in LaTeX with booktabs, ceilings shaded as in the paper's table 1."""

import re

from rast_bench.reporting.numbers import cell_text
from rast_bench.reporting.table import Table, TableRow

PACKAGES = r"% Needs in the preamble: \usepackage{booktabs} \usepackage[table]{xcolor}"
LONG_PACKAGES = PACKAGES + r" \usepackage{longtable}"

# A float holds one page at most; a table of more lines than this is set as a longtable.
FLOAT_LINES = 40

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\n": " ",
    "–": "--",
    "—": "---",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "…": r"\dots{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "§": r"\S{}",
    "•": r"\textbullet{}",
    "\N{NO-BREAK SPACE}": "~",
}
_MATHS = {
    "±": r"\pm",
    "−": "-",
    "×": r"\times",
    "·": r"\cdot",
    "√": r"\surd",
    "≥": r"\geq",
    "≤": r"\leq",
    "≈": r"\approx",
    "≠": r"\neq",
    "→": r"\to",
    "∞": r"\infty",
    "²": "^{2}",
    "Δ": r"\Delta",
    "Σ": r"\Sigma",
    "Ω": r"\Omega",
    "α": r"\alpha",
    "β": r"\beta",
    "γ": r"\gamma",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "θ": r"\theta",
    "λ": r"\lambda",
    "μ": r"\mu",
    "π": r"\pi",
    "σ": r"\sigma",
    "τ": r"\tau",
    "ω": r"\omega",
}
_TABLE = str.maketrans(_ESCAPES | {sign: f"${command}$" for sign, command in _MATHS.items()})


def escape_latex(text: str) -> str:
    """Text that LaTeX sets as it is; Greek letters and signs of arithmetic in math mode.

    Other letters stay as they are: pdfLaTeX sets Latin ones, XeLaTeX and LuaLaTeX every script.
    """
    # Two hyphens side by side would be set as one en dash.
    return "{}".join(part.translate(_TABLE) for part in re.split("(?<=-)(?=-)", text))


def render_latex(table: Table) -> str:
    """A `table` (or, of many lines, a `longtable`) with booktabs rules, footnotes below it.

    The first line names the packages that it needs; the last one ends with a newline.
    """
    lines = _long(table) if _line_count(table) > FLOAT_LINES else _float(table)
    return "\n".join(lines) + "\n"


def _line_count(table: Table) -> int:
    return sum(1 + len(section.rows) for section in table.sections)


def _float(table: Table) -> list[str]:
    return [
        PACKAGES,
        r"\begin{table}[t]",
        r"\centering\small",
        rf"\caption{{{escape_latex(table.title)}}}",
        _label(table),
        rf"\begin{{tabular}}{{{_column_spec(table)}}}",
        r"\toprule",
        _headings(table),
        *_body(table),
        r"\bottomrule",
        r"\end{tabular}",
        *_notes(table),
        r"\end{table}",
    ]


def _long(table: Table) -> list[str]:
    return [
        LONG_PACKAGES,
        r"\begingroup\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\begin{{longtable}}{{{_column_spec(table)}}}",
        rf"\caption{{{escape_latex(table.title)}}}{_label(table)} \\",
        r"\toprule",
        _headings(table),
        r"\endfirsthead",
        r"\toprule",
        _headings(table),
        r"\midrule",
        r"\endhead",
        *_body(table),
        r"\bottomrule",
        r"\end{longtable}",
        *_notes(table),
        r"\endgroup",
    ]


def _column_spec(table: Table) -> str:
    return "".join("l" if column.align == "left" else "r" for column in table.columns)


def _label(table: Table) -> str:
    return rf"\label{{tab:{re.sub('[^A-Za-z0-9]', '-', table.name)}}}"


def _headings(table: Table) -> str:
    return _line([escape_latex(column.heading) for column in table.columns])


def _body(table: Table) -> list[str]:
    columns = len(table.columns)
    lines = []
    for section in table.sections:
        title = rf"\textbf{{{escape_latex(section.title)}}}"
        lines += [r"\midrule", rf"\multicolumn{{{columns}}}{{l}}{{{title}}} \\"]
        lines += _section_rows(section.rows, columns)
    return lines


def _notes(table: Table) -> list[str]:
    if not table.footnotes:
        return []
    return [
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\footnotesize\raggedright",
        " \\par\n".join(escape_latex(note) for note in table.footnotes),
        r"\end{minipage}",
    ]


def _section_rows(rows: tuple[TableRow, ...], columns: int) -> list[str]:
    lines = []
    for row in rows:
        if row.rule_above:
            lines.append(rf"\cmidrule(l){{1-{columns}}}")
        shade = r"\rowcolor{gray!15} " if row.style == "ceiling" else ""
        lines.append(shade + _line(_row_texts(row)))
    return lines


def _row_texts(row: TableRow) -> list[str]:
    texts = [escape_latex(cell_text(cell)) for cell in row.cells]
    if row.style == "sub":
        return [rf"{{\scriptsize {text}}}" if text else "" for text in texts]
    return texts


def _line(texts: list[str]) -> str:
    return " & ".join(_guard(text) for text in texts) + r" \\"


def _guard(text: str) -> str:
    """A cell that opens with `[` would be read as the option of the `\\\\` before it."""
    return "{}" + text if text.startswith(("[", "*")) else text
