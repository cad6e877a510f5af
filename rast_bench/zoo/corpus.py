"""The pre-training corpus: problems with solutions in four styles, and arithmetic drills.

The corpus makes a base model know how to reason but often not do it: it guesses the
answer, joins steps, slips, or forgets the box. RL can change which of these it does.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rast_bench.zoo.problems import (
    DIFFICULTIES,
    ITEMS,
    MAX_VALUE,
    ORDINALS,
    Operation,
    State,
    WordProblem,
    draw_difficulty,
    random_operation,
    random_problem,
)

PROMPT_TEMPLATE = "Problem : {question} Solution :"
EOS = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class Mixture:
    """Shares of the corpus; the four styles add up to 1."""

    guess: float = 0.30
    terse: float = 0.30
    steps: float = 0.22
    careful: float = 0.18
    drill: float = 0.20  # of all documents: arithmetic without a problem
    boxed: float = 0.80  # of all answers
    slip: float = 0.07  # of all written results
    difficulties: tuple[tuple[str, float], ...] = (
        ("easy", 0.30),
        ("medium", 0.30),
        ("hard", 0.25),
        ("olympiad", 0.15),
    )


@dataclass(frozen=True, slots=True)
class Document:
    """`prompt` is empty for drills; the EOS token is added when it is encoded."""

    prompt: str
    solution: str


def pair(state: State) -> str:
    return f"{state[0]} , {state[1]}"


def slipped(rng: random.Random, state: State, pile: int) -> State:
    """Return a near miss of one number, within the range of numbers."""
    values = list(state)
    while values[pile] == state[pile]:
        values[pile] = min(MAX_VALUE, max(0, state[pile] + rng.choice((-3, -2, -1, 1, 2, 3))))
    return values[0], values[1]


def advance(rng: random.Random, state: State, operation: Operation, slip: float) -> State:
    """Return the state that the solution writes after `operation`: correct, or with a slip."""
    values = list(state)
    values[operation.pile] = min(MAX_VALUE, max(0, operation.apply(values[operation.pile])))
    result = (values[0], values[1])
    return slipped(rng, result, operation.pile) if rng.random() < slip else result


def line(ordinals: Sequence[str], operations: Sequence[Operation], after: State) -> str:
    """Return `First apples + 2 = 6 , 9 .`; joined steps share one line and one result."""
    terms = " ".join(
        f"{ordinal} {ITEMS[o.pile]} {o.sign} {o.operand}"
        for ordinal, o in zip(ordinals, operations, strict=True)
    )
    return f"{terms} = {pair(after)} ."


def solve_in_lines(
    rng: random.Random, problem: WordProblem, slip: float, joined: int
) -> tuple[list[str], State]:
    """Write one line per `joined` operations; errors are carried on, as a writer would."""
    state = problem.skeleton.start
    lines = [f"Start = {pair(state)} ."]
    operations = problem.skeleton.operations
    for i in range(0, len(operations), joined):
        group = operations[i : i + joined]
        for operation in group:
            state = advance(rng, state, operation, slip)
        lines.append(line(problem.ordinals[i : i + joined], group, state))
    return lines, state


def solve_carefully(
    rng: random.Random, problem: WordProblem, slip: float
) -> tuple[list[str], State]:
    """Check every line by computing it again; a check that disagrees leads to another attempt."""
    state = problem.skeleton.start
    lines = [f"Start = {pair(state)} ."]
    for ordinal, operation in zip(problem.ordinals, problem.skeleton.operations, strict=True):
        right = advance(rng, state, operation, 0.0)
        written = advance(rng, state, operation, slip)
        again = line([ordinal], [operation], right)
        lines.append(line([ordinal], [operation], written))
        lines.append(rng.choice(("Check :", "Verify :", "Check again :")))
        lines.append(again)
        if written == right:
            lines.append(rng.choice(("Good .", "Yes .")))
        else:
            lines.append(rng.choice(("Wait , a mistake .", "However , that is wrong .")))
            lines.append(rng.choice(("Try again :", "Alternatively :")))
            lines.append(again)
        state = right
    return lines, state


def write_solution(rng: random.Random, problem: WordProblem, mixture: Mixture) -> str:
    style = rng.random()
    if style < mixture.guess:
        answer = problem.skeleton.answer
        if rng.random() < mixture.slip:
            answer = slipped(rng, answer, rng.randrange(2))
        lines: list[str] = []
    elif style < mixture.guess + mixture.terse:
        lines, answer = solve_in_lines(rng, problem, mixture.slip, joined=2)
        lines.insert(0, "In short :")
    elif style < mixture.guess + mixture.terse + mixture.steps:
        lines, answer = solve_in_lines(rng, problem, mixture.slip, joined=1)
        lines.insert(0, "Step by step :")
    else:
        lines, answer = solve_carefully(rng, problem, mixture.slip)
        lines.insert(0, "Let me think carefully :")
    shown = f"\\boxed{{ {pair(answer)} }}" if rng.random() < mixture.boxed else pair(answer)
    lines.append(f"{'So the' if lines else 'The'} answer is {shown} .")
    return " ".join(lines)


def drill(rng: random.Random) -> str:
    """Return lines of arithmetic on unrelated states, always correct."""
    lines: list[str] = []
    for _ in range(5):
        state = (rng.randint(0, MAX_VALUE), rng.randint(0, MAX_VALUE))
        operation = random_operation(rng, state)
        lines.append(f"Start = {pair(state)} .")
        lines.append(line([rng.choice(ORDINALS)], [operation], advance(rng, state, operation, 0.0)))
    return " ".join(lines)


def documents(seed: int, mixture: Mixture) -> Iterator[Document]:
    """Yield an endless stream of training documents; never an evaluation problem."""
    rng = random.Random(f"{seed}/corpus")
    while True:
        if rng.random() < mixture.drill:
            yield Document("", drill(rng))
            continue
        difficulty = DIFFICULTIES[draw_difficulty(rng, mixture.difficulties)]
        problem = random_problem(rng, difficulty, "train")
        yield Document(
            PROMPT_TEMPLATE.format(question=problem.question),
            write_solution(rng, problem, mixture),
        )


def corpus_hash(docs: list[Document]) -> str:
    """Return the sha256 of all documents in order, for the manifest."""
    digest = hashlib.sha256()
    for doc in docs:
        digest.update(f"{doc.prompt}\t{doc.solution}\n".encode())
    return digest.hexdigest()
