"""Constant factors, constants of integration, enclosures."""

from fractions import Fraction

import pytest
from flint import arb

from rast_bench.grading.exact import (
    enclosure,
    proportional,
    rational,
    read,
    same_up_to_constant,
    value,
)


@pytest.mark.parametrize(
    ("answer", "gold", "outcome"),
    [
        ("2x-4", "x-2", "equal"),
        ("2x-4y", "x-2y", "equal"),
        ("4y-2x", "x-2y", "equal"),
        ("x^2+y^2-25", r"\frac{x^2+y^2}{25}-1", "equal"),
        (r"\sqrt2x-\sqrt2", "x-1", "equal"),
        (r"\pi x-2\pi", "x-2", "equal"),
        (r"2\sin x\cos x", r"\sin 2x", "equal"),
        (r"3e^{x}", "e^x", "equal"),
        ("x-2", "x+2", "different"),
        ("x-2y", "x+2y", "different"),
        ("x-2y+1", "x-2y", "different"),
        ("x^2-y", "x^2-2y", "different"),
        ("x(x-2)", "x-2", "different"),
        (r"\sin x", r"\cos x", "different"),
        ("0", "x", "different"),
        ("x^{2024}-1", "x^{2025}-1", "different"),
        ("2|x|", "x", "different"),
    ],
)
def test_proportional(answer: str, gold: str, outcome: str) -> None:
    assert proportional(read(answer), read(gold)).outcome == outcome
    assert proportional(read(gold), read(answer)).outcome == outcome


def test_the_sign_of_the_factor() -> None:
    answer, opposite, gold = read("2x-4"), read("4-2x"), read("x-2")
    assert proportional(answer, gold, positive=True).outcome == "equal"
    assert proportional(opposite, gold, positive=True).outcome == "different"
    small = read(r"(\sqrt2-1.414)(x-2)")
    assert proportional(small, gold, positive=True).outcome == "equal"


@pytest.mark.parametrize(
    ("answer", "gold", "outcome"),
    [
        (r"\frac12\ln|x+\frac12|+C", r"\frac12\ln|2x+1|+C", "equal"),
        (r"\frac12\ln|x+\frac12|+c", r"\frac12\ln|2x+1|+C", "equal"),
        (r"-\cos^2x+C", r"\sin^2x+C", "equal"),
        (r"-\arccos x+C", r"\arcsin x+C", "equal"),
        ("x^2+5+C", "x^2+C", "equal"),
        (r"\frac12\ln|2x+1|+C", r"\ln|2x+1|+C", "different"),
        (r"\cos^2x+C", r"\sin^2x+C", "different"),
        ("x^2+x+C", "x^2+C", "different"),
        ("x^2", "x^2+C", "undecided"),
    ],
)
def test_up_to_a_constant(answer: str, gold: str, outcome: str) -> None:
    assert same_up_to_constant(read(answer), read(gold)).outcome == outcome


def test_enclosures_hold_the_value() -> None:
    found = value(read(r"\pi"), 50)
    assert found is not None
    assert not found.contains(arb("3.14")) and found.overlaps(arb.pi())
    assert abs(found - arb("3.14")) < arb("0.005")
    tiny = enclosure(read(r"\frac{1}{2006!}"))
    assert tiny is not None and not tiny.contains(0)
    huge = enclosure(read("2^{2^{100}}"))
    assert huge is not None and huge.real > 1
    assert value(read("i"), 10) is None
    assert enclosure(read("x")) is None
    assert enclosure(read(r"\sin(2^{2^{100}})")) is None


def test_rational() -> None:
    assert rational(read(r"\frac{2}{6}")) == Fraction(1, 3)
    assert rational(read(r"\sqrt{\frac49}")) == Fraction(2, 3)
    assert rational(read(r"\log_2 8")) == 3
    assert rational(read(r"\sqrt2")) is None
    assert rational(read("x")) is None
