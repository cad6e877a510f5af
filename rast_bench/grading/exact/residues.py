r"""Expressions in integers, residue by residue.

With n = L m + r, where L is a multiple of every denominator, `\lfloor n/2 \rfloor`, `(-1)^n` and
`\cos(n\pi/3)` become polynomials in m: one identity per residue r decides. Floors of a real
unknown are split at their steps and treated in the same way.
"""

import itertools
import math
from typing import Any

import sympy

from rast_bench.grading.exact.identity import is_zero

MAX_RESIDUES = 400
_PERIODIC = (sympy.sin, sympy.cos, sympy.tan, sympy.cot, sympy.sec, sympy.csc)
_STEPS = (sympy.floor, sympy.ceiling)
_BETWEEN = (sympy.Rational(7, 31), sympy.Rational(17, 37), sympy.Rational(29, 41))


class NotPeriodicError(ArithmeticError):
    """No set of identities per residue decides."""


def is_zero_at_integers(expression: Any, whole: list[Any]) -> bool | None:
    """Return whether it is zero at all integers in `whole`; None if unknown."""
    expression = _rewritten(expression)
    try:
        periods = _periods(expression, whole)
    except NotPeriodicError:
        return None
    if math.prod(periods) > MAX_RESIDUES:
        return None
    indices = [sympy.Dummy(f"m{place}", integer=True) for place in range(len(whole))]
    for residues in itertools.product(*(range(period) for period in periods)):
        changed = {
            unknown: period * index + residue
            for unknown, period, index, residue in zip(
                whole, periods, indices, residues, strict=True
            )
        }
        zero = is_zero(_expanded(expression.xreplace(changed)))
        if not zero:
            return zero
    return True


def is_zero_between_steps(expression: Any, unknown: Any) -> bool | None:
    """Return whether it is zero for every real value of its only unknown, which has floors."""
    expression = _rewritten(expression)
    try:
        slopes = [_affine(step.args[0], unknown) for step in expression.atoms(*_STEPS)]
    except NotPeriodicError:
        return None
    period = math.lcm(*(int(slope.q) for slope, _ in slopes))
    cuts = {sympy.Integer(0), sympy.Integer(period)}
    for slope, shift in slopes:
        first, last = sorted((shift, slope * period + shift))
        if last - first > MAX_RESIDUES:
            return None
        for k in range(math.ceil(first), math.floor(last) + 1):
            cuts.add((k - shift) / slope)
    places = sorted(cuts)
    if len(places) > MAX_RESIDUES // 4:
        return None
    tried = list(places)
    for left, right in itertools.pairwise(places):
        tried += [left + (right - left) * part for part in _BETWEEN]
    index = sympy.Dummy("m", integer=True)
    for place in tried:
        zero = is_zero(_expanded(expression.xreplace({unknown: period * index + place})))
        if not zero:
            return zero
    return True


def _affine(argument: Any, unknown: Any) -> tuple[Any, Any]:
    """Return slope and intercept, both rational.

    Raises:
        NotPeriodicError: not affine with a non-zero slope.
    """
    coefficients = _coefficients(argument, [unknown])
    if set(coefficients) - {(0,), (1,)} or (1,) not in coefficients:
        raise NotPeriodicError
    return coefficients[(1,)], coefficients.get((0,), sympy.Integer(0))


def _rewritten(expression: Any) -> Any:
    """Replace remainders by floors and powers of i by exponentials."""

    def power_of_i(_: Any, exponent: Any) -> Any:
        return sympy.exp(sympy.I * sympy.pi * exponent / 2)

    expression = expression.replace(
        sympy.Mod, lambda value, modulus: value - modulus * sympy.floor(value / modulus)
    )
    for power in expression.atoms(sympy.Pow):
        if power.base is sympy.I and power.exp.free_symbols:
            expression = expression.xreplace({power: power_of_i(*power.args)})
    return expression


def _periods(expression: Any, whole: list[Any]) -> list[int]:
    periods = [1] * len(whole)
    found = False
    for part in sympy.preorder_traversal(expression):
        factor = _turns(part)
        if factor is None or not part.free_symbols & set(whole):
            continue
        found = True
        for monomial, coefficient in _coefficients(factor, whole).items():
            for place, degree in enumerate(monomial):
                if degree:
                    periods[place] = math.lcm(periods[place], int(coefficient.q))
    if not found:
        raise NotPeriodicError
    return periods


def _turns(part: Any) -> Any | None:
    """Return the quantity whose change by an integer changes nothing else."""
    if isinstance(part, _STEPS):
        return part.args[0]
    if isinstance(part, _PERIODIC):
        return part.args[0] / sympy.pi / 2
    if isinstance(part, sympy.exp) and part.args[0].has(sympy.I):
        return part.args[0] / sympy.pi / sympy.I / 2
    if part.is_Pow and part.base == -1:
        return part.exp / 2
    return None


def _coefficients(argument: Any, whole: list[Any]) -> dict[tuple[int, ...], Any]:
    if argument.free_symbols - set(whole) or argument.count_ops() > 60:
        raise NotPeriodicError
    try:
        polynomial = sympy.Poly(argument, *whole, domain="QQ")
    except (sympy.PolynomialError, sympy.CoercionFailed, ValueError) as error:
        raise NotPeriodicError from error
    if polynomial.total_degree() > 6:
        raise NotPeriodicError
    return dict(polynomial.terms())


def _expanded(expression: Any) -> Any:
    """Expand arguments so that sympy finds integers in them."""
    if expression.is_Atom:
        return expression
    parts = [_expanded(part) for part in expression.args]
    if expression.is_Add or expression.is_Mul:
        return expression.func(*parts)
    if isinstance(expression, (*_STEPS, *_PERIODIC, sympy.exp)) or (
        expression.is_Pow and expression.base == -1
    ):
        parts[-1] = sympy.expand(parts[-1])
    return expression.func(*parts)
