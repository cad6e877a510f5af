r"""Numbers: `1,234`, `-2/3`, `1 \frac{1}{2}`, `3.2 \times 10^{-5}`, `12.5%`, `0.\overline{3}`,
`1.234.567`, `3{,}75`, `twenty-one`, `5 million`.

Values are exact. Digits are kept as text, so integers of any size are read in linear time and
compared digit by digit; only fractions and roundings need arithmetic, which is limited.
"""

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.number_words import SMALL
from rast_bench.grading.robust.kinds.base import Compare

MAX_DIGITS = 1_500
"""Number of digits above which a fraction or a rounding is not computed."""

LEAST_DIGITS_OF_ANSWER = 4
"""Significant digits needed to round an exact gold answer: 0.6667 is 2/3, 0.67 is not."""
LEAST_DIGITS_OF_GOLD = 3
"""Significant digits of a decimal gold answer that an exact answer rounds to: 17/3 is 5.67."""
LEAST_DIGITS_OF_BOTH = 5
"""Significant digits of the shorter of two decimals."""
LEAST_DIGITS_CUT = 6
"""Significant digits of a decimal answer truncated instead of rounded: 0.666666 is 2/3."""
_DIGITS_OF_FLOAT = range(16, 19)  # a float prints with 16 or 17 digits; 18 if truncated by hand
_MOST_DIGITS_BESIDE_FLOAT = 12
_ERROR_OF_FLOAT = Fraction(2, 10**15)  # a few units in the last place of a double
_LEAST_DIGITS_NEAR = 15
_NEAR = Fraction(1, 10**12)  # numbers this close may differ by float error or be distinct

_INTEGER = r"(?:[1-9]\d{0,2}(?:,\d{3})+(?!\d)|\d+)"
_PLAIN = r"(?:\d+(?:\.\d+)?\.?|\.\d+)"
_UNSIGNED = rf"""
    (?P<grouped>
        [1-9]\d{{0,2}}(?:,\d{{3}})+(?![\d,])(?:\.\d+)?
      | \d{{1,3}}(?:[ ]\d{{3}})+(?![\d/]|,\d|\{{,)(?:\.\d+)? )
  | (?P<european>
        \d{{1,3}}(?:\.\d{{3}}){{2,}}(?![\d.])(?:(?:,|\{{,\}})\d+)?
      | \d{{1,3}}(?:\.\d{{3}})+(?:,|\{{,\}})\d+
      | \d{{1,3}}(?:[ ]\d{{3}})+(?:,|\{{,\}})\d+
      | \d+\{{,\}}\d+ )(?![\d,])
  | (?P<comma>\d+,\d+)(?![\d,.])
  | (?P<repeating>\d*\.\d*?(?:\\overline[ ]?\{{\d{{1,20}}\}}|\(\d{{1,20}}\)))
  | (?P<endless>\d*\.\d+)\.\.\.
  | (?P<plain>{_PLAIN})
"""
_POWER = r"""
    [ ]?(?:\\times|\\cdot|\*|x|X)[ ]?(?:10|\{10\})[ ]?(?:\^|\*\*)[ ]?
        (?:\{[ ]?(?P<exponent>[-+]?[ ]?\d{1,9})[ ]?\}|\(?(?P<exponent_bare>[-+]?\d{1,9})\)?)
  | (?:[eE]|[ ]?\\times[ ]?10[eE])(?P<exponent_e>[-+]?\d{1,9})(?![\d.])
"""
_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_NUMBER = re.compile(
    rf"""
    (?P<sign>[-+])?[ ]?
    (?:
        (?:(?P<whole>\d{{1,3}}(?:[ ,]\d{{3}})+|\d+)(?:[ ]|(?=\\frac)))?
        (?: \\frac[ ]?\{{[ ]?(?P<above>-?[ ]?(?:{_INTEGER}|{_PLAIN}))[ ]?\}}[ ]?
                       \{{[ ]?(?P<below>-?[ ]?(?:{_INTEGER}|{_PLAIN}))[ ]?\}}
          | (?P<above_slash>{_INTEGER}|{_PLAIN})[ ]?/[ ]?
                (?P<below_slash>{_INTEGER}(?![.])|{_PLAIN})(?!\d) )
      | (?P<ten>10|\{{10\}})[ ]?(?:\^|\*\*)[ ]?
            (?: \{{[ ]?(?P<exponent_ten>[-+]?[ ]?\d{{1,9}})[ ]?\}}
              | (?P<exponent_ten_bare>-?\d{{1,9}}) )
      | (?:{_UNSIGNED})(?:{_POWER})?
            (?P<scale>[ ]?\{{?[ ]?(?:{"|".join(_SCALES)})(?![A-Za-z])[ ]?\}}?)?
    )
    """,
    re.VERBOSE,
)
_PERCENT = re.compile(
    r" ?(?:%|\{ ?(?:%|percent(?:age)?|per cent|pct) ?\}|(?:percent(?:age)?|per cent|pct)(?![a-z]))"
)
_HAS_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class Number:
    """`sign · (whole + above / below) · 10^exponent`, with digits as text.

    Attributes:
        places: digits after the point of a decimal, None if the number is exact.
        digits: significant digits written.
        percent: a percent sign follows; the value is that of the number before it.
        comma: written as `3,75`, which may also be two numbers.
        cut: digits followed by dots (`0.333...`).
    """

    sign: int
    above: str
    below: str = "1"
    whole: str = "0"
    exponent: int = 0
    places: int | None = None
    digits: int = 0
    percent: bool = False
    comma: bool = False
    cut: bool = False

    @property
    def kind(self) -> str:
        return "number"

    @property
    def value(self) -> Fraction | None:
        """The exact value without the percent sign; None if it has too many digits."""
        size = max(len(self.above), len(self.below), len(self.whole))
        if size > MAX_DIGITS or abs(self.exponent) > MAX_DIGITS:
            return None
        below = int(self.below)
        value = Fraction(self.sign * (int(self.whole) * below + int(self.above)), below)
        return value * Fraction(10) ** self.exponent if self.exponent else value

    def canonical(self) -> tuple[int, str, int] | None:
        """Sign, digits without outer zeros, exponent; None for a fraction."""
        if self.below != "1" or self.whole != "0":
            return None
        digits = self.above.lstrip("0").rstrip("0")
        if not digits:
            return 0, "", 0
        zeros = len(self.above) - len(self.above.rstrip("0"))
        return self.sign, digits, self.exponent + zeros

    def is_decimal_comma(self) -> bool:
        """Return whether it cannot be a list: `0,111` and `3,05`; `3,75` and `0,5` can."""
        if not self.comma or self.places is None:
            return False
        part = self.above[-self.places :]
        return (self.above.startswith("0") and len(part) > 2) or (part[0] == "0" and len(part) > 1)

    def compare(self, gold: "Number", _compare: Compare) -> Decision:
        """Return whether this is `gold`, or one rounds the other to enough digits."""
        if self.comma or gold.comma:
            return _with_comma(self, gold)
        return _same_percentage(self, gold)


def same_number(answer: Number, gold: Number) -> Decision:
    """Compare two numbers, ignoring percent signs."""
    mine, wanted = answer.canonical(), gold.canonical()
    if mine is not None and wanted is not None:
        if mine == wanted:
            return equal("exact", "equal numbers")
        if answer.places is None and gold.places is None:
            return different("exact", "integers are never approximated")
        if abs(gold.exponent) > MAX_DIGITS:
            answer, gold = shifted(answer, -gold.exponent), shifted(gold, -gold.exponent)
        if abs(answer.exponent) > MAX_DIGITS >= max(len(answer.above), len(gold.above)):
            return different("exact", "numbers of other sizes")
    value, wanted_value = answer.value, gold.value
    if value is None or wanted_value is None:
        return undecided("limit", "a number of too many digits")
    if value == wanted_value:
        return equal("exact", "equal numbers")
    if answer.places is None and gold.places is None:
        return different("exact", "different numbers")
    return _same_rounded(answer, value, gold, wanted_value)


def shifted(number: Number, power: int) -> Number:
    """Return the number times a power of ten."""
    places = None if number.places is None else number.places - power
    return replace(number, exponent=number.exponent + power, places=places)


def _same_rounded(answer: Number, value: Fraction, gold: Number, wanted: Fraction) -> Decision:
    """Compare different values of which at least one is a decimal."""
    if value.denominator == wanted.denominator == 1:
        return different("exact", "integers are never approximated")
    if _is_float_of(answer, value, gold, wanted) or _is_float_of(gold, wanted, answer, value):
        return equal("rounding", "a computer's last digits")
    if answer.places is None:
        decimal, exact, least = gold, value, LEAST_DIGITS_OF_GOLD
    elif gold.places is None:
        decimal, exact, least = answer, wanted, LEAST_DIGITS_OF_ANSWER
    elif answer.places > gold.places:
        decimal, exact, least = gold, value, LEAST_DIGITS_OF_BOTH
    else:
        decimal, exact, least = answer, wanted, LEAST_DIGITS_OF_BOTH
    cuts = decimal is answer and (gold.places is None or answer.cut)
    decision = _rounds(decimal, exact, exact, least, cuts=cuts)
    long = max(answer.digits, gold.digits)
    return _unless_near(decision, long, abs(value - wanted), abs(wanted))


def _is_float_of(long: Number, value: Fraction, short: Number, wanted: Fraction) -> bool:
    if long.digits not in _DIGITS_OF_FLOAT or long.places is None or not wanted:
        return False
    if short.places is not None and short.digits > _MOST_DIGITS_BESIDE_FLOAT:
        return False
    return abs(value - wanted) <= abs(wanted) * _ERROR_OF_FLOAT


def _unless_near(decision: Decision, digits: int, error: Fraction, size: Fraction) -> Decision:
    """Return undecided instead of different if the values agree to enough digits."""
    if decision.outcome != "different" or digits < _LEAST_DIGITS_NEAR or error > size * _NEAR:
        return decision
    return undecided("rounding", "nearly the same number")


def _rounds(
    decimal: Number, low: Fraction, high: Fraction, least_digits: int, *, cuts: bool
) -> Decision:
    """Return whether a decimal rounds a value in [low, high] to its digits, halves either way.

    Args:
        cuts: it may also be the truncated value.
    """
    written = decimal.value
    if written is None or decimal.places is None:
        return undecided("limit", "a number of too many digits")
    if decimal.digits < least_digits and not (decimal.cut and decimal.digits >= 3):
        return different("rounding", "too few digits for a rounding")
    step = Fraction(10) ** -decimal.places
    if written - step / 2 <= low and high <= written + step / 2:
        return equal("rounding", "a decimal that rounds the other to its digits")
    touched = high >= written - step / 2 and low <= written + step / 2
    if cuts and written and (decimal.cut or decimal.digits >= LEAST_DIGITS_CUT):
        if written < 0:
            low, high, written = -high, -low, -written
        if written <= low and high < written + step:
            return equal("rounding", "a decimal that is the other cut off")
        touched = touched or (high >= written and low < written + step)
    if touched and low != high:
        return undecided("limit", "too close to the edge of a rounding")
    return different("rounding", "not the other's rounding")


def same_rounded(decimal: Number, enclosure: Any, *, least_digits: int) -> Decision:
    """Return whether a decimal is the rounding of a real number known within bounds.

    Args:
        enclosure: a python-flint `arb`, or a pair of fractions (low, high).
        least_digits: `LEAST_DIGITS_OF_ANSWER` if the decimal is the answer,
            `LEAST_DIGITS_OF_GOLD` if it is the gold answer.
    """
    if decimal.places is None or decimal.percent:
        return different("exact", "a number that is no decimal")
    bounds = enclosure if isinstance(enclosure, tuple) else _bounds(enclosure)
    if bounds is None:
        return undecided("limit", "bounds too wide")
    low, high = bounds
    is_answer = least_digits == LEAST_DIGITS_OF_ANSWER
    value = decimal.value
    decision = _rounds(decimal, low, high, least_digits, cuts=is_answer)
    if value is None or decision.outcome == "equal":
        return decision
    error, most = max(abs(value - low), abs(value - high)), max(abs(low), abs(high))
    if decimal.digits in _DIGITS_OF_FLOAT and error <= most * _ERROR_OF_FLOAT:
        return equal("rounding", "a computer's last digits")
    return _unless_near(decision, decimal.digits, error, most)


def _bounds(ball: Any) -> tuple[Fraction, Fraction] | None:
    """Return a ball's exact ends; `lower()` would round them to flint's current precision."""
    if not ball.is_finite():
        return None
    parts: list[Fraction] = []
    for part in (ball.mid(), ball.rad()):
        mantissa, exponent = part.man_exp()
        if abs(int(exponent)) > 100_000:
            return None
        parts.append(int(mantissa) * Fraction(2) ** int(exponent))
    middle, radius = parts
    return middle - radius, middle + radius


def _with_comma(answer: Number, gold: Number) -> Decision:
    """Compare when one is written as `3,75`: the number 3.75, or 3 and 75.

    A gold answer `2,3` is more often a list than a number, so 2.3 does not count as equal.
    """
    plain = _same_percentage(answer, gold)
    if any(number.is_decimal_comma() for number in (answer, gold)):
        return plain
    if plain.outcome != "equal" or _ends_in_zero(answer) or _ends_in_zero(gold):
        return undecided("unread", "a comma in a number or between two")
    if gold.comma and not answer.comma:
        return undecided("kind", "a comma in a number or between two")
    return equal(plain.reason, "a decimal comma")


def _ends_in_zero(number: Number) -> bool:
    return number.comma and number.above.endswith("0")


def _same_percentage(answer: Number, gold: Number) -> Decision:
    """Compare two numbers of which one may have a percent sign that the other lacks."""
    if answer.percent == gold.percent:
        return same_number(answer, gold)
    if gold.percent:
        plain = same_number(answer, gold)
        if plain.outcome == "equal":
            return equal(plain.reason, "a percent sign left out")
        part = same_number(answer, _of_one(gold))
        return equal(part.reason, "a percentage as a part of one") if _is_equal(part) else part
    part = same_number(_of_one(answer), gold)
    if _is_equal(part):
        return equal(part.reason, "a percentage as a part of one")
    plain = same_number(answer, gold)
    if not _is_equal(plain):
        return plain
    value = gold.value
    if value is None or abs(value) <= 1:
        return undecided("exact", "a percentage for a number that may be a part of one")
    return equal(plain.reason, "a percent sign that the gold answer leaves out")


def _is_equal(decision: Decision) -> bool:
    return decision.outcome == "equal"


def _of_one(number: Number) -> Number:
    """Return a percentage as a fraction of one."""
    return replace(shifted(number, -2), percent=False)


# Reading ------------------------------------------------------------------------------------


def read_number(text: str) -> Number | None:
    """Read the whole text as one number, with or without a percent sign."""
    found = match_number(text)
    if found is not None:
        number, end = found
        if end == len(text):
            return number
        percent = _PERCENT.match(text, end)
        return replace(number, percent=True) if percent and percent.end() == len(text) else None
    return read_number_words(text)


def match_number(text: str, start: int = 0) -> tuple[Number, int] | None:
    """Return the longest number at a position, without percent sign and unit, and its end."""
    match = _NUMBER.match(text, start)
    if match is None:
        return None
    sign = -1 if match["sign"] == "-" else 1
    if match["above"] is not None or match["above_slash"] is not None:
        number = _fraction(match)
    elif match["ten"] is not None:
        number = _power_of_ten(match)
    else:
        number = _decimal(match)
    if number is None:
        return None
    return replace(number, sign=-number.sign) if sign < 0 else number, match.end()


def _power_of_ten(match: re.Match[str]) -> Number:
    exponent = int((match["exponent_ten"] or match["exponent_ten_bare"]).replace(" ", ""))
    return Number(1, "1", exponent=exponent)


def _fraction(match: re.Match[str]) -> Number | None:
    above = match["above"] if match["above"] is not None else match["above_slash"]
    below = match["below"] if match["below"] is not None else match["below_slash"]
    sign = 1
    parts: list[tuple[str, int]] = []
    for part in (above, below):
        bare = part.replace(",", "").replace(" ", "").rstrip(".")
        if bare.startswith("-"):
            sign, bare = -sign, bare[1:]
        whole, _, decimals = bare.partition(".")
        parts.append((whole + decimals, len(decimals)))
    (above, above_places), (below, below_places) = parts
    if not below.strip("0"):
        return None
    if match["whole"] is not None:
        proper = len(above) <= len(below) <= MAX_DIGITS and int(above) < int(below)
        if not proper or above_places or below_places or sign < 0:
            return None  # not a mixed number
    below = below.lstrip("0")
    exponent = below_places - above_places
    if match["whole"] is None or not exponent:
        whole = (match["whole"] or "0").replace(" ", "").replace(",", "")
        return Number(sign, above, below, whole, exponent)
    return None


_EXPONENTS = ("exponent", "exponent_bare", "exponent_e")


def _decimal(match: re.Match[str]) -> Number | None:
    power = next((match[name] for name in _EXPONENTS if match[name] is not None), None)
    exponent = int(power.replace(" ", "")) if power is not None else 0
    scale = (match["scale"] or "").strip(" {}")
    exponent += _SCALES.get(scale, 0)
    if match["repeating"] is not None:
        return _repeating(match["repeating"], exponent)
    digits, comma = _digits(match)
    whole, _, decimals = digits.partition(".")
    written = whole + decimals
    approximate = bool(decimals) or power is not None
    return Number(
        1,
        written,
        exponent=exponent - len(decimals),
        places=len(decimals) - exponent if approximate else None,
        digits=len(written.lstrip("0")),
        comma=comma,
        cut=match["endless"] is not None,
    )


def _digits(match: re.Match[str]) -> tuple[str, bool]:
    """Return the digits with at most one point, and whether a comma stood for it."""
    if (grouped := match["grouped"]) is not None:
        return grouped.replace(",", "").replace(" ", ""), False
    if (european := match["european"]) is not None:
        return european.replace(".", "").replace(" ", "").replace("{,}", ",").replace(
            ",", "."
        ), False
    if (comma := match["comma"]) is not None:
        return comma.replace(",", "."), True
    return match["endless"] or match["plain"].rstrip("."), False


def _repeating(text: str, exponent: int) -> Number | None:
    r"""Return `0.1\overline{6}` as a fraction of integers."""
    before, _, again = text.partition("\\" if "\\" in text else "(")
    whole, _, once = before.partition(".")
    again = "".join(_ONLY_DIGITS.findall(again))
    if len(whole) + len(once) > MAX_DIGITS:
        return None
    above = int(f"{whole}{once}{again}") - int(f"{whole}{once}" or "0")
    return Number(1, str(above), "9" * len(again) + "0" * len(once), exponent=exponent)


_ONLY_DIGITS = re.compile(r"\d+")

# Words --------------------------------------------------------------------------------------

_PARTS = {
    "half": 2,
    "halve": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
    "twelfth": 12,
    "hundredth": 100,
}
_NAMES_OF_PARTS = frozenset(f"{word}ths" for word in (*SMALL, *_SCALES))
NUMBER_WORDS = frozenset((*SMALL, *_SCALES, *_PARTS, *_NAMES_OF_PARTS, "dozen", "halves"))
"""Words that form or change a number: `5 tenths` and `5 dozen` are not 5."""
_MAX_WORDS = 40
_NUMBER_WORDS = re.compile(r"[A-Za-z][A-Za-z \-]{2,200}")


def read_number_words(text: str) -> Number | None:
    """Read "twenty-one", "minus five", "two thirds", "a dozen", "three point five"."""
    bare = text.strip("{} ")
    if not _NUMBER_WORDS.fullmatch(bare):
        return None
    words = bare.lower().replace("-", " ").split()
    percent = words[-1:] == ["percent"]
    words = words[:-1] if percent else words
    sign = -1 if words[:1] in (["minus"], ["negative"]) else 1
    words = words[1:] if sign < 0 else words
    if not words or len(words) > _MAX_WORDS:
        return None
    number = _of_words(words)
    return number and replace(number, sign=sign, percent=percent)


def _of_words(words: list[str]) -> Number | None:
    below = _PARTS.get(words[-1].removesuffix("s"))
    if below is not None:
        above = words[:-1]
        count = 1 if above in ([], ["a"]) and words[-1] in ("half", "quarter") else _whole(above)
        return None if count is None else Number(1, str(count), str(below))
    if words[-1] == "dozen":
        count = 1 if words[:-1] in ([], ["a"]) else _whole(words[:-1])
        return None if count is None else Number(1, str(12 * count))
    if "point" in words:
        at = words.index("point")
        count = _whole(words[:at])
        decimals = [SMALL.get(word, 10) for word in words[at + 1 :]]
        if count is None or not decimals or max(decimals) > 9:
            return None
        written = str(count) + "".join(map(str, decimals))
        return Number(
            1,
            written,
            exponent=-len(decimals),
            places=len(decimals),
            digits=len(written.lstrip("0")),
        )
    count = _whole(words)
    return None if count is None else Number(1, str(count))


def _whole(words: list[str]) -> int | None:
    """Return the integer named by the words; None if they are not one name ("two three")."""
    total, last = 0, 10**15
    group: list[str] = []
    for word in words:
        power = _SCALES.get(word, 0)
        if power < 3:
            group.append(word)
            continue
        value = _below_thousand(group)
        if value is None or 10**power >= last:
            return None
        total, last, group = total + value * 10**power, 10**power, []
    if not group:
        return total if words else None
    if group[0] == "and" and total:
        group = group[1:]
    rest = _below_thousand(group)
    return None if rest is None or (total and not rest) else total + rest


def _below_thousand(words: list[str]) -> int | None:
    words = ["one", *words[1:]] if words[:1] == ["a"] and len(words) > 1 else words
    if words == ["a"]:
        return 1
    if "hundred" in words[1:2]:
        hundreds = SMALL.get(words[0], 0)
        rest = words[3:] if words[2:3] == ["and"] else words[2:]
        if not 1 <= hundreds <= 99:
            return None
        if not rest:
            return 100 * hundreds if len(words) == 2 else None
        below = _below_hundred(rest)
        return None if not below else 100 * hundreds + below
    return _below_hundred(words)


def _below_hundred(words: list[str]) -> int | None:
    values = [SMALL.get(word) for word in words]
    if len(values) == 1:
        return values[0]
    if len(values) == 2 and values[0] and values[1] and values[0] >= 20 and values[1] < 10:
        return values[0] + values[1]
    return None
