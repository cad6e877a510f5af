"""Equality of two sympy expressions as functions: by values at fixed points, then by proof."""

import cmath
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

DIGITS = 30
_TOLERANCE = 1e-12
_ZERO = 1e-60  # for differences of values with DIGITS digits
_DENOMINATOR = 10_000
_POINTS = (0.7134 + 0.4127j, -1.3871 + 0.8219j, 2.2913 - 1.1043j)
_STEP = complex(0.3719, 0.2273)


def equivalent(first: Any, second: Any) -> bool:
    """Return whether the expressions are equal wherever both are defined.

    Values at a few fixed points decide; sympy simplifies only if they cannot be computed.
    Unknowns are complex.
    """
    if first == second:
        return True
    if not isinstance(first, sympy.Expr) or not isinstance(second, sympy.Expr):
        return False
    difference = first - second
    if difference == 0:
        return True
    if first.is_infinite or second.is_infinite or difference is sympy.nan:
        return False
    by_values = _equal_by_values(first, second)
    if by_values is not None:
        return by_values
    return bool(sympy.simplify(difference) == 0)


def _equal_by_values(first: Any, second: Any) -> bool | None:
    """Return whether their values are equal, or None if no point has values of both."""
    known = None
    for one, other in _values(first, second):
        if abs(one - other) > max(_ZERO, _TOLERANCE * max(abs(one), abs(other))):
            return False
        known = True
    return known


def _values(first: Any, second: Any) -> Iterator[tuple[complex, complex]]:
    """Yield the values of both at each point where both have one; one point without unknowns."""
    unknowns = sorted(_unknowns(first) | _unknowns(second), key=sympy.default_sort_key)
    for start in _POINTS if unknowns else _POINTS[:1]:
        values = {
            unknown: _exact(_moved(start, position)) for position, unknown in enumerate(unknowns)
        }
        one, other = value_at(first, values), value_at(second, values)
        if one is not None and other is not None:
            yield one, other


def _moved(start: complex, position: int) -> complex:
    """Return another point for each unknown."""
    return start * cmath.exp(1j * position) + position * _STEP


def _exact(point: complex) -> Any:
    """Return a rational number near the point, so that cancelling values are exactly zero."""
    real, imaginary = (
        Fraction(part).limit_denominator(_DENOMINATOR) for part in (point.real, point.imag)
    )
    return sympy.Rational(real) + sympy.I * sympy.Rational(imaginary)


def _unknowns(expression: Any) -> set[Any]:
    applied = expression.atoms(AppliedUndef)
    return set(expression.free_symbols) | set(applied)


def value_at(expression: Any, values: Mapping[Any, Any]) -> complex | None:
    """Return the expression's number for these values of its unknowns, or None if it has none."""
    applied = {key: value for key, value in values.items() if isinstance(key, AppliedUndef)}
    if applied:
        expression = expression.xreplace(applied)
    try:
        value = complex(expression.evalf(DIGITS, subs=dict(values)))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, AttributeError):
        return None
    return value if cmath.isfinite(value) else None
