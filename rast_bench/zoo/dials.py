"""Problems of the next family: two or three dials, each turned in two steps of 1 to 3 operations.

A dial has MARKS positions and arithmetic on it wraps around. Some dials start at a code ("ruby
Oslo"), whose number the problem does not tell: it is a fact of the corpus, to be known by heart.
The answer is the list of final positions, one of MARKS² = 529 or more.

Every chain (a dial's start and its steps) belongs to exactly one split, decided by a hash of its
start and its first step, with a code replaced by its number. All chains of an evaluation problem
are of its split, so none of them, nor the beginning of one, is in a training problem. Drills are
arithmetic without a problem and may hold any step.
"""

import functools
import hashlib
import random
from dataclasses import dataclass
from typing import Literal

from rast_bench.zoo.problems import Split

MARKS = 23  # prime, so that multiplying loses nothing and all answers are about equally frequent
ADDENDS = range(1, 10)
FACTORS = range(2, 6)
STEP_LENGTHS = (1, 1, 2, 3)  # in operations, equally likely
DIALS = ("Red", "Blue", "Green")
STEPS_PER_DIAL = 2
GEMS = (
    *("agate", "amber", "beryl", "coral", "flint", "garnet", "ivory", "jade", "jasper", "jet"),
    *("lapis", "mica", "onyx", "opal", "pearl", "quartz", "ruby", "sapphire", "slate", "spinel"),
    *("topaz", "zircon", "copper", "silver", "bronze", "iron", "nickel", "cobalt", "zinc", "lead"),
    *("tin", "steel", "gold", "chalk", "clay", "marble", "granite", "basalt", "cedar", "ebony"),
)
TOWNS = (
    *("Oslo", "Rome", "Bern", "Lima", "Cairo", "Delhi", "Kyoto", "Paris", "Quito", "Riga"),
    *("Sofia", "Tunis", "Vaduz", "Accra", "Baku", "Dakar", "Hanoi", "Lagos", "Minsk", "Osaka"),
    *("Perth", "Seoul", "Turin", "Ulm", "Varna", "Wuhan", "York", "Zagreb", "Aden", "Bari"),
    *("Cork", "Dover", "Essen", "Faro", "Ghent", "Izmir", "Jena", "Kiel", "Linz", "Malmo"),
)
STEP_NAMES = ("a", "b", "c", "d", "e", "f")  # two for each dial

Code = tuple[str, str]  # gem, town


@functools.cache
def code_number(code: Code) -> int:
    """Return the number of a code, 0 … MARKS − 1: an arbitrary fact that only memory holds."""
    return int.from_bytes(hashlib.sha256(" ".join(code).encode()).digest()[:4], "big") % MARKS


@dataclass(frozen=True, slots=True)
class Operation:
    sign: Literal["+", "*"]
    operand: int

    def __str__(self) -> str:
        """Return the operation's only token: `+7`."""
        return f"{self.sign}{self.operand}"

    def apply(self, value: int) -> int:
        result = value + self.operand if self.sign == "+" else value * self.operand
        return result % MARKS


OPERATIONS = (
    *(Operation("+", addend) for addend in ADDENDS),
    *(Operation("*", factor) for factor in FACTORS),
)
Step = tuple[Operation, ...]


def labels(name: str, step: Step) -> list[str]:
    """Return the labels of a step's operations: `a1`, `a2` and, for the last, `a`.

    Looking up a label takes a small model one attention head; finding out from punctuation how
    long a step is, or which operation comes next, takes it several times the training.
    """
    return [*(f"{name}{i}" for i in range(1, len(step))), name]


def labelled(name: str, step: Step) -> str:
    """Return `a1 +7 a *3`."""
    return " ".join(
        f"{label} {operation}" for label, operation in zip(labels(name, step), step, strict=True)
    )


def turn(value: int, step: Step) -> int:
    """Return the position after all operations of `step`, from left to right."""
    for operation in step:
        value = operation.apply(value)
    return value


@dataclass(frozen=True, slots=True)
class Chain:
    start: int
    steps: tuple[Step, ...]
    code: Code | None = None  # whose number `start` is

    @property
    def told(self) -> str:
        """Return the start as the problem tells it."""
        return " ".join(self.code) if self.code else str(self.start)

    @property
    def answer(self) -> int:
        value = self.start
        for step in self.steps:
            value = turn(value, step)
        return value


@dataclass(frozen=True, slots=True)
class DialProblem:
    chains: tuple[Chain, ...]

    @property
    def question(self) -> str:
        names = iter(STEP_NAMES)
        words = []
        for dial, chain in zip(DIALS, self.chains, strict=False):
            words.append(f"{dial} {chain.told} .")
            words += [f"{labelled(next(names), step)} ." for step in chain.steps]
        return " ".join(words)

    @property
    def gold(self) -> str:
        return ",".join(str(chain.answer) for chain in self.chains)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Each of `dials` starts at a code with probability `codes`."""

    name: str
    dials: int
    codes: float


DIFFICULTIES = {
    "easy": Difficulty("easy", 2, 0.0),
    "medium": Difficulty("medium", 2, 0.5),
    "hard": Difficulty("hard", 2, 1.0),
    "olympiad": Difficulty("olympiad", 3, 1.0),
}


def split_of(chain: Chain) -> Split:
    """Return the split; 15 % of all beginnings are kept for evaluation: 10 % test, 5 % dev."""
    key = f"{chain.start} {' '.join(map(str, chain.steps[0]))}"
    bucket = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 20
    if bucket < 2:
        return "test"
    return "dev" if bucket == 2 else "train"


def random_code(rng: random.Random) -> Code:
    return rng.choice(GEMS), rng.choice(TOWNS)


def random_step(rng: random.Random) -> Step:
    return tuple(rng.choice(OPERATIONS) for _ in range(rng.choice(STEP_LENGTHS)))


def random_chain(rng: random.Random, with_code: bool, split: Split) -> Chain:
    while True:
        code = random_code(rng) if with_code else None
        start = rng.randrange(MARKS) if code is None else code_number(code)
        steps = tuple(random_step(rng) for _ in range(STEPS_PER_DIAL))
        chain = Chain(start, steps, code)
        if split_of(chain) == split:
            return chain


def random_problem(rng: random.Random, difficulty: Difficulty, split: Split) -> DialProblem:
    """Return one problem; equal states of `rng` give equal problems."""
    return DialProblem(
        tuple(
            random_chain(rng, rng.random() < difficulty.codes, split)
            for _ in range(difficulty.dials)
        )
    )


def benchmark(difficulty: Difficulty, split: Split, size: int, seed: int) -> list[DialProblem]:
    """Return `size` distinct problems for evaluation."""
    rng = random.Random(f"{seed}/dials/{difficulty.name}/{split}")
    chosen: dict[DialProblem, None] = {}
    while len(chosen) < size:
        chosen[random_problem(rng, difficulty, split)] = None
    return list(chosen)
