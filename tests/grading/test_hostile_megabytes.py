"""A megabyte of anything is graded in no time: what is done outside the pool is linear."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading import Answer, get_grader, newest_version
from rast_bench.grading.pooled import PooledGrader

MEGABYTE = 10**6
LIMIT = 1.0  # CPU seconds; 0.2 is asked for, and a slow machine may take five times as long
UNITS = (
    *(" ", "\t", "\n", "\r\n", "\u200b", "0", "1", "９", "a", "é", "答", "½", "\\", "$", "%", "#"),
    *("{", "}", "(", ")", "[", "]", "<", ">", "|", "_", "^", "&", "=", "+", "-", "/", "*", ","),
    *(".", ":", ";", "'", '"', "!", "~", "**", "\\quad ", "\\,", "\\boxed{", "\\boxed{1}\\quad "),
    *("\\boxed{1} and ", "\\frac", "\\sqrt", "\\left(", "\\text{", "\\begin{pmatrix}", "\\\\"),
    *("1 ", "1,", "a ", "x=", "$1$ ", "answer is ", "The answer is 1. ", "#### 1\n", "<answer>"),
    *("<think>", '{"answer": ', "and ", "or ", "not ", "(A) ", "one ", "1st ", "3:00 ", "答案是"),
)
FORMS = ("{}", "\\boxed{{{}}}", "The answer is 7{}")


@pytest.fixture(scope="module")
def robust() -> Iterator[PooledGrader]:
    grader = get_grader(newest_version("robust"), workers=1)
    assert isinstance(grader, PooledGrader)
    yield grader


def outside_the_pool(grader: PooledGrader, text: str, gold: str = "7") -> float:
    """CPU seconds of all that is done with a response but `thorough`."""
    answer = Answer(text, gold, "eos")
    start = time.process_time()
    found = grader.extract(answer)
    if found is not None:
        grader.quick(found.text, grader.reference(answer))
    return time.process_time() - start


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_a_megabyte_of_one_thing(robust: PooledGrader, unit: str) -> None:
    text = unit * (MEGABYTE // len(unit))
    form = FORMS[len(text) % len(FORMS)]
    for response in {text, form.format(text)}:
        assert outside_the_pool(robust, response) < LIMIT


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(UNITS), min_size=2, max_size=5), st.sampled_from(FORMS))
def test_a_megabyte_of_a_mixture(robust: PooledGrader, units: list[str], form: str) -> None:
    unit = "".join(units)
    assert outside_the_pool(robust, form.format(unit * (MEGABYTE // len(unit)))) < LIMIT


@pytest.mark.parametrize(
    "inner", [" ", "\\quad ", "1", "{", "(", ",", "-", "\\frac", "1 "], ids=repr
)
def test_the_whole_ends_within_the_limits(robust: PooledGrader, inner: str) -> None:
    """Answers as long as answers may be, compared in the pool."""
    longest = inner * (3_000 // len(inner))
    answers = [Answer(f"\\boxed{{x{longest}}}", gold, "eos") for gold in ("7", "x+1")]
    start = time.process_time()
    kinds = {judgement.kind for judgement in robust.grade_many(answers)}
    assert "correct" not in kinds
    assert time.process_time() - start < LIMIT
