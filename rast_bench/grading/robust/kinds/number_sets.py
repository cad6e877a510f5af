r"""Named sets of numbers: `\mathbb{Z}`, "all integers"."""

import re
from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision, different, equal
from rast_bench.grading.robust.kinds.base import Compare

_SYMBOL = re.compile(r"(?:[A-Za-z] ?\\in ?)?\\mathbb ?\{? ?(?P<letter>[ZQNC]) ?\}?")
_WORDS = re.compile(
    r"\{? ?(?:the )?(?:set of )?(?:all )?(?P<name>(?:rational|natural|complex) numbers|integers)"
    r" ?\}?",
    re.IGNORECASE,
)
_LETTERS = {"rational numbers": "Q", "natural numbers": "N", "complex numbers": "C"}


@dataclass(frozen=True)
class NumberSet:
    """A set by its letter: Z, Q, N or C. The real numbers are an interval."""

    letter: str
    kind: str = "set of numbers"

    def compare(self, gold: Self, _compare: Compare) -> Decision:
        decide = equal if self.letter == gold.letter else different
        return decide("elements", "sets by their names")

    def compare_interval(self) -> Decision:
        """Compare with an interval of real numbers; none of these sets is one."""
        return different("elements", "a set of numbers for an interval")


def read_number_set(text: str) -> NumberSet | None:
    """Read a named set; None for the real numbers."""
    symbol = _SYMBOL.fullmatch(text)
    if symbol:
        return NumberSet(symbol["letter"])
    words = _WORDS.fullmatch(text)
    return NumberSet(_LETTERS.get(words["name"].lower(), "Z")) if words else None
