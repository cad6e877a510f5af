"""The problems and the corpus of `dials`, read by an independent reader of their words."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from zoo_parsing import Read, answer, read

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
    rule_number,
)
from rast_bench.zoo.tokenizer import WordCodec


def boxed(gold: str) -> str:
    return f"\\boxed{{ {gold.replace(',', ' , ').replace('=', '= ')} }} ."


def later(mix: DialMixture) -> Iterator[Document]:
    return documents(0, replace(mix, repeats=0))


def solved(mix: DialMixture, count: int) -> list[tuple[str, str]]:
    """Return (question, solution) of the documents with a problem."""
    only = replace(
        mix, repeats=0, repeat_drill=0.0, turn_drill=0.0, order_drill=0.0, code_drill=0.0
    )
    return [
        (d.prompt.removeprefix("Problem : ").removesuffix(" Solution :"), d.solution)
        for d in itertools.islice(documents(0, only), count)
    ]


@pytest.mark.parametrize("name", DIFFICULTIES)
def test_an_independent_reader_finds_the_same_answer(name: str) -> None:
    rng = random.Random(3)
    twice = []
    for _ in range(300):
        problem = random_problem(rng, DIFFICULTIES[name], "dev")
        assert answer(problem.question) == problem.gold
        dials = read(problem.question)
        assert len(dials) == DIFFICULTIES[name].dials
        twice += [len(dial.turns) == 2 for dial in dials]
    assert abs(sum(twice) / len(twice) - 0.5) < 0.05


def test_no_way_to_turn_twice_and_no_problem_is_in_two_splits() -> None:
    ways: dict[str, set[tuple[int, tuple[str, ...]]]] = {}
    wholes: dict[str, set[tuple[tuple[int, tuple[str, ...]], ...]]] = {}
    told = [doc for doc in itertools.islice(later(DialMixture()), 8000) if "Red" in doc.prompt]
    questions = {"train": [doc.prompt.removeprefix("Problem : ") for doc in told]}
    for split in ("dev", "test"):
        questions[split] = [
            problem.question
            for difficulty in DIFFICULTIES.values()
            for problem in benchmark(difficulty, split, 100, seed=0)
        ]
    for split, texts in questions.items():
        problems = [[(dial.start, dial.turns) for dial in read(text)] for text in texts]
        ways[split] = {way for problem in problems for way in problem if len(way[1]) == 2}
        wholes[split] = {tuple(sorted(problem)) for problem in problems}
        assert len(ways[split]) > 150
    for one, other in itertools.combinations(questions, 2):
        assert not ways[one] & ways[other]
        assert not wholes[one] & wholes[other]


def test_without_slips_every_answer_is_correct_and_no_check_says_wrong() -> None:
    for question, solution in solved(DialMixture(slips=(0.0, 0.0), check=0.5, boxed=1.0), 500):
        assert solution.endswith(boxed(answer(question)))
        assert "Wrong" not in solution


def test_checks_mend_every_slip() -> None:
    rng = random.Random(2)
    mix = DialMixture(slips=(0.5, 0.5), check=1.0, boxed=1.0)
    for _ in range(300):
        problem = random_problem(rng, DIFFICULTIES["olympiad"], "train")
        solution = write_solution(rng, problem, mix)
        assert solution.endswith(boxed(problem.gold))
        wrong = sum(dial.written != dial.result for dial in read(solution))
        assert solution.count("Wrong so") == wrong
        assert solution.count("Good so") == 5 - wrong


def test_a_check_is_an_independent_coin() -> None:
    """After a check, after a slip and after two turns, a check is as likely as ever."""
    checks: dict[tuple[str, int], list[bool]] = {}
    for _, solution in solved(DialMixture(check=0.15), 4000):
        was = False
        for part in solution.split("=")[: solution.count("-turn") + solution.count("-1")]:
            dials = read(part)
            if not dials:
                continue
            check = "Check" in part
            for condition in (
                ("turns", len(dials[0].turns)),
                ("slipped", int(dials[0].written != dials[0].result)),
                ("before", int(was)),
            ):
                checks.setdefault(condition, []).append(check)
            was = check
    assert len(checks) == 6
    for condition, seen in checks.items():
        assert abs(sum(seen) / len(seen) - 0.15) < 0.025, condition


def test_slips_come_at_the_rate_of_their_turns() -> None:
    wrong: dict[int, list[bool]] = {1: [], 2: []}
    for _, solution in solved(DialMixture(check=0.0), 2000):
        for dial in read(solution):
            wrong[len(dial.turns)].append(dial.written != dial.result)
    for turns, rate in zip(wrong, DialMixture().slips, strict=True):
        assert abs(sum(wrong[turns]) / len(wrong[turns]) - rate) < 0.03


def test_drills_and_checks_are_correct() -> None:
    lines = [
        line.removeprefix("Check ").partition(" was ")[0]
        for document in itertools.islice(later(DialMixture(check=0.5, repeat_drill=0.0)), 600)
        for line in document.solution.removesuffix(" .").split(" . ")
        if line.startswith("Check") or "Problem" not in document.prompt
    ]
    codes = [words for line in lines if len(words := line.split()) == 4 and words[1] in GEMS]
    assert len(codes) > 150
    for _, gem, town, number in codes:
        assert int(number) == code_number((gem, town))
    runs = [words for line in lines if len(words := line.split()) in (4, 7) and words[0].isdigit()]
    assert len(runs) > 800
    for first, *words in runs:
        value = int(first)
        for turn, result in zip(words[1::3], words[2::3], strict=True):
            value = Read("", value, (turn,)).result
            assert value == int(result)


def test_the_corpus_starts_with_repeats_then_repeats_itself_never() -> None:
    codec = WordCodec(vocabulary())
    mix = DialMixture(repeats=50)
    docs = list(itertools.islice(documents(0, mix), 500))
    assert docs == list(itertools.islice(documents(0, mix), 500))
    assert len(set(codec.words)) == len(codec.words)
    for number, document in enumerate(docs):
        text = f"{document.prompt} {document.solution}".strip()
        assert codec.decode(codec.encode(text)) == text
        if number < 50:
            assert document.solution == f"{document.prompt} {document.prompt}"
    assert len({document.solution for document in docs}) == len(docs)


def test_frequent_answers_do_not_find_the_rest() -> None:
    """32 guesses find less than 15 % of the answers, as in the classic family."""
    rng = random.Random(0)
    for difficulty in DIFFICULTIES.values():
        counts: dict[str, int] = {}
        for _ in range(3000):
            gold = random_problem(rng, difficulty, "train").gold
            counts[gold] = counts.get(gold, 0) + 1
        guesses = set(sorted(counts, key=lambda gold: -counts[gold])[:32])
        tests = benchmark(difficulty, "test", 200, seed=0)
        assert sum(problem.gold in guesses for problem in tests) < 0.15 * 200


def test_half_of_the_codes_are_exceptions_and_all_numbers_occur() -> None:
    codes = list(itertools.product(GEMS, TOWNS))
    numbers = [code_number(code) for code in codes]
    assert set(numbers) == set(range(MARKS))
    assert max(numbers.count(value) for value in range(MARKS)) < 0.12 * len(numbers)
    by_rule = [number == rule_number(code[0]) for number, code in zip(numbers, codes, strict=True)]
    assert abs(sum(by_rule) / len(by_rule) - (0.5 + 0.5 / MARKS)) < 0.02
