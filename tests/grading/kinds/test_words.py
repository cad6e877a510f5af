from string import ascii_letters

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import EQUAL, compared
from scalar_cases import cases

from rast_bench.grading.robust.kinds.words import read_words


@pytest.mark.parametrize(("answer", "gold", "outcome"), cases("words"))
def test_words(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


@settings(deadline=None)  # a busy machine is no failure
@given(st.sampled_from(ascii_letters), st.sampled_from(ascii_letters))
def test_a_lone_letter_is_this_letter(answer: str, gold: str) -> None:
    decision = compared(answer, gold)
    if answer == gold:
        assert decision.outcome == EQUAL
    elif answer.upper() == gold and gold in "ABCDE":
        assert decision.rule == "the same letter in lower case"
    else:
        assert decision.outcome != EQUAL


@pytest.mark.parametrize("text", ["abc", "xyz", "ABC", "sin x", "AB", "n", "x + y", "5"])
def test_letters_of_mathematics_are_no_words(text: str) -> None:
    assert read_words(text) is None
