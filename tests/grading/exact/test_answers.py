"""Reading answers as expressions."""

import time

import pytest
import sympy

from rast_bench.grading.exact import read
from rast_bench.grading.expressions.errors import OversizedError, UnreadableError

x, y, n = sympy.symbols("x y n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", sympy.Rational(2469, 2)),
        ("-1./3", sympy.Rational(-1, 3)),
        (r"0.1\overline{6}", sympy.Rational(1, 6)),
        ("1.5e3", sympy.Integer(1500)),
        ("1e-5", sympy.Rational(1, 100_000)),
        (r"2\frac{1}{3}", sympy.Rational(7, 3)),
        (r"2\frac{\sqrt3}{3}", 2 * sympy.sqrt(3) / 3),
        (r"\frac12", sympy.Rational(1, 2)),
        (r"\frac123", sympy.Rational(3, 2)),
        (r"\frac1{2}x", x / 2),
        ("1/2x", x / 2),
        ("x/2y", x / (2 * y)),
        ("x^-1", 1 / x),
        ("2^(1/2)", sympy.sqrt(2)),
        (r"e^{i\pi}", sympy.Integer(-1)),
        (r"\sum_{i=1}^{3} i", sympy.Integer(6)),
        ("x^10", x**10),
        ("2**3**2", sympy.Integer(512)),
        ("2^x3^x", 2**x * 3**x),
        (r"\sqrt2x", sympy.sqrt(2) * x),
        (r"\sqrt[3]{-8}", sympy.Integer(-2)),
        ("√2", sympy.sqrt(2)),
        ("x²", x**2),
        ("sqrt(2)/2", sympy.sqrt(2) / 2),
        ("sinx", sympy.sin(x)),
        (r"\sin^2 x", sympy.sin(x) ** 2),
        (r"\sin^{-1}x", sympy.asin(x)),
        (r"\sin x\cos y", sympy.sin(x) * sympy.cos(y)),
        (r"\sin x(1+y)", sympy.sin(x) * (1 + y)),
        (r"\sin30^\circ", sympy.Rational(1, 2)),
        (r"\operatorname{cis}60^{\circ}", sympy.Rational(1, 2) + sympy.sqrt(3) * sympy.I / 2),
        (r"\log_2 8", sympy.Integer(3)),
        (r"\ln x^2", sympy.log(x**2)),
        (r"e^{2i\pi}", sympy.Integer(1)),
        (r"\mathrm{e}", sympy.E),
        (r"{}_{10}C_3", sympy.Integer(120)),
        ("^{10}C_3", sympy.Integer(120)),
        ("C(10,3)", sympy.Integer(120)),
        ("C_{10}^{3}", sympy.Integer(120)),
        (r"{10\choose 3}", sympy.Integer(120)),
        ("_5P_2", sympy.Integer(20)),
        ("5!!", sympy.Integer(15)),
        ("x_1+x_{1}", 2 * sympy.Symbol("x_{1}")),
        (r"\lambda_{\text{red}}", sympy.Symbol("lambda_{red}")),
        ("e^{-at}", sympy.exp(-sympy.Symbol("a") * sympy.Symbol("t"))),
        (r"\sum_{k=1}^{4}k^2", sympy.Integer(30)),
        (r"\sum_{i=1}^{3}i", sympy.Integer(6)),
        (r"\sum_{k=0}^{\infty}\frac{1}{3^k}", sympy.Rational(3, 2)),
        ("||x|-y|", sympy.Abs(sympy.Abs(x) - y)),
        (r"17\bmod 5", sympy.Integer(2)),
        (r"x\le y", sympy.Le(x, y)),
    ],
)
def test_what_is_read(text: str, value: object) -> None:
    found = read(text)
    assert found == value or sympy.simplify(found - value) == 0


@pytest.mark.parametrize(
    "text",
    [
        *("", "+", "(x", "x)", "x^", r"\frac{1}", "1..2", "()", "x,y", "1 2", "x2", "x=y=z"),
        *(
            "5cm",
            "5 cm",
            r"5\text{ cm}",
            "east",
            "x and y",
            "yes",
            "the answer",
        ),
        *(r"60^\circ", r"50\%", r"\$5", r"\int x", r"\lim_{x}x", "1:2", r"\{1\}", r"\pm 1"),
        *("3e-2", "2^3^2", r"\sin x/2", r"\sin 2(x+1)", "1/(2)(3)", r"\mathrm{d}x", r"\partial x"),
        *(r"\frac10", r"\ln 0", "0^{-1}", r"\infty-\infty", "(-1)!", r"\sum_{k=1}^{9}2^{2^k}"),
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError):
        read(text)


@pytest.mark.parametrize("text", ["(" * 100 + "x" + ")" * 100, "x+" * 5_000, "1" * 50_000])
def test_what_is_too_large(text: str) -> None:
    with pytest.raises(OversizedError):
        read(text)


@pytest.mark.parametrize(
    "piece",
    [
        *(" ", "1", "x", "{", "}", "$", "(", "|", "^", "_", "!", "'", "-", "1,", "1.", "x*", "x!"),
        *(r"\quad ", r"\frac", r"\sqrt{", r"\sin ", "2^", "{}", "f(", r"\overline{1}", "C_", "1e"),
    ],
)
def test_reading_takes_linear_time(piece: str) -> None:
    """A megabyte is refused at once; as much as is read takes well under a second."""
    for length in (39_000, 1_000_000):
        started = time.process_time()
        with pytest.raises((UnreadableError, OversizedError)):
            read(piece * (length // len(piece)))
        assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "text",
    [
        *("9^{9^{9^{9^{9}}}}", "(10^{10})!", "2^{10^{20}+x}", "(2x)^{10^{10}}", "1.5^{10^{12}}"),
        *(r"\sqrt[10^{100}]{2}", r"(1+\sqrt2)^{10^{9}}", r"\binom{10^{10}}{10^9}", "x^{10^{100}}"),
        *(r"\sqrt{10^{20000}+1}", r"\sqrt[3]{7^{9000}}", r"\ln(10^{9000}+1)"),
    ],
)
def test_large_numbers_stay_as_they_are(text: str) -> None:
    started = time.process_time()
    assert isinstance(read(text), sympy.Expr)
    assert time.process_time() - started < 2
