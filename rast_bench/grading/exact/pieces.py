"""Absolute values, signs, maxima: where the pieces are that such functions are made of.

Between the zeros of their arguments (*switches*) these functions are analytic. Two expressions
that agree at points inside every piece agree everywhere.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import sympy
from flint import acb, arb, fmpq, fmpq_poly

PER_PIECE = 4
MAX_DEGREE = 20
_PARTS = ("0.2113", "0.4871", "0.6529", "0.9177")
_FAR = (1, 10, 1000)


def switches(*expressions: Any) -> list[Any] | None:
    """What changes its sign where a piece ends; None where there are steps without end."""
    found: dict[Any, None] = {}
    for expression in expressions:
        if expression.has(sympy.floor, sympy.ceiling, sympy.Mod):
            return None
        for part in expression.atoms(sympy.Abs, sympy.sign):
            found[part.args[0]] = None
        for part in expression.atoms(sympy.Max, sympy.Min):
            for one, other in combinations(part.args, 2):
                found[one - other] = None
    return list(found)


def points_in_pieces(arguments: list[Any], unknown: Any) -> Iterator[list[Any]] | None:
    """For each piece of the real line some points inside it.

    None where an argument is no quotient of polynomials in the unknown.
    """
    zeros: list[Any] = []
    for argument in arguments:
        for polynomial in sympy.fraction(sympy.together(argument)):
            found = _zeros(polynomial, unknown)
            if found is None:
                return None
            zeros += found
    zeros.sort(key=lambda zero: float(zero.mid()))
    return _between(zeros)


def _zeros(polynomial: Any, unknown: Any) -> list[Any] | None:
    """Balls around the real zeros, perhaps around more; None for what is no polynomial."""
    try:
        poly = sympy.Poly(polynomial, unknown, domain="QQ").sqf_part()
    except (sympy.PolynomialError, sympy.CoercionFailed, ValueError):
        return None
    if poly.degree() > MAX_DEGREE:
        return None
    coefficients = [fmpq(int(c.p), int(c.q)) for c in reversed(poly.all_coeffs())]
    if len(coefficients) < 2:
        return []
    roots = fmpq_poly(coefficients).numer().complex_roots()
    return [root.real for root, _ in roots if root.imag.contains(0)]


def _between(zeros: list[Any]) -> Iterator[list[Any]]:
    if not zeros:
        yield [acb(arb(part) * 20 - 10) for part in _PARTS]
        return
    first, last = zeros[0].mid(), zeros[-1].mid()
    yield [acb(first - far * arb(part)) for far in _FAR for part in _PARTS]
    for left, right in pairwise(zeros):
        if not left.overlaps(right):
            start, end = left.upper(), right.lower()
            yield [acb((start + (end - start) * arb(part)).mid()) for part in _PARTS]
    yield [acb(last + far * arb(part)) for far in _FAR for part in _PARTS]


def is_affine(argument: Any, unknowns: list[Any], largest: int) -> bool:
    """Of small rational coefficients: then its pieces are convex, and none is tiny."""
    try:
        polynomial = sympy.Poly(argument, *unknowns, domain="QQ")
    except (sympy.PolynomialError, sympy.CoercionFailed, ValueError):
        return False
    coefficients = polynomial.coeffs()
    return polynomial.total_degree() <= 1 and all(
        abs(c.p) <= largest and c.q <= largest for c in coefficients
    )
