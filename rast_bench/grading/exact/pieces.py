"""The pieces on which expressions are analytic.

Absolute values, roots, logarithms and quotients are analytic between the zeros of their arguments
(*switches*). Two expressions that agree at points inside every piece agree everywhere.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import sympy
from flint import acb, arb, fmpq, fmpq_poly

MAX_DEGREE = 20
MAX_OPERATIONS = 60  # of a switch
_PARTS = ("0.0719", "0.2113", "0.3571", "0.4871", "0.5703", "0.6529", "0.8117", "0.9177")
_FAR = (1, 10, 1000)
_INVERSE = (sympy.asin, sympy.acos, sympy.asec, sympy.acsc, sympy.acosh, sympy.atanh)


def switches(*expressions: Any) -> list[Any]:
    """Return the arguments that may change sign where a piece ends."""
    found: dict[Any, None] = {}
    for expression in expressions:
        for part in sympy.preorder_traversal(expression):
            if isinstance(part, (sympy.Abs, sympy.sign, sympy.log, sympy.arg)):
                found[part.args[0]] = None
            elif isinstance(part, _INVERSE):
                found[part.args[0] - 1] = found[part.args[0] + 1] = None
            elif isinstance(part, (sympy.Max, sympy.Min)):
                for one, other in combinations(part.args, 2):
                    found[one - other] = None
            elif part.is_Pow and part.base.free_symbols and not _is_natural(part.exp):
                found[part.base] = None
    return list(found)


def _is_natural(exponent: Any) -> bool:
    return bool(exponent.is_Integer and exponent > 0)


def largest_number(*expressions: Any) -> int:
    """Return the largest numerator or denominator in the expressions."""
    return max(
        (
            max(abs(int(number.p)), int(number.q))
            for expression in expressions
            for number in expression.atoms(sympy.Rational)
        ),
        default=1,
    )


def points_in_pieces(arguments: list[Any], unknown: Any) -> Iterator[list[Any]] | None:
    """Return an iterator over the pieces of the real line, with some points inside each.

    None if an argument is not a quotient of polynomials in the unknown.
    """
    zeros: list[Any] = []
    for argument in arguments:
        if argument.count_ops() > MAX_OPERATIONS:
            return None
        for polynomial in sympy.fraction(sympy.together(argument)):
            found = _zeros(polynomial, unknown)
            if found is None:
                return None
            zeros += found
    zeros.sort(key=lambda zero: float(zero.mid()))
    return _between(zeros)


def _zeros(polynomial: Any, unknown: Any) -> list[Any] | None:
    """Return balls around the real zeros, perhaps with extra ones; None if not a polynomial."""
    try:
        poly = sympy.Poly(polynomial, unknown, domain="QQ").sqf_part()
    except (sympy.PolynomialError, sympy.CoercionFailed, ValueError):
        return None
    if poly.degree() > MAX_DEGREE:
        return None
    coefficients = [fmpq(int(c.p), int(c.q)) for c in reversed(poly.all_coeffs())]
    if len(coefficients) < 2:
        return []
    roots: list[Any] = fmpq_poly(coefficients).numer().complex_roots()
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
