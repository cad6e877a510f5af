"""Whether two expressions are the same."""

from collections.abc import Iterable, Sequence
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact.balls import NoValueError, VagueError, ball, precision
from rast_bench.grading.exact.constants import same_constant
from rast_bench.grading.exact.identity import TooLargeError, constant_ratio, is_zero
from rast_bench.grading.exact.points import points

MIN_POINTS = 20
_DIGITS_BITS = 400  # agreement of so many bits counts
_REAL_ONLY = (sympy.Abs, sympy.floor, sympy.ceiling, sympy.sign, sympy.Mod, sympy.Max, sympy.Min)
_COMPLEX = (sympy.re, sympy.im, sympy.conjugate, sympy.arg)


def same_expression(answer: Any, gold: Any, *, integers: frozenset[str] = frozenset()) -> Decision:
    """Whether two sympy expressions have one value for all values of their unknowns.

    Args:
        integers: names of the unknowns that are integers.
    """
    if not isinstance(answer, sympy.Expr) or not isinstance(gold, sympy.Expr):
        return equal("symbolic", "the same") if answer == gold else undecided("unread")
    if not answer.free_symbols and not gold.free_symbols and not _applied(answer, gold):
        return same_constant(answer, gold)
    if answer == gold:
        return equal("symbolic", "the same expression")
    if answer.is_infinite or gold.is_infinite:
        return undecided("unread", "infinite")
    return _same_function(answer, gold, integers)


def _applied(*expressions: Any) -> set[Any]:
    return set().union(*(expression.atoms(AppliedUndef) for expression in expressions))


def _unknowns(*expressions: Any) -> list[Any]:
    free = set().union(*(expression.free_symbols for expression in expressions))
    return sorted(free | _applied(*expressions), key=str)


def _same_function(answer: Any, gold: Any, integers: frozenset[str]) -> Decision:
    unknowns = _unknowns(answer, gold)
    if _refuted(answer, gold, unknowns, integers, kinds=("positive",), most=2, bits=64):
        return different("numeric", "values at a point")
    zero = is_zero(answer - gold)
    if zero:
        return equal("symbolic", "an identity")
    if zero is False:
        return different("exact", "rational functions")
    return _by_values(answer, gold, unknowns, integers)


def _refuted(
    answer: Any,
    gold: Any,
    unknowns: Sequence[Any],
    integers: frozenset[str],
    *,
    kinds: Iterable[str],
    most: int,
    bits: int,
) -> bool:
    real = not (answer.has(sympy.I) or gold.has(sympy.I))
    for kind in kinds:
        for tried, values in enumerate(points(kind, unknowns, integers)):
            if tried >= most:
                break
            if _apart(answer, gold, values, bits, real=real and kind != "complex"):
                return True
    return False


def _apart(answer: Any, gold: Any, values: Any, bits: int, *, real: bool) -> bool | None:
    """None where one of them has no value."""
    try:
        with precision(bits):
            return not ball(answer, values, real=real).overlaps(ball(gold, values, real=real))
    except (NoValueError, VagueError):
        return None


def _by_values(
    answer: Any, gold: Any, unknowns: Sequence[Any], integers: frozenset[str]
) -> Decision:
    real = not (answer.has(sympy.I) or gold.has(sympy.I))
    agreed = 0
    for kind in ("positive", "real", "integer", "complex"):
        if kind == "complex" and (answer.has(*_REAL_ONLY) or gold.has(*_REAL_ONLY)):
            continue
        if kind == "complex" and real and agreed:
            continue
        for values in points(kind, unknowns, integers):
            apart = _apart(answer, gold, values, _DIGITS_BITS, real=real and kind != "complex")
            if apart:
                return different("numeric", "values at a point")
            agreed += apart is False
    if agreed >= MIN_POINTS and not (answer.has(*_REAL_ONLY) or gold.has(*_REAL_ONLY)):
        return equal("numeric", "values at many points")
    return undecided("numeric", "they agree where they were tried")


def proportional(answer: Any, gold: Any, *, positive: bool = False) -> Decision:
    """Whether one is the other times a constant that is not zero.

    Args:
        positive: the constant must be positive, as for inequalities.
    """
    try:
        ratio = constant_ratio(answer, gold)
    except (TooLargeError, OverflowError, MemoryError, ZeroDivisionError):
        return undecided("limit")
    if ratio is None:
        return undecided("symbolic")
    if positive and ratio < 0:
        return different("relation", "the other side")
    return equal("symbolic", "a constant factor")


def same_up_to_constant(
    answer: Any, gold: Any, *, integers: frozenset[str] = frozenset()
) -> Decision:
    """Whether their difference is constant, as for two antiderivatives."""
    return undecided("unread")
