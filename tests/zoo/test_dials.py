"""The next family's problems and corpus, read by an independent reader of their words."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rast_bench.zoo.corpus import Document
from rast_bench.zoo.dial_corpus import DialMixture, documents, vocabulary, write_solution
from rast_bench.zoo.dials import (
    DIALS,
    DIFFICULTIES,
    GEMS,
    MARKS,
    STEP_NAMES,
    TOWNS,
    benchmark,
    code_number,
    random_problem,
)
from rast_bench.zoo.tokenizer import WordCodec

Steps = list[tuple[str, ...]]


def turned(value: int, step: tuple[str, ...]) -> int:
    for word in step:
        value = (value + int(word[1:]) if word[0] == "+" else value * int(word[1:])) % MARKS
    return value


def operations(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word[0] in "+*")


def read(question: str) -> list[tuple[int, Steps]]:
    """Return (start, operations of every step) of all dials."""
    chains: list[tuple[int, Steps]] = []
    for sentence in question.removesuffix(" .").split(" . "):
        first, *rest = sentence.split()
        if first in DIALS:
            start = int(rest[0]) if len(rest) == 1 else code_number((rest[0], rest[1]))
            chains.append((start, []))
        else:
            chains[-1][1].append(operations(rest))
    return chains


def quick(line: str) -> bool:
    """Whether the line is a step's result, written at once."""
    return line[0] in STEP_NAMES


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
        assert [len(steps) for _, steps in read(problem.question)] == [2] * DIFFICULTIES[name].dials


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
    assert len(trained) > 3000
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
        assert solution.count("Good so") + solution.count("Wrong so") == 6


def test_a_check_is_an_independent_coin() -> None:
    """After a checked step or a long step, the next check is as likely as ever."""
    checks: dict[tuple[str, int], list[bool]] = {}
    for _, solution in solved(DialMixture(check=0.15), 6000):
        lines = [line for line in solution.split(" . ") if not line.startswith(DIALS)]
        checked, was = False, False
        for line, later in itertools.pairwise(lines):
            if line.startswith("Check"):
                checked = True
            elif quick(line) and not checked:
                checks.setdefault(("length", len(operations(line.split()))), []).append(
                    later.startswith("Check")
                )
                checks.setdefault(("before", was), []).append(later.startswith("Check"))
                was = later.startswith("Check")
            elif line.split()[0] in ("Good", "Wrong"):
                checked = False
    assert len(checks) == 5
    for condition, seen in checks.items():
        assert abs(sum(seen) / len(seen) - 0.15) < 0.02, condition


def test_slips_come_at_the_rate_of_their_step() -> None:
    wrong: dict[int, list[bool]] = {1: [], 2: [], 3: []}
    for _, solution in solved(DialMixture(check=0.0), 4000):
        value = -1
        for line in solution.split(" . "):
            words = line.split()
            if quick(line):
                step = operations(words)
                wrong[len(step)].append(turned(value, step) != int(words[-1]))
            if words[-1].isdigit():
                value = int(words[-1])
    for length, rate in zip(wrong, DialMixture().slips, strict=True):
        assert abs(sum(wrong[length]) / len(wrong[length]) - rate) < 0.03


def test_drills_and_checks_are_correct() -> None:
    lines = [
        line.removeprefix("Check ")
        for document in take(600, DialMixture(check=0.5))
        for line in document.solution.removesuffix(" .").split(" . ")
        if line.startswith("Check") or "Problem" not in document.prompt
    ]
    codes = [words for line in lines if len(words := line.split()) == 4 and words[1] in GEMS]
    assert len(codes) > 300
    for _, gem, town, number in codes:
        assert int(number) == code_number((gem, town))
    runs = [line.split() for line in lines if line[0].isdigit()]
    assert len(runs) == len(lines) - len(codes) > 1000
    for first, *words in runs:
        value = int(first)
        for operation, result in zip(words[1::3], words[2::3], strict=True):
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
