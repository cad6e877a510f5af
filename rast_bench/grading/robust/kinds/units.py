r"""Units as written in answers: `{ km/h}`, `{ m s}^{-2}`, `{square feet}`, `\degree C`, `\$`.

A table maps words and symbols to names in pint, which converts them. pint is imported only to
compare two units that are not the same word.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from rast_bench.grading.robust.kinds.numbers import NUMBER_WORDS
from rast_bench.grading.robust.kinds.unit_definitions import PREFIXES, UNITS

MAX_UNIT = 80
_MOST_WORDS = 5


def _table(text: str) -> dict[str, str]:
    """Map both a and b of `name=a,b` to the name in pint."""
    pairs = (entry.split("=") for entry in text.split())
    return {written: name for name, all_written in pairs for written in all_written.split(",")}


# Symbols are case-sensitive; words are not, and may be plural.
_SYMBOLS = _table(
    r"""
    meter=m centimeter=cm millimeter=mm kilometer=km decimeter=dm nanometer=nm picometer=pm
    femtometer=fm micrometer=um inch=in foot=ft yard=yd mile=mi light_year=ly parsec=pc
    astronomical_unit=AU kiloparsec=kpc megaparsec=Mpc second=s,sec,secs millisecond=ms
    nanosecond=ns microsecond=us hour=h,hr,hrs minute=min,mins day=d year=yr,yrs week=wk,wks
    month=mo gram=g kilogram=kg milligram=mg pound=lb,lbs ounce=oz liter=L,l milliliter=mL,ml
    deciliter=dL kiloliter=kL centimeter**3=cc gallon=gal quart=qt tablespoon=tbsp teaspoon=tsp
    mile/hour=mph kilometer/hour=kph,kmh,kmph meter/second=mps foot/second=fps
    degree=deg,\degree radian=rad kelvin=K joule=J kilojoule=kJ megajoule=MJ millijoule=mJ
    calorie=cal kilocalorie=kcal electron_volt=eV kiloelectron_volt=keV megaelectron_volt=MeV
    gigaelectron_volt=GeV millielectron_volt=meV newton=N kilonewton=kN millinewton=mN
    pascal=Pa kilopascal=kPa megapascal=MPa gigapascal=GPa hectopascal=hPa atmosphere=atm
    bar=bar psi=psi mmHg=mmHg torr=torr watt=W kilowatt=kW megawatt=MW gigawatt=GW milliwatt=mW
    kilowatt_hour=kWh horsepower=hp volt=V millivolt=mV kilovolt=kV ampere=A milliampere=mA
    microampere=uA coulomb=C nanocoulomb=nC farad=F picofarad=pF nanofarad=nF microfarad=uF
    tesla=T millitesla=mT weber=Wb henry=H millihenry=mH hertz=Hz kilohertz=kHz megahertz=MHz
    gigahertz=GHz mole=mol millimole=mmol molar=M millimolar=mM ohm=ohm,\Omega
    revolutions_per_minute=rpm revolution=rev kilobyte=kB megabyte=MB gigabyte=GB terabyte=TB
    kilobit=Kb megabit=Mb usd=USD,\$,$ eur=EUR,€ gbp=GBP,£ jpy=JPY,¥ inr=INR,Rs,₹ cny=CNY
    usd_cent=¢ arcminute=' arcsecond='',"
    """
) | {r"\degree C": "degree_Celsius", r"\degree F": "degree_Fahrenheit"}
_WORDS = _table(
    """
    meter=meter,metre foot=foot,feet inch=inch yard=yard mile=mile angstrom=angstrom
    parsec=parsec acre=acre light_year=lightyear hectare=hectare micrometer=micron
    furlong=furlong second=second minute=minute hour=hour day=day week=week month=month
    year=year decade=decade century=century fortnight=fortnight gram=gram,gramme pound=pound
    ounce=ounce metric_ton=tonne liter=liter,litre gallon=gallon quart=quart pint=pint cup=cup
    tablespoon=tablespoon teaspoon=teaspoon knot=knot degree=degree radian=radian
    arcminute=arcminute arcsecond=arcsecond kelvin=kelvin degree_Celsius=celsius
    degree_Fahrenheit=fahrenheit joule=joule calorie=calorie erg=erg newton=newton dyne=dyne
    pascal=pascal atmosphere=atmosphere watt=watt horsepower=horsepower volt=volt
    ampere=ampere,amp coulomb=coulomb farad=farad tesla=tesla gauss=gauss weber=weber
    henry=henry ohm=ohm hertz=hertz mole=mole molar=molar revolution=revolution bit=bit
    byte=byte steradian=steradian electron_volt=electronvolt usd=dollar,buck
    usd_cent=cent,penny,pennie eur=euro jpy=yen inr=rupee cny=yuan mxn=peso
    """
)
_PREFIXES = ("kilo", "mega", "giga", "milli", "micro", "nano", "pico", "centi", "deci", "hecto")
_PREFIXED = frozenset(
    (
        *("meter", "metre", "gram", "second", "liter", "litre", "joule", "newton", "pascal"),
        *("watt", "volt", "ampere", "coulomb", "farad", "tesla", "hertz", "mole", "calorie"),
        *("byte", "bit", "electronvolt", "ohm", "henry", "parsec", "molar", "gramme"),
    )
)
_SQUARED = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_RAISED = {"squared": 2, "cubed": 3}
_DESCRIPTIONS = frozenset(
    (
        *("long", "wide", "tall", "high", "deep", "away", "old", "apart", "each", "total", "ago"),
        "later",
    )
)
_NO_NOUNS = NUMBER_WORDS | frozenset(
    (
        *(
            "fewer",
            "incorrect",
            "wrong",
            "invalid",
            "impossible",
            "undefined",
            "unknown",
            "negative",
        ),
        *("binary", "octal", "hexadecimal", "hex", "decimal", "inverse", "root"),
        *("and", "or", "by", "if", "when", "where", "is", "are", "was", "to", "not", "only"),
        *("more", "than", "less", "least", "most", "mod", "modulo", "plus", "minus", "over"),
        *("divided", "no", "times", "sin", "cos", "tan", "log", "ln", "exp", "percent"),
        *("percentage", "except", "but", "unless", "for", "with", "without", "approximately"),
        *("about", "factorial", "base", "choose", "maximum", "minimum", "because", "since", "so"),
        *("the", "that", "which", "from", "remainder", "does", "cannot", "between", "through"),
        *("until", "million", "billion", "hundred", "thousand", "half", "third", "squared"),
        *("cubed", "infinity", "true", "false", "lakh", "lakhs", "crore", "crores", "gross"),
        *("score", "scores", "mil", "ppm", "ppb", "permille", "permil", "basis", "bps", "fold"),
        *("integer", "real", "prime", "even", "odd", "dozens"),
    )
)
_NO_PLURALS = frozenset(
    (
        *("others", "roots", "radicals", "pairs", "twos", "tens", "contradicts", "discards"),
        *("fails", "works", "remains", "equals", "cancels", "always", "perhaps", "besides"),
    )
)
"""Words that look like plurals of counted nouns but may be a factor, a root or a verb."""
_PLURALS = frozenset(
    (
        *("fruit", "sheep", "fish", "deer", "criteria", "phenomena", "radii", "foci", "teeth"),
        *("series", "species", "data", "loci", "cacti", "axes", "oxen", "feet", "geese"),
    )
)
_NO_NOUN_ENDINGS = ("ed", "ly", "ing")
_MOMENTS = frozenset(("ago", "later"))
DOUBTFUL = "doubtful"
"""Marks a word that may not be a noun: "5 rejected", "5 (discard)"."""
SINGULAR = "singular"
"""Marks a noun in the singular."""
MASS = "mass"
"""Marks `lb`, which cannot be a currency as "pounds" can."""
_TOKEN = re.compile(
    r"(?P<power>(?:\^|\*\*) ?(?:\{ ?(?P<braced>-?\d{1,2}) ?\}|(?P<bare>-?\d{1,2})))"
    r"|(?P<degree>\\degree ?(?:\{? ?(?P<scale>[CF])(?![A-Za-z]) ?\}?)?)"
    r"|(?P<micro>\\mu ?\{? ?(?=[mgsLlFACJNWV]))"
    r"|(?P<command>\\Omega|\\\$|[€£¥₹¢$]|''|'|\")"
    r"|(?P<times>\\cdot|\\times|\*)"
    r"|(?P<over>/)"
    r"|(?P<word>[A-Za-z]+)\.?"
    r"|(?P<blank>[ {}()~-])"
)


@dataclass(frozen=True)
class Unit:
    """Names in pint and count nouns, each with its power.

    Attributes:
        nouns: words that are not units: what is counted.
        letter: a single letter without braces, which may be an unknown instead.
        marks: further information in its words: `DOUBTFUL`, `SINGULAR`, `MASS`, "ago", "later".
    """

    powers: tuple[tuple[str, int], ...]
    nouns: frozenset[str] = frozenset()
    letter: bool = False
    marks: frozenset[str] = field(default=frozenset(), compare=False)

    def is_angle(self) -> bool:
        return self in (DEGREE, RADIAN)


def _unit(
    powers: dict[str, int],
    nouns: frozenset[str],
    *,
    letter: bool = False,
    marks: frozenset[str] = frozenset(),
) -> Unit:
    ordered = sorted((name, power) for name, power in powers.items() if power)
    return Unit(tuple(ordered), nouns, letter, marks)


DEGREE = _unit({"degree": 1}, frozenset())
RADIAN = _unit({"radian": 1}, frozenset())
GENERIC = "unit"
"""The name of the unit in "square units"."""


def read_unit(text: str, *, spaced: bool = True) -> Unit | None:
    """Read a whole text as a unit, or return None.

    Args:
        spaced: a space or brace separates it from its number; otherwise letters may be unknowns.
    """
    if not text.strip() or len(text) > MAX_UNIT or text.lstrip(" {").startswith("-"):
        return None  # `5 - { cm}` lost something
    reading = _Reading()
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or not reading.take(token):
            return None
        position = token.end()
    braced = "{" in text or "\\" in text
    return reading.unit(braced=braced, spaced=spaced, bracketed="(" in text)


class _Reading:
    """The state between tokens of a unit."""

    def __init__(self) -> None:
        self._powers: dict[str, int] = {}
        self._nouns: list[str] = []
        self._last: list[tuple[str, int]] = []
        self._sign = 1
        self._next_power = 1
        self._prefix = ""
        self._letters = 0
        self._words = 0
        self._of = False
        self._before_of: int | None = None  # nouns before "of"
        self._marks: set[str] = set()
        self._open = False  # after "/", "per" or "square", which a unit must follow

    def take(self, token: re.Match[str]) -> bool:
        """Consume a token; return whether it can follow."""
        if token["power"]:
            return self._raise(int(token["braced"] or token["bare"]))
        if token["degree"]:
            return self._add(f"\\degree {token['scale']}" if token["scale"] else r"\degree")
        if token["micro"]:
            self._prefix = "micro"
            return True
        if token["command"]:
            return self._add(token["command"])
        if token["over"]:
            return self._per()
        if token["word"]:
            return self._word(token["word"])
        return True

    def _per(self) -> bool:
        """Put what follows into the denominator."""
        if self._open or self._sign < 0 or not (self._powers or self._nouns):
            return False
        self._sign, self._open = -1, True
        return True

    def _raise(self, power: int) -> bool:
        """Raise the last unit to a power, once."""
        if not self._last or not power or abs(power) > 9:
            return False
        for name, before in self._last:
            self._powers[name] += before * (power - 1)
        self._last = []
        return True

    def _add(self, symbol: str) -> bool:
        return self._add_name(_SYMBOLS[symbol])

    def _add_name(self, name: str) -> bool:
        power = self._sign * self._next_power
        if self._prefix:
            name, self._prefix = self._prefix + name, ""
        above, _, below = name.partition("/")
        root, _, exponent = above.partition("**")
        self._last = [(root, power * int(exponent or 1))]
        if below:
            self._last.append((below, -power))
        for each, times in self._last:
            self._powers[each] = self._powers.get(each, 0) + times
        self._next_power, self._open = 1, False
        return True

    def _word(self, word: str) -> bool:
        lower = word.lower()
        if self._of or (lower in _DESCRIPTIONS and self._powers):
            self._marks |= {lower} & _MOMENTS
            return True
        if lower == "per" or (lower in ("a", "an") and self._powers and not self._open):
            return self._per()
        if lower == "of":
            self._of = bool(self._powers)
            self._before_of = len(self._nouns)
            return self._of or bool(self._nouns)
        if lower in ("a", "an", "each") and self._open:
            return True
        if lower in _SQUARED:
            self._next_power, self._open = _SQUARED[lower], True
            return True
        if lower in _RAISED:
            return self._raise(_RAISED[lower])
        if lower in ("celsius", "fahrenheit") and self._powers.pop("degree", 0):
            self._last = []
        name = named(word)
        if name is None or (self._nouns and self._sign > 0):
            return self._noun(lower)
        if self._prefix and name not in ("meter", "gram", "second", "liter", "farad", "ampere"):
            return name in ("coulomb", "joule", "newton", "watt", "volt") and self._add_name(name)
        self._letters += len(word) == 1
        self._marks |= {MASS} if lower in ("lb", "lbs") else set()
        return self._add_name(name)

    def _noun(self, word: str) -> bool:
        self._words += 1
        if (
            word in _NO_NOUNS
            or singular(word) in NUMBER_WORDS
            or len(word) < 3
            or self._words > _MOST_WORDS
            or self._powers
        ):
            return self._noun_under(word)
        self._nouns.append(word)
        return True

    def _noun_under(self, word: str) -> bool:
        """Handle `dollars per apple`, `cm rope`: a noun counted under, or beside, a unit."""
        if word in _NO_NOUNS or len(word) < 3 or self._words > _MOST_WORDS:
            return False
        if self._open:
            self._open = False
            self._nouns.append(f"/{singular(word)}")
            return True
        return False

    def _doubts(self, *, bracketed: bool) -> set[str]:
        """Return whether the last word of a phrase is no noun, or in the singular."""
        nouns = self._nouns if self._before_of is None else self._nouns[: self._before_of]
        said = [noun for noun in nouns if not noun.startswith("/")]
        if not said:
            return set()
        noun = said[-1]
        alone = len(said) == 1 and self._before_of is None
        if bracketed or noun.endswith(_NO_NOUN_ENDINGS) or (alone and noun in _NO_PLURALS):
            return {DOUBTFUL}
        many = noun in _PLURALS or noun in _IRREGULAR or singular(noun) != noun
        return set() if many else {SINGULAR}

    def unit(self, *, braced: bool, spaced: bool, bracketed: bool = False) -> Unit | None:
        if self._open or self._prefix or not (self._powers or self._nouns):
            return None
        nouns = frozenset(map(singular, self._nouns))
        if nouns and not (braced or spaced):
            return None
        lone = self._letters == 1 and len(self._powers) == 1
        letter = not braced and self._letters > 0 and (lone or not spaced)
        marks = frozenset(self._marks | self._doubts(bracketed=bracketed))
        return _unit(self._powers, nouns, letter=letter, marks=marks)


def named(word: str) -> str | None:
    """Return pint's name for a word or symbol, or None."""
    if word in _SYMBOLS:
        return _SYMBOLS[word]
    lower = word.lower()
    if lower in ("unit", "units"):
        return GENERIC
    for form in (lower, singular(lower), lower.removesuffix("s")):
        if form in _WORDS:
            return _WORDS[form]
        for prefix in _PREFIXES:
            rest = form.removeprefix(prefix)
            if rest != form and rest in _PREFIXED:
                return prefix + _WORDS[rest]
    return None


_IRREGULAR = _table(
    """
    person=people,persons child=children man=men woman=women mouse=mice goose=geese foot=feet
    tooth=teeth vertex=vertices die=dice matrix=matrices penny=pence century=centuries
    """
)


def singular(word: str) -> str:
    """Return a noun's singular, well enough to tell nouns apart."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


# Conversion ---------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def registry() -> Any:
    """Return the units above with exact factors."""
    import pint

    units: Any = pint.UnitRegistry(None, non_int_type=Fraction, autoconvert_offset_to_baseunit=True)
    units.load_definitions(f"{PREFIXES}{UNITS}".splitlines())
    return units


_TEMPERATURES = frozenset(("degree_Celsius", "degree_Fahrenheit", "kelvin"))


def conversion(unit: Unit, wanted: Unit) -> tuple[Fraction, Fraction] | None:
    """Return (factor, offset) such that `value · factor + offset` is in the other unit.

    None if the two have other dimensions or count other things. The factor between degrees and
    radians is not rational: check `Unit.is_angle` first.
    """
    if not same_nouns(unit.nouns, wanted.nouns):
        return None
    if unit.powers == wanted.powers:
        return Fraction(1), Fraction(0)
    if "degree" in dict(unit.powers).keys() ^ dict(wanted.powers).keys():
        return _angle(unit, wanted)
    one, other = (_pint_unit(each) for each in (unit, wanted))
    if one.dimensionality != other.dimensionality:
        return None
    if unit.powers[0][0] in _TEMPERATURES and len(unit.powers) == len(wanted.powers) == 1:
        at_zero, at_one = (
            Fraction(registry().Quantity(Fraction(value), one).to(other).magnitude)
            for value in (0, 1)
        )
        return at_one - at_zero, at_zero
    return Fraction(registry().Quantity(Fraction(1), one).to(other).magnitude), Fraction(0)


def _pint_unit(unit: Unit) -> Any:
    product = registry().Unit("")
    for name, power in unit.powers:
        product = product * registry().Unit(name) ** power
    return product


_ARCSECONDS = {"arcsecond": 1, "arcminute": 60, "degree": 3_600, "revolution": 1_296_000}


def _angle(unit: Unit, wanted: Unit) -> tuple[Fraction, Fraction] | None:
    if len(unit.powers) != 1 or len(wanted.powers) != 1:
        return None
    (name, power), (other, other_power) = unit.powers[0], wanted.powers[0]
    if name not in _ARCSECONDS or other not in _ARCSECONDS or power != 1 or other_power != 1:
        return None
    return Fraction(_ARCSECONDS[name], _ARCSECONDS[other]), Fraction(0)


def same_nouns(nouns: frozenset[str], wanted: frozenset[str]) -> bool:
    """Return whether two phrases may mean the same: "red apples" is "apples", not "oranges"."""
    under, wanted_under = (
        {noun for noun in each if noun.startswith("/")} for each in (nouns, wanted)
    )
    if under != wanted_under or bool(nouns) != bool(wanted):
        return False
    return nouns <= wanted or wanted <= nouns


# Units of which an answer may add two (`2 h 30 min`, `5 ft 3 in`), with their sizes.
_FAMILIES = (
    {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800},
    {"month": 1, "year": 12},
    {"inch": 1, "foot": 12, "yard": 36, "mile": 63_360},
    {"millimeter": 1, "centimeter": 10, "meter": 1_000, "kilometer": 1_000_000},
    {"ounce": 1, "pound": 16},
    {"milligram": 1, "gram": 1_000, "kilogram": 1_000_000},
    {"milliliter": 1, "liter": 1_000},
    {"pint": 1, "quart": 2, "gallon": 8},
    {"arcsecond": 1, "arcminute": 60, "degree": 3_600},
    {"usd_cent": 1, "usd": 100},
)


_LENGTHS = tuple(family for family in _FAMILIES if "inch" in family or "meter" in family)


def size(unit: Unit, of: Unit) -> Fraction | None:
    """Return how many of one unit another of its family has; None without a common family."""
    names = [each.powers[0] for each in (unit, of) if len(each.powers) == 1 and not each.nouns]
    if len(names) != 2 or any(power != 1 for _, power in names):
        return None
    for family in _FAMILIES:
        if names[0][0] in family and names[1][0] in family:
            return Fraction(family[names[0][0]], family[names[1][0]])
    return None


def length_power(unit: Unit) -> int | None:
    """Return 2 for square centimetres and "square units"; None if not a power of a length."""
    if len(unit.powers) != 1 or unit.nouns:
        return None
    name, power = unit.powers[0]
    is_length = name == GENERIC or any(name in family for family in _LENGTHS)
    return power if is_length else None


def family_sizes(unit: Unit) -> tuple[Fraction, ...]:
    """Return the sizes of the other units of its family, in terms of this one."""
    if len(unit.powers) != 1 or unit.nouns:
        return ()
    name, power = unit.powers[0]
    return tuple(
        Fraction(family[name], other) ** power
        for family in _FAMILIES
        if name in family
        for each, other in family.items()
        if each != name
    )
