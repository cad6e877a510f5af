"""Equality of expressions in the SimpleRL protocol: a parsable prefix stands for the whole."""

from typing import Any

import sympy

from rast_bench.grading.expressions.dialect import Dialect
from rast_bench.grading.expressions.equivalence import equivalent, value_at
from rast_bench.grading.expressions.errors import UnreadableError
from rast_bench.grading.expressions.latex import read_latex
from rast_bench.grading.expressions.python import read_python
from rast_bench.grading.simplerl.equality import close

DIALECT = Dialect(prefix=True, applied=True)


def same_expression(answer: str, gold: str) -> bool:
    """Return whether both have the same value, equation (up to sign) or number within 1e-4.

    Raises:
        WorkLimitError: a number in one of them has too many digits.
    """
    first, second = _read(answer), _read(gold)
    if first == second or str(first) == str(second):
        return True
    if isinstance(first, sympy.Expr) and isinstance(second, sympy.Expr):
        return equivalent(first, second) or _close_numbers(first, second)
    if isinstance(first, sympy.Rel) and isinstance(second, sympy.Rel):
        one, other = (abs(side.lhs - side.rhs) for side in (first, second))
        return equivalent(one, other)
    return False


def _read(text: str) -> Any:
    """Parse as LaTeX, else as Python, else return the text itself."""
    single = text.replace("\\\\", "\\")
    for attempt in (single, text) if single != text else (text,):
        try:
            return read_latex(attempt, DIALECT)
        except UnreadableError:
            continue
    try:
        return read_python(single)
    except UnreadableError:
        return text


def _close_numbers(first: Any, second: Any) -> bool:
    if first.free_symbols or second.free_symbols:
        return False
    values = [value_at(expression, {}) for expression in (first, second)]
    one, other = values
    if one is None or other is None or one.imag or other.imag:
        return False
    return close(one.real, other.real)
