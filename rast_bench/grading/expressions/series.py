"""Sums and products over integers: expanded, or in closed form where one is known."""

from typing import Any

import sympy

from rast_bench.grading.expressions.errors import UnreadableError
from rast_bench.grading.expressions.lazy import HugePower

MAX_TERMS = 1_000
_MAX_OPERATIONS = 20  # of a term of a series
MAX_INDEX = 100_000
_MAX_DEGREE = 12  # of a summed polynomial


def sum_over(term: Any, index: Any, first: Any, last: Any) -> Any:
    """Return the sum, expanded or in closed form.

    Raises:
        UnreadableError: it is neither short nor one with a known closed form.
    """
    if _is_short(first, last):
        return sympy.Add(*_terms(term, index, first, last))
    if not first.is_Integer or term.has(sympy.floor, sympy.ceiling, sympy.Abs):
        raise UnreadableError("a sum that is not read")
    if last is sympy.oo:
        return _infinite(term, index, first)
    return _polynomial(term, index, first, last)


def product_over(term: Any, index: Any, first: Any, last: Any) -> Any:
    """Return the expanded product.

    Raises:
        UnreadableError: it is not short.
    """
    if not _is_short(first, last):
        raise UnreadableError("a product that is not read")
    return sympy.Mul(*_terms(term, index, first, last))


def _is_short(first: Any, last: Any) -> bool:
    return bool(first.is_Integer and last.is_Integer and last - first < MAX_TERMS)


def _terms(term: Any, index: Any, first: Any, last: Any) -> list[Any]:
    if term.count_ops() * int(last - first + 1) > 20 * MAX_TERMS:
        raise UnreadableError("a sum of too many terms")
    if max(abs(first), abs(last)) > MAX_INDEX or _grows(term, index):
        raise UnreadableError("a sum of large numbers")
    return [term.xreplace({index: sympy.Integer(k)}) for k in range(int(first), int(last) + 1)]


def _polynomial(term: Any, index: Any, first: Any, last: Any) -> Any:
    if not term.is_polynomial(index) or sympy.degree(term, index) > _MAX_DEGREE:
        raise UnreadableError("a sum that is not read")
    return sympy.summation(term, (index, first, last))


def _infinite(term: Any, index: Any, first: Any) -> Any:
    """Sum geometric, arithmetic-geometric and telescoping series, 1/k^s and 1/k!."""
    if term.count_ops() > _MAX_OPERATIONS or not _has_known_series(term, index):
        raise UnreadableError("a series that is not read")
    total = sympy.Sum(term, (index, first, sympy.oo)).doit()
    if isinstance(total, sympy.Piecewise):
        total = total.args[0][0]  # where it converges
    if total.has(sympy.Sum, sympy.Piecewise, sympy.oo, sympy.nan, sympy.zoo, index):
        raise UnreadableError("a series without a known sum")
    return total


def _has_known_series(term: Any, index: Any) -> bool:
    if term.is_rational_function(index):
        return True
    others = sympy.Integer(1)
    for factor in sympy.Mul.make_args(term):
        if factor.is_Pow and index in factor.exp.free_symbols:
            if index in factor.base.free_symbols or not factor.exp.is_polynomial(index):
                return False
            if sympy.degree(factor.exp, index) != 1:
                return False
        elif not (1 / factor).has(sympy.factorial) or (1 / factor) != sympy.factorial(
            index, evaluate=False
        ):
            others *= factor
    return bool(others.is_rational_function(index))


def _grows(term: Any, index: Any) -> bool:
    """Return whether its numbers may grow super-exponentially while sympy would expand them."""
    for part in term.atoms(sympy.Pow, HugePower, sympy.factorial, sympy.binomial, sympy.factorial2):
        exponent = part.args[-1]
        if index in exponent.free_symbols and (
            not exponent.is_polynomial(index) or sympy.degree(exponent, index) > 2
        ):
            return True
    return False
