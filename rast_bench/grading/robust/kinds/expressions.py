"""Expressions: mathematics that is none of the other kinds."""

import re
from dataclasses import dataclass
from typing import Self

from rast_bench.grading.decision import Decision, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.notation import RELATION, enclosed, separators

_NO_EXPRESSION = rf"{RELATION}|[,;&]|\\in(?![A-Za-z])"
_FUNCTION_OF = re.compile(
    r"(?:\\(?:a?sin|a?cos|a?tan|cot|sec|csc|ln|log)h?(?![A-Za-z])(?: ?\^ ?(?:\{[^{}]*\}|\d))?"
    r"|(?<![A-Za-z])[fghpFP](?= ?\()) ?\(? ?[A-Z]"
)
_FACTOR = re.compile(
    r"(?<!\\)(?<!\\[a-z])(?P<name>[A-Z](?: ?_ ?(?:\{[^{}]*\}|\w))?)"
    r"(?: ?\^ ?(?:\{ ?-1 ?\}|T|\{ ?T ?\}|\{? ?\\top ?\}?))?"
)
_INVERTED = re.compile(
    r"\([^()]*[A-Z][^()]*[A-Z][^()]*\) ?\^ ?\{? ?(?:-1|[Tt]|\\top|\\intercal)(?![A-Za-z0-9])"
)
_CROSS = re.compile(
    r"(?<![A-Za-z\\])([A-Za-z]) ?\}? ?\\times(?![A-Za-z]) ?\{? ?([A-Za-z])(?![A-Za-z])"
)
_ORDERED = re.compile(r"[A-Z]{3,}|[A-Z]\)? ?\^ ?\{? ?(?:-1|T|\\top)(?!\d)|\\times")
_FORMULA = re.compile(r"[a-z\\]")
_WORD = re.compile(r"[a-z]{3,}")


def same_order(answer: str, gold: str) -> bool:
    """Return whether factors that may not commute (matrices, events, points) are in the same order.

    Considers capitals within one term and the letters beside a cross; sums may have any order.
    """
    for part in ("name", 0):  # the P of `PAP^{-1}` is one factor with its inverse and one without
        mine, wanted = _orders(answer, part), _orders(gold, part)
        for pair in mine.keys() | wanted.keys():
            one, other = mine.get(pair, set()), wanted.get(pair, set())
            if one != other and ((one and other) or len(one | other) > 1):
                return False
    if bool(_INVERTED.search(answer)) != bool(_INVERTED.search(gold)):
        return False
    return sorted(_CROSS.findall(answer)) == sorted(_CROSS.findall(gold))


def _orders(text: str, part: str | int) -> dict[frozenset[str], set[tuple[str, str]]]:
    """Return for each two capitals of a term which comes first."""
    orders: dict[frozenset[str], set[tuple[str, str]]] = {}
    for term in re.split(r"(?<![\^{(])[-+]", _FUNCTION_OF.sub(" ", text)):
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        for match in _FACTOR.finditer(term):
            first.setdefault(match[part], match.start())
            last[match[part]] = match.start()
        for one, start in first.items():
            for other, end in last.items():
                if one != other and start < end:
                    orders.setdefault(frozenset((one, other)), set()).add((one, other))
    return orders


def _may_be_ordered(text: str) -> bool:
    r"""Return whether its capitals may be matrices, vectors or letters of a word: `AB`, `PAP^{-1}`.

    Those of a formula such as `q/\sqrt{LC}` are numbers.
    """
    return _ORDERED.search(text) is not None or not _FORMULA.search(text)


def _is_other_word(answer: str, gold: str) -> bool:
    """Return whether both are letters in another order: `acb` for `abc`, a product or a word."""
    return bool(answer != gold and _WORD.fullmatch(answer) and _WORD.fullmatch(gold))


@dataclass(frozen=True)
class Expression:
    """A text that is parsed only when compared."""

    text: str
    kind: str = "expression"

    def compare(self, gold: Self, _compare: Compare) -> Decision:
        from rast_bench.grading.robust.kinds.algebra import same_texts  # loads sympy

        decision = same_texts(self.text, gold.text)
        ordered = _may_be_ordered(self.text) or _may_be_ordered(gold.text)
        if decision.outcome == "equal" and ordered and not same_order(self.text, gold.text):
            return undecided("order", "factors that may not commute")
        if decision.outcome == "equal" and _is_other_word(self.text, gold.text):
            return undecided("order", "letters that may be a word")
        return decision

    def is_clear(self) -> bool:
        """Return whether it can be parsed as an expression."""
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
    """Read an expression; None for relations, lists and environments."""
    if r"\begin" in text:
        return None
    inner = text[1:-1] if text[:1] in ("(", "[") and enclosed(text) else text
    outside = next(separators(inner, _NO_EXPRESSION), None)
    thousands = outside is not None and re.fullmatch(r"[-+\d,. ]+", text)
    return Expression(text) if text and (outside is None or thousands) else None
