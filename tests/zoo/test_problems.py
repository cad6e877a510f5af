import random

import pytest
from zoo_parsing import parse

from rast_bench.zoo.problems import (
    DIFFICULTIES,
    MAX_VALUE,
    Operation,
    Skeleton,
    benchmark,
    random_problem,
    split_of,
)


def test_states_and_answer_of_a_known_skeleton() -> None:
    skeleton = Skeleton((4, 9), (Operation(1, "+", 2), Operation(0, "*", 2), Operation(1, "-", 5)))
    assert skeleton.states() == [(4, 9), (4, 11), (8, 11), (8, 6)]
    assert skeleton.answer == (8, 6)


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_an_independent_reader_finds_the_same_answer(name: str) -> None:
    rng = random.Random(3)
    for _ in range(300):
        problem = random_problem(rng, DIFFICULTIES[name], "train")
        parsed = parse(problem.question)
        assert parsed.answer() == problem.gold
        assert len(parsed.operations) in DIFFICULTIES[name].steps
        assert all(0 <= v <= MAX_VALUE for state in problem.skeleton.states() for v in state)


def test_the_split_is_decided_by_the_first_two_operations() -> None:
    rng = random.Random(4)
    for _ in range(200):
        skeleton = random_problem(rng, DIFFICULTIES["olympiad"], "test").skeleton
        for length in range(2, len(skeleton.operations) + 1):
            assert split_of(Skeleton(skeleton.start, skeleton.operations[:length])) == "test"


def test_the_split_is_blind_to_pile_order_and_commuting_steps() -> None:
    one = Skeleton((4, 9), (Operation(0, "+", 2), Operation(1, "*", 3)))
    exchanged = Skeleton((4, 9), (Operation(1, "*", 3), Operation(0, "+", 2)))
    swapped = Skeleton((9, 4), (Operation(1, "+", 2), Operation(0, "*", 3)))
    assert split_of(one) == split_of(exchanged) == split_of(swapped)


def test_shares_of_the_splits() -> None:
    rng = random.Random(5)
    counts = {"train": 0, "dev": 0, "test": 0}
    for _ in range(4000):
        start = (rng.randint(2, 15), rng.randint(2, 15))
        operations = (Operation(0, "+", rng.randint(2, 9)), Operation(1, "+", rng.randint(2, 9)))
        counts[split_of(Skeleton(start, operations))] += 1
    assert 0.80 < counts["train"] / 4000 < 0.90
    assert 0.07 < counts["test"] / 4000 < 0.13
    assert 0.03 < counts["dev"] / 4000 < 0.07


def test_benchmarks_repeat_and_hold_no_problem_twice() -> None:
    one = benchmark(DIFFICULTIES["hard"], "test", 50, seed=0)
    assert one == benchmark(DIFFICULTIES["hard"], "test", 50, seed=0)
    assert len({problem.skeleton for problem in one}) == 50
    assert one != benchmark(DIFFICULTIES["hard"], "test", 50, seed=1)
