"""Whether two expressions are equal, proportional, or equal up to a constant."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact.balls import precision
from rast_bench.grading.exact.constants import enclosure, same_constant
from rast_bench.grading.exact.functions import same_function
from rast_bench.grading.exact.identity import TooLargeError, constant_ratio

_CONSTANTS = ("C", "c", "K", "k", "C_{1}", "C_{0}")  # names of constants of integration
_VARIABLES = ("x", "t", "u", "y", r"theta", "z", "s", "r")  # of integration, most likely first
_FAILURES = (
    *(ArithmeticError, ValueError, TypeError, AttributeError, NotImplementedError),
    *(RecursionError, KeyError, IndexError),
)
_PLACES = (  # values of the unknowns at which a constant factor is looked for
    (sympy.Rational(17, 7), sympy.Rational(29, 11), sympy.Rational(13, 5)),
    (sympy.Rational(3, 7), sympy.Rational(5, 13), sympy.Rational(7, 17)),
    (sympy.Rational(-19, 6), sympy.Rational(-23, 9), sympy.Rational(-31, 8)),
)


def _bounded(decide: Callable[..., Decision]) -> Callable[..., Decision]:
    """Wrap `decide`: what sympy or ball arithmetic cannot do is undecided, not a crash."""

    @wraps(decide)
    def bounded(*arguments: Any, **options: Any) -> Decision:
        try:
            return decide(*arguments, **options)
        except _FAILURES:
            return undecided("limit", "it could not be computed")

    return bounded


@_bounded
def same_expression(answer: Any, gold: Any, *, integers: frozenset[str] = frozenset()) -> Decision:
    """Return whether two sympy expressions have the same value for all values of their unknowns.

    Args:
        integers: names of the unknowns that are integers.
    """
    if not isinstance(answer, sympy.Expr) or not isinstance(gold, sympy.Expr):
        return equal("symbolic", "the same") if answer == gold else undecided("unread")
    if not has_unknowns(answer) and not has_unknowns(gold):
        return same_constant(answer, gold)
    if answer == gold:
        return equal("symbolic", "the same expression")
    if answer.has(sympy.oo, -sympy.oo, sympy.nan) or gold.has(sympy.oo, -sympy.oo, sympy.nan):
        return undecided("unread", "infinite")
    return same_function(answer, gold, integers)


def has_unknowns(expression: Any) -> bool:
    """Return whether the expression contains symbols or undefined functions."""
    return bool(expression.free_symbols or expression.has(AppliedUndef))


@_bounded
def proportional(
    answer: Any,
    gold: Any,
    *,
    positive: bool = False,
    integers: frozenset[str] = frozenset(),
) -> Decision:
    """Return whether one is the other times a non-zero constant.

    Args:
        positive: the constant must be positive, as for differences of the sides of inequalities.
        integers: names of the unknowns that are integers.
    """
    if not isinstance(answer, sympy.Expr) or not isinstance(gold, sympy.Expr):
        return undecided("unread")
    try:
        ratio = constant_ratio(answer, gold)
    except (TooLargeError, OverflowError, MemoryError, ZeroDivisionError):
        ratio = None
    if ratio is not None:
        return _with_sign(ratio, positive)
    if not has_unknowns(answer) and not has_unknowns(gold):
        return _proportional_constants(answer, gold, positive)
    zero = sympy.Integer(0)
    if zero in (answer, gold):
        decision = same_expression(answer, gold, integers=integers)
        return (
            different(decision.reason, "one is zero")
            if (decision.outcome == "different")
            else decision
        )
    for place in _PLACES:
        first, second = (_at(expression, place, integers) for expression in (answer, gold))
        above, below = enclosure(first), enclosure(second)
        if above is None or below is None or above.contains(0) or below.contains(0):
            continue
        decision = same_expression(answer * second, gold * first, integers=integers)
        if decision.outcome != "equal":
            return decision
        return _with_sign(first / second, positive)
    return undecided("limit", "no constant factor is seen")


def _at(expression: Any, place: tuple[Any, ...], integers: frozenset[str]) -> Any:
    unknowns = sorted(expression.free_symbols | expression.atoms(AppliedUndef), key=str)
    values = {}
    for unknown in unknowns:
        number = sum(map(ord, str(unknown)))
        value = place[number % len(place)] + number % 5
        values[unknown] = sympy.floor(value) if str(unknown) in integers else value
    return expression.xreplace(values)


def _proportional_constants(answer: Any, gold: Any, positive: bool) -> Decision:
    zeros = [same_constant(side, sympy.Integer(0)).outcome for side in (answer, gold)]
    if "undecided" in zeros:
        return undecided("limit")
    if zeros[0] != zeros[1]:
        return different("exact", "one is zero")
    if zeros[0] == "equal":
        return equal("exact", "both are zero")
    return _with_sign(answer / gold, positive)


def _with_sign(ratio: Any, positive: bool) -> Decision:
    if not positive:
        return equal("symbolic", "a constant factor")
    value = enclosure(ratio)
    if value is None or not value.imag.is_zero() or value.real.contains(0):
        return undecided("limit", "a factor of unknown sign")
    with precision(64):
        if value.real > 0:
            return equal("symbolic", "a positive factor")
    return different("exact", "a negative factor")


@_bounded
def same_up_to_constant(
    answer: Any, gold: Any, *, integers: frozenset[str] = frozenset()
) -> Decision:
    """Return whether both are the same antiderivative plus a constant of integration.

    `gold` has such a constant (`+C`), and the answer must have one, of any name.
    """
    if not isinstance(answer, sympy.Expr) or not isinstance(gold, sympy.Expr):
        return undecided("unread")
    gold_rest = _without_constant(gold, ())
    if gold_rest is None:
        return same_expression(answer, gold, integers=integers)
    answer_rest = _without_constant(answer, tuple(gold_rest.free_symbols))
    if answer_rest is None:
        return undecided("symbolic", "no constant of integration")
    difference = answer_rest - gold_rest
    if not has_unknowns(difference):
        return equal("symbolic", "up to a constant")
    variable = _variable(gold_rest)
    if variable is None:
        return undecided("unread", "no variable of integration")
    slope = sympy.diff(_without_bars(difference), variable)
    decision = same_expression(slope, sympy.Integer(0), integers=integers)
    if decision.outcome != "equal":
        return decision
    return equal(decision.reason, "up to a constant")


def _without_constant(expression: Any, others: tuple[Any, ...]) -> Any | None:
    """Return the expression minus its constant of integration, or None if it has none."""
    for term in sympy.Add.make_args(expression):
        symbol = -term if term.could_extract_minus_sign() else term
        if symbol.is_Symbol and symbol.name in _CONSTANTS and symbol not in others:
            rest = expression - term
            return None if symbol in rest.free_symbols else rest
    return None


def _variable(expression: Any) -> Any | None:
    by_name = {symbol.name: symbol for symbol in expression.free_symbols}
    if len(by_name) == 1:
        return next(iter(by_name.values()))
    return next((by_name[name] for name in _VARIABLES if name in by_name), None)


def _without_bars(expression: Any) -> Any:
    """Replace ln|u| by ln u: their derivatives are equal."""
    logarithms = {
        part: sympy.log(part.args[0].args[0])
        for part in expression.atoms(sympy.log)
        if isinstance(part.args[0], sympy.Abs)
    }
    return expression.xreplace(logarithms)
