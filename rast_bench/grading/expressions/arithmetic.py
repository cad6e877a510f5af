"""Powers, factorials and the like on sympy expressions, rejected if they would explode."""

from fractions import Fraction
from typing import Any

import sympy

from rast_bench.grading.expressions.errors import (
    OversizedError,
    UnreadableError,
    WorkLimitError,
)

MAX_BITS = 50_000  # of an integer that evaluation may create
MAX_DIGITS = 2_000
MAX_FACTORIAL = 3_000
MAX_TERMS = 2_000  # of a written sum or product
MAX_EXPONENT = 2_000  # of a power whose base is not a number


def number(digits: str) -> Any:
    """Return the exact value of decimal digits with at most one decimal point.

    Raises:
        OversizedError: more than MAX_DIGITS.
    """
    if len(digits) > MAX_DIGITS:
        raise OversizedError("a number of too many digits")
    return sympy.Rational(Fraction(digits))


def power(base: Any, exponent: Any) -> Any:
    """Return base^exponent.

    Raises:
        WorkLimitError: the result would have more than MAX_BITS.
    """
    if exponent.is_Rational and not base.is_Symbol:
        size = abs(exponent)
        if base.is_Rational:
            bits = max(int(base.p).bit_length(), int(base.q).bit_length())
            if base not in (0, 1, -1) and size * bits > MAX_BITS:
                raise WorkLimitError("a power of too many digits")
        elif size > MAX_EXPONENT and not base.is_Float:
            raise WorkLimitError("a power of too many terms")
    elif exponent.is_Float and abs(exponent) > 1e6:
        raise WorkLimitError("a power out of range")
    return sympy.Pow(base, exponent)


def quotient(above: Any, below: Any) -> Any:
    """Return above / below; sympy's `zoo` or `nan` for a division by zero."""
    return above * sympy.Pow(below, -1)


def factorial(value: Any) -> Any:
    if value.is_number and not (value.is_Integer and abs(value) <= MAX_FACTORIAL):
        if value.is_Integer or value.is_Float:
            raise WorkLimitError("a factorial of too many digits")
        if value.is_infinite:
            raise UnreadableError("a factorial of infinity")
    return sympy.factorial(value)


def binomial(upper: Any, lower: Any) -> Any:
    for value in (upper, lower):
        if value.is_number and not (value.is_Rational and abs(value) <= MAX_FACTORIAL):
            raise WorkLimitError("a binomial coefficient of too many digits")
    return sympy.binomial(upper, lower)


def written_out(kind: str, term: Any, index: Any, first: Any, last: Any) -> Any:
    r"""Expand `\sum` or `\prod` of a term over integers.

    Raises:
        UnreadableError: a limit is not an integer.
        WorkLimitError: more than MAX_TERMS.
    """
    if not (first.is_Integer and last.is_Integer):
        raise UnreadableError("a sum without integers for limits")
    if last - first >= MAX_TERMS:
        raise WorkLimitError("a sum of too many terms")
    terms = [term.subs(index, value) for value in range(int(first), int(last) + 1)]
    return sympy.Add(*terms) if kind == r"\sum" else sympy.Mul(*terms)
