"""The paper's protocol by the behaviour that was observed of it, faults included."""

from typing import Any

import pytest
from grading_cases import load_cases
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading import Answer
from rast_bench.grading.pool import compare_limited
from rast_bench.grading.simplerl.extract import choice_of_text, raw_answer
from rast_bench.grading.simplerl.grader import SimpleRLGrader, equal_with_algebra
from rast_bench.grading.simplerl.normalise import normal_form

GRADER = SimpleRLGrader(workers=1)
EXTRACTION = load_cases("simplerl_extraction_cases.jsonl")
EQUALITY = load_cases("simplerl_equality_cases.jsonl")


@pytest.mark.parametrize("case", EXTRACTION, ids=[case["name"] for case in EXTRACTION])
def test_extraction(case: dict[str, Any]) -> None:
    answer = Answer(case["text"], case["gold"], "eos", case["dataset"])
    found = GRADER.extract(answer)
    assert (found and found.text) == case["extracted"]


@pytest.mark.parametrize("case", EQUALITY, ids=[case["name"] for case in EQUALITY])
def test_equality_with_and_without_the_fast_path(case: dict[str, Any]) -> None:
    answer, gold = case["answer"], case["gold"]
    assert compare_limited(equal_with_algebra, answer, gold, 5.0).outcome == case["kind"]
    quick = GRADER.quick(answer, gold)
    assert quick is None or (quick.outcome == "equal") == (case["kind"] == "correct")


def test_gold_is_normalised_as_the_answer_is() -> None:
    gold = r"\left( \dfrac{1}{2}, 30^\circ \right)"
    assert GRADER.grade(r"\boxed{(0.5,30)}", gold, "eos", "math")[:2] == ("correct", "(0.5,30)")


def test_truncated_is_apart_from_unparsed() -> None:
    assert GRADER.grade("no number", "1", "length")[:2] == ("truncated", None)
    assert GRADER.grade("no number", "1", "stop")[:2] == ("unparsed", None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("we get 3", "truncated"),
        ("we get 7", "correct"),  # the protocol takes the last number
        ("\\boxed{3} and 4", "wrong"),
        ("\\boxed{3", "truncated"),
        ("the answer is 3", "wrong"),
    ],
)
def test_a_response_that_was_cut_off(text: str, kind: str) -> None:
    assert GRADER.grade(text, "7", "length").kind == kind


def test_an_answer_of_a_megabyte_is_none() -> None:
    assert GRADER.grade("\\boxed{" + "1" * 1_000_000 + "}", "1", "eos")[:2] == ("unparsed", None)


@settings(deadline=None)  # a busy machine is no failure
@given(st.text("\\{}()[]$%=.,:/^_-+ boxedfrac1234567890\n", max_size=80))
def test_any_text_is_extracted_and_normalised(text: str) -> None:
    raw = raw_answer(text)
    assert "\n" not in normal_form(raw)
    assert normal_form(raw, keep_units=True) is not None
    assert isinstance(choice_of_text(text), str)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(-(10**6), 10**6))
def test_an_integer_is_itself_in_every_place(value: int) -> None:
    for text in (rf"\boxed{{{value}}}", f"The answer is {value}.", f"so we get {value}"):
        assert GRADER.grade(text, str(value), "eos").kind == "correct"
