"""The pre-training corpus of the next family: solutions whose authors sometimes check.

An author writes a step's result at once, which often fails where the step has several operations.
Then an independent coin decides: go on, or check one operation at a time, and correct the result
if it was wrong. Nothing before the coin tells how it falls.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from rast_bench.zoo.corpus import EOS, PROMPT_TEMPLATE, Document
from rast_bench.zoo.dials import (
    DIALS,
    DIFFICULTIES,
    GEMS,
    MARKS,
    OPERATIONS,
    STEP_ORDINALS,
    TOWNS,
    DialProblem,
    Difficulty,
    Step,
    code_number,
    random_code,
    random_problem,
    turn,
)
from rast_bench.zoo.tokenizer import PAD, UNKNOWN

CHECK = "Check"
WORDS = [
    *(".", ",", ":", "=", "\\boxed{", "}", "Problem", "Solution", "So", "the", "answer", "is"),
    *(CHECK, "Good", "Wrong", "again"),
]


@dataclass(frozen=True, slots=True)
class DialMixture:
    """Shares of the corpus."""

    check: float = 0.15  # of all steps
    slips: tuple[float, float, float] = (0.05, 0.25, 0.5)  # of results of 1, 2, 3 operations
    operation_drill: float = 0.12  # of all documents: one operation at a time
    code_drill: float = 0.12  # of all documents: codes and their numbers
    difficulties: tuple[tuple[str, float], ...] = (
        ("easy", 0.25),
        ("medium", 0.25),
        ("hard", 0.25),
        ("olympiad", 0.25),
    )


def one_by_one(value: int, step: Step) -> str:
    """Return `4 +9 = 13 *3 = 16`."""
    words = [str(value)]
    for operation in step:
        value = operation.apply(value)
        words.append(f"{operation} = {value}")
    return " ".join(words)


def write_step(
    rng: random.Random, ordinal: str, value: int, step: Step, mix: DialMixture
) -> tuple[str, int]:
    """Return the words of a step and the result they arrive at."""
    right = written = turn(value, step)
    if rng.random() < mix.slips[len(step) - 1]:
        written = (right + rng.randrange(1, MARKS)) % MARKS
    text = f"{ordinal} {value} {' '.join(map(str, step))} = {written} ."
    if rng.random() >= mix.check:
        return text, written
    verdict = "Good ." if written == right else f"Wrong , again {right} ."
    return f"{text} {CHECK} : {one_by_one(value, step)} . {verdict}", right


def write_solution(rng: random.Random, problem: DialProblem, mix: DialMixture) -> str:
    """Write all steps; an error that nobody notices is carried on."""
    ordinals = iter(STEP_ORDINALS)
    lines, answers = [], []
    for dial, chain in zip(DIALS, problem.chains, strict=True):
        value = chain.start
        lines.append(f"{dial} {chain.told} = {value} ." if chain.code else f"{dial} {value} .")
        for step in chain.steps:
            text, value = write_step(rng, next(ordinals), value, step, mix)
            lines.append(text)
        answers.append(value)
    lines.append(f"So the answer is \\boxed{{ {answers[0]} , {answers[1]} }} .")
    return " ".join(lines)


def operation_drill(rng: random.Random) -> str:
    steps = [tuple(rng.choice(OPERATIONS) for _ in range(rng.randint(1, 3))) for _ in range(8)]
    return " ".join(f"{one_by_one(rng.randrange(MARKS), step)} ." for step in steps)


def code_drill(rng: random.Random) -> str:
    codes = [random_code(rng) for _ in range(14)]
    return " ".join(f"{' '.join(code)} = {code_number(code)} ." for code in codes)


def draw_difficulty(rng: random.Random, shares: tuple[tuple[str, float], ...]) -> Difficulty:
    names, weights = zip(*shares, strict=True)
    return DIFFICULTIES[rng.choices(names, weights)[0]]


def documents(seed: int, mix: DialMixture) -> Iterator[Document]:
    """Yield an endless stream of training documents; never an evaluation problem."""
    rng = random.Random(f"{seed}/dial corpus")
    while True:
        kind = rng.random()
        if kind < mix.operation_drill:
            yield Document("", operation_drill(rng))
        elif kind < mix.operation_drill + mix.code_drill:
            yield Document("", code_drill(rng))
        else:
            problem = random_problem(rng, draw_difficulty(rng, mix.difficulties), "train")
            yield Document(
                PROMPT_TEMPLATE.format(question=problem.question),
                write_solution(rng, problem, mix),
            )


def vocabulary() -> list[str]:
    """Return all tokens; a token's id is its index."""
    numbers = [str(value) for value in range(MARKS)]
    operations = [str(operation) for operation in OPERATIONS]
    return [PAD, EOS, UNKNOWN, *numbers, *operations, *WORDS, *DIALS, *STEP_ORDINALS, *GEMS, *TOWNS]
