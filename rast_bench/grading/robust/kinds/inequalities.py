"""Inequalities and chains of them."""

from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import same_in_order
from rast_bench.grading.robust.kinds.equations import OBJECT_OR_WORDS, PRODUCT, unknowns
from rast_bench.grading.robust.kinds.intervals import Region, read_region
from rast_bench.grading.robust.kinds.notation import TURNED, function_of, has_parts, split_relation


@dataclass(frozen=True)
class Inequality:
    """Sides with <, <=, >, >= or != between them."""

    sides: tuple[str, ...]
    signs: tuple[str, ...]
    kind: str = "inequality"

    def turned(self) -> "Inequality":
        signs = tuple(TURNED.get(sign, sign) for sign in reversed(self.signs))
        return Inequality(tuple(reversed(self.sides)), signs)

    def compare(self, gold: Self, compare: Compare) -> Decision:
        if len(self.signs) == len(gold.signs) == 1:
            from rast_bench.grading.robust.kinds.algebra import same_inequality

            return same_inequality(
                (self.sides[0], self.signs[0], self.sides[1]),
                (gold.sides[0], gold.signs[0], gold.sides[1]),
            )
        doubt = undecided("relation", "chains of inequalities")
        for answer in (self, self.turned()):
            if len(answer.sides) == len(gold.sides):
                decision = same_in_order(answer.sides, gold.sides, compare)
                if decision.outcome == "equal":
                    if answer.signs == gold.signs:
                        return equal("relation", "chains side by side")
                    doubt = different("relation", "strict here and not there")
        return doubt

    def region(self) -> Region | None:
        """Return the possible values of a named quantity: (0, 1) for `0 < f(x) < 1`."""
        places = [at for at, side in enumerate(self.sides) if unknowns(side)]
        if len(places) != 1 or len(self.sides) - 2 * places[0] not in (1, 2, 0):
            return None
        quantity = self.sides[places[0]]
        named = function_of(quantity) or OBJECT_OR_WORDS.fullmatch(quantity)
        if not named or PRODUCT.match(quantity):
            return None
        sides = ["x" if at == places[0] else side for at, side in enumerate(self.sides)]
        text = sides[0]
        for sign, side in zip(self.signs, sides[1:], strict=True):
            text += f" {_WRITTEN.get(sign, sign)} {side}"
        found = read_region(text)
        return None if found is None else Region(found.node)


_WRITTEN = {"!=": r"\ne"}


def read_inequality(text: str) -> Inequality | None:
    sides, signs = split_relation(text)
    if not signs or not all(sides) or any(sign in ("~", "==") for sign in signs):
        return None
    if all(sign == "=" for sign in signs) or has_parts(text):
        return None
    return Inequality(tuple(sides), tuple(signs))
