"""Balls, separation bounds, residues: against other computations."""

import math

import mpmath
import pytest
import sympy
from flint import acb, arb
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading.exact import read
from rast_bench.grading.exact.balls import ball, precision
from rast_bench.grading.exact.modular import PRIMES, residue
from rast_bench.grading.exact.separation import separation

x = sympy.Symbol("x")


def test_the_primes_are_primes() -> None:
    assert all(sympy.isprime(prime) for prime in PRIMES)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 50), st.integers(0, 200), st.integers(2, 40), st.sampled_from(PRIMES))
def test_residues(base: int, exponent: int, outer: int, prime: int) -> None:
    value = residue(read(f"{base}^{{{exponent}}}-{outer}!"), {}, prime)
    assert value == (base**exponent - math.factorial(outer)) % prime


def test_residues_of_towers() -> None:
    prime = PRIMES[0]
    assert residue(read("9^{9^{9}}"), {}, prime) == pow(9, 9**9, prime)
    # 3^(5^(7^11)) by the exponent modulo prime - 1, which is written out.
    exponent = pow(5, 7**11, prime - 1)
    assert residue(read("3^{5^{7^{11}}}"), {}, prime) == pow(3, exponent, prime)


@pytest.mark.parametrize(
    "text",
    [
        *(r"\sqrt{x}", r"\sqrt[3]{x}", r"\ln x", "x^x", r"\arctan x", r"\sinh x", r"|x-2|"),
        *(r"\lfloor 10x+\sqrt{2}\rfloor", "x!", r"\cot x", r"\arcsin\frac{x}{9}", r"\binom{x}{3}"),
    ],
)
@given(st.fractions(min_value="0.01", max_value=8, max_denominator=10**6))
@settings(max_examples=10, deadline=None)
def test_balls_hold_what_mpmath_computes(text: str, place: object) -> None:
    expression = read(text)
    at = sympy.Rational(str(place))
    with precision(128):
        found = ball(expression, {x: acb(arb(int(at.p)) / int(at.q))}, real=True)
        with mpmath.workdps(30):
            function = sympy.lambdify(x, expression, "mpmath")
            wanted = function(mpmath.mpf(int(at.p)) / int(at.q))
        assert abs(found.real - arb(mpmath.nstr(wanted, 30))) < arb("1e-20") * (1 + abs(found))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 4))
def test_separation_bounds_hold(first: int, second: int, order: int) -> None:
    """√a + √b - √c, with c as near as an integer can be."""
    nearest = round((first ** (1 / order) + second ** (1 / order)) ** order)
    text = "+".join(rf"\sqrt[{order}]{{{number}}}" for number in (first, second))
    expression = read(rf"{text}-\sqrt[{order}]{{{nearest}}}")
    bound = separation(expression)
    assert bound.algebraic
    with precision(int(bound.bits) + 64):
        size = abs(ball(expression, {}))
        assert size.contains(0) == (size.abs_upper() < arb(2) ** -int(bound.bits))
