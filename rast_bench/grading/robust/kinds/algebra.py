"""Algebra: everything else that is mathematics. Loads sympy."""

import re
from fractions import Fraction
from functools import lru_cache
from itertools import permutations
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
)
from rast_bench.grading.expressions.errors import OversizedError, UnreadableError, WorkLimitError

_CONSTANT = re.compile(r"(?P<sign>[-+]) ?(?:[CcKk]|\{ ?[Cc]onst(?:ant)?\.? ?\}|const)\Z")
_ARBITRARY = re.compile(r"[CcKkAB]_?\{?\d\}?|[CK]")
MAX_ARBITRARY = 4


@lru_cache(maxsize=4_096)
def read_cached(text: str) -> Any:
    """A sympy expression.

    Raises:
        UnreadableError, OversizedError, WorkLimitError: as `read`; a relation is none.
    """
    expression = read(text)
    if not isinstance(expression, sympy.Expr):
        raise UnreadableError("a relation")
    return expression


def same_texts(answer: str, gold: str) -> Decision:
    """Whether two expressions are the same; "unread" where one of them is none."""
    try:
        constant = _without_constant(answer), _without_constant(gold)
        if constant[1] is not None:
            return _same_antiderivative(constant[0], constant[1], answer, gold)
        return _same(read_cached(answer), read_cached(gold))
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


def _without_constant(text: str) -> str | None:
    """What stands before `+ C`; None where that is not how the text ends."""
    match = _CONSTANT.search(text)
    if match is None or not text[: match.start()].strip():
        return None
    rest = text[: match.start()].strip()
    letter = match[0].strip("+- ")
    if len(letter) == 1 and len(read_cached(rest).free_symbols) > 1 and letter != "C":
        return None  # m x + c
    return rest


def _same_antiderivative(
    answer: str | None, gold: str, whole_answer: str, whole_gold: str
) -> Decision:
    if answer is None:
        whole = _same(read_cached(whole_answer), read_cached(whole_gold))
        if (
            whole.outcome != "equal"
            and same_up_to_constant(read_cached(whole_answer), read_cached(gold)).outcome == "equal"
        ):
            return different("elements", "a missing constant of integration")
        return whole
    decision = same_up_to_constant(read_cached(answer), read_cached(gold))
    if decision.outcome == "equal":
        return equal(decision.reason, "antiderivatives")
    return decision


def _same_with_constants(answer: Any, gold: Any) -> Decision | None:
    """Where the arbitrary constants have other names: `C_1 e^x` and `c_2 e^x`."""
    mine, wanted = _arbitrary(answer), _arbitrary(gold)
    if not wanted or len(mine) != len(wanted) or len(wanted) > MAX_ARBITRARY:
        return None
    places = [sympy.Symbol(f"constant_{number}") for number in range(len(wanted))]
    target = gold.subs(dict(zip(wanted, places, strict=True)), simultaneous=True)
    for order in permutations(places):
        renamed = answer.subs(dict(zip(mine, order, strict=True)), simultaneous=True)
        if same_expression(renamed, target).outcome == "equal":
            return equal("symbolic", "other names of arbitrary constants")
    return None


def _arbitrary(expression: Any) -> list[Any]:
    found = [symbol for symbol in expression.free_symbols if _ARBITRARY.fullmatch(symbol.name)]
    return sorted(found, key=lambda symbol: str(symbol.name))


def same_equations(answer: tuple[str, str], gold: tuple[str, str]) -> Decision:
    """Two equations by their sides: equal up to a factor of their differences."""
    try:
        mine, wanted = (read_cached(left) - read_cached(right) for left, right in (answer, gold))
    except UnreadableError:
        return undecided("unread")
    except (OversizedError, WorkLimitError):
        return undecided("limit")
    decision = proportional(mine, wanted)
    if decision.outcome == "equal":
        return equal("relation", "equations up to a factor")
    if decision.outcome == "different":
        return different("relation", "equations up to a factor")
    return decision


def same_inequality(answer: tuple[str, str, str], gold: tuple[str, str, str]) -> Decision:
    """Two inequalities (left, sign, right): one sign, and a positive factor."""
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
    """What is less than zero."""
    difference = read_cached(left) - read_cached(right)
    return -difference if sign in (">", ">=") else difference


def order(first: str, second: str) -> int | None:
    """-1, 0 or 1 as the first number is less, equal or greater; None where that is unknown."""
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


_DECIMAL = re.compile(r"-? ?\d+\.(?P<decimals>\d+)")


def rounds_to(exact: str, rounded: str) -> bool:
    """Whether a decimal is the value of an expression, rounded to its digits."""
    decimal = _DECIMAL.fullmatch(rounded.strip())
    if decimal is None:
        return False
    try:
        ball = enclosure(read_cached(exact))
    except (UnreadableError, OversizedError, WorkLimitError):
        return False
    if ball is None or not ball.imag.is_zero():
        return False
    half = Fraction(1, 2 * 10 ** len(decimal["decimals"]))
    value = Fraction(rounded.replace(" ", ""))
    from flint import arb, fmpq

    gap = abs(ball.real - arb(fmpq(value.numerator, value.denominator)))
    return bool(gap <= arb(fmpq(half.numerator, half.denominator)))
