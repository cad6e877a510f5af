"""Algebra: all other mathematics. Loads sympy."""

import re
from functools import lru_cache
from itertools import permutations
from math import isfinite
from typing import Any

import sympy

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact import (
    enclosure,
    proportional,
    rational,
    read,
    same_expression,
    same_up_to_constant,
    value,
)
from rast_bench.grading.expressions.errors import OversizedError, UnreadableError, WorkLimitError
from rast_bench.grading.robust.kinds.numbers import (
    LEAST_DIGITS_OF_ANSWER,
    LEAST_DIGITS_OF_GOLD,
    read_number,
    same_rounded,
)

DIGITS = 60  # precision of a value that a decimal may round

_CONSTANT = re.compile(r"[-+] ?(?P<name>[CcKk])\Z")
_STYLED_FUNCTION = re.compile(r"\{ ?(cis|lcm|sgn|sign|arccot|arcsec|arccsc|sech|csch) ?\}")
_NUMBERED = re.compile(r"[CcKkAB]_?\{?\d\}?")
_ARBITRARY = re.compile(rf"{_NUMBERED.pattern}|[CK]")
MAX_ARBITRARY = 4


def read_cached(text: str) -> Any:
    """Parse a sympy expression.

    Raises:
        UnreadableError, OversizedError, WorkLimitError: as `read`; also for a relation.
    """
    expression = _read_or_error(text)
    if isinstance(expression, Exception):
        raise expression.with_traceback(None)  # otherwise it would collect frames each time
    return expression


@lru_cache(maxsize=4_096)
def _read_or_error(text: str) -> Any:
    """Return what `read` returns or raises: a series without a known sum takes long to parse."""
    try:
        expression = read(_STYLED_FUNCTION.sub(r" \1 ", text))
    except (UnreadableError, OversizedError, WorkLimitError) as error:
        return error
    return expression if isinstance(expression, sympy.Expr) else UnreadableError("a relation")


def same_texts(answer: str, gold: str) -> Decision:
    """Return whether two expressions are equal; "unread" if one is not an expression."""
    try:
        wanted = read_cached(gold)  # first: many answers share it, and some cannot be parsed
        mine = read_cached(answer)
        if _has_constant(gold, wanted):
            return _same_antiderivative(mine, wanted, has_constant=_has_constant(answer, mine))
        decision = _same(mine, wanted)
        if decision.outcome == "different" and not mine.free_symbols | wanted.free_symbols:
            return _same_rounded(answer, mine, gold, wanted, decision)
        return decision
    except UnreadableError:
        return undecided("unread")
    except (OversizedError, WorkLimitError):
        return undecided("limit")


def _same(answer: Any, gold: Any) -> Decision:
    decision = same_expression(answer, gold)
    if decision.outcome == "equal":
        return decision
    renamed = _same_with_constants(answer, gold)
    return decision if renamed is None else renamed


def _same_rounded(answer: str, mine: Any, gold: str, wanted: Any, exact: Decision) -> Decision:
    """Compare numbers of which one may be a decimal that rounds the other."""
    for text, other, digits in (
        (gold, mine, LEAST_DIGITS_OF_GOLD),
        (answer, wanted, LEAST_DIGITS_OF_ANSWER),
    ):
        decimal = read_number(text)
        if decimal is not None and decimal.places is not None:
            bounds = value(other, DIGITS)
            return exact if bounds is None else same_rounded(decimal, bounds, least_digits=digits)
    return exact


def _has_constant(text: str, expression: Any) -> bool:
    """Return whether it ends in a constant of integration; the c of `mx + c` is not one."""
    match = _CONSTANT.search(text)
    return match is not None and (match["name"] == "C" or len(expression.free_symbols) <= 2)


def _same_antiderivative(mine: Any, wanted: Any, *, has_constant: bool) -> Decision:
    """Compare with a gold answer that has a constant of integration."""
    if has_constant:
        return same_up_to_constant(mine, wanted)
    decision = _same(mine, wanted)
    if decision.outcome == "equal":
        return decision
    if same_up_to_constant(mine + sympy.Symbol("C"), wanted).outcome == "equal":
        return different("elements", "a missing constant of integration")
    return decision


def _same_with_constants(answer: Any, gold: Any) -> Decision | None:
    """Compare up to names of arbitrary constants: `C_1 e^x` and `c_2 e^x`."""
    mine, wanted = _arbitrary(answer), _arbitrary(gold)
    if not wanted or len(mine) != len(wanted) or len(wanted) > MAX_ARBITRARY:
        return None
    if len(gold.free_symbols) == len(wanted):
        return None  # no constants
    places = [sympy.Symbol(f"constant_{number}") for number in range(len(wanted))]
    target = gold.subs(dict(zip(wanted, places, strict=True)), simultaneous=True)
    for order in permutations(places):
        renamed = answer.subs(dict(zip(mine, order, strict=True)), simultaneous=True)
        if same_expression(renamed, target).outcome == "equal":
            if all(_NUMBERED.fullmatch(symbol.name) for symbol in (*mine, *wanted)):
                return equal("symbolic", "other names of arbitrary constants")
            return undecided("symbolic", "a constant or a quantity of another name")
    return None


def _arbitrary(expression: Any) -> list[Any]:
    found = [symbol for symbol in expression.free_symbols if _ARBITRARY.fullmatch(symbol.name)]
    return sorted(found, key=lambda symbol: str(symbol.name))


def same_equations(answer: tuple[str, str], gold: tuple[str, str]) -> Decision:
    """Compare two equations by their sides: equal up to a factor of the differences."""
    try:
        mine, wanted = (read_cached(left) - read_cached(right) for left, right in (answer, gold))
    except UnreadableError:
        return undecided("unread")
    except (OversizedError, WorkLimitError):
        return undecided("limit")
    decision = proportional(mine, wanted)
    if decision.outcome == "different":
        decision = _without_denominators(mine, wanted)
    if decision.outcome == "undecided":
        return decision
    decide = equal if decision.outcome == "equal" else different
    return decide("relation", "equations up to a factor")


def _without_denominators(mine: Any, wanted: Any) -> Decision:
    """Compare rational equations as polynomial ones; others may share solutions."""
    above = [sympy.fraction(sympy.together(side))[0] for side in (mine, wanted)]
    if not all(side.is_polynomial(*side.free_symbols) for side in above):
        return undecided("relation", "equations that may have the same solutions")
    return proportional(*above)


def is_solution(text: str, left: str, right: str) -> bool:
    """Return whether a number may solve an equation in one unknown; True if unknown."""
    try:
        number = read_cached(text)
        difference = read_cached(left) - read_cached(right)
        if number.free_symbols or len(difference.free_symbols) != 1:
            return False
        residual = difference.subs(difference.free_symbols.pop(), number)
        return same_expression(residual, sympy.Integer(0)).outcome != "different"
    except UnreadableError:
        return False
    except (OversizedError, WorkLimitError):
        return True


def same_inequality(answer: tuple[str, str, str], gold: tuple[str, str, str]) -> Decision:
    """Compare two inequalities (left, sign, right): the same sign, up to a positive factor."""
    if (answer[1] == "!=") != (gold[1] == "!=") or ("=" in answer[1]) != ("=" in gold[1]):
        return different("relation", "strict here and not there")
    try:
        mine, wanted = _difference(*answer), _difference(*gold)
    except UnreadableError:
        return undecided("unread")
    except (OversizedError, WorkLimitError):
        return undecided("limit")
    decision = proportional(mine, wanted, positive=gold[1] != "!=")
    if decision.outcome == "undecided":
        return decision
    decide = equal if decision.outcome == "equal" else different
    return decide("relation", "inequalities up to a positive factor")


def _difference(left: str, sign: str, right: str) -> Any:
    """Return the expression that is less than zero."""
    difference = read_cached(left) - read_cached(right)
    return -difference if sign in (">", ">=") else difference


def order(first: str, second: str) -> int | None:
    """Return -1, 0 or 1 as the first number is less, equal or greater; None if unknown."""
    if first == second:
        return 0
    try:
        one, other = read_cached(first), read_cached(second)
    except (UnreadableError, OversizedError, WorkLimitError):
        return None
    exact = rational(one), rational(other)
    if exact[0] is not None and exact[1] is not None:
        return (exact[0] > exact[1]) - (exact[0] < exact[1])
    decision = same_expression(one, other)
    if decision.outcome == "equal":
        return 0
    ball = enclosure(one - other) if decision.outcome == "different" else None
    if ball is None or not ball.imag.is_zero() or ball.real.contains(0):
        return None
    return 1 if ball.real > 0 else -1


_WITH_UNIT = re.compile(r"[%$]|\\degree")


def approximately(text: str) -> float | None:
    """Return the value of a real number without a unit."""
    if _WITH_UNIT.search(text):
        return None
    try:
        ball = enclosure(read_cached(text), 53)
    except (UnreadableError, OversizedError, WorkLimitError):
        return None
    if ball is None or not ball.imag.is_zero():
        return None
    size = float(ball.real.mid())
    return size if isfinite(size) else None


def rounds_to(exact: str, rounded: str) -> bool:
    """Return whether a decimal is the value of an expression rounded to its digits."""
    decimal = read_number(rounded)
    if decimal is None or decimal.places is None:
        return False
    try:
        bounds = value(read_cached(exact), DIGITS)
    except (UnreadableError, OversizedError, WorkLimitError):
        return False
    return bounds is not None and same_rounded(decimal, bounds, least_digits=1).outcome == "equal"
