"""The pre-training corpus of the family `dials`: solutions whose authors sometimes check.

An author writes a dial's final position at once, which often fails where the dial turned twice.
Then an independent coin decides: go on, or calculate again one turn at a time, compare, and take
the second result. Nothing before the coin tells how it falls.
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
    TOWNS,
    TURNS,
    Dial,
    DialProblem,
    code_number,
    random_code,
    random_dial,
    random_problem,
    turned,
)
from rast_bench.zoo.problems import draw_difficulty
from rast_bench.zoo.tokenizer import PAD, UNKNOWN

CHECK = "Check"
WORDS = [
    *(".", ",", ":", "\\boxed{", "}", "Problem", "Solution", "So", "the", "answer", "is"),
    *(CHECK, "was", "Good", "Wrong", "so"),
]


@dataclass(frozen=True, slots=True)
class DialMixture:
    """Shares of the corpus, and what its authors do."""

    check: float = 0.10  # of all dials in solutions
    slips: tuple[float, float] = (0.05, 0.5)  # of results of 1, 2 turns written at once
    boxed: float = 0.9  # of all answers
    repeats: int = 2400  # documents at the start that only repeat random words
    repeat_drill: float = 0.05  # of all later documents
    turn_drill: float = 0.25
    order_drill: float = 0.15
    code_drill: float = 0.05
    difficulties: tuple[tuple[str, float], ...] = (
        ("easy", 0.25),
        ("medium", 0.25),
        ("hard", 0.35),
        ("olympiad", 0.15),
    )


def one_by_one(dial: Dial) -> str:
    """Return `4 Red-1 +9 13 Red-2 *3 16`: a turn stands next to its result."""
    value = dial.start
    words = [str(value)]
    for label, turn in zip(dial.labels, dial.turns, strict=True):
        value = turned(value, turn)
        words.append(f"{label} {turn} {value}")
    return " ".join(words)


def at_once(rng: random.Random, dial: Dial, slip: float) -> int:
    """Return the position that an author writes at once: any other one with probability `slip`."""
    if rng.random() < slip:
        return (dial.answer + rng.randrange(1, MARKS)) % MARKS
    return dial.answer


def checked(dial: Dial, written: int) -> str:
    """Return the words of a check of the position `written`."""
    verdict = "Good" if written == dial.answer else "Wrong"
    return f"{CHECK} {one_by_one(dial)} was {written} . {verdict} so {dial.answer} ."


def write_dial(rng: random.Random, dial: Dial, slip: float, check: float) -> tuple[str, int]:
    """Return the lines of a dial and the position they arrive at."""
    start = f"{dial.told} {dial.start}" if dial.code else dial.told
    written = at_once(rng, dial, slip)
    lines = f"{dial.name} {start} . {dial.labelled} {written} ."
    if rng.random() < check:
        lines += f" {checked(dial, written)}"
        written = dial.answer
    return f"{lines} {dial.name}= {written} .", written


def answer_sentence(ends: dict[str, int], boxed: bool) -> str:
    """Return the last sentence: where the dials end, in the order of the problem."""
    answer = " , ".join(f"{name}= {ends[name]}" for name in DIALS if name in ends)
    shown = f"\\boxed{{ {answer} }}" if boxed else answer
    return f"So the answer is {shown} ."


def write_solution(rng: random.Random, problem: DialProblem, mix: DialMixture) -> str:
    """Write all dials; an error that nobody notices is part of the answer."""
    lines, ends = [], {}
    for dial in problem.dials:
        text, ends[dial.name] = write_dial(rng, dial, mix.slips[len(dial.turns) - 1], mix.check)
        lines.append(text)
    return " ".join([*lines, answer_sentence(ends, rng.random() < mix.boxed)])


def repeat_drill(rng: random.Random) -> Document:
    """Return random words three times over.

    Looking a label up takes the circuit that continues a repeated text (an induction head), and
    only text that offers no other way makes a small model learn it, within 100 steps.
    """
    words = " ".join(rng.choices(vocabulary()[3:], k=rng.randint(12, 20)))
    return Document(words, f"{words} {words}")


def turn_drill(rng: random.Random) -> Document:
    """Return the turns of four dials, half of them with a result at once and its check.

    Half of the drills do not tell the turns first, so that calculating is learnt beside looking
    labels up.
    """
    dials = [random_dial(rng, name, 0.0, "train") for name in rng.sample(DIALS, 4)]
    told = " . ".join(dial.labelled for dial in dials)
    lines = []
    for dial in rng.sample(dials, len(dials)):
        if rng.random() < 0.5:
            lines.append(f"{one_by_one(dial)} .")
        else:
            written = at_once(rng, dial, 0.5)
            lines.append(f"{dial.start} . {dial.labelled} {written} . {checked(dial, written)}")
    return Document(f"{told} ." if rng.random() < 0.5 else "", " ".join(lines))


def order_drill(rng: random.Random) -> Document:
    """Return dials told and solved in any order, half of them checked.

    In solutions two checks in a row are rare, so a model would learn where the next dial stands in
    the problem by its distance, and go astray after checks.
    """
    names = rng.sample(DIALS, rng.choice((3, 4)))
    dials = [random_dial(rng, name, 0.75, "train") for name in names]
    told = " ".join(dial.question for dial in dials)
    lines, ends = [], {}
    for dial in rng.sample(dials, len(dials)):
        text, ends[dial.name] = write_dial(rng, dial, 0.5, 0.5)
        lines.append(text)
    return Document(told, " ".join([*lines, answer_sentence(ends, boxed=True)]))


def code_drill(rng: random.Random) -> Document:
    codes = [(name, random_code(rng)) for name in rng.sample(DIALS, len(DIALS))]
    lines = [f"{name} {' '.join(code)} {code_number(code)} ." for name, code in codes]
    return Document("", " ".join(lines))


def documents(seed: int, mix: DialMixture) -> Iterator[Document]:
    """Yield an endless stream of training documents; none solves an evaluation problem, nor turns a
    dial twice as one does (see `dials`).
    """
    rng = random.Random(f"{seed}/dial corpus")
    for _ in range(mix.repeats):
        yield repeat_drill(rng)
    drills = (repeat_drill, turn_drill, order_drill, code_drill)
    shares = (mix.repeat_drill, mix.turn_drill, mix.order_drill, mix.code_drill)
    while True:
        drill = rng.choices((*drills, None), (*shares, 1 - sum(shares)))[0]
        if drill is not None:
            yield drill(rng)
            continue
        difficulty = DIFFICULTIES[draw_difficulty(rng, mix.difficulties)]
        problem = random_problem(rng, difficulty, "train")
        yield Document(
            PROMPT_TEMPLATE.format(question=problem.question), write_solution(rng, problem, mix)
        )


def vocabulary() -> list[str]:
    """Return all tokens; a token's id is its index."""
    numbers = [str(value) for value in range(MARKS)]
    named = [f"{name}{end}" for name in DIALS for end in ("", "=", "-turn", "-1", "-2")]
    return [PAD, EOS, UNKNOWN, *numbers, *TURNS, *WORDS, *named, *GEMS, *TOWNS]
