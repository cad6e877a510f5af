"""Whether two sympy expressions are the same function: by values at fixed points, then by proof."""

import cmath
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

DIGITS = 30
_TOLERANCE = 1e-12
_ZERO = 1e-60  # of values with DIGITS digits that cancel
_DENOMINATOR = 10_000
_POINTS = (0.7134 + 0.4127j, -1.3871 + 0.8219j, 2.2913 - 1.1043j)
_REAL_POINTS = (0.7134 + 0j, -1.3871 + 0j, -2.2913 + 0j)
_POSITIVE_POINTS = (0.7134 + 0j, 1.3871 + 0j, 2.2913 + 0j)
_STEP = complex(0.3719, 0.2273)


def equivalent(first: Any, second: Any, *, real: bool = False) -> bool:
    """Whether they are equal wherever both are defined.

    Values at a few fixed points decide; sympy's simplification only where they cannot be computed.
    Unknowns are complex; with `real`, they are real in expressions with absolute values, and
    positive in those with roots or logarithms of unknowns, whose branches answers do not notice.
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
    by_values = _equal_by_values(first, second, _POINTS)
    if not by_values and real and difference.has(sympy.Abs):
        by_values = _equal_by_values(first, second, _REAL_POINTS)
    elif not by_values and real and _has_branches(difference):
        by_values = _equal_by_values(first, second, _POSITIVE_POINTS)
    if by_values is not None:
        return by_values
    return bool(sympy.simplify(difference) == 0)


def proportional(first: Any, second: Any) -> complex | None:
    """first / second where that is a constant other than zero, else None."""
    ratios = [one / other for one, other in _values(first, second, _POINTS) if other]
    if not ratios or not ratios[0]:
        return None
    same = all(abs(ratio - ratios[0]) <= _TOLERANCE * abs(ratios[0]) for ratio in ratios)
    return ratios[0] if same else None


def _equal_by_values(first: Any, second: Any, points: Sequence[complex]) -> bool | None:
    """None where no point gives numbers for both."""
    known = None
    for one, other in _values(first, second, points):
        if abs(one - other) > max(_ZERO, _TOLERANCE * max(abs(one), abs(other))):
            return False
        known = True
    return known


def _values(
    first: Any, second: Any, points: Sequence[complex]
) -> Iterator[tuple[complex, complex]]:
    """The values of both at each point where both have one; one point without unknowns."""
    unknowns = sorted(_unknowns(first) | _unknowns(second), key=sympy.default_sort_key)
    for start in points if unknowns else points[:1]:
        values = {
            unknown: _exact(_moved(start, position)) for position, unknown in enumerate(unknowns)
        }
        one, other = value_at(first, values), value_at(second, values)
        if one is not None and other is not None:
            yield one, other


def _moved(start: complex, position: int) -> complex:
    """Another point for every unknown; of the sign of `start` where that is real."""
    if not start.imag:
        return start * (1 + 0.4142 * position)
    return start * cmath.exp(1j * position) + position * _STEP


def _exact(point: complex) -> Any:
    """Nearby and rational, so that values which cancel are seen to be zero."""
    real, imaginary = (
        Fraction(part).limit_denominator(_DENOMINATOR) for part in (point.real, point.imag)
    )
    return sympy.Rational(real) + sympy.I * sympy.Rational(imaginary)


def _has_branches(expression: Any) -> bool:
    return bool(
        any(function.free_symbols for function in expression.atoms(sympy.log))
        or any(
            power.base.free_symbols and not power.exp.is_integer
            for power in expression.atoms(sympy.Pow)
        )
    )


def _unknowns(expression: Any) -> set[Any]:
    applied = expression.atoms(AppliedUndef)
    return set(expression.free_symbols) | set(applied)


def value_at(expression: Any, values: Mapping[Any, Any]) -> complex | None:
    """The expression's number with these values of its unknowns; None where it has none."""
    applied = {key: value for key, value in values.items() if isinstance(key, AppliedUndef)}
    if applied:
        expression = expression.xreplace(applied)
    try:
        value = complex(expression.evalf(DIGITS, subs=dict(values)))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError, AttributeError):
        return None
    return value if cmath.isfinite(value) else None
