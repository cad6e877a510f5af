"""Independent readers of both families' texts: the tests trust no code of the generators."""

import itertools
import re
from dataclasses import dataclass

from rast_bench.zoo.dials import DIALS, MARKS, code_number

NUMBER = re.compile(r"\d+")

INTRO = re.compile(r"^(\w+) has (\d+) apples and (\d+) pears \.")
CHANGE = re.compile(r"(\w+) (\w+) (\d+) (apples|pears) \.|the (apples|pears) (double|triple) \.")
GAINS = {"finds", "buys", "gets", "picks"}
LOSSES = {"loses", "sells", "eats", "drops"}


@dataclass(frozen=True)
class Parsed:
    start: tuple[int, int]
    operations: tuple[tuple[str, str, int], ...]  # (item, sign, operand)

    def answer(self) -> str:
        values = dict(zip(("apples", "pears"), self.start, strict=True))
        for item, sign, operand in self.operations:
            if sign == "*":
                values[item] *= operand
            else:
                values[item] += operand if sign == "+" else -operand
        return f"{values['apples']},{values['pears']}"

    def prefixes(self) -> set[tuple[object, ...]]:
        """Every beginning of at least two operations, the whole included."""
        return {
            (self.start, self.operations[:length]) for length in range(2, len(self.operations) + 1)
        }


def parse(question: str) -> Parsed:
    intro = INTRO.match(question)
    assert intro, question
    owner = intro[1]
    operations: list[tuple[str, str, int]] = []
    for name, verb, number, item, scaled, factor in CHANGE.findall(question[intro.end() :]):
        if scaled:
            operations.append((scaled, "*", 2 if factor == "double" else 3))
        elif name == owner:
            assert verb in GAINS | LOSSES, verb
            operations.append((item, "+" if verb in GAINS else "-", int(number)))
    return Parsed((int(intro[2]), int(intro[3])), tuple(operations))


@dataclass(frozen=True)
class Read:
    """A dial as the reader finds it; `written` is the result of a solution, −1 in a problem."""

    name: str
    start: int
    turns: tuple[str, ...]
    written: int = -1

    @property
    def result(self) -> int:
        value = self.start
        for turn in self.turns:
            operand = int(turn[1:])
            value = (value + operand if turn[0] == "+" else value * operand) % MARKS
        return value


def read(text: str) -> list[Read]:
    """Return all dials of a question or of a solution."""
    found = []
    for start, line in itertools.pairwise(text.removesuffix(" .").split(" . ")):
        name, *told = start.split()
        labels = line.split()
        if name not in DIALS or not labels[0].startswith(f"{name}-"):
            continue
        value = int(told[-1]) if told[-1].isdigit() else code_number((told[0], told[1]))
        turns = tuple(word for word in labels if word[0] in "+*")
        assert line.split()[: 2 * len(turns) : 2] == (
            [f"{name}-turn"] if len(turns) == 1 else [f"{name}-1", f"{name}-2"]
        )
        found.append(
            Read(name, value, turns, int(labels[-1]) if NUMBER.fullmatch(labels[-1]) else -1)
        )
    return found


def answer(question: str) -> str:
    """Return the answer of a question about dials."""
    return ",".join(f"{dial.name}={dial.result}" for dial in read(question))
