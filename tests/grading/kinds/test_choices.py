import pytest
from pairs import DIFFERENT, EQUAL, compared
from scalar_cases import cases

from rast_bench.grading.robust.kinds.choices import read_choice


@pytest.mark.parametrize(("answer", "gold", "outcome"), cases("choices"))
def test_choices(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


@pytest.mark.parametrize("letter", "ABCDEFGHIJ")
@pytest.mark.parametrize("other", "ABCDEFGHIJ")
def test_letters(letter: str, other: str) -> None:
    expected = EQUAL if letter == other else DIFFERENT
    for answer in (f"({other})", rf"\textbf{{({other})}} 7", rf"\text{{{other}}}", f"{other}) 7"):
        assert compared(answer, letter).outcome == expected
        assert compared(answer, f"({letter.lower()})").outcome == expected


@pytest.mark.parametrize("text", ["f(A)", "(a)(b)", "(a)^2", "(a)x", "AB", "(a+b)", "(a) 3, (b) 5"])
def test_what_is_no_choice(text: str) -> None:
    assert read_choice(text) is None
