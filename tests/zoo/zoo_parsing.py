"""An independent reader of problem texts: the tests trust no code of the generator."""

import re
from dataclasses import dataclass

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
