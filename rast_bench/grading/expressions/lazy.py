"""Powers, factorials and binomials that stay symbolic if evaluating them would explode.

sympy evaluates `2**(10**20)` as soon as it sees it. Here, what is too large becomes a function of
its own, which sympy leaves alone.
"""

from fractions import Fraction
from typing import Any

import flint
import sympy

from rast_bench.grading.expressions.errors import OversizedError, UnreadableError

MAX_BITS = 100_000  # of a number that is evaluated
MAX_DIGITS = 30_000  # of a number that is given in digits
MAX_DEGREE = 1_000  # of a root, and of a power of a base that is not rational
MAX_ROOT_BITS = 256  # of a number factored under a root
_PYTHON_DIGITS = 4_000  # above about this, Python refuses to parse an integer


class HugePower(sympy.Function):  # type: ignore[misc]  # sympy has no types
    """base^exponent, too large to be evaluated."""

    nargs = 2


def number(digits: str) -> Any:
    """Return the exact value of decimal digits with at most one decimal point.

    Raises:
        OversizedError: more than MAX_DIGITS.
    """
    if len(digits) > MAX_DIGITS:
        raise OversizedError("a number of too many digits")
    if len(digits) <= _PYTHON_DIGITS:
        return sympy.Rational(Fraction(digits))
    whole, _, decimals = digits.partition(".")
    above = int(flint.fmpz((whole + decimals).lstrip("0") or "0"))
    return sympy.Rational(above, 10 ** len(decimals))


def power(base: Any, exponent: Any) -> Any:
    """Return base^exponent; the real root if a negative number has one (`(-8)^{1/3}` is -2)."""
    if not exponent.is_Rational or base.is_Symbol:
        return _general_power(base, exponent)
    if base in (0, 1):
        return sympy.Pow(base, exponent)
    if base.is_Rational and base < 0 and exponent.q % 2:
        sign = -1 if exponent.p % 2 else 1
        return sign * power(-base, exponent)
    if _too_large(base, exponent):
        return HugePower(base, exponent)
    if base.is_Rational and exponent.q > 1 and _bits(base) > MAX_ROOT_BITS:
        return _root_of_large(base, exponent)
    return sympy.Pow(base, exponent)


def _root_of_large(base: Any, exponent: Any) -> Any:
    """Return an unevaluated root: sympy would try to factor the base."""
    order = int(exponent.q)
    roots = [flint.fmpz(int(part)).root(order) for part in (base.p, base.q)]
    exact = sympy.Rational(int(roots[0]), int(roots[1]))
    return exact**exponent.p if exact**order == base else HugePower(base, exponent)


def _general_power(base: Any, exponent: Any) -> Any:
    if base.is_Rational and base != 0 and exponent.is_Mul | exponent.is_Add:
        # sympy splits 2^(10^20 + x) into 2^(10^20) 2^x.
        constant, _ = exponent.as_coeff_Add()
        factor, _ = exponent.as_coeff_Mul()
        if any(_too_large(base, part) for part in (constant, factor)):
            return HugePower(base, exponent)
    return sympy.Pow(base, exponent)


def _too_large(base: Any, exponent: Any) -> bool:
    if exponent.q > MAX_DEGREE:
        return True
    size = abs(exponent.p)
    if base.is_Rational:
        return base != 1 and base != -1 and bool(size * _bits(base) > MAX_BITS)
    if base.is_Add and base.free_symbols:
        return False  # sympy does not expand it
    if base.free_symbols:
        factor, _ = base.as_coeff_Mul()
        return factor not in (1, -1) and bool(size * _bits(factor) > MAX_BITS)
    return bool(size > MAX_DEGREE)


def _bits(value: Any) -> int:
    if not value.is_Rational:
        return 64
    return max(int(value.p).bit_length(), int(value.q).bit_length())


def quotient(above: Any, below: Any) -> Any:
    """Return above / below.

    Raises:
        UnreadableError: a division by zero.
    """
    if below == 0:
        raise UnreadableError("a division by zero")
    if below.is_Rational and above.is_Rational:
        return above / below
    return above * sympy.Pow(below, -1)


def factorial(value: Any) -> Any:
    if value in (sympy.oo, -sympy.oo):
        raise UnreadableError("a factorial of infinity")
    if value.is_Integer:
        if value < 0:
            raise UnreadableError("a factorial of a negative number")
        return sympy.factorial(value, evaluate=bool(value * _bits(value) <= MAX_BITS))
    return sympy.factorial(value, evaluate=False)


def double_factorial(value: Any) -> Any:
    if not value.is_Integer or value < -1 or value * _bits(value) > MAX_BITS:
        raise UnreadableError("a double factorial of no small integer")
    return sympy.factorial2(value)


def binomial(upper: Any, lower: Any) -> Any:
    if not (upper.is_Integer and lower.is_Integer):
        return sympy.binomial(upper, lower, evaluate=False)
    if lower < 0 or (upper >= 0 and lower > upper):
        return sympy.Integer(0)
    factors = min(lower, upper - lower) if upper >= 0 else lower
    return sympy.binomial(upper, lower, evaluate=bool(factors * _bits(upper) <= MAX_BITS))


def permutations(upper: Any, lower: Any) -> Any:
    """Return the number of ways to arrange `lower` of `upper` things in order."""
    return quotient(factorial(upper), factorial(upper - lower))
