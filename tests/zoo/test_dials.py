"""The next family's problems and corpus, read by an independent reader of their words."""

import itertools
import random
from dataclasses import replace

import pytest

from rast_bench.zoo.corpus import Document
from rast_bench.zoo.dial_corpus import DialMixture, documents, vocabulary, write_solution
from rast_bench.zoo.dials import (
    DIFFICULTIES,
    GEMS,
    MARKS,
    TOWNS,
    benchmark,
    code_number,
    random_problem,
)
from rast_bench.zoo.tokenizer import WordCodec

Steps = list[tuple[str, ...]]


def turned(value: int, operations: tuple[str, ...]) -> int:
    for word in operations:
        value = (value + int(word[1:]) if word[0] == "+" else value * int(word[1:])) % MARKS
    return value


def read(question: str) -> list[tuple[int, Steps]]:
    """Return (start, operations of every step) of both dials."""
    chains: list[tuple[int, Steps]] = []
    for sentence in question.removesuffix(" .").split(" . "):
        first, *rest = sentence.split()
        if first in ("Red", "Blue"):
            start = int(rest[0]) if len(rest) == 1 else code_number((rest[0], rest[1]))
            chains.append((start, []))
        else:
            chains[-1][1].append(tuple(rest))
    return chains


def answer(question: str) -> str:
    return ",".join(str(turned(start, sum(steps, ()))) for start, steps in read(question))


def beginnings(question: str) -> set[tuple[int, tuple[str, ...]]]:
    return {(start, steps[0]) for start, steps in read(question)}


def take(count: int, mix: DialMixture) -> list[Document]:
    return list(itertools.islice(documents(0, mix), count))


def solved(mix: DialMixture, count: int) -> list[tuple[str, str]]:
    """Return (question, solution) of the documents with a problem."""
    docs = take(count, replace(mix, operation_drill=0.0, code_drill=0.0))
    return [
        (d.prompt.removeprefix("Problem : ").removesuffix(" Solution :"), d.solution) for d in docs
    ]


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_an_independent_reader_finds_the_same_answer(name: str) -> None:
    rng = random.Random(3)
    for _ in range(200):
        problem = random_problem(rng, DIFFICULTIES[name], "train")
        assert answer(problem.question) == problem.gold
        assert sum(len(steps) for _, steps in read(problem.question)) == DIFFICULTIES[name].steps


def test_no_beginning_of_an_evaluation_problem_is_in_the_corpus() -> None:
    trained = {
        beginning
        for question, _ in solved(DialMixture(), 4000)
        for beginning in beginnings(question)
    }
    kept = {
        beginning
        for split, name in itertools.product(("dev", "test"), DIFFICULTIES)
        for problem in benchmark(DIFFICULTIES[name], split, 50, seed=0)
        for beginning in beginnings(problem.question)
    }
    assert len(trained) > 4000
    assert len(kept) > 300
    assert not trained & kept


def test_without_slips_every_answer_is_correct_and_no_check_says_wrong() -> None:
    for question, solution in solved(DialMixture(slips=(0.0, 0.0, 0.0), check=0.5), 1000):
        assert solution.endswith(f"\\boxed{{ {answer(question).replace(',', ' , ')} }} .")
        assert "Wrong" not in solution


def test_checks_mend_every_slip() -> None:
    rng = random.Random(2)
    mix = DialMixture(slips=(0.5, 0.5, 0.5), check=1.0)
    for _ in range(300):
        problem = random_problem(rng, DIFFICULTIES["olympiad"], "train")
        solution = write_solution(rng, problem, mix)
        assert solution.endswith(f"\\boxed{{ {problem.gold.replace(',', ' , ')} }} .")
        assert solution.count("Good .") + solution.count("Wrong , again") == 6


def test_a_check_is_an_independent_coin() -> None:
    """After a checked step, a slip or a long step, the next step is checked as often as any."""
    checks: dict[tuple[str, bool], list[bool]] = {}
    for _, solution in solved(DialMixture(check=0.15), 6000):
        lines = solution.split(" . ")
        checked = [
            later.startswith("Check")
            for line, later in itertools.pairwise(lines)
            if line.split()[0] not in ("Red", "Blue", "Check", "Good", "Wrong", "So")
        ]
        for before, after in itertools.pairwise(checked):
            checks.setdefault(("before", before), []).append(after)
        for line, later in itertools.pairwise(lines):
            if " = " in line and line[0] in "FST" and not line.startswith("So"):
                long = len(line.split()) > 5
                checks.setdefault(("long", long), []).append(later.startswith("Check"))
    assert len(checks) == 4
    for condition, seen in checks.items():
        assert abs(sum(seen) / len(seen) - 0.15) < 0.02, condition


def test_slips_come_at_the_rate_of_their_step() -> None:
    wrong: dict[int, list[bool]] = {1: [], 2: [], 3: []}
    for _, solution in solved(DialMixture(check=0.0), 4000):
        for line in solution.split(" . "):
            words = line.split()
            if words[0] in ("Red", "Blue", "So"):
                continue
            operations = tuple(words[2:-2])
            wrong[len(operations)].append(turned(int(words[1]), operations) != int(words[-1]))
    for length, rate in zip(wrong, DialMixture().slips, strict=True):
        assert abs(sum(wrong[length]) / len(wrong[length]) - rate) < 0.03


def test_drills_are_correct() -> None:
    for document in take(300, DialMixture(operation_drill=0.5, code_drill=0.5)):
        assert document.prompt == ""
        for line in document.solution.removesuffix(" .").split(" . "):
            words = line.split()
            if words[0] in GEMS:
                assert int(words[3]) == code_number((words[0], words[1]))
                continue
            value = int(words[0])
            for operation, result in zip(words[1::3], words[3::3], strict=True):
                value = turned(value, (operation,))
                assert value == int(result)


def test_the_corpus_repeats_and_every_word_has_an_id() -> None:
    codec = WordCodec(vocabulary())
    docs = take(500, DialMixture())
    assert docs == take(500, DialMixture())
    assert len(set(codec.words)) == len(codec.words)
    for document in docs:
        text = f"{document.prompt} {document.solution}".strip()
        assert codec.decode(codec.encode(text)) == text


def test_frequent_answers_do_not_find_the_rest() -> None:
    """32 guesses find less than 15 % of the answers, as in the shipped family."""
    rng = random.Random(0)
    for difficulty in DIFFICULTIES.values():
        counts: dict[str, int] = {}
        for _ in range(3000):
            gold = random_problem(rng, difficulty, "train").gold
            counts[gold] = counts.get(gold, 0) + 1
        guesses = set(sorted(counts, key=lambda gold: -counts[gold])[:32])
        tests = benchmark(difficulty, "test", 200, seed=0)
        assert sum(problem.gold in guesses for problem in tests) < 0.15 * 200


def test_codes_are_spread_over_all_numbers() -> None:
    numbers = [code_number(code) for code in itertools.product(GEMS, TOWNS)]
    assert set(numbers) == set(range(MARKS))
    assert max(numbers.count(value) for value in range(MARKS)) < 0.08 * len(numbers)
