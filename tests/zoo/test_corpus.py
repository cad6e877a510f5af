import itertools
import random
import re
from dataclasses import replace

from zoo_parsing import parse

from rast_bench.zoo.corpus import (
    Mixture,
    advance,
    corpus_hash,
    documents,
    slipped,
    solve_carefully,
    write_solution,
)
from rast_bench.zoo.problems import DIFFICULTIES, MAX_VALUE, Operation, random_problem
from rast_bench.zoo.tokenizer import WordCodec

LINE = re.compile(r"Start = (\d+) , (\d+) \.|\w+ (apples|pears) ([-+*]) (\d+) = (\d+) , (\d+) \.")
ANSWER = re.compile(r"answer is (?:\\boxed\{ )?(\d+) , (\d+)")


def take(count: int, **changes: float) -> list[tuple[str, str]]:
    mixture = replace(Mixture(), **changes)
    return [(d.prompt, d.solution) for d in itertools.islice(documents(0, mixture), count)]


def test_without_slips_every_answer_is_right() -> None:
    for prompt, solution in take(2000, slip=0.0, drill=0.0):
        answer = ANSWER.search(solution)
        assert answer, solution
        assert f"{answer[1]},{answer[2]}" == parse(prompt.removeprefix("Problem : ")).answer()


def test_drills_are_right_arithmetic() -> None:
    for prompt, solution in take(300, drill=1.0):
        assert prompt == ""
        lines = LINE.findall(solution)
        for start, after in itertools.pairwise(lines):
            if after[0] or not start[0]:
                continue
            values = {"apples": int(start[0]), "pears": int(start[1])}
            a, b = values[after[2]], int(after[4])
            values[after[2]] = {"+": a + b, "-": a - b, "*": a * b}[after[3]]
            assert (values["apples"], values["pears"]) == (int(after[5]), int(after[6]))


def test_style_and_box_shares_are_the_mixture() -> None:
    solutions = [solution for _, solution in take(6000, drill=0.0)]
    share = {
        first: sum(s.startswith(first) for s in solutions) / 6000
        for first in ("The answer", "In short", "Step by step", "Let me think")
    }
    for first, expected in zip(share, (0.30, 0.30, 0.22, 0.18), strict=True):
        assert abs(share[first] - expected) < 0.03, first
    assert abs(sum("boxed" in s for s in solutions) / 6000 - 0.80) < 0.02


def test_slips_come_at_their_rate_and_stay_in_range() -> None:
    rng = random.Random(1)
    operation = Operation(0, "+", 3)
    wrong = sum(advance(rng, (5, 8), operation, 0.07) != (8, 8) for _ in range(20_000))
    assert abs(wrong / 20_000 - 0.07) < 0.01
    for value in (0, 1, MAX_VALUE):
        for _ in range(50):
            near = slipped(rng, (value, 7), 0)
            assert near[1] == 7
            assert near[0] != value
            assert 0 <= near[0] <= MAX_VALUE


def test_careful_solutions_mend_their_slips() -> None:
    rng = random.Random(2)
    for _ in range(200):
        problem = random_problem(rng, DIFFICULTIES["hard"], "train")
        lines, answer = solve_carefully(rng, problem, slip=0.5)
        assert answer == problem.skeleton.answer
        assert any("wrong" in line or "mistake" in line for line in lines) == (
            sum("apples" in line or "pears" in line for line in lines) > 8
        )


def test_every_word_has_an_id() -> None:
    codec = WordCodec()
    for prompt, solution in take(3000):
        text = f"{prompt} {solution}".strip()
        assert codec.decode(codec.encode(text)) == text


def test_the_corpus_repeats_and_its_hash_sees_every_document() -> None:
    docs = list(itertools.islice(documents(0, Mixture()), 50))
    again = list(itertools.islice(documents(0, Mixture()), 50))
    assert corpus_hash(docs) == corpus_hash(again)
    assert corpus_hash(docs) != corpus_hash(docs[:-1])
    assert corpus_hash(docs) != corpus_hash(list(itertools.islice(documents(1, Mixture()), 50)))


def test_write_solution_is_a_function_of_its_generator() -> None:
    problem = random_problem(random.Random(0), DIFFICULTIES["easy"], "train")
    assert write_solution(random.Random(1), problem, Mixture()) == write_solution(
        random.Random(1), problem, Mixture()
    )
