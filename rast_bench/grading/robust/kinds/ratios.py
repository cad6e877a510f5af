r"""Ratios: `2:3`, `2 to 3`, `1:2:3`, and a quotient that stands for a ratio of two."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.cleaning import split_outside
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.numbers import match_number, read_number

MAX_PARTS = 8
MAX_LENGTH = 200

_COLON = re.compile(r" ?:(?!=) ?")
_TO = re.compile(r" ?(?:\{ ?to ?\}| to (?=\S)) ?")
_NO_PART = re.compile(
    r"[=<>,;|]|\\(?:to|le|ge|ne|in|approx|equiv|text)(?![A-Za-z])|(?<![\\A-Za-z])[A-Za-z]{4,}|\.\."
    r"|[ {][aApP]\.? ?[mM]\b"
)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_QUOTIENT = re.compile(r"(-?)\\frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}")
_UNIT = re.compile(r" ?\{?[A-Za-z]{1,12}\}?")


@dataclass(frozen=True)
class Ratio:
    """Parts in order, as texts. A `quotient` was written as a number or a fraction.

    Attributes:
        clock: it may also be a time of day.
    """

    parts: tuple[str, ...]
    quotient: bool = False
    clock: bool = False

    @property
    def kind(self) -> str:
        return "ratio"

    def compare(self, gold: "Ratio", compare: Compare) -> Decision:
        """Compare ratios: equal if their parts are proportional."""
        if self.quotient and gold.quotient:
            return undecided("unread", "two quotients")
        if len(self.parts) != len(gold.parts):
            return different("ratio", "another number of parts")
        values, wanted = _numbers(self.parts), _numbers(gold.parts)
        if values and wanted:
            decision = _proportional(values, wanted)
        else:
            decision = self._compare_products(gold, compare)
        if decision.outcome == "equal" and not gold.may_be_ratio():
            return undecided("kind", "a time of day")
        return decision

    def may_be_ratio(self) -> bool:
        """Return whether what looks like a time of day may be a ratio: in lowest terms."""
        return not self.clock or gcd(*(int(part) for part in self.parts)) == 1

    def _compare_products(self, gold: "Ratio", compare: Compare) -> Decision:
        """Compare parts that are expressions by their cross products."""
        first, wanted_first = self.parts[0], gold.parts[0]
        for part, wanted in zip(self.parts[1:], gold.parts[1:], strict=True):
            decision = compare(f"({first})({wanted})", f"({part})({wanted_first})")
            if decision.outcome != "equal":
                return Decision(decision.outcome, "ratio", decision.rule)
        return equal("ratio", "proportional parts")


def _numbers(parts: tuple[str, ...]) -> list[Fraction] | None:
    values: list[Fraction] = []
    for part in parts:
        number = read_number(part)
        value = number.value if number and not number.percent else None
        if value is None:
            return None
        values.append(value)
    return values


def _proportional(values: list[Fraction], wanted: list[Fraction]) -> Decision:
    if not any(values) or not any(wanted):
        return different("ratio", "a ratio of nothing") if values != wanted else equal("ratio")
    at = next(place for place, value in enumerate(wanted) if value)
    factor = values[at] / wanted[at]
    if factor and all(value == factor * other for value, other in zip(values, wanted, strict=True)):
        return equal("ratio", "proportional parts")
    return different("ratio", "parts that are not proportional")


def read_ratio(text: str) -> Ratio | None:
    """Read `a:b`, `a:b:c`, `a to b`; a number or fraction as the ratio it may stand for."""
    if len(text) > MAX_LENGTH or not text:
        return None
    clock = _CLOCK.fullmatch(text)
    if clock and any(part.startswith("0") for part in clock.groups() if part is not None):
        return None
    for separator in (_COLON, _TO):
        parts = split_outside(text, separator)
        if len(parts) > 1:
            bare = _without_unit(parts)
            if len(parts) > MAX_PARTS or not all(map(_is_part, bare)):
                return None
            return Ratio(tuple(bare), clock=clock is not None and _is_clock(clock))
    return _quotient(text)


def _is_part(text: str) -> bool:
    return bool(text) and not _NO_PART.search(text)


def _is_clock(clock: re.Match[str]) -> bool:
    return int(clock[1]) <= 24 and int(clock[2]) < 60 and int(clock[3] or 0) < 60


def _without_unit(parts: list[str]) -> list[str]:
    """Remove the common unit of `2 cm` and `3 cm`."""
    bare: list[str] = []
    units: set[str] = set()
    for part in parts:
        found = match_number(part)
        unit = found and _UNIT.fullmatch(part, found[1])
        if not found or not unit or len(unit[0].strip(" {}")) < 2:
            return parts
        bare.append(part[: found[1]])
        units.add(unit[0].strip(" {}"))
    return bare if len(units) == 1 else parts


def _quotient(text: str) -> Ratio | None:
    fraction = _QUOTIENT.fullmatch(text)
    if fraction:
        return Ratio((fraction[1] + fraction[2], fraction[3]), quotient=True)
    above, slash, below = text.partition("/")
    if slash and _is_single(above) and _is_single(below):
        return Ratio((above.strip(), below.strip()), quotient=True)
    number = read_number(text)
    if number is None or number.percent or number.comma:
        return None
    return Ratio((text, "1"), quotient=True)


def _is_single(text: str) -> bool:
    """Return whether it is one factor: a number, a letter or a bracket."""
    return bool(re.fullmatch(r" ?-?(?:\d+(?:\.\d+)?|[A-Za-z]|\([^()]{1,60}\)) ?", text))
