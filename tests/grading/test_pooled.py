"""All work on an answer is under limits, and where it is done changes no verdict."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from hostile_grader import HostileGrader

from rast_bench.grading import Answer, Judgement

FOUND = ("", "", "last word")
LIMIT = Judgement("timeout", None, "limit")


@pytest.fixture(scope="module")
def grader() -> HostileGrader:
    return HostileGrader(workers=1, cpu_seconds=0.6)


def judged(grader: HostileGrader, *texts: str) -> list[Judgement]:
    return grader.grade_many([Answer(text, "7", "eos") for text in texts])


@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        ("search 7", LIMIT),  # exponential, in one call of the regular expressions
        ("recurse 7", LIMIT),
        ("die", LIMIT),  # too slow here, and it kills its worker
        ("think 7", Judgement("correct", "7", *FOUND)),  # too slow here, not in the pool
        ("slow", Judgement("wrong", "slow", *FOUND)),  # only the fast path is slow
        ("odd", Judgement("wrong", "odd", *FOUND)),
        ("", Judgement("unparsed", None)),
    ],
)
def test_neighbours_get_their_verdicts(
    text: str, judgement: Judgement, grader: HostileGrader
) -> None:
    text = f"die {os.getpid()}" if text == "die" else text  # this process does not die of it
    right, wrong = (
        Judgement(kind, text, *FOUND) for kind, text in (("correct", "7"), ("wrong", "8"))
    )
    assert judged(grader, "so 7", text, "8") == [right, judgement, wrong]


def test_outside_the_main_thread_all_is_done_in_the_pool(grader: HostileGrader) -> None:
    texts = ("so 7", "think 7", "search 7", "word", "")
    with ThreadPoolExecutor(1) as thread:
        there = thread.submit(judged, HostileGrader(workers=1, cpu_seconds=0.6), *texts).result()
    assert there == judged(grader, *texts)


def test_an_exception_ends_no_grading(capsys: pytest.CaptureFixture[str]) -> None:
    grader = HostileGrader(workers=1)
    kinds = [one.kind for one in judged(grader, "so 7", "stumble 7", "8", "stumble 8")]
    assert kinds == ["correct", "unparsed", "wrong", "unparsed"]
    assert capsys.readouterr().err == (
        "warning: hostile-1 cannot read a response (ValueError: over a stone): it counts as "
        "unparsed\n"
    )
    assert grader.grade("stumble 7", "7", "length") == Judgement("unparsed", None, "unread")
    assert capsys.readouterr().err == ""


def test_a_timeout_says_so_in_a_response_that_was_cut_off(grader: HostileGrader) -> None:
    assert grader.grade("search 7", "7", "length") == LIMIT
