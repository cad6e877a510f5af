"""Answers of several parts: lists, sets, tuples and points."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.writing import OR, bare, enclosed, split, split_list

MAX_ITEMS = 400
MAX_COMPARISONS = 40_000  # of the items of two collections in any order

_LABEL = re.compile(r"(?P<label>[A-Z](?:'|_\{?\w\}?)?) ?(?=\()")
_MEMBER = re.compile(r"(?:[A-Za-z]|\([A-Za-z](?:, ?[A-Za-z])*\)) ?\\in(?![A-Za-z]) ?")
_SIGNS = re.compile(r"\\(?:pm|mp)(?![A-Za-z])")
_PLUS = re.compile(r"\A ?\+ ?|(?<=[({=]) ?\+ ?")


@dataclass(frozen=True)
class Collection:
    """Items in the order of the text.

    Attributes:
        kind: "list" (bare), "set" (in braces) or "tuple" (in parentheses or square brackets).
        opening, closing: the brackets of a tuple.
        label: the name of a point, the P of `P(3,-1)`.
    """

    kind: Literal["list", "set", "tuple"]
    items: tuple[str, ...]
    opening: str = ""
    closing: str = ""
    label: str = ""

    def compare(self, gold: Self, compare: Compare) -> Decision:
        if self.kind == "tuple":
            return self._compare_tuple(gold, compare)
        answer: Collection = self
        if self.kind == "set":  # of which it does not matter how often an element is written
            answer = self if gold.repeats() else _without_repeats(self)
        return same_in_any_order(answer.items, gold.items, compare)

    def _compare_tuple(self, gold: Self, compare: Compare) -> Decision:
        if self.label and gold.label and self.label != gold.label:
            return different("elements", "points of other names")
        decision = same_in_order(self.items, gold.items, compare)
        if decision.outcome == "different" or len(self.items) != 2:
            return decision
        if (self.opening, self.closing) != (gold.opening, gold.closing) and gold.may_be_interval():
            return different("brackets", "intervals with other ends")
        return decision

    def may_be_interval(self) -> bool:
        """Whether the two parts may be ends: plain numbers in descending order are not."""
        if len(self.items) != 2:
            return False
        try:
            low, high = (float(item) for item in self.items)
        except ValueError:
            return True
        return low < high

    def repeats(self) -> bool:
        return len(set(map(bare, self.items))) < len(self.items)


def read_tuple(text: str) -> Collection | None:
    """`(1, 2)`, `[1, 2, 3]`, `P(3, -1)`."""
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :]
    if text[:1] not in ("(", "[") or text[-1:] not in (")", "]") or not enclosed(text):
        return None
    items = split_list(text[1:-1], words=r"(?!)")
    if not items or (len(items) == 1 and (text[0] == "(" or label)):
        return None
    return Collection("tuple", tuple(items), text[0], text[-1], label["label"] if label else "")


def read_set(text: str) -> Collection | None:
    r"""`\{1, 2\}`; also where the backslashes are lost. `\pm` makes two elements of one."""
    text = _MEMBER.sub("", text, count=1) if _MEMBER.match(text) else text
    size = 2 if text.startswith(r"\{") else 1
    if text[:1] not in ("\\", "{") or not enclosed(text) or text[size - 1] != "{":
        return None
    inner = text[size : -size if text.endswith(r"\}") else -1].strip()
    items = split_list(inner)
    if size == 1 and len(items) < 2:  # braces that only group
        return None
    return Collection("set", _both_signs(items))


def read_list(text: str) -> Collection | None:
    r"""`1, 2 and 3`, `1 \pm \sqrt{2}`, `x = 1, y = 2 or x = 2, y = 1`; None for one part."""
    text = _MEMBER.sub("", text, count=1) if _MEMBER.match(text) else text
    items = _alternatives(text) or split_list(text)
    both = _both_signs(items)
    return Collection("list", both) if len(both) > 1 else None


def _alternatives(text: str) -> list[str]:
    """What "or" or semicolons separate, where each part has as many parts itself."""
    for separator in (OR, ";"):
        parts = [part.rstrip(" ,") for part in split(text, separator)]
        parts = [part for part in parts if part]
        sizes = {len(split_list(part)) for part in parts}
        if len(parts) > 1 and len(sizes) == 1 and sizes != {1}:
            return parts
    return []


def _both_signs(items: Sequence[str]) -> tuple[str, ...]:
    written: list[str] = []
    for item in items:
        if _SIGNS.search(item):
            written += (with_sign(item, "+"), with_sign(item, "-"))
        else:
            written.append(item)
    return tuple(written)


def with_sign(text: str, upper: Literal["+", "-"]) -> str:
    r"""A text with `\pm` and `\mp` for one of their two readings, all signs tied."""
    lower = "-" if upper == "+" else "+"
    signed = _SIGNS.sub(lambda sign: upper if sign[0] == r"\pm" else lower, text)
    return _PLUS.sub("", signed).strip()


def _without_repeats(collection: Collection) -> Collection:
    kept: dict[str, str] = {}
    for item in collection.items:
        kept.setdefault(bare(item), item)
    return replace(collection, items=tuple(kept.values()))


def same_in_order(items: Sequence[str], gold: Sequence[str], compare: Compare) -> Decision:
    """Item by item: one difference refutes, one undecided item leaves it undecided."""
    if len(items) != len(gold):
        return different("count", "another number of elements")
    if len(items) > MAX_ITEMS:
        return undecided("limit")
    return all_of(compare(item, wanted) for item, wanted in zip(items, gold, strict=True))


def all_of(decisions: Iterable[Decision]) -> Decision:
    """One decision for parts that must all be equal."""
    doubt: Decision | None = None
    for decision in decisions:
        if decision.outcome == "different":
            return different("elements", decision.rule or decision.reason)
        if decision.outcome == "undecided" and doubt is None:
            doubt = decision
    return doubt if doubt is not None else equal("elements", "element by element")


def same_in_any_order(items: Sequence[str], gold: Sequence[str], compare: Compare) -> Decision:
    """Whether there is a pairing of equal items, or may be one."""
    if len(items) != len(gold):
        return different("count", "another number of elements")
    left, wanted = _without_same_writing(items, gold)
    if not left:
        return equal("elements", "elements in any order")
    decision = _paired(left, wanted, compare)
    if decision.outcome == "equal" or len(left) == len(items):
        return decision
    return _paired(items, gold, compare)  # a rounded item may need the partner that was taken


def _without_same_writing(items: Sequence[str], gold: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is left of both when items of one writing are taken out in pairs."""
    rest: dict[str, list[str]] = {}
    for wanted in gold:
        rest.setdefault(bare(wanted), []).append(wanted)
    left = []
    for item in items:
        partners = rest.get(bare(item))
        if partners:
            partners.pop()
        else:
            left.append(item)
    return left, [wanted for partners in rest.values() for wanted in partners]


def _paired(items: Sequence[str], gold: Sequence[str], compare: Compare) -> Decision:
    if len(items) * len(gold) > MAX_COMPARISONS:
        return undecided("limit")
    table = [[compare(item, wanted).outcome for wanted in gold] for item in items]
    if _has_pairing(table, lambda outcome: outcome == "equal"):
        return equal("elements", "elements in any order")
    if _has_pairing(table, lambda outcome: outcome != "different"):
        return undecided("elements")
    return different("elements", "a missing element")


def _has_pairing(table: Sequence[Sequence[str]], allowed: Callable[[str], bool]) -> bool:
    """Whether every row can have a column of its own (Kuhn's augmenting paths)."""
    partner: dict[int, int] = {}

    def place(row: int, tried: set[int]) -> bool:
        for column, outcome in enumerate(table[row]):
            if allowed(outcome) and column not in tried:
                tried.add(column)
                if column not in partner or place(partner[column], tried):
                    partner[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(table)))
