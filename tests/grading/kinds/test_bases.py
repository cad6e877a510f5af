import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, compared
from scalar_cases import cases


@pytest.mark.parametrize(("answer", "gold", "outcome"), cases("bases"))
def test_bases(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NAMES = ("", "", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def in_base(value: int, base: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, base)
        digits = DIGITS[digit] + digits
    return digits


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(100, 10**9), st.integers(2, 10))
def test_digits_in_a_base(value: int, base: int) -> None:
    digits = in_base(value, base)
    gold = f"{digits}_{{{base}}}"
    for answer in (f"({digits})_{base}", rf"{digits}_{{\text{{{NAMES[base]}}}}}", digits):
        assert compared(answer, gold).outcome == EQUAL
    assert compared(f"{in_base(value + 1, base)}_{{{base}}}", gold).outcome == DIFFERENT
    assert compared(f"{digits}_{{{base + 1}}}", gold).outcome == DIFFERENT
    if base != 10:
        assert compared(str(value), gold).outcome == DIFFERENT
