"""Expressions: what is mathematics and none of the other kinds."""

import re
from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.writing import RELATION, enclosed, separators

_NO_EXPRESSION = rf"{RELATION}|[,;&]|\\in(?![A-Za-z])"


@dataclass(frozen=True)
class Expression:
    """Its text; it is read when it is compared."""

    text: str
    kind: str = "expression"

    def compare(self, gold: Self, _compare: Compare) -> Decision:
        from rast_bench.grading.robust.kinds.algebra import same_texts  # loads sympy

        return same_texts(self.text, gold.text)

    def is_clear(self) -> bool:
        """Whether it is an expression at all."""
        from rast_bench.grading.expressions.errors import (
            OversizedError,
            UnreadableError,
            WorkLimitError,
        )
        from rast_bench.grading.robust.kinds.algebra import read_cached

        try:
            read_cached(self.text)
        except (UnreadableError, OversizedError, WorkLimitError):
            return False
        return True


def read_expression(text: str) -> Expression | None:
    """None for relations, lists and environments."""
    if r"\begin" in text:
        return None
    inner = text[1:-1] if text[:1] in ("(", "[") and enclosed(text) else text
    outside = next(separators(inner, _NO_EXPRESSION), None)
    thousands = outside is not None and re.fullmatch(r"[-+\d,. ]+", text)
    return Expression(text) if text and (outside is None or thousands) else None
