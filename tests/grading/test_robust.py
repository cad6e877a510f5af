"""Equal answers are equal however they are written; different ones are not."""

from typing import Any

import pytest
from grading_cases import load_cases

from rast_bench.grading import Answer
from rast_bench.grading.base import Compared
from rast_bench.grading.pool import compare_limited, compared
from rast_bench.grading.robust.grader import RobustGrader

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
