"""Answers are sought outside the pool, so no response may keep the search busy."""

import time

import pytest

from rast_bench.grading import Answer
from rast_bench.grading.pooled import PooledGrader
from rast_bench.grading.robust.extraction.find import MAX_ANSWER
from rast_bench.grading.robust.grader import RobustGrader
from rast_bench.grading.simplerl.grader import SimpleRLGrader

LENGTH = 100_000
LIMIT = 3.0  # CPU seconds; a search that takes quadratic time takes minutes
UNITS = (
    *(" ", "\n", "1", "1,", "1 ", "a ", ".", "$", "$1 ", "{", "}", "\\", "\\\\", "^{", "= -", "~"),
    *(
        "\\(",
        "\\[",
        "\\boxed{",
        "\\boxed{1} and ",
        "\\boxed ",
        "boxed",
        "\\text{",
        "\\frac",
        "\\sqrt",
    ),
    *("answer is ", "answer is: \n", "answer     ", "final answer is $1", "solution", "A: ", "**"),
    *("one ", "hundred ", "thousand million ", "1/", "#### 1\n", "I hope it is correct", "<<"),
    *(
        "A ",
        "(A) ",
        "choice is ",
        "option ",
        "correct ",
        "答案是",
        "\\$",
        "\\overline{1}",
        "½",
        "√(",
    ),
    *("\\choose ", "\\begin{array}{c", "\\mbox{", "x=", "and ", "$1$, ", ",\\!", "1st", "\\right."),
)


@pytest.mark.parametrize("unit", UNITS, ids=repr)
@pytest.mark.parametrize("grader", [SimpleRLGrader, RobustGrader], ids=lambda each: each.name)
def test_repetition_is_searched_in_no_time(grader: type[PooledGrader], unit: str) -> None:
    judge = grader(workers=1)
    short, long = (unit * (length // len(unit)) for length in (MAX_ANSWER - 10, LENGTH))
    texts = (long, f"The answer is {long}", f"\\boxed{{{short}}}", f"The answer is {short}")
    start = time.process_time()
    for text in texts:
        for dataset, gold in (("math500", "1"), ("mmlu_stem", "B")):
            answer = Answer(text, gold, "eos", dataset)
            found = judge.extract(answer)
            if found is not None:
                judge.quick(found.text, judge.reference(answer))
    assert time.process_time() - start < LIMIT
