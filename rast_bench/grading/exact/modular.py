"""Values modulo a prime: rational functions and huge integers that differ there are different.

Numbers stay small: `x^{2024}`, `2^{2^{100}}` and `9^{9^{9}}` cost as much as small powers.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from flint import fmpz

from rast_bench.grading.expressions.lazy import HugePower

PRIMES = (2**61 - 1, 2**61 - 31, 2**62 - 57)  # checked by the tests
_MAX_DEGREE = 2**45
_MAX_FACTORED = 2**64
_MAX_FACTORIAL = 20_000


class NoResidueError(ArithmeticError):
    """The expression is not a rational function."""


def differ_modulo(answer: Any, gold: Any) -> bool:
    """Return whether two rational numbers, however large, differ modulo a prime."""
    for prime in PRIMES[:2]:
        try:
            if residue(answer, {}, prime) != residue(gold, {}, prime):
                return True
        except (NoResidueError, ZeroDivisionError):
            return False
    return False


def same_modulo(answer: Any, gold: Any, unknowns: Sequence[Any]) -> bool | None:
    """Return whether two rational functions agree modulo primes; None if one is not rational.

    False is certain. True is wrong with a probability below 2^-100 (Schwartz-Zippel: a non-zero
    polynomial of degree d vanishes at a random point modulo p with probability at most d/p).
    """
    try:
        degree = _degree(answer) + _degree(gold)
        if degree > _MAX_DEGREE:
            return None
        agreed = 0
        draw = random.Random("rast-bench residues")
        for prime in PRIMES * 4:
            values = {unknown: draw.randrange(prime) for unknown in unknowns}
            try:
                if residue(answer, values, prime) != residue(gold, values, prime):
                    return False
            except ZeroDivisionError:
                continue
            agreed += 1
    except NoResidueError:
        return None
    return True if agreed > len(PRIMES) * 3 else None


def _degree(expression: Any) -> int:
    """Return an upper bound of the degrees of numerator and denominator."""
    if expression.is_Symbol:
        return 1
    if expression.is_Add or expression.is_Mul:
        return sum(map(_degree, expression.args))
    if expression.is_Pow or isinstance(expression, HugePower):
        base, exponent = expression.args
        if exponent.is_Integer:
            return _degree(base) * abs(int(exponent))
    if expression.free_symbols:
        raise NoResidueError
    return 0


def residue(expression: Any, values: Mapping[Any, int], prime: int) -> int:
    """Return the value modulo a prime, with integers for the unknowns.

    Raises:
        NoResidueError: it has none.
        ZeroDivisionError: the prime divides a denominator.
    """
    if expression.is_Rational:
        return int(expression.p) % prime * _inverse(int(expression.q), prime) % prime
    if expression.is_Symbol:
        try:
            return values[expression]
        except KeyError:
            raise NoResidueError from None
    if expression.is_Add:
        return sum(residue(part, values, prime) for part in expression.args) % prime
    if expression.is_Mul:
        product = 1
        for part in expression.args:
            product = product * residue(part, values, prime) % prime
        return product
    if expression.is_Pow or isinstance(expression, HugePower):
        return _power(expression, values, prime)
    if isinstance(expression, sympy.factorial) and expression.args[0].is_Integer:
        return _factorial(int(expression.args[0]), prime)
    raise NoResidueError


def _inverse(value: int, prime: int) -> int:
    if value % prime == 0:
        raise ZeroDivisionError
    return pow(value, -1, prime)


def _power(expression: Any, values: Mapping[Any, int], prime: int) -> int:
    base, exponent = expression.args
    below = residue(base, values, prime)
    if exponent.is_Integer:
        size = int(exponent)
        if size < 0:
            below, size = _inverse(below, prime), -size
        return pow(below, size, prime)
    if exponent.free_symbols or below == 0:
        raise NoResidueError
    # By Fermat's little theorem, as the base is not a multiple of the prime.
    return pow(below, _modulo(exponent, prime - 1), prime)


def _modulo(expression: Any, modulus: int) -> int:
    """Return a positive integer, built of integers, sums, products and powers, modulo any number.

    Raises:
        NoResidueError: it is not such an integer.
    """
    if expression.is_Integer and expression > 0:
        return int(expression) % modulus
    if expression.is_Add:
        return sum(_modulo(part, modulus) for part in expression.args) % modulus
    if expression.is_Mul:
        product = 1
        for part in expression.args:
            product = product * _modulo(part, modulus) % modulus
        return product
    if expression.is_Pow or isinstance(expression, HugePower):
        base, exponent = expression.args
        below = _modulo(base, modulus)
        if exponent.is_Integer and exponent > 0:
            return pow(below, int(exponent), modulus)
        if not exponent.is_number or modulus > _MAX_FACTORED:
            raise NoResidueError
        # Euler: b^e depends on e modulo φ(m) once e ≥ log2 m, and a power that is not written
        # out is larger than that.
        period = _totient(modulus)
        if not _surely_large(exponent):
            raise NoResidueError
        return pow(below, _modulo(exponent, period) + period * 64, modulus)
    raise NoResidueError


def _surely_large(exponent: Any) -> bool:
    if exponent.is_Integer:
        return bool(exponent > 64)
    if exponent.is_Add or exponent.is_Mul:
        return any(_surely_large(part) for part in exponent.args)
    return isinstance(exponent, HugePower)


def _totient(value: int) -> int:
    totient = value
    for prime, _ in fmpz(value).factor():
        totient -= totient // int(prime)
    return totient


def _factorial(value: int, prime: int) -> int:
    if value > _MAX_FACTORIAL:
        raise NoResidueError
    product = 1
    for factor in range(2, value + 1):
        product = product * factor % prime
    return product
