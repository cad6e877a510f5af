from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, UNDECIDED, compared
from scalar_cases import cases

from rast_bench.grading.robust.cleaning import clean
from rast_bench.grading.robust.kinds.numbers import (
    LEAST_DIGITS_OF_ANSWER,
    LEAST_DIGITS_OF_GOLD,
    Number,
    read_number,
    same_rounded,
)

INTEGERS = st.integers(-(10**30), 10**30) | st.integers(-9999, 9999)
FRACTIONS = st.fractions(max_denominator=10**6)


def number(text: str) -> Number:
    read = read_number(clean(text))
    assert read is not None
    return read


def grouped(value: int, separator: str) -> str:
    return f"{value:,}".replace(",", separator)


@pytest.mark.parametrize(("answer", "gold", "outcome"), cases("numbers"))
def test_numbers(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


@settings(deadline=None)  # a busy machine is no failure
@given(INTEGERS, st.sampled_from([",", "{,}", r"\,", r",\!", r"\ ", " ", "."]))
def test_separators_do_not_change_an_integer(value: int, separator: str) -> None:
    if separator == "." and abs(value) < 10**6:
        return  # 1.234 is a decimal
    assert number(grouped(value, separator)).value == value


@settings(deadline=None)  # a busy machine is no failure
@given(INTEGERS, st.sampled_from([-2, -1, 1, 2]), st.sampled_from(["", ",", "{,}"]))
def test_integers_off_by_one_differ(value: int, off: int, separator: str) -> None:
    answer = number(grouped(value + off, separator))
    assert answer.compare(number(str(value)), compared).outcome == DIFFERENT


@settings(deadline=None)  # a busy machine is no failure
@given(FRACTIONS, st.integers(1, 50))
def test_fractions_are_equal_however_written(value: Fraction, times: int) -> None:
    above, below = value.numerator, value.denominator
    gold = number(rf"\frac{{{above}}}{{{below}}}")
    texts = [f"{above}/{below}", f"{above * times}/{below * times}"]
    texts += [
        rf"\dfrac{{{-above}}}{{{-below}}}",
        rf"{'-' if above < 0 else ''}\frac{{{abs(above)}}}{{{below}}}",
    ]
    whole, rest = divmod(abs(above), below)
    if whole and rest:
        texts.append(rf"{'-' if above < 0 else ''}{whole}\frac{{{rest}}}{{{below}}}")
    for text in texts:
        assert number(text).compare(gold, compared).outcome == EQUAL
        assert number(f"{above + below}/{below}").compare(gold, compared).outcome == DIFFERENT


@settings(deadline=None)  # a busy machine is no failure
@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-999, max_value=999))
def test_decimals_are_read_exactly(value: Decimal) -> None:
    text = f"{value:f}"
    exact = Fraction(value)
    whole, _, decimals = text.partition(".")
    for writing in (text, f"{whole}{{,}}{decimals}", f"{text}e0", rf"{text} \times 10^{{0}}"):
        assert (number(writing).value, number(writing).places) == (exact, 4)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(10**3, 10**9 - 1), st.integers(-40, 40), st.sampled_from([-2, -1, 1, 2, "sign"]))
def test_scientific_notation_keeps_its_exponent(digits: int, power: int, slip: int | str) -> None:
    written = f"{digits / 10 ** (len(str(digits)) - 1):.{len(str(digits)) - 1}f}"
    gold = number(rf"{written} \times 10^{{{power}}}")
    for text in (f"{written}e{power}", rf"{written}\cdot 10^{{{power}}}", f"{written}*10**{power}"):
        assert number(text).compare(gold, compared).outcome == EQUAL
    wrong = f"-{written}e{power}" if slip == "sign" else f"{written}e{power + int(slip)}"
    assert number(wrong).compare(gold, compared).outcome == DIFFERENT


@settings(deadline=None)  # a busy machine is no failure
@given(st.fractions(min_value=1, max_value=10**6, max_denominator=997), st.integers(4, 7))
def test_a_decimal_rounds_an_exact_value_or_does_not(value: Fraction, places: int) -> None:
    step = Decimal(1).scaleb(-places)
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    rounded = exact.quantize(step, rounding=ROUND_HALF_EVEN)
    gold = number(f"{value.numerator}/{value.denominator}")
    assert number(f"{rounded:f}").compare(gold, compared).outcome == EQUAL
    for off in (-2, 2, 10):  # one off may be the value cut off
        assert number(f"{rounded + off * step:f}").compare(gold, compared).outcome == DIFFERENT


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 10**12), st.integers(0, 9))
def test_decimals_of_one_length_differ_by_a_digit(value: int, places: int) -> None:
    digits = f"{value:0{places + 1}d}"
    at = len(digits) - places
    other = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    first, second = (f"{text[:at]}.{text[at:]}" for text in (digits, other))
    assert number(first).compare(number(second), compared).outcome == DIFFERENT


def test_an_integer_of_any_size_is_compared_digit_by_digit() -> None:
    many = "7" * 100_000
    assert number(many + "1").compare(number(many + "1"), compared).outcome == EQUAL
    assert number(many + "1").compare(number(many + "2"), compared).outcome == DIFFERENT
    assert number(f"{many}/3").compare(number(many), compared).outcome == UNDECIDED


@pytest.mark.parametrize(
    ("text", "least_digits", "outcome"),
    [
        ("3.142", LEAST_DIGITS_OF_ANSWER, EQUAL),
        ("3.14", LEAST_DIGITS_OF_ANSWER, DIFFERENT),
        ("3.14", LEAST_DIGITS_OF_GOLD, EQUAL),
        ("3.15", LEAST_DIGITS_OF_GOLD, DIFFERENT),
        ("3.1415926", LEAST_DIGITS_OF_ANSWER, EQUAL),  # cut off
        ("3.1415926", LEAST_DIGITS_OF_GOLD, DIFFERENT),
        ("3.1415", LEAST_DIGITS_OF_ANSWER, DIFFERENT),  # cut off, with too few digits
        ("3.141592653589793", LEAST_DIGITS_OF_ANSWER, EQUAL),
        ("3.141592653599793", LEAST_DIGITS_OF_ANSWER, DIFFERENT),
        ("-3.142", LEAST_DIGITS_OF_ANSWER, DIFFERENT),
        ("3", LEAST_DIGITS_OF_GOLD, DIFFERENT),
    ],
)
def test_roundings_of_a_ball(text: str, least_digits: int, outcome: str) -> None:
    assert same_rounded(number(text), arb.pi(), least_digits=least_digits).outcome == outcome


def test_a_ball_that_holds_the_edge_of_a_rounding_decides_nothing() -> None:
    edge = arb("3.1425", "1e-9")
    for text in ("3.142", "3.143"):
        decision = same_rounded(number(text), edge, least_digits=LEAST_DIGITS_OF_ANSWER)
        assert decision.outcome == UNDECIDED
    far = same_rounded(number("3.144"), edge, least_digits=LEAST_DIGITS_OF_ANSWER)
    assert far.outcome == DIFFERENT


def test_reasons_are_recorded() -> None:
    assert compared("3/4", "0.75").reason == "exact"
    assert compared("0.6667", r"\frac{2}{3}").reason == "rounding"
    assert compared("12.5", r"12.5\%").rule == "a percent sign left out"
