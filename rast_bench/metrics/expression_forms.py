"""Forms of algebraic expressions by their values at fixed points, in plain floating point.

A power that overflows ends the evaluation instead of being worked out; what takes long to be read
is given up.
"""

import cmath
import hashlib
import math
from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from rast_bench.grading.limits import CpuLimitError, within_cpu_limit
from rast_bench.grading.robust.values import read_expression

CPU_SECONDS = 1.0  # of one answer; the slowest of 440 real ones takes 0.03
_POINTS = 2
_DIGITS = 10  # of a form; values have 15, less what cancels
_LARGEST_DENOMINATOR = 1_000  # of a fraction that an expression without roots in it may hide
_ROUNDING = 1e-13  # relative

_FUNCTIONS: Mapping[Any, Callable[[complex], complex]] = {
    **{getattr(sympy, name): getattr(cmath, name) for name in ("sin", "cos", "tan", "exp", "log")},
    **{getattr(sympy, name): getattr(cmath, name) for name in ("sinh", "cosh", "tanh")},
    **{
        getattr(sympy, name): getattr(cmath, name)
        for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh")
    },
    sympy.sec: lambda value: 1 / cmath.cos(value),
    sympy.csc: lambda value: 1 / cmath.sin(value),
    sympy.cot: lambda value: 1 / cmath.tan(value),
    sympy.Abs: abs,
}


def expression_form(text: str) -> Hashable | None:
    """The value of a constant expression, else its values at points; None where it has none.

    A rational constant has the exact `Fraction` as its form, as plain numbers have. Only for a
    process's main thread, which can be interrupted.
    """
    try:
        return within_cpu_limit(CPU_SECONDS, lambda: _form(text))
    except CpuLimitError:
        return None
    except (ImportError, SyntaxError, NameError):  # a fault of this program
        raise
    except Exception:  # not mathematics, or odd; sympy fails with exceptions of any kind
        return None


def _form(text: str) -> Hashable | None:
    expression = read_expression(text)
    if not isinstance(expression, sympy.Expr):
        return None
    if expression.is_Rational:
        return Fraction(int(expression.p), int(expression.q))
    values = [_value(expression, point) for point in range(_POINTS if _varies(expression) else 1)]
    if not all(map(cmath.isfinite, values)):
        return None
    if all(cmath.isclose(value, values[0], rel_tol=_ROUNDING) for value in values):
        return _simple_fraction(values[0]) or ("value", _rounded(values[0]))
    return ("function", *map(_rounded, values))


def _varies(expression: Any) -> bool:
    return bool(expression.is_Symbol) or any(map(_varies, expression.args))


def _value(expression: Any, point: int) -> complex:
    """Raises KeyError for a function that is not known here, and what arithmetic raises."""
    if expression.is_Symbol:
        return _unknown(expression.name, point)
    if expression.is_Rational:
        return complex(expression.p / expression.q)
    if not expression.args:  # e, π, i
        return complex(expression)
    values = [_value(part, point) for part in expression.args]
    if expression.is_Add:
        return sum(values, start=0j)
    if expression.is_Mul:
        return math.prod(values, start=1 + 0j)
    if expression.is_Pow:
        return values[0] ** values[1]
    (value,) = values
    return _FUNCTIONS[expression.func](value)


def _unknown(name: str, point: int) -> float:
    """Between 1/2 and 5/2, the same for a name in every expression."""
    digest = hashlib.sha256(f"{name} {point}".encode()).digest()
    return 0.5 + 2 * int.from_bytes(digest[:6]) / 2**48


def _simple_fraction(value: complex) -> Fraction | None:
    if abs(value.imag) > _ROUNDING * abs(value):
        return None
    near = Fraction(value.real).limit_denominator(_LARGEST_DENOMINATOR)
    return near if abs(value.real - near) <= _ROUNDING * abs(value.real) else None


def _rounded(value: complex) -> tuple[str, str]:
    """Real and imaginary part; one that is only the other's rounding error is zero."""
    least = abs(value) * _ROUNDING
    real, imaginary = (
        f"{part:.{_DIGITS - 1}e}" if abs(part) > least else "0" for part in (value.real, value.imag)
    )
    return real, imaginary
