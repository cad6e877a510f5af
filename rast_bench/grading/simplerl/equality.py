"""Equality of two normal forms in the SimpleRL protocol."""

import math
import re
from collections.abc import Callable, Sequence

from rast_bench.grading.simplerl.extract import CHOICES, choice_of_text

RELATIVE_TOLERANCE = 1e-4

Same = Callable[[str, str], bool]

_LISTED = re.compile(r"[(\[].+[)\]]")
_BRACKETS = str.maketrans("", "", "{}()")
_MATRIX = (r"\begin{pmatrix}", r"\end{pmatrix}")


def equal(answer: str, gold: str, same_expression: Same) -> bool:
    """Return the verdict of the first rule that applies; `same_expression` is the last resort.

    Numbers are equal within 1e-4 of the gold answer, a hundredth of it or a hundred times it.
    """
    known = equal_without_algebra(answer, gold)
    if known is not None:
        return known
    return bool(answer) and (
        _equal_in_parts(answer, gold, same_expression)
        or _equal_equations(answer, gold, same_expression)
    )


def equal_without_algebra(answer: str, gold: str) -> bool | None:
    """Return what strings and plain numbers decide, or None if they do not."""
    if answer.strip().lower() == gold.strip().lower():
        return True
    if gold in CHOICES and choice_of_text(answer) == gold:
        return True
    value, wanted = _number(answer), _number(gold)
    if value is not None and wanted is not None:
        return any(close(value, item) for item in (wanted / 100, wanted, wanted * 100))
    if answer and _without_brackets(answer, gold):
        return True
    return None


def close(value: float, wanted: float) -> bool:
    return math.isclose(value, wanted, rel_tol=RELATIVE_TOLERANCE)


def _number(text: str) -> float | None:
    digits = text.replace(",", "")
    try:
        return float(digits)
    except ValueError:
        pass
    if not digits.endswith("%"):
        return None
    try:
        return float(digits.removesuffix("%").removesuffix("\\")) / 100
    except ValueError:
        return None


def _without_brackets(answer: str, gold: str) -> bool:
    square_or_round = (answer[:1] + answer[-1:], gold[:1])
    if (square_or_round[0] == "[]" and gold[:1] != "(") or (
        square_or_round[0] == "()" and gold[:1] != "["
    ):
        answer, gold = answer.strip("[]()"), gold.strip("[]()")
    return answer.translate(_BRACKETS).lower() == gold.translate(_BRACKETS).lower()


def _equal_in_parts(answer: str, gold: str, same: Same) -> bool:
    """Compare tuples, intervals (whatever their brackets) and matrices element by element."""
    listed = _LISTED.match(answer) and _LISTED.match(gold)
    if listed and _all_equal(answer[1:-1].split(","), gold[1:-1].split(","), same):
        return True
    rows, wanted = _rows(answer), _rows(gold)
    return (
        rows is not None
        and wanted is not None
        and len(rows) == len(wanted)
        and all(_all_equal(row, other, same) for row, other in zip(rows, wanted, strict=True))
    )


def _all_equal(parts: Sequence[str], wanted: Sequence[str], same: Same) -> bool:
    return len(parts) == len(wanted) and all(
        equal(part, other, same) for part, other in zip(parts, wanted, strict=True)
    )


def _rows(text: str) -> list[list[str]] | None:
    if not (text.startswith(_MATRIX[0]) and text.endswith(_MATRIX[1])):
        return None
    inside = text[len(_MATRIX[0]) : -len(_MATRIX[1])]
    return [row.strip().split("&") for row in inside.split(r"\\") if row.strip()]


def _equal_equations(answer: str, gold: str, same: Same) -> bool:
    """Compare equations as left minus right, up to sign; a short left side alone is dropped."""
    left, right = _sides(answer), _sides(gold)
    known = False
    if left and right:
        difference, wanted = (f"{a.strip()} - ({b.strip()})" for a, b in (left, right))
        known = same(difference, wanted) or same(f"-({difference})", wanted)
    elif left and len(left[0].strip()) <= 2 and "=" not in gold:
        known = equal(left[1], gold, same)
    elif right and len(right[0].strip()) <= 2 and "=" not in answer:
        known = equal(answer, right[1], same)
    return known or same(answer, gold)


def _sides(text: str) -> tuple[str, str] | None:
    left, sign, right = text.partition("=")
    return (left, right) if sign and "=" not in right else None
