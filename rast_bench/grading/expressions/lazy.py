"""Powers, factorials and binomials that stay symbolic if evaluating them would explode.

sympy evaluates `2**(10**20)` as soon as it sees it. Here, what is too large becomes a function of
its own, which sympy leaves alone.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import flint
import sympy

from rast_bench.grading.expressions.errors import OversizedError, UnreadableError

MAX_BITS = 100_000  # of a number that is evaluated
MAX_DIGITS = 30_000  # of a number that is given in digits
MAX_DEGREE = 1_000  # of a root, and of a power of a base that is not rational
MAX_ROOT_BITS = 256  # of a number factored under a root
_MOST_FACTORED = 2**30  # below, sympy factors an integer completely to find its square root
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
        if digits.isdecimal():
            return sympy.Integer(int(digits))
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
    if exponent is sympy.S.Half and base.is_Integer and 0 < base.p < _MOST_FACTORED:
        return _square_root(int(base))
    if base.is_Rational and exponent.q > 1 and _bits(base) > MAX_ROOT_BITS:
        return _root_of_large(base, exponent)
    return sympy.Pow(base, exponent)


def _square_root(base: int) -> Any:
    """Return the root of a positive integer as sympy does, which takes long to find divisors."""
    outside = inside = 1
    for prime, exponent in flint.fmpz(base).factor():
        outside *= int(prime) ** (exponent // 2)
        inside *= int(prime) ** (exponent % 2)
    if inside == 1:
        return sympy.Integer(outside)
    root = sympy.Pow(sympy.Integer(inside), sympy.S.Half, evaluate=False)
    return product(sympy.Integer(outside), root)


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
    if base is sympy.E and (term := _as_term(exponent)) and term[1].is_Symbol:
        return sympy.exp(exponent, evaluate=False)
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


def total(terms: Sequence[Any]) -> Any:
    """Return the sum of the terms, as `sympy.Add` does."""
    constant: Any = sympy.S.Zero
    others: dict[Any, Any] = {}
    for value in terms:
        if value.is_Rational:
            constant += value
        elif (term := _as_term(value)) and term[1] not in others:
            others[term[1]] = value
        else:
            return sympy.Add(*terms)
    parts = sorted(others.values(), key=cmp_to_key(sympy.Basic.compare))
    if constant or not parts:
        parts.insert(0, constant)
    return sympy.Add(*parts, evaluate=False) if len(parts) > 1 else parts[0]


def product(*factors: Any) -> Any:
    """Return the product of the factors, as `sympy.Mul` does."""
    term = _as_term(factors[1]) if len(factors) == 2 and factors[0].is_Rational else None
    number = factors[0] * term[0] if term else sympy.S.Zero
    if term is None or not number:
        return sympy.Mul(*factors)
    return term[1] if number is sympy.S.One else sympy.Mul(number, term[1], evaluate=False)


def _as_term(value: Any) -> tuple[Any, Any] | None:
    r"""Return the rational factor and the rest of a term: `3x^2`, `\frac{\pi}{2}`, `-e^{2t}`.

    None if the rest is not single. Terms with other rests do not combine, and a single rest does
    not combine with a number: there is nothing to evaluate. sympy would ask of every new number
    whether it is zero, which takes longer than all else.
    """
    number, rest = sympy.S.One, value
    if value.is_Mul and len(value.args) == 2 and value.args[0].is_Rational:
        number, rest = value.args
    if rest.is_Symbol or rest.is_NumberSymbol:
        return number, rest
    if isinstance(rest, sympy.exp):
        return (number, rest) if _as_term(rest.args[0]) else None
    if not rest.is_Pow or not rest.exp.is_Rational:
        return None
    is_root = rest.exp is sympy.S.Half and rest.base.is_Integer and rest.base.p > 0
    return (number, rest) if is_root or rest.base.is_Symbol else None


def quotient(above: Any, below: Any) -> Any:
    """Return above / below.

    Raises:
        UnreadableError: a division by zero.
    """
    if below == 0:
        raise UnreadableError("a division by zero")
    if below.is_Rational:
        return above / below if above.is_Rational else product(1 / below, above)
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
