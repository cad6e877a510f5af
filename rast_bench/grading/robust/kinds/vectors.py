r"""Matrices and vectors: environments, nested brackets, unit vectors, sums with scalar factors."""

import re
from dataclasses import dataclass
from itertools import chain
from typing import Literal, Self

from rast_bench.grading.decision import Decision, different
from rast_bench.grading.robust.cleaning import bracket_partners
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import read_tuple, same_in_order
from rast_bench.grading.robust.kinds.equations import unknowns
from rast_bench.grading.robust.kinds.notation import bare, separators

MAX_CELLS = 400
MAX_TERMS = 8

_ENVIRONMENT = re.compile(
    r"\\begin ?\{(?P<name>[pbvVB]?matrix|smallmatrix|array)\*?\} ?(?:\{[clr| ]*\})?"
    r"(?P<rows>.*)\\end ?\{(?P=name)\*?\}",
    re.DOTALL,
)
_KINDS: dict[str, Literal["determinant", "norm"]] = {"vmatrix": "determinant", "Vmatrix": "norm"}
_ROW = re.compile(r"\\\\(?:\[[^\]]*\])?|\\cr(?![A-Za-z])")
_TRANSPOSED = re.compile(r" ?\^ ?(?:\{ ?(?:T|\\top|\\intercal|t) ?\}|T|\\top(?![A-Za-z]))\Z")
_TIMES = re.compile(r"(?:\\cdot|\\times|\*) ?\Z")
_NUMBER = re.compile(r"(?:[-+0-9./ {}()]|\\(?:d?frac|sqrt|pi)(?![A-Za-z]))*")
_ACCENT = r"\\(?:hat|vec|mathbf|bm|boldsymbol|widehat|overrightarrow|bar|overline)"
_UNIT = re.compile(
    rf"(?P<before>.*?)(?:{_ACCENT} ?)*(?:\{{ ?)*(?:{_ACCENT} ?)*(?:\{{ ?)*"
    r"(?P<unit>\\[ij]math(?![A-Za-z])|(?<![A-Za-z\\])[ijk])(?: ?\})*\Z",
    re.DOTALL,
)


@dataclass(frozen=True)
class Matrix:
    """Cells by rows.

    Attributes:
        kind: "determinant" for one between bars, "norm" between double ones.
        terms: number of matrices that were added; more than one may be a line with a parameter.
        padded: whether a missing third component is zero: `2i + j`.
    """

    rows: tuple[tuple[str, ...], ...]
    kind: Literal["matrix", "determinant", "norm"] = "matrix"
    terms: int = 1
    padded: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0])

    def components(self) -> tuple[str, ...] | None:
        """Return the components of a row or column; None for another matrix."""
        return tuple(chain(*self.rows)) if 1 in self.shape else None

    def compare(self, gold: Self, compare: Compare) -> Decision:
        mine, wanted = self.components(), gold.components()
        if mine and wanted:  # a row for a column
            mine, wanted = _padded(self, len(wanted)) or mine, _padded(gold, len(mine)) or wanted
            decision = same_in_order(mine, wanted, compare)
            if decision.outcome == "different" and min(self.terms, gold.terms) > 1:
                return _same_line(mine, wanted)
            return decision
        if self.shape != gold.shape:
            return different("count", "matrices of other shapes")
        return same_in_order(tuple(chain(*self.rows)), tuple(chain(*gold.rows)), compare)

    def compare_components(self, values: tuple[str, ...], compare: Compare) -> Decision:
        """Compare with the parts of a tuple."""
        mine = self.components()
        if mine is None:
            return different("kind", "a matrix is no tuple")
        return same_in_order(_padded(self, len(values)) or mine, values, compare)


def _padded(matrix: Matrix, size: int) -> tuple[str, ...] | None:
    components = matrix.components() or ()
    return (*components, "0") if matrix.padded and len(components) == 2 and size == 3 else None


def _same_line(mine: tuple[str, ...], wanted: tuple[str, ...]) -> Decision:
    from rast_bench.grading.robust.kinds.lines import same_line  # loads sympy

    return same_line(mine, wanted)


def read_matrix(text: str) -> Matrix | None:
    """Read a matrix; None for a tuple, and for products and others that take arithmetic."""
    if r"\begin" not in text and "(" not in text and "[" not in text:
        return _unit_vectors(text)
    terms = _terms(text)
    if not terms or len(terms) > MAX_TERMS:
        return None
    read = [_term(sign, term, alone=len(terms) == 1) for sign, term in terms]
    found = [matrix for matrix in read if matrix is not None]
    if not found or len(found) < len(read):
        return _unit_vectors(text)
    if len({(matrix.shape, matrix.kind) for matrix in found}) > 1:
        return None
    if len(found) == 1:
        return found[0]
    if found[0].kind != "matrix":
        return None
    cells = zip(*(chain(*matrix.rows) for matrix in found), strict=True)
    summed = tuple(" + ".join(f"({cell})" for cell in cell_of) for cell_of in cells)
    return Matrix(_in_rows(summed, found[0].shape[1]), terms=len(found))


def _in_rows(cells: tuple[str, ...], columns: int) -> tuple[tuple[str, ...], ...]:
    return tuple(cells[start : start + columns] for start in range(0, len(cells), columns))


def _terms(text: str) -> list[tuple[str, str]]:
    """Return the terms of a sum with their signs."""
    terms, sign, begin = [], "", 0
    for match in separators(text, r"[-+]"):
        before = text[begin : match.start()].strip()
        if not before:
            if begin:  # two signs in a row
                return []
        elif before[-1] in "^_/*=" or before.endswith((r"\cdot", r"\times")):
            continue
        else:
            terms.append((sign, before))
        sign, begin = match[0], match.end()
    terms.append((sign, text[begin:].strip()))
    return [] if any(not term for _, term in terms) else terms


def _term(sign: str, term: str, *, alone: bool) -> Matrix | None:
    """Read a scalar factor and a matrix or, in a sum or after a number, a tuple."""
    turned = _TRANSPOSED.search(term)
    if turned:
        term = term[: turned.start()]
    start = term.find(r"\begin")
    if start >= 0:
        factor, body = term[:start].rstrip(), term[start:]
        if factor[-1:] in ("(", "[") and term[-1:] in (")", "]"):
            factor, body = factor[:-1].rstrip(), body[:-1].rstrip()
        matrix = _environment(body)
    else:
        start = _last_group(term)
        if start < 0:
            return None
        factor, body = term[:start].strip(), term[start:]
        if body[:1] + body[-1:] not in ("()", "[]"):
            return None
        matrix = _bracketed(body, plain=alone and not factor and not sign)
        if alone and not _NUMBER.fullmatch(factor):
            return None
    if matrix is None or r"\begin" in factor:
        return None
    if turned:
        rows = tuple(tuple(column) for column in zip(*matrix.rows, strict=True))
        matrix = Matrix(rows, matrix.kind)
    factor = _TIMES.sub("", factor).strip()
    scale = f"{'-' if sign == '-' else ''}{f'({factor})' if factor else ''}"
    if not scale:
        return matrix
    if matrix.kind != "matrix":
        return None
    rows = tuple(tuple(f"{scale}({cell})" for cell in row) for row in matrix.rows)
    return Matrix(rows)


def _last_group(text: str) -> int:
    """Return where the bracket closed by the last character opens; -1 if none."""
    partners = bracket_partners(text)
    last = len(text) - 1
    return next((start for start, end in partners.items() if end == last), -1)


def _environment(text: str) -> Matrix | None:
    match = _ENVIRONMENT.fullmatch(text)
    if match is None or r"\begin" in match["rows"]:
        return None
    rows = [row.strip() for row in _ROW.split(match["rows"]) if row.strip()]
    cells = tuple(tuple(cell.strip() for cell in row.split("&")) for row in rows)
    if not cells or len({len(row) for row in cells}) > 1:
        return None
    if len(cells) * len(cells[0]) > MAX_CELLS or not all(chain(*cells)):
        return None
    return Matrix(cells, _KINDS.get(match["name"], "matrix"))


def _bracketed(text: str, *, plain: bool) -> Matrix | None:
    """Read nested square brackets or, as a term of a sum, a tuple."""
    outer = read_tuple(text)
    if outer is None or outer.label or len(outer.items) > MAX_CELLS:
        return None
    inner = [read_tuple(item) for item in outer.items]
    rows = [row.items for row in inner if row is not None and row.opening == "["]
    if rows and len(rows) == len(inner):
        same = len({len(row) for row in rows}) == 1 and outer.opening == "["
        return Matrix(tuple(rows)) if same else None
    return None if plain or any(inner) else Matrix((outer.items,))


def is_unit_vector(text: str) -> bool:
    """Return whether it is i, j or k with a factor, which is also a number."""
    terms = _terms(text)
    return len(terms) == 1 and _UNIT.fullmatch(terms[0][1]) is not None


def _unit_vectors(text: str) -> Matrix | None:
    r"""Read `2\mathbf{i} - \mathbf{j}`: a sum of at least two of i, j and k with factors."""
    components: dict[str, str] = {}
    if "=" in text:
        return None
    terms = _terms(text)
    if not 2 <= len(terms) <= 3:
        return None
    for sign, term in terms:
        match = _UNIT.fullmatch(term)
        if match is None:
            return None
        unit = {r"\imath": "i", r"\jmath": "j"}.get(match["unit"], match["unit"])
        factor = _TIMES.sub("", match["before"]).strip()
        if unit in components or unknowns(factor) & {"i", "j", "k"} or "i" in bare(factor)[-1:]:
            return None
        minus = "-" if sign == "-" else ""
        components[unit] = f"{minus}({factor})" if factor else f"{minus}1"
    cells = tuple(components.get(unit, "0") for unit in "ijk")
    if "k" not in components:
        cells = cells[:2]
    return Matrix(tuple((cell,) for cell in cells), padded="k" not in components)
