"""Products of powers of positive rational numbers, however large: compared by their exponents.

Pairwise coprime integers greater than 1 are multiplicatively independent, so two such products
are equal exactly if the exponents are. `\\sqrt[10^{100}]{2}` is not 1, `9^{9^9}` is 3^{2·9^9}.
"""

import math
from typing import Any

import sympy

from rast_bench.grading.expressions.lazy import HugePower

_MAX_BASES = 40

Powers = dict[int, Any]  # positive integer → its rational exponent


class NotAProductError(ValueError):
    """The expression is not written as a product of powers."""


def same_power_products(answer: Any, gold: Any) -> bool | None:
    """Return whether they are equal; None if one is not a product of powers."""
    if not (answer.has(HugePower) or gold.has(HugePower)):
        return None
    try:
        exponents = _quotient(_powers(answer), _powers(gold))
    except NotAProductError:
        return None
    if all(value == 0 for value in exponents):
        return True
    if any(value.is_Rational and value != 0 for value in exponents):
        return False
    return None


def _powers(expression: Any) -> Powers:
    if expression.is_Rational:
        if expression <= 0:
            raise NotAProductError
        return {int(expression.p): sympy.Integer(1), int(expression.q): sympy.Integer(-1)}
    if expression.is_Mul:
        total: Powers = {}
        for part in expression.args:
            for base, exponent in _powers(part).items():
                total[base] = total.get(base, sympy.Integer(0)) + exponent
        return total
    if expression.is_Pow or isinstance(expression, HugePower):
        base, exponent = expression.args
        if not _is_rational(exponent):
            raise NotAProductError
        return {below: above * exponent for below, above in _powers(base).items()}
    raise NotAProductError


def _is_rational(expression: Any) -> bool:
    """Return whether it is surely a rational number (`HugePower` does not say)."""
    if expression.is_Rational:
        return True
    if expression.is_Add or expression.is_Mul:
        return all(map(_is_rational, expression.args))
    if isinstance(expression, HugePower):
        base, exponent = expression.args
        return _is_rational(base) and _is_natural(exponent)
    return False


def _is_natural(expression: Any) -> bool:
    if expression.is_Integer:
        return bool(expression > 0)
    if expression.is_Add or expression.is_Mul or isinstance(expression, HugePower):
        return all(map(_is_natural, expression.args))
    return False


def _quotient(first: Powers, second: Powers) -> list[Any]:
    """Return the exponents of first / second over pairwise coprime bases."""
    total = dict(first)
    for base, exponent in second.items():
        total[base] = total.get(base, sympy.Integer(0)) - exponent
    total.pop(1, None)
    while True:
        pair = _not_coprime(list(total))
        if pair is None:
            return list(total.values())
        if len(total) > _MAX_BASES:
            raise NotAProductError
        one, other = pair
        common = math.gcd(one, other)
        above, below = total.pop(one), total.pop(other)
        for base, exponent in (
            (one // common, above),
            (common, above + below),
            (other // common, below),
        ):
            if base > 1:
                total[base] = total.get(base, sympy.Integer(0)) + exponent


def _not_coprime(bases: list[int]) -> tuple[int, int] | None:
    for place, one in enumerate(bases):
        for other in bases[:place]:
            if math.gcd(one, other) > 1:
                return one, other
    return None
