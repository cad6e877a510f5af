"""Sums and products over integers: written out, or in closed form where that is known."""

from typing import Any

import sympy

from rast_bench.grading.expressions.errors import UnreadableError

MAX_TERMS = 1_000
_MAX_DEGREE = 12  # of a polynomial that is summed


def sum_over(term: Any, index: Any, first: Any, last: Any) -> Any:
    """Raises UnreadableError where the sum is neither short nor one with a known closed form."""
    if _is_short(first, last):
        return sympy.Add(*_terms(term, index, first, last))
    if not first.is_Integer or term.has(sympy.floor, sympy.ceiling, sympy.Abs):
        raise UnreadableError("a sum that is not read")
    if last is sympy.oo:
        return _infinite(term, index, first)
    return _polynomial(term, index, first, last)


def product_over(term: Any, index: Any, first: Any, last: Any) -> Any:
    """Raises UnreadableError where the product is not short."""
    if not _is_short(first, last):
        raise UnreadableError("a product that is not read")
    return sympy.Mul(*_terms(term, index, first, last))


def _is_short(first: Any, last: Any) -> bool:
    return bool(first.is_Integer and last.is_Integer and last - first < MAX_TERMS)


def _terms(term: Any, index: Any, first: Any, last: Any) -> list[Any]:
    if term.count_ops() * int(last - first + 1) > 20 * MAX_TERMS:
        raise UnreadableError("a sum of too many terms")
    return [term.xreplace({index: sympy.Integer(k)}) for k in range(int(first), int(last) + 1)]


def _polynomial(term: Any, index: Any, first: Any, last: Any) -> Any:
    if not term.is_polynomial(index) or sympy.degree(term, index) > _MAX_DEGREE:
        raise UnreadableError("a sum that is not read")
    return sympy.summation(term, (index, first, last))


def _infinite(term: Any, index: Any, first: Any) -> Any:
    raise UnreadableError("a sum that is not read")
