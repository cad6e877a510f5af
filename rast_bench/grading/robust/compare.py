"""Whether a cleaned answer is the cleaned gold answer."""

import re

from rast_bench.grading.robust.clean import split_outside
from rast_bench.grading.robust.parts import (
    MAX_ITEMS,
    Interval,
    Items,
    read_intervals,
    read_items,
    read_matrix,
)
from rast_bench.grading.robust.values import same_equation, same_value
from rast_bench.grading.robust.writing import bare, same_in_writing

MAX_LEVELS = 6

_EQUALS = re.compile(r"\s*(?:=|\\approx(?![a-z])|\\simeq(?![a-z])|≈)\s*")
_ABOUT = re.compile(r"\s*(?:\\approx(?![a-z])|\\simeq(?![a-z])|≈)\s*")
_DEPENDENT = re.compile(r"y|[a-zA-Z]\([a-z]\)")
_NAME = re.compile(r"[A-Za-z]'*(?:_\{?\w+\}?)?|\\[a-z]+")
_MODULUS = re.compile(r"\s*\(?\s*\\p?mod\s*(?:\{\s*\d+\s*\}|\d+)\s*\)?\s*\Z")
_THOUSANDS = re.compile(r"\d,\d{3}(?!\d)")
_CONSTANT = re.compile(r"(?<=[+])\s*[CcKk]\s*\Z")


def same(answer: str, gold: str, levels: int = MAX_LEVELS) -> bool | None:
    """Whether they are equal; None where one of them cannot be read.

    Raises:
        WorkLimitError, OversizedError: reading one of them would take too much.
    """
    if bool(_MODULUS.search(answer)) != bool(_MODULUS.search(gold)):
        answer, gold = (_MODULUS.sub("", text) for text in (answer, gold))
    known = same_in_writing(answer, gold)
    if known is not None:
        return known
    if levels == 0 or not answer or not gold:
        return False
    matrices = read_matrix(answer), read_matrix(gold)
    if any(matrices):
        return _same_matrices(answer, gold, levels)
    intervals, wanted_intervals = read_intervals(answer), read_intervals(gold)
    if intervals and wanted_intervals:
        return _same_intervals(intervals, wanted_intervals, levels)
    items, wanted = read_items(answer), read_items(gold)
    if (items is None and _is_equation(answer)) or (wanted is None and _is_equation(gold)):
        return _same_equations(answer, gold, levels)
    if items or wanted:
        known = _same_items(_items(items, answer), _items(wanted, gold), levels)
        if known or not (_THOUSANDS.search(answer) or _THOUSANDS.search(gold)):
            return known
        return same_value(answer, gold)
    return same_value(_with_one_constant(answer), _with_one_constant(gold))


def _is_equation(text: str) -> bool:
    return len(split_outside(text, _EQUALS)) > 1


def _items(items: Items | None, text: str) -> Items:
    return items or Items("list", (text,))


def _same_matrices(answer: str, gold: str, levels: int) -> bool:
    rows, wanted = read_matrix(answer), read_matrix(gold)
    if rows and wanted:
        if rows == tuple(zip(*wanted, strict=False)) and 1 in (len(rows), len(wanted)):
            return True  # a row for a column
        return len(rows) == len(wanted) and all(
            _all_same(row, other, levels) for row, other in zip(rows, wanted, strict=True)
        )
    vector, items = (rows, read_items(gold)) if rows else (wanted, read_items(answer))
    if vector is None or items is None or items.kind == "set":
        return False
    parts = tuple(row[0] for row in vector) if len(vector[0]) == 1 else vector[0]
    if len(vector) > 1 and len(vector[0]) > 1:
        return False
    return _all_same(parts, items.parts, levels)


def _same_intervals(
    intervals: tuple[Interval, ...], wanted: tuple[Interval, ...], levels: int
) -> bool:
    def equal(one: Interval, other: Interval) -> bool:
        return (
            (one.low_closed, one.high_closed) == (other.low_closed, other.high_closed)
            and bool(same(one.low, other.low, levels - 1))
            and bool(same(one.high, other.high, levels - 1))
        )

    rest = list(wanted)
    for interval in intervals:
        partner = next((other for other in rest if equal(interval, other)), None)
        if partner is None:
            return False
        rest.remove(partner)
    return not rest


def _same_items(items: Items, wanted: Items, levels: int) -> bool:
    if max(len(items.parts), len(wanted.parts)) > MAX_ITEMS:
        return items == wanted
    kinds = {items.kind, wanted.kind}
    if kinds == {"tuple"}:
        if len(items.parts) == 2 and (items.opening, items.closing) != (
            wanted.opening,
            wanted.closing,
        ):
            return False
        return _all_same(items.parts, wanted.parts, levels)
    if "tuple" in kinds:
        pair = items if items.kind == "tuple" else wanted
        if kinds == {"tuple", "set"} and (pair.opening == "(" or len(pair.parts) == 2):
            return False
        if kinds == {"tuple", "list"}:
            return _all_same(items.parts, wanted.parts, levels)
    return _same_sets(items.parts, wanted.parts, levels)


def _all_same(parts: tuple[str, ...], wanted: tuple[str, ...], levels: int) -> bool:
    return len(parts) == len(wanted) and all(
        same(part, other, levels - 1) for part, other in zip(parts, wanted, strict=True)
    )


def _same_sets(parts: tuple[str, ...], wanted: tuple[str, ...], levels: int) -> bool:
    """Whether each has an equal in the other, in any order."""

    def held(part: str, among: tuple[str, ...]) -> bool:
        return any(same(part, other, levels - 1) for other in among)

    return all(held(part, wanted) for part in parts) and all(held(part, parts) for part in wanted)


def _same_equations(answer: str, gold: str, levels: int) -> bool | None:
    """Where at least one is an equation or a chain of them."""
    sides, wanted = (split_outside(text, _EQUALS) for text in (answer, gold))
    if len(sides) == len(wanted) == 2:
        lefts = bare(sides[0]), bare(wanted[0])
        named = lefts[0] == lefts[1] or all(_DEPENDENT.fullmatch(left) for left in lefts)
        if named and same(sides[1], wanted[1], levels - 1):
            return True
        return same_equation(" = ".join(sides), " = ".join(wanted))
    if min(len(sides), len(wanted)) > 1:
        return same(sides[-1], wanted[-1], levels - 1) if sides[0] == wanted[0] else False
    values = (
        [same(value, gold, levels - 1) for value in _values(answer)]
        if len(sides) > 1
        else [same(answer, value, levels - 1) for value in _values(gold)]
    )
    return True if True in values else None if None in values else False


def _values(chain: str) -> list[str]:
    r"""What a chain of equations says a thing is: its last side, and that before an `\approx`.

    `5 = x` says 5.
    """
    exact, *rounded = split_outside(chain, _ABOUT)
    sides = split_outside(exact, _EQUALS)
    last = sides[-1]
    if len(sides) == 2 and _NAME.fullmatch(last) and not _NAME.fullmatch(sides[0]):
        last = sides[0]
    values = rounded if rounded and _NAME.fullmatch(last) else [last, *rounded]
    return [value for value in values if value]


def _with_one_constant(text: str) -> str:
    return _CONSTANT.sub("C", text)
