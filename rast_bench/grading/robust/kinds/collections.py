"""Answers of several parts: lists, sets, tuples and points."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, product
from typing import Literal, Self

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.notation import (
    AND,
    OR,
    bare,
    enclosed,
    has_parts,
    separators,
    split,
    split_list,
    split_relation,
)

MAX_ITEMS = 400
MAX_SIGNS = 5  # of one item
MAX_COMPARISONS = 40_000  # of the items of two collections in any order

_MANY = 8  # from so many items on, values tell which pairs are worth comparing
_FAR = 0.2  # relative difference; no rounding is that coarse

_LABEL = re.compile(r"(?P<label>[A-Z](?:'|_\{?\w\}?)?) ?(?=\()")
_MEMBER = re.compile(r"(?P<name>[A-Za-z]|\([A-Za-z](?:, ?[A-Za-z])*\)) ?\\in(?![A-Za-z]) ?")
_ELLIPSIS = "..."
_SMALL_INTEGER = re.compile(r"-?[0-9]{1,6}")
_ZERO_GROUP = re.compile(r"(?<=[0-9],)0[0-9]{2}(?![0-9])")
_SIGNS = re.compile(r"\\(?:pm|mp)(?![A-Za-z])")
AND_OR = '"and" on one side and "or" on the other'
_NAME_OR_WORDS = re.compile(r"[({ ]*[A-Za-z][A-Za-z .'-]*[)} ]*")
_TIED = "signs that may be tied or not"
_PLUS = re.compile(r"\A ?\+ ?|(?<=[({=]) ?\+ ?")


@dataclass(frozen=True)
class Collection:
    r"""Items in the order of the text.

    Attributes:
        kind: "list" (bare), "set" (in braces) or "tuple" (in parentheses or square brackets).
        opening, closing: the brackets of a tuple.
        label: the name of a point (the P of `P(3,-1)`) or of a member (`x \in \{1, 2\}`).
        free: the items if each of several `\pm` in one item has its own sign; `items` has them all
            tied. Empty if that makes no difference.
        joined: "and" or "or" if a list has such words between its items; "or" takes precedence.
    """

    kind: Literal["list", "set", "tuple"]
    items: tuple[str, ...]
    opening: str = ""
    closing: str = ""
    label: str = ""
    free: tuple[str, ...] = ()
    joined: str = ""

    def compare(self, gold: Self, compare: Compare) -> Decision:
        if self.label and gold.label and self.label != gold.label:
            return different("elements", "other points or unknowns")
        if self.kind == "tuple":
            return self._compare_tuple(gold, compare)
        return self.compare_elements(gold, compare)

    def compare_elements(self, gold: Self, compare: Compare) -> Decision:
        """Compare in any order, whatever the brackets; a set may contain sets."""
        if any(map(_is_set, (*self.items, *gold.items))):
            compare = _with_sets(compare)
        decision = same_elements(self.items, gold.items, compare)
        words = any(map(_NAME_OR_WORDS.fullmatch, (*self.items, *gold.items)))
        if decision.outcome == "equal" and words:  # roots may be listed with "and" or "or"
            if {self.joined, gold.joined} == {"and", "or"}:
                return undecided("elements", AND_OR)
            if self.kind == gold.kind == "list" and len(self.items) != len(gold.items):
                return undecided("count", "words written repeatedly")
        if not self.free and not gold.free:
            return decision
        other = same_elements(self.free or self.items, gold.free or gold.items, compare)
        return decision if decision.outcome == other.outcome else undecided("elements", _TIED)

    def is_sequence(self) -> bool:
        """Return whether a list may stand for a tuple; `2 or 3` and `x = 2, x = 3` may not."""
        if self.joined == "or" or self.free:
            return False
        names = [split_relation(item)[0][0] for item in self.items if split_relation(item)[1]]
        return len(names) < 2 or len(set(map(bare, names))) == len(names)

    def _compare_tuple(self, gold: Self, compare: Compare) -> Decision:
        decision = same_in_order(self.items, gold.items, compare)
        if decision.outcome == "different" or len(self.items) != 2:
            return decision
        if (self.opening, self.closing) != (gold.opening, gold.closing) and gold.may_be_interval():
            return different("brackets", "intervals with other ends")
        return decision

    def may_be_interval(self) -> bool:
        """Return whether both parts may be ends; descending plain numbers may not."""
        if len(self.items) != 2:
            return False
        try:
            low, high = (float(item) for item in self.items)
        except ValueError:
            return True
        return low < high


def _is_set(item: str) -> bool:
    return item.startswith(r"\{") and read_set(item) is not None


def _with_sets(compare: Compare) -> Compare:
    r"""Wrap `compare` so that a set never equals an element that is not one: 1 and `\{1\}`."""

    def compared(item: str, wanted: str) -> Decision:
        if _is_set(item) == _is_set(wanted):
            return compare(item, wanted)
        return undecided("brackets", "a set for an element")

    return compared


def read_tuple(text: str) -> Collection | None:
    """Read `(1, 2)`, `[1, 2, 3]`, `P(3, -1)`; `(1, 2]` is not a tuple."""
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :]
    if text[:1] + text[-1:] not in ("()", "[]") or not enclosed(text):
        return None
    if text[0] == "(" and _SIGNS.search(text):
        return None  # two tuples
    items = split_list(text[1:-1], words=r"(?!)")
    if not items or (len(items) == 1 and (text[0] == "(" or label)):
        return None
    return Collection("tuple", tuple(items), text[0], text[-1], label["label"] if label else "")


def read_set(text: str) -> Collection | None:
    r"""Read `\{1, 2\}`, also with lost backslashes. `\pm` makes two elements of one."""
    member = _MEMBER.match(text)
    if member:
        text = text[member.end() :]
    size = 2 if text.startswith(r"\{") else 1
    if text[:1] not in ("\\", "{") or not enclosed(text) or text[size - 1] != "{":
        return None
    inner = text[size : -size if text.endswith(r"\}") else -1].strip()
    if next(separators(inner, r"\\mid(?![A-Za-z])|[|:]"), None):
        return None  # set-builder notation
    items = split_list(inner)
    if size == 1 and len(items) < 2:  # braces for grouping only
        return None
    label = member["name"] if member else ""
    return Collection("set", _both_signs(items), label=label, free=_all_signs(items))


def read_list(text: str) -> Collection | None:
    r"""Read `1, 2 and 3`, `1 \pm \sqrt{2}`, `x = 1, y = 2 or x = 2, y = 1`; None for one part."""
    if read_set(text) or read_tuple(text):
        return None
    items = _alternatives(text) or split_list(text)
    if _ZERO_GROUP.search(text) and not has_parts(text):
        return None  # `10,080` is a number
    both = _both_signs(items)
    if len(both) < 2:
        return None
    words = (word for word, of in (("or", OR), ("and", AND)) if next(separators(text, of), None))
    return Collection("list", both, free=_all_signs(items), joined=next(words, ""))


def _alternatives(text: str) -> list[str]:
    """Split at "or" or semicolons if every part has several parts itself."""
    for separator in (OR, ";"):
        parts = [part.rstrip(" ,") for part in split(text, separator)]
        parts = [part for part in parts if part]
        sizes = {len(split_list(part)) for part in parts} if len(parts) > 1 else set()
        if len(sizes) == 1 and sizes != {1}:
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


def _all_signs(items: Sequence[str]) -> tuple[str, ...]:
    r"""Return the items of `\pm 1 \pm i` with independent signs; empty if no item has several.

    `\mp` indicates that the signs are tied.
    """
    signs = [() if r"\mp" in item else tuple(_SIGNS.finditer(item)) for item in items]
    if not any(1 < len(found) <= MAX_SIGNS for found in signs):
        return ()
    written: list[str] = []
    for item, found in zip(items, signs, strict=True):
        if not 1 < len(found) <= MAX_SIGNS:
            written += _both_signs((item,))
            continue
        for chosen in product("+-", repeat=len(found)):
            pieces = zip(_SIGNS.split(item), (*chosen, ""), strict=True)
            signed = "".join(chain.from_iterable(pieces))
            written.append(_PLUS.sub("", signed).strip())
    return tuple(written)


def with_sign(text: str, upper: Literal["+", "-"]) -> str:
    r"""Return a text with `\pm` and `\mp` replaced by one of their two readings, signs tied."""
    lower = "-" if upper == "+" else "+"
    signed = _SIGNS.sub(lambda sign: upper if sign[0] == r"\pm" else lower, text)
    return _PLUS.sub("", signed).strip()


def same_elements(items: Sequence[str], gold: Sequence[str], compare: Compare) -> Decision:
    """Compare in any order; multiplicities count if the gold answer has a repeated element."""
    if len(items) > len(gold) and not _repeats(gold):
        items = _without_repeats(items, compare)
    return same_in_any_order(items, gold, compare)


def _repeats(items: Sequence[str]) -> bool:
    return len(set(map(bare, items))) < len(items)


def _without_repeats(items: Sequence[str], compare: Compare) -> list[str]:
    kept = list({bare(item): item for item in items}.values())
    if len(kept) > _MANY:
        return kept
    return [
        item
        for place, item in enumerate(kept)
        if not any(compare(item, before).outcome == "equal" for before in kept[:place])
    ]


def same_in_order(items: Sequence[str], gold: Sequence[str], compare: Compare) -> Decision:
    """Compare item by item: one difference refutes, one undecided item leaves it undecided."""
    items, gold = _written_out(items), _written_out(gold)
    if _ELLIPSIS in items or _ELLIPSIS in gold:
        return undecided("elements", "dots that stand for elements")
    if len(items) != len(gold):
        return different("count", "another number of elements")
    if len(items) > MAX_ITEMS:
        return undecided("limit")
    return all_of(compare(item, wanted) for item, wanted in zip(items, gold, strict=True))


def all_of(decisions: Iterable[Decision]) -> Decision:
    """Combine decisions on parts that must all be equal."""
    doubt: Decision | None = None
    for decision in decisions:
        if decision.outcome == "different":
            return different("elements", decision.rule or decision.reason)
        if decision.outcome == "undecided" and doubt is None:
            doubt = decision
    return doubt if doubt is not None else equal("elements", "element by element")


def same_in_any_order(items: Sequence[str], gold: Sequence[str], compare: Compare) -> Decision:
    """Return whether a pairing of equal items exists, or may exist."""
    items, gold = _written_out(items), _written_out(gold)
    if _ELLIPSIS in items or _ELLIPSIS in gold:
        return undecided("elements", "dots that stand for elements")
    if len(items) != len(gold):
        return different("count", "another number of elements")
    left, wanted = _without_identical(items, gold)
    if not left:
        return equal("elements", "elements in any order")
    decision = _paired(left, wanted, compare)
    if decision.outcome == "equal" or len(left) == len(items):
        return decision
    return _paired(items, gold, compare)  # a rounded item may need a partner already taken


def _written_out(items: Sequence[str]) -> Sequence[str]:
    """Expand `1, 2, ..., 10` to its ten numbers; leave other items as they are."""
    if _ELLIPSIS not in items:
        return items
    place = items.index(_ELLIPSIS)
    numbers = [*items[:place], *items[place + 1 :]]
    if place < 1 or len(items) != place + 2 or not all(map(_SMALL_INTEGER.fullmatch, numbers)):
        return items
    values = list(map(int, numbers))
    step = values[1] - values[0] if place > 1 else 1
    steps = {after - before for before, after in pairwise(values[:-1])}
    if not step or steps - {step} or (values[-1] - values[0]) % step:
        return items
    if not 0 < (values[-1] - values[0]) // step < MAX_ITEMS:
        return items
    return list(map(str, range(values[0], values[-1] + (1 if step > 0 else -1), step)))


def _without_identical(items: Sequence[str], gold: Sequence[str]) -> tuple[list[str], list[str]]:
    """Remove identically written items from both, in pairs."""
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
    sizes, wanted_sizes = _sizes(items), _sizes(gold)
    if sizes is not None and wanted_sizes is not None:
        ascending = (
            sorted(zip(sizes, items, strict=True)),
            sorted(zip(wanted_sizes, gold, strict=True)),
        )
        if all(
            compare(item, wanted).outcome == "equal"
            for (_, item), (_, wanted) in zip(*ascending, strict=True)
        ):
            return equal("elements", "elements in any order")

    def outcome(row: int, column: int) -> str:
        if sizes is not None and wanted_sizes is not None:
            size, wanted = sizes[row], wanted_sizes[column]
            if abs(size - wanted) > _FAR * max(abs(size), abs(wanted)):
                return "different"
        return compare(items[row], gold[column]).outcome

    table = [[outcome(row, column) for column in range(len(gold))] for row in range(len(items))]
    if _has_pairing(table, lambda outcome: outcome == "equal"):
        return equal("elements", "elements in any order")
    if _has_pairing(table, lambda outcome: outcome != "different"):
        return undecided("elements")
    return different("elements", "a missing element")


def _sizes(items: Sequence[str]) -> list[float] | None:
    """Return approximate values of many real numbers; None for few items or other ones."""
    if len(items) < _MANY:
        return None
    from rast_bench.grading.robust.kinds.algebra import approximately  # loads sympy

    sizes = [approximately(item) for item in items]
    return [size for size in sizes if size is not None] if None not in sizes else None


def _has_pairing(table: Sequence[Sequence[str]], allowed: Callable[[str], bool]) -> bool:
    """Return whether each row can have its own column (Kuhn's augmenting paths)."""
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
