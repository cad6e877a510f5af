r"""Numbers in base n: `1011_2`, `(1011)_{2}`, `1011_{{two}}`, `0xFF`, perhaps plain digits."""

import re
from dataclasses import dataclass

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare

MAX_DIGITS = 1_000

_BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "twenty": 20,
    "bin": 2,
    "oct": 8,
    "dec": 10,
    "hex": 16,
    "b": 2,
    "h": 16,
}
_DIGITS = r"[0-9][0-9A-Za-z ,]*?|[A-Fa-f][0-9A-Fa-f ]*?"
_BASE = r"(?P<base>\d{1,2}|[a-z]{1,8})"
_WITH_BASE = re.compile(
    rf"""
    (?P<sign>-?)[ ]?
    (?: (?P<digits>{_DIGITS})
      | \([ ]?(?P<bracketed>{_DIGITS})[ ]?\)
      | \{{[ ]?(?P<braced>{_DIGITS})[ ]?\}} )
    [ ]?_[ ]?
    (?: \{{[ ]?\(?\{{?[ ]?(?:base[ ])?{_BASE}[ ]?\}}?\)?[ ]?\}} | (?P<base_bare>\d{{1,2}}) )
    """,
    re.VERBOSE,
)
_IN_WORDS = re.compile(
    rf"(?P<sign>-?) ?(?P<digits>{_DIGITS}),? ?\{{? ?\(?(?:in )?base ?{_BASE}\)? ?\}}?"
)
_PREFIXED = re.compile(r"(?P<sign>-?)0(?P<prefix>[xXbBoO])(?P<digits>[0-9A-Fa-f_ ]+)")
_PREFIXES = {"x": 16, "b": 2, "o": 8}
_PLAIN = re.compile(r"(-?)(\d[\d ,]*)")


@dataclass(frozen=True)
class BasedNumber:
    """Digits in upper case, without leading zeros. `base` is None if none is written."""

    sign: str
    digits: str
    base: int | None

    @property
    def kind(self) -> str:
        return "number in base n"

    @property
    def value(self) -> int | None:
        """The integer, in base ten if no base is written; None for invalid digits (`183_8`)."""
        base = self.base or 10
        try:
            return int(f"{self.sign}{self.digits}", base)
        except ValueError:
            return None

    def compare(self, gold: "BasedNumber", _compare: Compare) -> Decision:
        """Compare digits in the same base; a base may be left out but not contradicted."""
        same_digits = (self.sign, self.digits) == (gold.sign, gold.digits)
        if self.base is None and gold.base is None:
            return undecided("unread", "two plain numbers")
        if self.base == gold.base:
            return (
                equal("base", "same digits") if same_digits else different("base", "other digits")
            )
        if gold.base is None:
            return self._compare_with_plain(gold, same_digits)
        if self.base is None:
            if same_digits:
                return equal("base", "a base left out")
            if self.value is not None and self.value == gold.value:
                return different("base", "converted to base ten where base n was asked")
            return different("base", "other digits")
        if self.value is not None and self.value == gold.value:
            return undecided("base", "the same value in another base")
        return different("base", "another value")

    def _compare_with_plain(self, gold: "BasedNumber", same_digits: bool) -> Decision:
        if same_digits:
            return equal("base", "a base that the gold answer leaves out")
        if self.value is not None and self.value == gold.value:
            return undecided("base", "the same value in another base")
        return different("base", "other digits")


def read_based(text: str) -> BasedNumber | None:
    """Read digits with their base; plain digits are a number whose base is not written."""
    if len(text) > MAX_DIGITS:
        return None
    if prefixed := _PREFIXED.fullmatch(text):
        return _based(prefixed["sign"], prefixed["digits"], _PREFIXES[prefixed["prefix"].lower()])
    match = _WITH_BASE.fullmatch(text)
    if match is None:
        match = _IN_WORDS.fullmatch(text)
        if match is None:
            plain = _PLAIN.fullmatch(text)
            return _based(plain[1], plain[2], None) if plain else None
        digits, base = match["digits"], match["base"]
    else:
        digits = match["digits"] or match["bracketed"] or match["braced"]
        base = match["base"] or match["base_bare"]
    return _based(match["sign"], digits, int(base) if base.isdigit() else _BASES.get(base, 0))


def _based(sign: str, digits: str, base: int | None) -> BasedNumber | None:
    bare = digits.replace(" ", "").replace(",", "").replace("_", "").upper()
    if base is not None and not 2 <= base <= 36:
        return None
    if bare[:1].isalpha() and (len(bare) < 2 or (base or 0) <= 10):
        return None  # an unknown or function with an index: `a_{12}`, `F_{16}`
    if not bare or (base is None and not bare.isdecimal()):
        return None
    bare = bare.lstrip("0") or "0"
    return BasedNumber("" if bare == "0" else sign, bare, base)
