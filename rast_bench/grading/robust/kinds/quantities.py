r"""Quantities: a number or an expression with a unit, a currency or a counted noun (`5 { cm}`,
`12\pi { cm}^2`, `\$18.90`, `30\degree`, `5 apples`, `2 { h} 30 { min}`).
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.cleaning import bracket_partners
from rast_bench.grading.robust.kinds.base import Compare
from rast_bench.grading.robust.kinds.numbers import (
    Number,
    match_number,
    read_number,
    read_number_words,
    same_number,
    shifted,
)
from rast_bench.grading.robust.kinds.units import (
    DEGREE,
    DOUBTFUL,
    GENERIC,
    MASS,
    MAX_UNIT,
    RADIAN,
    SINGULAR,
    Unit,
    conversion,
    family_sizes,
    length_power,
    read_unit,
    same_nouns,
    size,
)

MAX_LENGTH = 400
_MOST_PARTS = 4
_MOST_DIGITS_OF_PART = 40

_CURRENCY = re.compile(
    r"(-?) ?(?:US ?)?(\\\$|€|£|¥|₹|(?:\{ ?)?(?:USD|Rs\.?|EUR|GBP)(?: ?\})?) ?(?=[-\d.\\(])"
)
_OTHER_UNITS_OF_MONEY = re.compile(r" ?\{? ?(?:dollars?|USD|euros?|pounds?|rupees?) ?\}?")
_CONNECTION = re.compile(r" ?(?:\{ ?,? ?(?:and ?)?\}|,? ?and |,)? ?")
_PART = re.compile(r"(?:\\degree|[^\d\\])+")
_TAIL = re.compile(r" ?(?:,|and|\{ ?,? ?(?:and ?)?\}) ?\Z")
_CANDIDATE = re.compile(r"\{| (?=[A-Za-z]{2})|\\degree|\\\$|(?<=[\d)}])(?=[a-zA-Z]{2})")
_COMMAND_BEFORE = re.compile(
    r"\\(?!(?:pi|theta|alpha|beta|gamma|lambda|mu|phi|tau|omega|infty|degree|cdot|times)(?![A-Za-z]))"
    r"[A-Za-z]+ ?\Z"
)
_UNREADABLE = re.compile(
    r"[=<>,;:|&]|\\(?:le|ge|ne|in|approx|begin)(?![A-Za-z])|(?<![\\A-Za-z])[A-Za-z]{3,}|\bor\b"
)

_OF_AN_ANGLE = re.compile(r"\\(?:sin|cos|tan|cot|sec|csc)(?![A-Za-z])|cis(?![A-Za-z])")


@dataclass(frozen=True)
class Quantity:
    """A magnitude with a unit. `magnitude` is a text, so that an expression may have a unit."""

    magnitude: str
    unit: Unit

    @property
    def kind(self) -> str:
        return "quantity"

    def compare(self, gold: "Quantity", compare: Compare) -> Decision:
        """Compare after conversion; other dimensions, currencies and nouns are different."""
        mine, wanted = _meant(self.unit, gold.unit), _meant(gold.unit, self.unit)
        if {"ago", "later"} <= mine.marks | wanted.marks:
            return undecided("unit", "before or after")
        if mine.powers == wanted.powers and same_nouns(mine.nouns, wanted.nouns):
            return _in_unit(compare(self.magnitude, gold.magnitude), "the same unit")
        if GENERIC in dict(mine.powers).keys() ^ dict(wanted.powers).keys():
            return self._compare_generic(gold, compare)
        if mine.is_angle() and wanted.is_angle():
            in_radians = [
                text if unit == RADIAN else _radians(text)
                for text, unit in ((self.magnitude, mine), (gold.magnitude, wanted))
            ]
            return _in_unit(compare(*in_radians), "degrees and radians")
        converted = conversion(mine, wanted)
        if converted is None:
            return different("unit", "another dimension, currency or thing")
        return self._compare_converted(gold, converted, compare)

    def _compare_converted(
        self, gold: "Quantity", converted: tuple[Fraction, Fraction], compare: Compare
    ) -> Decision:
        factor, offset = converted
        number, wanted = read_number(self.magnitude), read_number(gold.magnitude)
        if number is None or wanted is None:
            if offset:
                return undecided("unit", "a temperature that is no number")
            return _in_unit(
                compare(
                    rf"\frac{{{factor.numerator}}}{{{factor.denominator}}}({self.magnitude})",
                    gold.magnitude,
                ),
                "converted",
            )
        there = same_number(_converted(number, factor, offset), wanted)
        if there.outcome == "equal":
            return _in_unit(there, "converted")
        back = same_number(number, _converted(wanted, 1 / factor, -offset / factor))
        return _in_unit(back if back.outcome == "equal" else there, "converted")

    def _compare_generic(self, gold: "Quantity", compare: Compare) -> Decision:
        """Compare `5 square units` and `5 { cm}^2`."""
        decision = compare(self.magnitude, gold.magnitude)
        if decision.outcome != "equal":
            return _in_unit(decision, "units without a name")
        powers = [length_power(each.unit) for each in (self, gold)]
        if powers[0] is not None and powers[0] == powers[1]:
            return equal("unit", "units without a name")
        return undecided("unit", "units without a name")

    def compare_answer(self, answer: str, compare: Compare) -> Decision:
        """Compare an answer without a unit with this gold answer."""
        if _is_percentage(answer):
            return different("unit", "a percentage for a quantity")
        decision = compare(answer, self.magnitude)
        if decision.outcome == "equal":
            return self._without_unit(decision)
        return self._as_angle(answer, compare, decision, is_gold=True)

    def compare_gold(self, gold: str, compare: Compare) -> Decision:
        """Compare this answer with a gold answer without a unit."""
        if _is_percentage(gold):
            return different("unit", "a quantity for a percentage")
        decision = compare(self.magnitude, gold)
        if decision.outcome == "equal":
            return self._without_unit(decision, doubt=True)
        number, wanted = read_number(self.magnitude), read_number(gold)
        values = number and number.value, wanted and wanted.value
        if values[0] and values[1] and values[1] / values[0] in family_sizes(self.unit):
            return undecided("unit", "equal if the gold answer is in another unit")
        return self._as_angle(gold, compare, decision, is_gold=False)

    def _without_unit(self, decision: Decision, *, doubt: bool = False) -> Decision:
        """Return the decision if the other side has the magnitude alone.

        Args:
            doubt: a word that may not be a noun counts against it, as in an answer.
        """
        if doubt and self._is_doubtful():
            return undecided("unit", "a word that may be no unit")
        if dict(self.unit.powers).keys() & _PRIMES:
            return undecided("unit", "minutes, seconds, feet, inches or a prime")
        if decision.reason in ("ratio", "choice", "base", "time"):
            return undecided("kind", "a quantity for something else")
        if self.unit.letter:
            return undecided("unit", "a letter that may be a unit or an unknown")
        return _in_unit(decision, "a unit left out")

    def _is_doubtful(self) -> bool:
        """Return whether its noun may be another word: "5 rejected", "5 short"."""
        number = read_number(self.magnitude)
        value = None if number is None else number.value
        many = value is None or abs(value) > 1
        return DOUBTFUL in self.unit.marks or (many and SINGULAR in self.unit.marks)

    def _as_angle(
        self, other: str, compare: Compare, decision: Decision, *, is_gold: bool
    ) -> Decision:
        r"""Compare `90\degree` and a bare `\frac{\pi}{2}`."""
        if not self.unit.is_angle() or self.unit == RADIAN or r"\pi" not in other:
            return decision
        radians = _radians(self.magnitude)
        turned = compare(other, radians) if is_gold else compare(radians, other)
        return _in_unit(turned, "degrees and radians")


def _is_percentage(text: str) -> bool:
    number = read_number(text)
    return number is not None and number.percent


def _radians(degrees: str) -> str:
    return rf"\frac{{({degrees})\pi}}{{180}}"


def _in_unit(decision: Decision, rule: str) -> Decision:
    """Turn a decision about magnitudes into one about quantities."""
    if decision.outcome == "undecided":
        return decision
    return Decision(decision.outcome, "rounding" if decision.reason == "rounding" else "unit", rule)


_PRIMES = frozenset(("arcminute", "arcsecond"))
_MEANT = (
    # (unit as written, unit of the other side, meaning)
    ("pound", frozenset(("gbp",)), "gbp"),
    ("arcminute", frozenset(("foot", "inch", "yard", "meter", "centimeter")), "foot"),
    ("arcsecond", frozenset(("foot", "inch", "yard", "meter", "centimeter")), "inch"),
    ("coulomb", frozenset(("degree_Celsius", "degree_Fahrenheit")), "degree_Celsius"),
    ("farad", frozenset(("degree_Celsius", "degree_Fahrenheit")), "degree_Fahrenheit"),
    ("degree", frozenset(("degree_Celsius",)), "degree_Celsius"),
    ("degree", frozenset(("degree_Fahrenheit",)), "degree_Fahrenheit"),
)


def _meant(unit: Unit, other: Unit) -> Unit:
    """Resolve a unit with two meanings by the other side's: pounds, `5'`, `25 { C}`."""
    for written, beside, meant in _MEANT:
        if (
            MASS not in unit.marks
            and unit.powers == ((written, 1),)
            and [name for name, _ in other.powers if name in beside]
        ):
            return replace(unit, powers=((meant, 1),))
    return unit


def _converted(number: Number, factor: Fraction, offset: Fraction) -> Number:
    """Convert a number, keeping its places if the factor is a power of ten."""
    power = _power_of_ten(factor)
    if power is not None and not offset:
        return shifted(number, power)
    value = number.value
    if value is None:
        return number
    value = value * factor + offset
    sign = -1 if value < 0 else 1
    return Number(sign, str(abs(value.numerator)), str(value.denominator))


def _power_of_ten(factor: Fraction) -> int | None:
    for power in range(-18, 19):
        if factor == Fraction(10) ** power:
            return power
    return None


def read_quantity(text: str) -> Quantity | None:
    """Read a magnitude with its unit, a price, or a sum of units of one family."""
    if len(text) > MAX_LENGTH:
        return None
    price = _CURRENCY.match(text)
    if price:
        return _price(text, price)
    found = match_number(text)
    if found is not None:
        end = found[1]
        unit = read_unit(text[end:], spaced=text[end : end + 1] in (" ", "{", "\\"))
        if unit is not None:
            if found[0].places is not None and any(power != 1 for _, power in unit.powers):
                unit = replace(unit, letter=False)  # 1.5 m^2 is never about an unknown m
            return Quantity(text[:end], unit)
        compound = _sum(text)
        if compound is not None:
            return compound
    return _in_words(text) or _expression(text)


def _price(text: str, price: re.Match[str]) -> Quantity | None:
    unit = read_unit(price[2].strip("{} ."))
    rest = text[price.end() :]
    found = match_number(rest)
    if unit is None:
        return None
    if found is None or found[1] == len(rest) or _OTHER_UNITS_OF_MONEY.fullmatch(rest, found[1]):
        magnitude = price[1] + (rest if found is None else rest[: found[1]])
        return (
            None if _UNREADABLE.search(magnitude) and found is None else Quantity(magnitude, unit)
        )
    tail = rest[found[1] :]
    both = read_unit(price[2].strip("{} .") + tail)
    return None if both is None or both.letter else Quantity(price[1] + rest[: found[1]], both)


def _sum(text: str) -> Quantity | None:
    """Read `2 { h} 30 { min}`, `5' 3''`, "2 hours and 30 minutes", largest unit first."""
    parts: list[tuple[Fraction, Unit]] = []
    position = 0
    while position < len(text):
        connection = _CONNECTION.match(text, position)
        position = connection.end() if connection and parts else position
        found = match_number(text, position)
        written = found and _PART.match(text, found[1])
        if found is None or not written or len(parts) == _MOST_PARTS:
            return None
        if max(found[1] - position, abs(found[0].exponent)) > _MOST_DIGITS_OF_PART:
            return None
        unit = read_unit(_TAIL.sub("", written[0]))
        value = found[0].value
        if unit is None or value is None or (parts and value < 0):
            return None
        parts.append((value, unit))
        position = written.end()
    parts = _feet(parts)
    sizes = [size(unit, parts[0][1]) for _, unit in parts]
    total = Fraction(0)
    for (value, _), each in zip(parts, sizes, strict=True):
        if each is None:
            return None
        total += (value if parts[0][0] >= 0 else -abs(value)) * each
    known = [each for each in sizes if each is not None]
    if len(parts) < 2 or any(one <= other for one, other in pairwise(known)):
        return None
    return Quantity(_written(total), parts[0][1])


def _written(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def _feet(parts: list[tuple[Fraction, Unit]]) -> list[tuple[Fraction, Unit]]:
    """Read `5' 3''` as feet and inches, unless degrees come first."""
    known: dict[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]] = {
        (("arcminute", 1),): (("foot", 1),),
        (("arcsecond", 1),): (("inch", 1),),
    }
    if not parts or parts[0][1].powers not in known:
        return parts
    return [
        (value, replace(unit, powers=known.get(unit.powers, unit.powers))) for value, unit in parts
    ]


def _in_words(text: str) -> Quantity | None:
    """Read "five apples", "twenty-five dollars": number words, then the unit."""
    bare = text.strip("{} ")
    if not bare[:1].isalpha() or len(bare) > MAX_UNIT:
        return None
    words = bare.split(" ")
    for count in range(min(len(words) - 1, 6), 0, -1):
        number = read_number_words(" ".join(words[:count]))
        if number is not None and number.below == "1" and not number.percent:
            unit = read_unit(" ".join(words[count:]))
            magnitude = ("-" if number.sign < 0 else "") + number.above
            return Quantity(magnitude, unit) if unit and not number.places else None
    return None


def _expression(text: str) -> Quantity | None:
    r"""Read `12\pi { cm}^2`: the longest unit at the end, outside brackets and arguments."""
    arguments = _arguments(text)
    depth = 0
    for candidate in _CANDIDATE.finditer(text):
        start = candidate.start()
        if start in arguments or _inside(start, arguments):
            continue
        if start < len(text) - MAX_UNIT or not start:
            continue
        depth += 1
        if depth > 12:
            return None
        unit = read_unit(text[start:], spaced=text[start] in " {\\")
        if unit is None or unit.letter:
            continue
        magnitude = text[:start].strip()
        if unit == DEGREE and _OF_AN_ANGLE.search(magnitude):
            return None  # the degrees of \tan 45\degree belong to its argument
        if not magnitude or _UNREADABLE.search(magnitude) or not _has_value(magnitude):
            return None
        return None if unit.nouns else Quantity(magnitude, unit)
    return None


def _has_value(magnitude: str) -> bool:
    return bool(re.search(r"\d|\\pi|\\infty", magnitude)) and magnitude[-1] not in "+-*/^_("


def _arguments(text: str) -> dict[int, int]:
    """Return start and end of the arguments of commands, exponents, indices and brackets."""
    partners = bracket_partners(text)
    arguments: dict[int, int] = {}
    for start, end in sorted(partners.items()):
        before = text[:start].rstrip(" ")
        command = before.endswith(("^", "_")) or _COMMAND_BEFORE.search(before[-20:])
        if text[start] != "{" or command:
            arguments[start] = end
        elif before.endswith(("}", "]")):
            opened = next((at for at, close in arguments.items() if close == len(before) - 1), None)
            if opened is not None and text[:opened].rstrip(" ").endswith(
                _TWO_ARGUMENTS[before[-1]]
            ):
                arguments[start] = end
    return arguments


_TWO_ARGUMENTS = {"}": (r"\frac", r"\binom"), "]": (r"\sqrt",)}


def _inside(position: int, arguments: dict[int, int]) -> bool:
    return any(start < position <= end for start, end in arguments.items())
