"""Equal answers are equal however they are written; different ones are not."""

import re
from fractions import Fraction
from typing import Any

import pytest
from grading_cases import load_cases
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading import Answer
from rast_bench.grading.base import Compared
from rast_bench.grading.pool import compare_limited, compared
from rast_bench.grading.robust.clean import clean, split_outside
from rast_bench.grading.robust.extract import find_answer, guess_answer
from rast_bench.grading.robust.grader import RobustGrader
from rast_bench.grading.robust.quantities import read_quantity, rounded
from rast_bench.grading.robust.second_opinion import worth_asking

EQUALITY = load_cases("robust_equality_cases.jsonl")
RESPONSES = load_cases("robust_response_cases.jsonl")
GRADER = RobustGrader(workers=1)


def judged(response: str, gold: str) -> str:
    """The thorough comparison's outcome, which the quick one must not refute."""
    answer = Answer(response, gold, "eos")
    found, reference = GRADER.extract(answer), GRADER.reference(answer)
    if found is None:
        return "unparsed"
    thorough: Compared = compare_limited(RobustGrader.thorough, found.text, reference, 10.0)
    quick = GRADER.quick(found.text, reference)
    assert quick is None or compared(quick).outcome == thorough.outcome
    return thorough.outcome


@pytest.mark.parametrize(
    "case", EQUALITY, ids=[f"{case['name']}: {case['answer']}" for case in EQUALITY]
)
def test_equality(case: dict[str, Any]) -> None:
    kind = judged(f"So \\boxed{{{case['answer']}}}.", case["gold"])
    assert kind == case["kind"] or {kind, case["kind"]} == {"unparsed", "wrong"}


@pytest.mark.parametrize(
    "case", RESPONSES, ids=[f"{case['gold']}: {case['response'][:40]}" for case in RESPONSES]
)
def test_whole_responses(case: dict[str, Any]) -> None:
    assert judged(case["response"], case["gold"]) == case["kind"]


def test_a_response_that_was_cut_off_has_no_answer_by_guess() -> None:
    text = "First we compute 3 + 4 = 7 and then"
    assert GRADER.extract(Answer(text, "7", "length")) is None
    found = GRADER.extract(Answer(text, "7", "stop"))
    assert found is not None
    assert (found.text, found.guess) == ("7", True)


@settings(deadline=None)  # a busy machine is no failure
@given(st.fractions(max_denominator=1000), st.sampled_from(["\\frac{%d}{%d}", "%d/%d"]))
def test_fractions_are_read_exactly(value: Fraction, form: str) -> None:
    quantity = read_quantity(form % (value.numerator, value.denominator))
    assert (quantity and quantity.value) == (None if "{-" in form else value)


@settings(deadline=None)  # a busy machine is no failure
@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-999, max_value=999))
def test_decimals_are_read_exactly(value: Any) -> None:
    quantity = read_quantity(f"{value:f}")
    assert quantity is not None
    assert (quantity.value, quantity.decimals) == (Fraction(value), 4)


def test_halves_round_either_way() -> None:
    assert rounded(Fraction(1, 8), 2) == {Fraction("0.12"), Fraction("0.13")}


@settings(deadline=None)  # a busy machine is no failure
@given(st.text("\\{}()[]$%=.,:/^_-+ boxedfracanswer is1234567890\n", max_size=80))
def test_any_text_is_searched_and_cleaned(text: str) -> None:
    for found in (find_answer(text), guess_answer(text)):
        assert found is None or found
    assert clean(clean(text)) is not None


def test_cleaning_keeps_rows_of_matrices_apart() -> None:
    matrix = r"\begin{pmatrix} 1 \\ \frac12 \\ 3 \end{pmatrix}"
    assert clean(f"${matrix}$") == r"\begin{pmatrix} 1 \\ \frac{1}{2} \\ 3 \end{pmatrix}"


def test_splitting_respects_brackets() -> None:
    assert split_outside("(1,2),[3,4],{5,6},7", re.compile(",")) == [
        *("(1,2)", "[3,4]", "{5,6}", "7")
    ]


def test_math_verify_is_asked_about_its_own_notation_only() -> None:
    assert worth_asking(r"\int_0^1 x dx", "1/2")
    assert not worth_asking("x + 1", "1 + x")
    assert not worth_asking("some long words", r"\int_0^1 x dx")
