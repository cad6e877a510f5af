"""Reading expressions and deciding whether they are equal."""

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading.expressions.dialect import Dialect
from rast_bench.grading.expressions.equivalence import equivalent
from rast_bench.grading.expressions.errors import (
    ForeignCharacterError,
    OversizedError,
    UnreadableError,
    WorkLimitError,
)
from rast_bench.grading.expressions.latex import read_latex
from rast_bench.grading.expressions.python import read_python

PLAIN = Dialect()
PREFIX = Dialect(prefix=True, applied=True)
x, y = sympy.symbols("x y")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", sympy.Rational(2469, 2)),
        (".5", sympy.Rational(1, 2)),
        ("1/2x", 1 / (2 * x)),
        (r"\frac12x", x / 2),
        (r"\frac{x+1}{y}", (x + 1) / y),
        ("-x^2", -(x**2)),
        ("2^3^2", sympy.Integer(64)),  # LaTeX itself refuses two exponents
        ("x^{-1}", 1 / x),
        (r"\sin 2x \cos y", sympy.sin(2 * x) * sympy.cos(y)),
        (r"\sin(x)y", sympy.sin(x) * y),
        (r"\sin^2 x", sympy.sin(x) ** 2),
        (r"\sin^{-1} x", sympy.asin(x)),
        (r"\log_2 8", sympy.Integer(3)),
        (r"\sqrt[3]{8}", sympy.Integer(2)),
        (r"|x-|y||", sympy.Abs(x - sympy.Abs(y))),
        (r"\lfloor \frac72 \rfloor", sympy.Integer(3)),
        ("4!", sympy.Integer(24)),
        (r"\binom{5}{2}", sympy.Integer(10)),
        (r"\sum_{i=1}^{4} i^2", sympy.Integer(30)),
        (r"\prod_{k=1}^{3} k", sympy.Integer(6)),
        ("x_{1}+x_1", 2 * sympy.Symbol("x_{1}")),
        ("dx", sympy.Symbol("dx")),
        (r"\left(x\right)\cdot 3", 3 * x),
        (r"x<y", sympy.Lt(x, y)),
    ],
)
def test_latex(text: str, value: object) -> None:
    assert read_latex(text, PLAIN) == value


@pytest.mark.parametrize("text", ["", "+", "(x", r"\frac{1}", "x^", "x)", "1..2", r"\int x", "()"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_latex(text, PLAIN)


def test_a_prefix_is_enough_in_its_dialect() -> None:
    assert read_latex("1,-2", PREFIX) == 1
    assert read_latex("x. And so on ```", PREFIX) == x
    assert read_latex("2(3,4)", PREFIX) == 2
    with pytest.raises(ForeignCharacterError):
        read_latex("2?", PREFIX)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("9^{9^{9^9}}", WorkLimitError),
        ("5000!", WorkLimitError),
        (r"\binom{10^9}{5}", WorkLimitError),
        (r"\sum_{i=1}^{10^9} i", WorkLimitError),
        ("(" * 100 + "1" + ")" * 100, OversizedError),
        ("1" * 3000, OversizedError),
        ("x+" * 3000 + "1", OversizedError),
    ],
)
def test_limits_of_work(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_latex(text, PLAIN)


def test_python_notation() -> None:
    assert read_python("2**3 + sqrt(4)") == 10
    assert read_python("(x, 1)") == (x, 1)
    assert read_python("[1, 2]") == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "__import__('os').system('true')",
            "x.real",
            "f(x)",
            "lambda: 1",
            "'text'",
            "x if 1 else 2",
        ),
        *("[i for i in x]", "x[0]", "(y := 1)", "x = 1", "print(1)", "sqrt(x, evaluate=False)"),
    ],
)
def test_nothing_but_arithmetic_is_python(text: str) -> None:
    with pytest.raises(UnreadableError):
        read_python(text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((x + 1) ** 2, x**2 + 2 * x + 1),
        (sympy.sin(x) ** 2 + sympy.cos(x) ** 2, sympy.Integer(1)),
        (sympy.sqrt(8), 2 * sympy.sqrt(2)),
        (sympy.Function("f")(x) * 2, sympy.Function("f")(x) + sympy.Function("f")(x)),
        (sympy.oo, sympy.oo),
    ],
)
def test_equivalent(first: sympy.Expr, second: sympy.Expr) -> None:
    assert equivalent(first, second)
    assert not equivalent(first, second + sympy.Rational(1, 1000)) or first is sympy.oo


def test_branches_count() -> None:
    assert not equivalent(sympy.sqrt(x**2), x)
    assert not equivalent(sympy.oo, -sympy.oo)


def test_small_values_are_told_apart() -> None:
    small = sympy.Rational(1, 10**30)
    assert not equivalent(small, 2 * small)
    assert equivalent(small * (x + 1), small * x + small)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 50))
def test_expanding_changes_nothing(a: int, b: int, c: int) -> None:
    first = read_latex(rf"\frac{{({a}+x)({b}-x)}}{{{c}}}", PLAIN)
    assert equivalent(first, sympy.expand(first))
    assert not equivalent(first, sympy.expand(first) + x)
