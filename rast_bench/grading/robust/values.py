"""Expressions, equations and inequalities as sympy objects, and when they are equal."""

import re
from fractions import Fraction
from typing import Any

import sympy

from rast_bench.grading.expressions.dialect import Dialect
from rast_bench.grading.expressions.equivalence import equivalent, proportional, value_at
from rast_bench.grading.expressions.errors import UnreadableError
from rast_bench.grading.expressions.latex import read_latex
from rast_bench.grading.expressions.python import read_python
from rast_bench.grading.robust.quantities import Quantity, read_quantity, same_number

DIALECT = Dialect(names={"pi": sympy.pi, "e": sympy.E, "i": sympy.I}, loose_exponents=True)

_FUNCTION_NAMES = re.compile(
    r"(?<![\\A-Za-z])(arcsin|arccos|arctan|sinh|cosh|tanh|sin|cos|tan|cot|sec|csc|ln|log|exp)"
    r"(?![a-z])"
)
_INVERSE_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan"}
_WORD = re.compile(r"(?<!\\)(?<![A-Za-z])(?:[A-Za-z]{4,}|(?:by|to|per|or|and|not|if)(?![A-Za-z]))")
_REPEATING = re.compile(r"(\d{0,20})\.(\d{0,20})\\overline\s*\{(\d{1,20})\}")
_TRIGONOMETRIC = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![a-z])")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?)\s*\\degree")
_UNIT = re.compile(r"(?<=\S)\s*\{\s*[A-Za-z]{2,}[A-Za-z\s/.]*\}\s*(?:\^\s*\{?-?\d\}?)?\Z")
_EXACT_DIGITS = 40


def read_expression(text: str) -> Any:
    """A sympy expression or relation.

    Raises:
        UnreadableError: not one, or with words in it.
        WorkLimitError, OversizedError: reading it would take too much.
    """
    named = _FUNCTION_NAMES.sub(r"\\\1 ", _REPEATING.sub(_as_fraction, text))
    if _WORD.search(re.sub(r"\\[A-Za-z]+", " ", named)):
        raise UnreadableError("words")
    if "**" in named:
        return read_python(text)
    if _TRIGONOMETRIC.search(named):
        named = _DEGREES.sub(r"(\\frac{\1 \\pi}{180})", named)
    return read_latex(named.replace(r"\degree", " "), DIALECT)


def _as_fraction(repeating: re.Match[str]) -> str:
    r"""`0.1\overline{6}` as a fraction of integers."""
    once, again = repeating[2], repeating[3]
    below = (10 ** len(again) - 1) * 10 ** len(once)
    above = int(f"{repeating[1] or 0}{once}{again}") - int(f"{repeating[1] or 0}{once}")
    return rf"\frac{{{above}}}{{{below}}}"


def same_value(answer: str, gold: str) -> bool | None:
    """Whether two expressions or inequalities are equal; None where one cannot be read."""
    try:
        first, second = (read_expression(_UNIT.sub("", text)) for text in (answer, gold))
    except UnreadableError:
        return None
    if isinstance(first, sympy.Rel) and isinstance(second, sympy.Rel):
        return _same_relation(first, second)
    if not isinstance(first, sympy.Expr) or not isinstance(second, sympy.Expr):
        return bool(first == second)
    if equivalent(first, second, real=True):
        return True
    if first.free_symbols or second.free_symbols:
        return False
    number, wanted = _number(answer, first), _number(gold, second)
    return number is not None and wanted is not None and same_number(number, wanted)


def _number(text: str, value: Any) -> Quantity | None:
    """A real value to many digits; how many were written where the text is a plain decimal."""
    written = read_quantity(text)
    if written is not None:
        return written
    number = value_at(value, {})
    if number is None or number.imag:
        return None
    exact = Fraction(str(sympy.re(value.evalf(_EXACT_DIGITS))))
    return Quantity(exact, None, _EXACT_DIGITS)


def _same_relation(first: Any, second: Any) -> bool:
    if isinstance(first, (sympy.Gt, sympy.Ge)):
        first = first.reversed
    if isinstance(second, (sympy.Gt, sympy.Ge)):
        second = second.reversed
    if type(first) is not type(second):
        return False
    ratio = proportional(first.lhs - first.rhs, second.lhs - second.rhs)
    return ratio is not None and ratio.real > 0


def same_equation(answer: str, gold: str) -> bool | None:
    """Whether two equations have the same difference of sides, up to a constant factor."""
    try:
        first, second = read_expression(answer), read_expression(gold)
    except UnreadableError:
        return None
    if not isinstance(first, sympy.Eq) or not isinstance(second, sympy.Eq):
        return False
    return proportional(first.lhs - first.rhs, second.lhs - second.rhs) is not None
