"""Problems of the next family: two dials, turned in steps of one to three operations.

A dial has MARKS positions and arithmetic on it wraps around. Some dials start at a code ("ruby
Oslo"), whose number the problem does not tell: it is a fact of the corpus, to be known by heart.
The answer is the pair of final positions, one of MARKS² = 529.

Every chain (a dial's start and its steps) belongs to exactly one split, decided by a hash of its
start and its first step, with a code replaced by its number. Both chains of an evaluation problem
are of its split, so neither of them, nor the beginning of one, was ever trained on.
"""

import functools
import hashlib
import random
from dataclasses import dataclass
from typing import Literal

from rast_bench.zoo.problems import ORDINALS, Split

MARKS = 23  # prime, so that multiplying loses nothing and all answers are about equally frequent
ADDENDS = range(1, 10)
FACTORS = range(2, 6)
DIALS = ("Red", "Blue")
GEMS = (
    *("agate", "amber", "beryl", "coral", "flint", "garnet", "ivory", "jade", "jasper", "jet"),
    *("lapis", "mica", "onyx", "opal", "pearl", "quartz", "ruby", "sapphire", "slate", "spinel"),
    *("topaz", "zircon", "copper", "silver"),
)
TOWNS = (
    *("Oslo", "Rome", "Bern", "Lima", "Cairo", "Delhi", "Kyoto", "Paris", "Quito", "Riga"),
    *("Sofia", "Tunis", "Vaduz", "Accra", "Baku", "Dakar", "Hanoi", "Lagos", "Minsk", "Osaka"),
    *("Perth", "Seoul", "Turin", "Ulm"),
)
STEP_ORDINALS = (*ORDINALS, "Eighth")

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
    chains: tuple[Chain, Chain]

    @property
    def question(self) -> str:
        ordinals = iter(STEP_ORDINALS)
        words = []
        for dial, chain in zip(DIALS, self.chains, strict=True):
            words.append(f"{dial} {chain.told} .")
            words += [f"{next(ordinals)} {' '.join(map(str, step))} ." for step in chain.steps]
        return " ".join(words)

    @property
    def gold(self) -> str:
        return ",".join(str(chain.answer) for chain in self.chains)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """`steps` of both dials together; each dial starts at a code with probability `codes`."""

    name: str
    steps: int
    codes: float


DIFFICULTIES = {
    "easy": Difficulty("easy", 3, 0.0),
    "medium": Difficulty("medium", 4, 0.25),
    "hard": Difficulty("hard", 4, 1.0),
    "olympiad": Difficulty("olympiad", 6, 1.0),
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


def random_chain(rng: random.Random, steps: int, with_code: bool, split: Split) -> Chain:
    while True:
        code = random_code(rng) if with_code else None
        start = rng.randrange(MARKS) if code is None else code_number(code)
        drawn = tuple(
            tuple(rng.choice(OPERATIONS) for _ in range(rng.randint(1, 3))) for _ in range(steps)
        )
        chain = Chain(start, drawn, code)
        if split_of(chain) == split:
            return chain


def random_problem(rng: random.Random, difficulty: Difficulty, split: Split) -> DialProblem:
    """Return one problem; equal states of `rng` give equal problems."""
    first = difficulty.steps // 2 if rng.random() < 0.5 else (difficulty.steps + 1) // 2
    one, two = (
        random_chain(rng, steps, rng.random() < difficulty.codes, split)
        for steps in (first, difficulty.steps - first)
    )
    return DialProblem((one, two))


def benchmark(difficulty: Difficulty, split: Split, size: int, seed: int) -> list[DialProblem]:
    """Return `size` distinct problems for evaluation."""
    rng = random.Random(f"{seed}/dials/{difficulty.name}/{split}")
    chosen: dict[DialProblem, None] = {}
    while len(chosen) < size:
        chosen[random_problem(rng, difficulty, split)] = None
    return list(chosen)
