"""No comparison harms its neighbours, and only CPU time counts."""

import gc
import multiprocessing
import time
from collections.abc import Iterator

import pytest
from slow_comparisons import misbehave

from rast_bench.grading import Answer
from rast_bench.grading.pool import ComparisonPool, compare_limited
from rast_bench.grading.robust.comparison import load_libraries
from rast_bench.grading.robust.grader import RobustGrader
from rast_bench.grading.simplerl.grader import SimpleRLGrader

GOOD = [("7", "7"), ("8", "7")]


@pytest.fixture(scope="module")
def pool() -> Iterator[ComparisonPool]:
    yield ComparisonPool(misbehave, workers=1, cpu_seconds=0.5, memory_bytes=1 << 31)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("loop", "timeout"),
        ("swallow", "timeout"),
        ("one long step in C", "timeout"),
        ("memory", "timeout"),
        ("death", "timeout"),
        ("work", "timeout"),
        ("oversized", "unparsed"),
        ("odd", "unparsed"),
        ("perhaps", "undecided"),
        ("sleep", "wrong"),  # waiting is no work: three times the limit of CPU time
    ],
)
def test_neighbours_get_their_verdicts(pool: ComparisonPool, answer: str, outcome: str) -> None:
    compared = pool.outcomes([GOOD[0], (answer, "7"), GOOD[1]])
    assert [item.outcome for item in compared] == ["correct", outcome, "wrong"]


def test_a_fault_of_ours_is_loud(pool: ComparisonPool) -> None:
    with pytest.raises(ImportError):
        pool.outcomes([("fault", "7")])
    assert [item.outcome for item in pool.outcomes(GOOD)] == ["correct", "wrong"]


def test_a_worker_has_room_to_compute_and_stays_below_a_gibibyte() -> None:
    pool = ComparisonPool(misbehave, workers=1, warm_up=load_libraries)
    (compared,) = pool.outcomes([("fill", "")])
    assert compared.outcome == "correct"


def test_among_many_each_gets_its_own_verdict(pool: ComparisonPool) -> None:
    """Many go to a worker together; what ends it is found by asking each alone."""
    answers = ["7", "8", "perhaps"] * 7
    hostile = {3: "death", 10: "loop", 11: "death"}
    for place, answer in hostile.items():
        answers.insert(place, answer)
    compared = pool.outcomes([(answer, "7") for answer in answers])
    expected = {"7": "correct", "8": "wrong", "perhaps": "undecided"}
    assert [item.outcome for item in compared] == [
        expected.get(answer, "timeout") for answer in answers
    ]


def test_reasons_pass_through(pool: ComparisonPool) -> None:
    compared = pool.outcomes([("perhaps", "7"), ("loop", "7"), ("death", "7"), ("odd", "7")])
    assert [(item.reason, item.rule) for item in compared] == [
        *(("numeric", "no proof"), ("limit", ""), ("limit", ""), ("unread", ""))
    ]


def test_no_pairs_start_no_process() -> None:
    before = multiprocessing.active_children()
    assert ComparisonPool(misbehave).outcomes([]) == []
    assert multiprocessing.active_children() == before


def test_processes_end_with_the_pool() -> None:
    before = set(multiprocessing.active_children())
    pool = ComparisonPool(misbehave, workers=1)
    pool.outcomes(GOOD)
    started = set(multiprocessing.active_children()) - before
    assert len(started) == 1
    del pool
    gc.collect()
    assert not any(process.is_alive() for process in started)


def test_seconds_are_cpu_time() -> None:
    start = time.process_time()
    compared = compare_limited(misbehave, "sleep", "7", 5.0)
    assert compared.outcome == "wrong"
    assert compared.seconds <= time.process_time() - start
    assert compared.seconds < 0.5


HOSTILE = [
    "9^{9^{9^9}}",
    "9^{9^{9^{9^{9}}}}x",
    r"\frac{1}{" * 1000 + "2" + "}" * 1000,
    r"\sqrt{" * 1500 + "2" + "}" * 1500,
    "(" * 4000,
    "[" * 4000,
    "{" * 3000 + "}" * 3000,
    "x^" * 4000,
    "99999999!",
    "((((3!)!)!)!)!",
    r"\binom{99999999}{4999999}",
    "10^{1000000000}",
    r"\sum_{i=1}^{10^{100}} i",
    "1" * 1_000_000,
    r"\frac{1}{" * 100_000,
    "7" * 3000 + "/3",
]


@pytest.mark.parametrize("grader", [SimpleRLGrader, RobustGrader])
def test_hostile_answers(grader: type[SimpleRLGrader] | type[RobustGrader]) -> None:
    answers = []
    for text in HOSTILE:
        answers += [
            Answer(f"\\boxed{{{text}}}", "x+1", "eos"),
            Answer("\\boxed{1+x}", "x+1", "eos"),
        ]
    start = time.process_time()
    kinds = [judgement.kind for judgement in grader(workers=1).grade_many(answers)]
    refused = {"timeout", "unparsed"}
    if grader is RobustGrader:  # may know better, without computing them
        refused |= {"wrong", "undecided"}
    assert set(kinds[0::2]) <= refused
    assert set(kinds[1::2]) == {"correct"}
    assert time.process_time() - start < 20
