"""Sums, products and roots that are built at once are those that sympy builds."""

from itertools import permutations, product

import pytest
import sympy

from rast_bench.grading.expressions import lazy

x, y = sympy.symbols("x y")
NUMBERS = [sympy.Rational(value) for value in ("0", "1", "-1", "2", "3/4", "-5/2", "12")]
SINGLE = (
    *(x, x**2, 1 / x, sympy.sqrt(x), sympy.pi, sympy.E, sympy.sqrt(2), sympy.sqrt(12)),
    *(sympy.exp(x), sympy.exp(-x / 2), sympy.exp(-(x**2) / 2), 3 * y, -sympy.pi / 2),
)
OTHERS = (
    *(x + 1, 2 * x * y, sympy.I, x**y, 2**x, sympy.cbrt(4), sympy.root(-1, 3), 1 / sympy.sqrt(2)),
    *(sympy.oo, sympy.log(2), sympy.sin(x), sympy.exp(x + 1), sympy.zoo),
)


def test_products() -> None:
    for factors in product(NUMBERS, (*NUMBERS, *SINGLE, *OTHERS)):
        same(lazy.product(*factors), sympy.Mul(*factors))


def test_sums() -> None:
    for terms in permutations((*NUMBERS[:4], *SINGLE, *OTHERS), 2):
        same(lazy.total(terms), sympy.Add(*terms))
    for terms in permutations((sympy.Integer(7), *SINGLE), 3):
        same(lazy.total(terms), sympy.Add(*terms))


def test_square_roots() -> None:
    for base in (*range(2_000), 30_011**2 - 1, 2**30 - 35, 2**30 - 1, 2 * 23_011**2):
        root = lazy.power(sympy.Integer(base), sympy.S.Half)
        same(root, sympy.sqrt(base))


@pytest.mark.parametrize("exponent", [x, -x, 2 * x, x / 3, x**2, x + 1, sympy.I * sympy.pi, 2 * y])
def test_powers_of_e(exponent: sympy.Expr) -> None:
    same(lazy.power(sympy.E, exponent), sympy.Pow(sympy.E, exponent))


def same(value: sympy.Expr, wanted: sympy.Expr) -> None:
    """Assert that both are the same tree, their parts in the same order."""
    assert value == wanted
    assert type(value) is type(wanted)
    assert len(value.args) == len(wanted.args)
    for part, other in zip(value.args, wanted.args, strict=True):
        same(part, other)
