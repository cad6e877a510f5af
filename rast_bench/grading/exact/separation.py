r"""Lower bounds of the absolute value of a closed expression that is not zero.

An expression over integers, + - * /, roots and sines at rational multiples of pi is E = U / L
with algebraic integers U and L of one number field. With u ≥ every |conjugate of U|,
l ≥ every |conjugate of L| and D ≥ the degree of the field, the norm of U is a non-zero integer
unless E = 0, so |E| ≥ 1 / (u^{D-1} l). (Burnikel, Fleischer, Mehlhorn, Schirra: A strong and
easily computable separation bound for arithmetic expressions involving radicals, Algorithmica 27,
2000.)

For other functions no such bound is known; `size` then measures the length of the expression, as
in Richardson's uniformity conjecture: no short expression is close to zero by chance.
"""

import math
from dataclasses import dataclass
from typing import Any

import sympy

from rast_bench.grading.exact.identity import factored
from rast_bench.grading.expressions.lazy import HugePower

_TRIGONOMETRIC = (sympy.sin, sympy.cos, sympy.tan, sympy.cot, sympy.sec, sympy.csc)

_NOT_REAL = (sympy.I, sympy.exp, sympy.log, sympy.Pow)  # or possibly not
_GROWING = (sympy.exp, sympy.sinh, sympy.cosh, sympy.tanh, sympy.coth, sympy.sech, sympy.csch)


@dataclass
class _Field:
    """The generators of the expression's number field."""

    roots: set[tuple[Any, int]]
    cyclotomic: int = 1
    algebraic: bool = True
    size: float = 0.0  # bits of non-algebraic parts, large exponents expanded

    @property
    def degree(self) -> float:
        degree = float(sympy.totient(self.cyclotomic)) if self.cyclotomic > 1 else 1.0
        for _, order in self.roots:
            degree *= order
        return degree


@dataclass(frozen=True)
class Separation:
    """Attributes:
    bits: the expression is zero or at least 2^-bits in absolute value; infinite if the bound is
        beyond what is counted.
    algebraic: the bound is a theorem; otherwise it only holds with overwhelming probability.
    """

    bits: float
    algebraic: bool


def separation(expression: Any) -> Separation:
    """Return the bound for an expression without unknowns."""
    field = _Field(set())
    try:
        above, below = _bounds(expression, field)
        if field.algebraic:
            bits = (field.degree - 1) * above + below
        else:
            bits = 1_000 + 2 * (field.degree * above + below + field.size)
    except (OverflowError, ValueError):
        return Separation(math.inf, False)
    return Separation(bits + 8, field.algebraic)


def written_bits(expression: Any) -> float:
    """Return how far apart values of an expression with unknowns can be, judging by its numbers.

    Counts the bits of its numbers; a number in an exponent counts in full, as 2^{-1000} is small.
    """
    if expression.is_Rational:
        return _log2(expression.p) + _log2(expression.q)
    if not expression.args:
        return 1.0
    if expression.is_Pow or isinstance(expression, HugePower):
        base, exponent = expression.args
        return (written_bits(base) + 1) * (1 + _magnitude(exponent))
    if isinstance(expression, _GROWING):
        return 3 * _magnitude(expression.args[0])
    return 1.0 + sum(map(written_bits, expression.args))


def _magnitude(expression: Any) -> float:
    """Return the sum of the absolute values of its numbers."""
    if expression.is_Rational:
        return float(abs(int(expression.p))) / float(expression.q)
    if expression.is_Mul:
        return math.prod(_magnitude(part) for part in expression.args)
    return 1.0 + sum(map(_magnitude, expression.args))


def _bounds(expression: Any, field: _Field) -> tuple[float, float]:
    """Return log2 of u and l, both at least 0."""
    if expression.is_Rational:
        return _log2(expression.p), _log2(expression.q)
    if expression.is_Add:
        parts = [_bounds(part, field) for part in expression.args]
        below = sum(part[1] for part in parts)
        largest = max(above - own for above, own in parts)
        return max(0.0, largest + below + math.log2(len(parts))), below
    if expression.is_Mul:
        parts = [_bounds(part, field) for part in expression.args]
        return sum(part[0] for part in parts), sum(part[1] for part in parts)
    if (expression.is_Pow or isinstance(expression, HugePower)) and expression.args[1].is_Rational:
        return _power(expression, field)
    if expression is sympy.I:
        field.roots.add((sympy.Integer(-1), 2))
        return 0.0, 0.0
    if expression is sympy.GoldenRatio:
        field.roots.add((sympy.Integer(5), 2))
        return 1.0, 0.0
    if isinstance(expression, sympy.Abs) and not expression.has(*_NOT_REAL):
        return _bounds(expression.args[0], field)
    if isinstance(expression, sympy.exp):
        multiple = expression.args[0] / sympy.pi / sympy.I
        if multiple.is_Rational:
            field.cyclotomic = math.lcm(field.cyclotomic, 2 * int(multiple.q))
            return 0.0, 0.0
    if isinstance(expression, _TRIGONOMETRIC):
        multiple = expression.args[0] / sympy.pi
        if multiple.is_Rational:
            field.cyclotomic = math.lcm(field.cyclotomic, 4 * int(multiple.q))
            return 1.0, 1.0
    return _transcendental(expression, field)


def _power(expression: Any, field: _Field) -> tuple[float, float]:
    base, exponent = expression.args
    if base is sympy.E:
        return _transcendental(sympy.exp(exponent), field)
    above, below = _bounds(base, field)
    order = int(exponent.q)
    if order > 1:
        # √6 is in the field of √2 and √3.
        parts = [part for part, _ in factored(base)] if base.is_Rational else [base]
        field.roots |= {(part, order) for part in parts}
        # k-th root of U/L: (U L^{k-1})^{1/k} / L, or U / (U^{k-1} L)^{1/k}.
        if above >= below:
            above = (above + (order - 1) * below) / order
        else:
            below = ((order - 1) * above + below) / order
    size = float(abs(exponent.p))
    above, below = above * size, below * size
    return (above, below) if exponent.p > 0 else (below, above)


def _transcendental(expression: Any, field: _Field) -> tuple[float, float]:
    field.algebraic = False
    field.size += 8
    if not expression.args:
        return 2.0, 0.0
    growth = 0.0
    for part in expression.args:
        above, below = _bounds(part, field)
        field.size += above + below
        growth = max(growth, above)
    if isinstance(expression, (sympy.sin, sympy.cos, sympy.Mod)):
        return growth, 0.0
    if isinstance(expression, (sympy.log, sympy.atan, sympy.asin, sympy.acos, sympy.asinh)):
        return math.log2(2 + growth), 0.0
    # exp, hyperbolic functions, general powers, Γ: counted as if e^a were a written product.
    largest = 2.0 ** min(growth, 1_000.0) * 2 * (1 + growth)
    return largest, largest


def _log2(value: int) -> float:
    return float(abs(int(value)).bit_length())
