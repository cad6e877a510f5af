"""What extraction may know of a gold answer: its kind and number of elements, never its value."""

import re
from dataclasses import dataclass
from typing import Literal

from rast_bench.grading.robust.extraction.languages import LETTER

Kind = Literal["choice", "truth value", "words", "number", "quantity", "list", "other", "unknown"]

MAX_GOLD = 10_000  # characters; a longer one is of kind "other"

_MARKS = re.compile(r"\\(?:text|mathrm|mathbf|textbf|textit|mbox)(?![A-Za-z])|[${}]|\\[()\[\]]")
_CHOICE = re.compile(r"\s*(?:\(\s*([A-Ja-j])\s*\)|([A-J])\s*[.)]?)\s*")
_TRUTH = re.compile(r"\s*(?:true|false|yes|no)\s*\.?\s*", re.IGNORECASE)
_NUMBER = re.compile(
    r"\s*\\?\$?\s*[-+−]?\s*(?:\d[\d,. ]*(?:[eE][-+]?\d{1,4})?|\.\d+|\\[dt]?frac|\\sqrt|\\pi)"
    r"(?:[\d\s.,/^+*()\[\]!-]|\\(?:[dtc]?frac|sqrt|pi|cdot|times|left|right|[!,;: ])(?![A-Za-z]))*"
    r"(?:\\?%|\^?\\circ|°)?\s*"
)
_MONEY = re.compile(r"[\s$({]*\\\$|\s*\$(?![^$]*\$)")
_UNIT = re.compile(rf"\s*(?:\\?\s)?(?:[A-Za-zµΩ°]|{LETTER.pattern})")
_WORD = re.compile(rf"[A-Za-z]{{3,}}|{LETTER.pattern}")
_NO_WORDS = re.compile(r"[\d\\=<>^_]")
_OPEN = "([{"
_CLOSE = ")]}"
_CONNECTOR = re.compile(r",(?!\d{3}(?!\d))|;|\b(?:and|or)\b")


@dataclass(frozen=True)
class GoldKind:
    """`elements`: the number of parts of a list without brackets; 1 for everything else."""

    kind: Kind
    elements: int = 1

    @property
    def is_number(self) -> bool:
        return self.kind in ("number", "quantity")


def gold_kind(gold: str) -> GoldKind:
    """Return the kind of a gold answer; "unknown" for an empty one. Linear in its length."""
    if not gold.strip():
        return GoldKind("unknown")
    if len(gold) > MAX_GOLD:
        return GoldKind("other")
    bare = _MARKS.sub(" ", gold)
    if _CHOICE.fullmatch(bare):
        return GoldKind("choice")
    if _TRUTH.fullmatch(bare):
        return GoldKind("truth value")
    elements = _elements(gold)
    if elements > 1:
        return GoldKind("list", elements)
    number = _NUMBER.match(bare)
    if number and number.end() == len(bare):
        return GoldKind("quantity" if _MONEY.match(gold) else "number")
    if _WORD.search(bare) and not _NO_WORDS.search(bare):
        return GoldKind("words")
    if number and _UNIT.match(bare, number.end()):
        return GoldKind("quantity")
    return GoldKind("other")


def _elements(gold: str) -> int:
    depth = position = 0
    elements = 1
    while position < len(gold):
        character = gold[position]
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
        elif depth <= 0 and (match := _CONNECTOR.match(gold, position)):
            elements += bool(gold[match.end() :].strip()) if character in ",;" else 1
            position = match.end()
            continue
        position += 1
    return elements
