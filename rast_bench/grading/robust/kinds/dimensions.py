r"""Dimensions: `3 x 4`, `3 by 4`, `3 \times 4`."""

import re
from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.collections import all_of

MAX_LENGTH = 200

_NUMBER = r"(?:[0-9]{1,12}(?:\.[0-9]{1,12})?|\\frac\{[0-9]{1,12}\}\{[0-9]{1,12}\})"
_BY = re.compile(r" ?(?:x|X|\{ ?by ?\}|by|\{ ?x ?\}) ?")
_TIMES = re.compile(r" ?(?:\\times|\*) ?")
_DIMENSIONS = re.compile(rf"{_NUMBER}(?:(?:{_BY.pattern}|{_TIMES.pattern}){_NUMBER}){{1,3}}")


@dataclass(frozen=True)
class Dimensions:
    """Numbers in order. A `product` is written with multiplication signs only."""

    items: tuple[str, ...]
    product: bool
    kind: str = "dimensions"

    def compare(self, gold: Self, compare: Compare) -> Decision:
        if self.product and gold.product:
            return undecided("unread", "two products")
        if len(self.items) != len(gold.items):
            return different("count", "other numbers of dimensions")
        decision = all_of(map(compare, self.items, gold.items))
        if decision.outcome == "equal":
            return equal("elements", "the same dimensions in the same order")
        if sorted(self.items) == sorted(gold.items):
            return undecided("order", "the same dimensions in another order")
        return decision


def read_dimensions(text: str) -> Dimensions | None:
    if len(text) > MAX_LENGTH or not _DIMENSIONS.fullmatch(text):
        return None
    product = not _BY.search(text)
    parts = re.split(rf"{_BY.pattern}|{_TIMES.pattern}", text)
    return Dimensions(tuple(parts), product)
