"""Synthetic word problems about two piles, and the split that keeps evaluation unseen.

A problem starts with two numbers and changes one of them at every step; its answer is the pair of
final numbers, so the answer space has (MAX_VALUE + 1)² = 1,600 points and cannot be guessed.

Every problem belongs to exactly one split, decided by a hash of its start and its first two
operations. All problems have at least two steps, so no evaluation problem is a prefix of a
training problem, or vice versa; swapping the piles or exchanging two commuting first
steps leads to the same hash.
"""

import hashlib
import random
from dataclasses import dataclass
from typing import Literal, Protocol

MAX_VALUE = 39
START_VALUES = range(2, 16)
OPERANDS = range(2, 10)

Sign = Literal["+", "-", "*"]
Split = Literal["train", "dev", "test"]
State = tuple[int, int]
Shares = tuple[tuple[str, float], ...]  # of difficulties, by name

NAMES = ("Mia", "Tom", "Ana", "Ben", "Eva", "Leo", "Zoe", "Max")
ITEMS = ("apples", "pears")  # the two piles; distractors may speak of them too
ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh")
GAIN_VERBS = ("finds", "buys", "gets", "picks")
LOSS_VERBS = ("loses", "sells", "eats", "drops")


class Problem(Protocol):
    """What training and evaluation need to know of a problem of any task."""

    @property
    def question(self) -> str: ...
    @property
    def gold(self) -> str: ...


def draw_difficulty(rng: random.Random, shares: Shares) -> str:
    """Return the name of a difficulty, each as often as its share."""
    names, weights = zip(*shares, strict=True)
    return str(rng.choices(names, weights)[0])


@dataclass(frozen=True, slots=True)
class Operation:
    pile: Literal[0, 1]
    sign: Sign
    operand: int

    def apply(self, value: int) -> int:
        if self.sign == "+":
            return value + self.operand
        if self.sign == "-":
            return value - self.operand
        return value * self.operand


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The mathematics of a problem, without its words."""

    start: State
    operations: tuple[Operation, ...]

    def states(self) -> list[State]:
        """Return the start, then the pair of numbers after each operation."""
        states = [self.start]
        for operation in self.operations:
            after = list(states[-1])
            after[operation.pile] = operation.apply(after[operation.pile])
            states.append((after[0], after[1]))
        return states

    @property
    def answer(self) -> State:
        return self.states()[-1]


@dataclass(frozen=True, slots=True)
class WordProblem:
    skeleton: Skeleton
    question: str
    ordinals: tuple[str, ...]  # of each operation's sentence; distractors take ordinals too

    @property
    def gold(self) -> str:
        return "{},{}".format(*self.skeleton.answer)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """`distractors` sentences are about another person's piles and change nothing."""

    name: str
    steps: tuple[int, ...]
    distractors: int = 0


DIFFICULTIES = {
    "easy": Difficulty("easy", (2,)),
    "medium": Difficulty("medium", (3,)),
    "hard": Difficulty("hard", (4,)),
    "olympiad": Difficulty("olympiad", (5, 6), distractors=1),
}


def split_key(skeleton: Skeleton) -> str:
    """Return start and first two operations, ignoring the order of piles and of commuting steps."""
    piles = [
        (value, [f"{o.sign}{o.operand}" for o in skeleton.operations[:2] if o.pile == pile])
        for pile, value in enumerate(skeleton.start)
    ]
    return repr(sorted(piles))


def split_of(skeleton: Skeleton) -> Split:
    """Return the split; 15 % of all beginnings are kept for evaluation: 10 % test, 5 % dev."""
    bucket = int.from_bytes(hashlib.sha256(split_key(skeleton).encode()).digest()[:4], "big") % 20
    if bucket < 2:
        return "test"
    return "dev" if bucket == 2 else "train"


def random_operation(rng: random.Random, state: State) -> Operation:
    """Return an operation that keeps the changed pile within 0 … MAX_VALUE."""
    while True:
        pile: Literal[0, 1] = 0 if rng.random() < 0.5 else 1
        kind = rng.random()
        if kind < 0.4:
            operation = Operation(pile, "+", rng.choice(OPERANDS))
        elif kind < 0.7:
            operation = Operation(pile, "-", rng.choice(OPERANDS))
        else:
            operation = Operation(pile, "*", 2 if kind < 0.88 else 3)
        if 0 <= operation.apply(state[pile]) <= MAX_VALUE:
            return operation


def random_skeleton(rng: random.Random, steps: int, split: Split) -> Skeleton:
    while True:
        state: State = (rng.choice(START_VALUES), rng.choice(START_VALUES))
        skeleton = Skeleton(state, ())
        for _ in range(steps):
            operation = random_operation(rng, skeleton.answer)
            skeleton = Skeleton(state, (*skeleton.operations, operation))
        if split_of(skeleton) == split:
            return skeleton


def sentence(rng: random.Random, name: str, operation: Operation) -> str:
    item = ITEMS[operation.pile]
    if operation.sign == "*":
        return f"the {item} {'double' if operation.operand == 2 else 'triple'} ."
    verb = rng.choice(GAIN_VERBS if operation.sign == "+" else LOSS_VERBS)
    return f"{name} {verb} {operation.operand} {item} ."


def random_problem(rng: random.Random, difficulty: Difficulty, split: Split) -> WordProblem:
    """Return words and numbers of one problem; equal states of `rng` give equal problems."""
    skeleton = random_skeleton(rng, rng.choice(difficulty.steps), split)
    name, other = rng.sample(NAMES, 2)
    told = [(sentence(rng, name, operation), True) for operation in skeleton.operations]
    for _ in range(difficulty.distractors):
        verb = rng.choice((*GAIN_VERBS, *LOSS_VERBS))
        distractor = f"{other} {verb} {rng.choice(OPERANDS)} {rng.choice(ITEMS)} ."
        told.insert(rng.randrange(len(told) + 1), (distractor, False))
    numbered = list(zip(ORDINALS, told, strict=False))
    first, second = ITEMS
    question = " ".join(
        [
            f"{name} has {skeleton.start[0]} {first} and {skeleton.start[1]} {second} .",
            *(f"{ordinal} {words}" for ordinal, (words, _) in numbered),
            f"How many {first} and {second} now ?",
        ]
    )
    ordinals = tuple(ordinal for ordinal, (_, counts) in numbered if counts)
    return WordProblem(skeleton, question, ordinals)


def benchmark(difficulty: Difficulty, split: Split, size: int, seed: int) -> list[WordProblem]:
    """Return `size` problems with distinct skeletons, for evaluation."""
    rng = random.Random(f"{seed}/{difficulty.name}/{split}")
    chosen: dict[Skeleton, WordProblem] = {}
    while len(chosen) < size:
        problem = random_problem(rng, difficulty, split)
        chosen.setdefault(problem.skeleton, problem)
    return list(chosen.values())
