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
    STEP_NAMES,
    TOWNS,
    DialProblem,
    Step,
    code_number,
    labelled,
    labels,
    random_code,
    random_problem,
    random_step,
    turn,
)
from rast_bench.zoo.problems import draw_difficulty
from rast_bench.zoo.tokenizer import PAD, UNKNOWN

CHECK = "Check"
WORDS = [
    *(".", ",", ":", "\\boxed{", "}", "Problem", "Solution", "So", "the", "answer", "is"),
    *(CHECK, "Good", "Wrong", "so"),
]


@dataclass(frozen=True, slots=True)
class DialMixture:
    """Shares of the corpus."""

    check: float = 0.15  # of all steps
    slips: tuple[float, float, float] = (0.05, 0.25, 0.5)  # of results of 1, 2, 3 operations
    operation_drill: float = 0.40  # of all documents: one operation at a time
    code_drill: float = 0.10  # of all documents: codes and their numbers
    difficulties: tuple[tuple[str, float], ...] = (
        ("easy", 0.25),
        ("medium", 0.25),
        ("hard", 0.25),
        ("olympiad", 0.25),
    )


def one_by_one(value: int, name: str, step: Step) -> str:
    """Return `4 a1 +9 13 a *3 16`, from position 4: the operation stands next to its result."""
    words = [str(value)]
    for label, operation in zip(labels(name, step), step, strict=True):
        value = operation.apply(value)
        words.append(f"{label} {operation} {value}")
    return " ".join(words)


def write_step(
    rng: random.Random, name: str, value: int, step: Step, mix: DialMixture
) -> tuple[str, int]:
    """Return the words of a step from position `value`, and the position they arrive at."""
    right = written = turn(value, step)
    if rng.random() < mix.slips[len(step) - 1]:
        written = (right + rng.randrange(1, MARKS)) % MARKS
    text = f"{labelled(name, step)} {written} ."
    if rng.random() >= mix.check:
        return text, written
    verdict = "Good" if written == right else "Wrong"
    return f"{text} {CHECK} {one_by_one(value, name, step)} . {verdict} so {right} .", right


def write_solution(rng: random.Random, problem: DialProblem, mix: DialMixture) -> str:
    """Write all steps; an error that nobody notices is carried on."""
    names = iter(STEP_NAMES)
    lines, answers = [], []
    for dial, chain in zip(DIALS, problem.chains, strict=False):
        value = chain.start
        lines.append(f"{dial} {chain.told} {value} ." if chain.code else f"{dial} {value} .")
        for step in chain.steps:
            text, value = write_step(rng, next(names), value, step, mix)
            lines.append(text)
        lines.append(f"{dial}-ends {value} .")
        answers.append(value)
    told = [f"{dial}-ends {answer}" for dial, answer in zip(DIALS, answers, strict=False)]
    box = " , ".join(map(str, answers))
    lines.append(f"So {' '.join(told)} , the answer is \\boxed{{ {box} }} .")
    return " ".join(lines)


def operation_drill(rng: random.Random) -> Document:
    """Return labelled steps and, for a solution, all of them carried out one by one.

    Half of the drills tell no steps first, so that calculating and looking labels up are learnt
    side by side: whichever a small model learns first holds the other up.
    """
    steps = {name: random_step(rng) for name in rng.sample(STEP_NAMES, 5)}
    told = " . ".join(labelled(name, step) for name, step in steps.items())
    names = rng.sample(list(steps), len(steps))
    lines = [f"{one_by_one(rng.randrange(MARKS), name, steps[name])} ." for name in names]
    return Document(f"{told} ." if rng.random() < 0.5 else "", " ".join(lines))


def code_drill(rng: random.Random) -> Document:
    names = rng.sample((*DIALS, *STEP_NAMES), 7)
    codes = [random_code(rng) for _ in names]
    lines = [
        f"{name} {' '.join(code)} {code_number(code)} ."
        for name, code in zip(names, codes, strict=True)
    ]
    return Document("", " ".join(lines))


def documents(seed: int, mix: DialMixture) -> Iterator[Document]:
    """Yield an endless stream of training documents; never an evaluation problem."""
    rng = random.Random(f"{seed}/dial corpus")
    while True:
        kind = rng.random()
        if kind < mix.operation_drill:
            yield operation_drill(rng)
        elif kind < mix.operation_drill + mix.code_drill:
            yield code_drill(rng)
        else:
            difficulty = DIFFICULTIES[draw_difficulty(rng, mix.difficulties)]
            problem = random_problem(rng, difficulty, "train")
            yield Document(
                PROMPT_TEMPLATE.format(question=problem.question),
                write_solution(rng, problem, mix),
            )


def vocabulary() -> list[str]:
    """Return all tokens; a token's id is its index."""
    numbers = [str(value) for value in range(MARKS)]
    operations = [str(operation) for operation in OPERATIONS]
    named = [label for name in STEP_NAMES for label in (name, f"{name}1", f"{name}2")]
    ends = [f"{dial}-ends" for dial in DIALS]
    words = [*WORDS, *DIALS, *ends, *named, *GEMS, *TOWNS]
    return [PAD, EOS, UNKNOWN, *numbers, *operations, *words]
