"""Answers of several parts: tuples, lists, sets, intervals and their unions, matrices."""

import re
from dataclasses import dataclass
from typing import Literal

from rast_bench.grading.robust.clean import closes_at, split_outside
from rast_bench.grading.robust.quantities import read_quantity

MAX_ITEMS = 64

_COMMA = re.compile(
    r"\s*(?:,|;)\s*(?:\{?\s*\b(?:and|or)\b\s*\}?\s*)?|\s*\{?\s*\b(?:and|or)\b\s*\}?\s*"
)
_CUP = re.compile(r"\s*(?:\\cup(?![a-z])|\{?\s*\bor\b\s*\}?|\bU\b)\s*")
_AND = re.compile(r"\s*(?:\{?\s*\band\b\s*\}?|,)\s*")
_MEMBER_OF = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?\s*\\in\s*")
_RELATION = re.compile(r"\s*(<=|>=|\\le|\\ge|<|>)\s*(?![A-Za-z]{2})")
_VARIABLE = re.compile(r"[A-Za-z](?:_\{?\w+\}?)?|\\(?:theta|lambda|alpha|beta|mu|omega)")
_INFINITE = re.compile(r"([-+]?)\s*\\infty")
_MATRIX = re.compile(
    r"\\begin\{([pbvVB]?|small)(?:matrix|array)\}(?:\s*\{[clr|\s]*\})?(.*?)\\end\{\1(?:matrix|array)\}",
    re.DOTALL,
)
_REALS = re.compile(
    r"\\mathbb\s*\{?R\}?|\\Reals?|\{?\s*(?:the set of )?all real(?:s| numbers?| values)\s*\}?",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"\\emptyset|\\\{\s*\\\}|\{?\s*(?:the )?empty set\s*\}?|\{?\s*no (?:real )?solutions?\s*\}?",
    re.IGNORECASE,
)

Kind = Literal["list", "set", "tuple"]


@dataclass(frozen=True)
class Items:
    """Parts in order. `opening` and `closing` are the brackets of a tuple ("(" or "[")."""

    kind: Kind
    parts: tuple[str, ...]
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True)
class Interval:
    low: str
    high: str
    low_closed: bool
    high_closed: bool


def without_member(text: str) -> str:
    r"""`x \in A` as `A`."""
    member = _MEMBER_OF.match(text)
    return text[member.end() :] if member else text


def read_items(text: str) -> Items | None:
    """A tuple, set or bare list; None for a text of one part. `a \\pm b` is a list of two."""
    text = without_member(text)
    if _EMPTY.fullmatch(text):
        return Items("set", ())
    if text.startswith(r"\{") and text.endswith(r"\}"):
        return Items("set", _plus_and_minus(_parts(text[2:-2])))
    if text[:1] in ("(", "[") and closes_at(text, 0) == len(text) - 1:
        parts = _parts(text[1:-1])
        if len(parts) > 1 or text[0] == "[":
            return Items("tuple", parts, text[0], text[-1])
        return None
    parts = _plus_and_minus(_parts(text))
    return Items("list", parts) if len(parts) > 1 else None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for part in split_outside(text, _COMMA) if part)


def _plus_and_minus(parts: tuple[str, ...]) -> tuple[str, ...]:
    written: list[str] = []
    for part in parts:
        if r"\pm" in part or r"\mp" in part:
            written.append(part.replace(r"\pm", "+").replace(r"\mp", "-").lstrip("+ "))
            written.append(part.replace(r"\pm", "-").replace(r"\mp", "+").lstrip("+ "))
        else:
            written.append(part)
    return tuple(written)


def read_intervals(text: str) -> tuple[Interval, ...] | None:
    """An interval, a union of them, or inequalities in one unknown that say the same."""
    text = without_member(text)
    if _REALS.fullmatch(text):
        return (Interval(r"-\infty", r"\infty", False, False),)
    both = [_inequality(part) for part in split_outside(text, _AND)]
    if len(both) == 2 and both[0] and both[1]:
        return _overlap(both[0], both[1])
    intervals = [_interval(part) for part in split_outside(text, _CUP)]
    found = tuple(interval for interval in intervals if interval is not None)
    return found if len(found) == len(intervals) else None


def _overlap(first: Interval, second: Interval) -> tuple[Interval, ...] | None:
    """What a lower and an upper bound leave between them, or outside; None for two of a kind."""
    for below, above in ((first, second), (second, first)):
        ends = read_quantity(below.low), read_quantity(above.high)
        if ends[0] and ends[1] and ends[0].value >= ends[1].value:
            return (below, above)
        if _INFINITE.fullmatch(below.high) and _INFINITE.fullmatch(above.low):
            return (Interval(below.low, above.high, below.low_closed, above.high_closed),)
    return None


def _interval(text: str) -> Interval | None:
    if text[:1] in ("(", "[", "]") and text[-1:] in (")", "]", "["):
        parts = split_outside(text[1:-1], _COMMA)
        usual = text[0] != "]" and text[-1] != "["
        if len(parts) != 2 or (usual and closes_at(text, 0) != len(text) - 1):
            return None
        return _ends(parts[0], parts[1], text[0] == "[", text[-1] == "]")
    return _inequality(text)


def _ends(low: str, high: str, low_closed: bool, high_closed: bool) -> Interval:
    infinite = [bool(_INFINITE.fullmatch(end)) for end in (low, high)]
    return Interval(low, high, low_closed and not infinite[0], high_closed and not infinite[1])


def _inequality(text: str) -> Interval | None:
    """`a < x \\le b`, `x > a` or `b \\ge x`; None for another text."""
    pieces = _RELATION.split(text)
    if len(pieces) == 3:
        left, sign, right = (piece.strip() for piece in pieces)
        if _VARIABLE.fullmatch(right):
            left, right, sign = right, left, _turned(sign)
        if not _VARIABLE.fullmatch(left) or not right:
            return None
        closed = "=" in sign or sign in (r"\le", r"\ge")
        if sign in ("<", "<=", r"\le"):
            return _ends(r"-\infty", right, False, closed)
        return _ends(right, r"\infty", closed, False)
    if len(pieces) != 5 or not _VARIABLE.fullmatch(pieces[2].strip()):
        return None
    low, first, _, second, high = (piece.strip() for piece in pieces)
    if first in (">", ">=", r"\ge"):
        low, high, first, second = high, low, _turned(second), _turned(first)
    if first in ("<", "<=", r"\le") and second in ("<", "<=", r"\le"):
        return _ends(low, high, first != "<", second != "<")
    return None


def _turned(sign: str) -> str:
    turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", r"\le": r"\ge", r"\ge": r"\le"}
    return turned[sign]


def read_matrix(text: str) -> tuple[tuple[str, ...], ...] | None:
    """Rows of cells of a matrix environment or of nested brackets; None for another text."""
    bracketed = text[:1] in ("(", "[") and closes_at(text, 0) == len(text) - 1
    match = _MATRIX.fullmatch(text[1:-1].strip() if bracketed else text)
    if match and r"\begin" not in match[2]:
        rows = re.split(r"\\\\|\\cr(?![a-z])", match[2])
        return tuple(tuple(cell.strip() for cell in row.split("&")) for row in rows if row.strip())
    outer = read_items(text)
    if outer is None or outer.kind != "tuple" or outer.opening != "[":
        return None
    inner = [read_items(part) for part in outer.parts]
    rows_of = [row.parts for row in inner if row is not None and row.kind == "tuple"]
    return tuple(rows_of) if rows_of and len(rows_of) == len(inner) else None
