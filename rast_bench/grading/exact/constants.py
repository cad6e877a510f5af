"""Expressions without unknowns: their values, and whether two of them are the same number."""

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import sympy
from flint import arb

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.exact.balls import NoValueError, VagueError, ball, precision
from rast_bench.grading.exact.identity import is_zero
from rast_bench.grading.exact.modular import differ_modulo
from rast_bench.grading.exact.powers import same_power_products
from rast_bench.grading.exact.separation import separation

MAX_PRECISION = 60_000  # bits
MAX_ALGEBRAIC_PRECISION = 1_000_000  # needed for algebraic numbers only
_MOST_BITS_BY_BOUND = 4_000  # above this, an identity is tried first
_FLOOR_BITS = (128, 1_024, 8_192)
_MAX_SLOW_PRECISION = 2_000  # of functions that are slow to compute
_SLOW = (sympy.factorial, sympy.gamma, sympy.binomial, sympy.zeta)
_FIRST = 64
_STEPPED = (sympy.floor, sympy.ceiling, sympy.sign, sympy.Mod, sympy.Max, sympy.Min)


def rational(expression: Any) -> Fraction | None:
    """Return the exact value if the expression is a rational number that sympy has evaluated."""
    if isinstance(expression, sympy.Expr) and expression.is_Rational:
        return Fraction(int(expression.p), int(expression.q))
    return None


def enclosure(
    expression: Any, bits: int = 128, at: Mapping[Any, Any] = MappingProxyType({})
) -> Any | None:
    """Return a ball (`flint.acb`) of about `bits` bits containing the value of an expression.

    None if it has no value, or none that can be computed.

    Args:
        at: a rational number per unknown.
    """
    if not isinstance(expression, sympy.Expr) or (not at and expression.free_symbols):
        return None
    working = bits + 32
    while True:
        try:
            with precision(working):
                value = ball(expression, {unknown: ball(one, {}) for unknown, one in at.items()})
                if _accuracy(value) >= bits:
                    return value
        except VagueError:
            pass
        except NoValueError:
            return None
        working *= 2
        if working > max(_most_bits(expression), 2 * bits):
            return None


def _most_bits(*expressions: Any) -> int:
    slow = any(expression.has(*_SLOW) for expression in expressions)
    return _MAX_SLOW_PRECISION if slow else MAX_PRECISION


def value(expression: Any, digits: int) -> Any | None:
    """Return a real ball (`flint.arb`) with that many digits; None if not known to be real."""
    found = enclosure(expression, int(digits * 3.33) + 8)
    return None if found is None or not found.imag.is_zero() else found.real


def _accuracy(value: Any) -> int:
    if value.real.rad() == 0 and value.imag.rad() == 0:
        return 1 << 30
    return int(value.rel_accuracy_bits())


def same_constant(answer: Any, gold: Any) -> Decision:
    """Return whether two expressions without unknowns have the same value."""
    if answer.is_Rational and gold.is_Rational:
        return equal("exact", "rational numbers") if answer == gold else _unequal()
    if answer == gold:
        return equal("exact", "the same number")
    if _is_infinite(answer) or _is_infinite(gold):
        return different("exact", "infinite")
    if differ_modulo(answer, gold):
        return different("exact", "integers modulo a prime")
    same = same_power_products(answer, gold)
    if same is not None:
        rule = "powers by their exponents"
        return equal("exact", rule) if same else different("exact", rule)
    try:
        return _compare(_settled(answer), _settled(gold))
    except NoValueError:
        return undecided("limit", "a number whose value is not known")


def _unequal() -> Decision:
    return different("exact", "rational numbers")


def _is_infinite(expression: Any) -> bool:
    """Return whether an infinity is written in it. Asking sympy would start a computation."""
    return expression in (sympy.oo, -sympy.oo)


def _compare(answer: Any, gold: Any) -> Decision:
    needed = None
    difference = answer
    working = _FIRST
    most = _most_bits(answer, gold)
    while working <= most:
        try:
            with precision(working):
                first, second = ball(answer, {}), ball(gold, {})
                if not first.overlaps(second):
                    return different("numeric", "values with error bounds")
                gap = abs(first - second).abs_upper()
                if needed is None and working > _FIRST:
                    difference = answer - gold
                if working > _FIRST and not ball(difference, {}).contains(0):
                    return different("numeric", "values with error bounds")
        except VagueError:
            working *= 2
            continue
        if needed is None and working > _FIRST:
            if difference == 0:
                return equal("symbolic", "the difference is zero")
            needed = separation(difference)
            by_bound = needed.algebraic and needed.bits < _MOST_BITS_BY_BOUND
            if not by_bound and is_zero(difference, real=False):
                return equal("symbolic", "an identity")
            if needed.algebraic:
                most = MAX_ALGEBRAIC_PRECISION // (1 + int(difference.count_ops()) // 10)
            if needed.bits > most:
                break
        if needed is not None:
            with precision(64):
                if gap < arb(2) ** -int(needed.bits + 1):
                    if needed.algebraic:
                        return equal("exact", "algebraic numbers")
                    return equal("numeric", "closed forms")
            working = max(working, int(needed.bits) // 2 + 64)
        working *= 2
    return undecided("limit", "numbers that agree as far as they were computed")


def _settled(expression: Any) -> Any:
    """Return the expression with floors, signs and the like of numbers evaluated."""
    if not expression.has(*_STEPPED):
        return expression
    parts = [_settled(part) for part in expression.args]
    if not isinstance(expression, _STEPPED):
        return expression.func(*parts) if parts else expression
    if isinstance(expression, sympy.floor):
        return _floor(parts[0])
    if isinstance(expression, sympy.ceiling):
        return -_floor(-parts[0])
    if isinstance(expression, sympy.Mod):
        return parts[0] - parts[1] * _floor(parts[0] / parts[1])
    if isinstance(expression, sympy.sign):
        return sympy.Integer(_sign(parts[0]))
    best = parts[0]
    for part in parts[1:]:
        larger = _sign(part - best) > 0
        best = part if larger == isinstance(expression, sympy.Max) else best
    return best


def _floor(argument: Any) -> Any:
    if argument.is_Rational:
        return sympy.floor(argument)
    for bits in _FLOOR_BITS:
        found = enclosure(argument, bits)
        if found is None or not found.imag.is_zero():
            raise NoValueError("no floor")
        with precision(2 * bits):
            whole = found.real.floor().unique_fmpz()
            nearest = (found.real + arb("0.5")).floor().unique_fmpz()
        if whole is not None:
            return sympy.Integer(int(whole))
    exact = None if nearest is None else sympy.Integer(int(nearest))
    if exact is None or same_constant(argument, exact).outcome != "equal":
        raise NoValueError("no floor")
    return exact


def _sign(argument: Any) -> int:
    if argument.is_Rational:
        return int(sympy.sign(argument))
    found = enclosure(argument, 64)
    if found is not None and found.imag.is_zero() and not found.real.contains(0):
        return 1 if found.real > 0 else -1
    if same_constant(argument, sympy.Integer(0)).outcome == "equal":
        return 0
    raise NoValueError("no sign")
