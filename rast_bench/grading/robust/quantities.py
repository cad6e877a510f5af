r"""Numbers as answers write them: `1,234`, `-2/3`, `1 \frac{1}{2}`, `3.2 \times 10^{-5}`, `12.5%`,
`\$18.90`, `2516_8`, `5 cm`. Values are exact fractions."""

import re
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

MAX_DIGITS = 400
_CLOSE = Fraction(1, 10**6)
_FLOATING_POINT = Fraction(1, 10**9)
_LEAST_DIGITS_OF_EXACT = 4  # of a decimal answer to an exact gold: 0.6667 is 2/3, 0.67 is not
_LEAST_DIGITS_OF_GOLD = 3  # of a decimal gold to an exact answer: 17/3 is 5.67
_LEAST_DIGITS_OF_BOTH = 5

_UNSIGNED = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)?(?:\.\d+)?"
_QUANTITY = re.compile(
    rf"""
    (?P<sign>[-+]?)\s*
    (?P<currency>\\\$|USD|€|£)?\s*
    (?P<sign_after>-?)\s*
    (?:
        (?:(?P<whole>\d+)\s*(?:\s|(?=\\frac)))?
        (?: \\frac\s*\{{\s*(?P<above>-?\d+)\s*\}}\s*\{{\s*(?P<below>\d+)\s*\}}
          | (?P<above_slash>(?:\d[\d,]*|\d*\.\d+))\s*/\s*(?P<below_slash>(?:\d[\d,]*|\d*\.\d+)) )
      | (?P<number>(?=[.\d]){_UNSIGNED}\.?)
        (?:_\{{?\s*(?:\\?text)?\{{?(?P<base>\d+|[a-z]+)\}}?\s*\}}?)?
        (?P<power>
            \s*(?:\\times|\\cdot|\*|x|X)\s*10\s*\^\s*\{{?\s*(?P<exponent>[-+]?\s*\d+)\s*\}}?
          | [eE](?P<exponent_e>[-+]?\d+)
        )?
    )
    \s*
    (?P<percent>%|percent|per\s+cent)?
    (?P<unit>\s*\\degree
        |\s*\{{\s*[A-Za-z\\][^{{}}]*\}}\s*(?:\^\s*\{{?-?\d\}}?)?(?:\s*/?\s*\{{[^{{}}]*\}}(?:\^\s*\{{?-?\d\}}?)?)*
        |\s+[A-Za-z]{{2,}}[A-Za-z\s./-]*(?:\^\s*\{{?-?\d\}}?)?
        |(?<=[\d\s])(?:cm|mm|km|kg|mg|mL|ml|Hz|kHz|MHz|GHz|eV|keV|MeV|kJ|Pa|kPa|rad|mol|AU|pc|ly|ms|ns)
            (?:\s*\^\s*\{{?-?\d\}}?)?
        |\s+[mgsLhNJVWKCZ](?:\s*\^\s*\{{?-?\d\}}?)?(?:\s*/\s*s(?:\s*\^\s*\{{?2\}}?)?)?
        |\s*[¢])?
    \s*
    """,
    re.VERBOSE,
)
_POWER_OF_TEN = re.compile(r"(?P<sign>-?)\s*10\s*\^\s*\{?\s*(?P<exponent>[-+]?\s*\d+)\s*\}?")
_NO_UNIT = re.compile(r"\b(?:and|or|by|if|when|where|is|are|to|not|only)\b")


@dataclass(frozen=True)
class Quantity:
    """A number with what was written beside it.

    Attributes:
        decimals: digits after the point where the number is a decimal, None where it is exact.
        digits: significant digits written.
    """

    value: Fraction
    decimals: int | None
    digits: int
    percent: bool = False
    unit: str = ""
    base: str = ""


def read_quantity(text: str) -> Quantity | None:
    """The quantity that the whole text is, or None."""
    if len(text) > MAX_DIGITS:
        return None
    power = _POWER_OF_TEN.fullmatch(text)
    if power:
        exponent = int(power["exponent"].replace(" ", ""))
        sign = -1 if power["sign"] else 1
        return _quantity(sign * _ten_to(exponent), None, 1) if abs(exponent) <= 300 else None
    match = _QUANTITY.fullmatch(text)
    if match is None or (match["unit"] and _NO_UNIT.search(match["unit"])):
        return None
    negative = (match["sign"] == "-") != (match["sign_after"] == "-")
    read = _fraction(match) if match["number"] is None else _decimal(match)
    if read is None:
        return None
    value, decimals, digits = read
    return Quantity(
        -value if negative else value,
        decimals,
        digits,
        bool(match["percent"]),
        _unit(match["unit"] or "", match["currency"] or ""),
        match["base"] or "",
    )


def _quantity(value: Fraction, decimals: int | None, digits: int) -> Quantity:
    return Quantity(value, decimals, digits)


def _ten_to(exponent: int) -> Fraction:
    return Fraction(10) ** exponent


def _fraction(match: re.Match[str]) -> tuple[Fraction, None, int] | None:
    if match["above"] is not None:
        above, below = Fraction(match["above"]), Fraction(match["below"])
    else:
        above, below = (
            Fraction(match[name].replace(",", "")) for name in ("above_slash", "below_slash")
        )
    if not below:
        return None
    if match["whole"] is None:
        return above / below, None, 0
    if above >= below or above < 0:  # not a mixed number
        return None
    return Fraction(match["whole"]) + above / below, None, 0


def _decimal(match: re.Match[str]) -> tuple[Fraction, int | None, int] | None:
    digits = match["number"].replace(",", "").removesuffix(".")
    exponent = int((match["exponent"] or match["exponent_e"] or "0").replace(" ", ""))
    if abs(exponent) > 300:
        return None
    whole, point, fraction = digits.partition(".")
    significant = len((whole + fraction).lstrip("0"))
    decimals = len(fraction) - exponent if point or match["power"] else None
    return Fraction(digits) * _ten_to(exponent), decimals, significant


_UNIT_NAMES = {
    "cent": "cents",
    "¢": "cents",
    "\\$": "dollars",
    "usd": "dollars",
    "dollar": "dollars",
    "\\degree": "degrees",
    "degree": "degrees",
}
_RIVALS = (  # units of one dimension that answers may confuse
    frozenset({"mm", "cm", "m", "km", "inches", "feet", "ft", "yards", "miles", "in", "mi"}),
    frozenset({"seconds", "s", "minutes", "min", "hours", "h", "days", "weeks", "years"}),
    frozenset({"dollars", "cents"}),
    frozenset({"mg", "g", "kg", "grams", "kilograms"}),
    frozenset({"ml", "l", "liters", "milliliters"}),
    frozenset({"degrees", "rad", "radians"}),
)


def _unit(unit: str, currency: str) -> str:
    bare = re.sub(r"[{}\s]+", " ", unit).strip().lower()
    bare = _UNIT_NAMES.get(bare, bare)
    return bare or ("dollars" if currency in ("\\$", "USD") else currency)


def same_quantity(answer: Quantity, gold: Quantity) -> bool:
    """Equal values, units that do not exclude each other, and roundings that both sides allow.

    A percent sign on one side only may mean the number or its hundredth.
    """
    if answer.base and gold.base and answer.base != gold.base:
        return False
    rivals = any(answer.unit in units and gold.unit in units for units in _RIVALS)
    if rivals and answer.unit.rstrip("s") != gold.unit.rstrip("s"):
        return False
    if answer.percent == gold.percent:
        return same_number(answer, gold)
    if answer.value == gold.value:
        return True
    return same_number(*(_of_one(quantity) for quantity in (answer, gold)))


def _of_one(quantity: Quantity) -> Quantity:
    """A percentage as a part of one."""
    if not quantity.percent:
        return quantity
    decimals = None if quantity.decimals is None else quantity.decimals + 2
    return replace(quantity, value=quantity.value / 100, decimals=decimals, percent=False)


def same_number(answer: Quantity, gold: Quantity) -> bool:
    """Whether one is the other, or its correct rounding to digits enough to tell."""
    if answer.value == gold.value:
        return True
    if answer.decimals is None and gold.decimals is None:
        return False
    if answer.decimals is None:
        return _rounds_to(answer.value, gold, _LEAST_DIGITS_OF_GOLD)
    if gold.decimals is None:
        return _rounds_to(gold.value, answer, _LEAST_DIGITS_OF_EXACT)
    finer, coarser = (answer, gold) if answer.decimals > gold.decimals else (gold, answer)
    return _rounds_to(finer.value, coarser, _LEAST_DIGITS_OF_BOTH)


def _rounds_to(value: Fraction, decimal: Quantity, least_digits: int) -> bool:
    if not value:
        return False
    error = abs(decimal.value - value) / abs(value)
    if decimal.digits >= 10 and error < _FLOATING_POINT:
        return True
    if value.denominator == 1 and decimal.value.denominator == 1:
        return False  # integers are exact
    if decimal.digits >= 7 and error < _CLOSE:
        return True
    return decimal.digits >= least_digits and decimal.value in rounded(value, decimal.decimals or 0)


def rounded(value: Fraction, decimals: int) -> set[Fraction]:
    """The value rounded to so many decimals, halves either way."""
    with localcontext() as context:
        context.prec = 700
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        step = Decimal(1).scaleb(-decimals)
        return {
            Fraction(exact.quantize(step, rounding=way)) for way in (ROUND_HALF_UP, ROUND_HALF_EVEN)
        }
