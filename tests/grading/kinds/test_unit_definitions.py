"""The definitions of units against pint's own."""

from fractions import Fraction

import pint
import pytest

from rast_bench.grading.robust.kinds.unit_definitions import UNITS
from rast_bench.grading.robust.kinds.units import (
    _PREFIXED,
    _PREFIXES,
    _SYMBOLS,
    _WORDS,
    conversion,
    read_unit,
    registry,
)

WRITTEN = {
    part.partition("**")[0]
    for name in (*_SYMBOLS.values(), *_WORDS.values())
    for part in name.split("/")
} | {prefix + _WORDS[word] for prefix in _PREFIXES for word in _PREFIXED}
PINT: pint.UnitRegistry = pint.UnitRegistry(
    non_int_type=Fraction, autoconvert_offset_to_baseunit=True
)
OF_OUR_OWN = {"acre", "furlong", "gauss", "decade", "unit"} | {
    *("usd", "usd_cent", "eur", "gbp", "jpy", "inr", "cny", "mxn")
}


@pytest.mark.parametrize("name", sorted(WRITTEN - OF_OUR_OWN))
def test_a_unit_is_that_of_pint(name: str) -> None:
    ours, theirs = (
        units.Quantity(Fraction(3), name).to_root_units() for units in (registry(), PINT)
    )
    assert ours.magnitude == theirs.magnitude
    assert dict(ours.unit_items()) == dict(theirs.unit_items())


def test_every_unit_that_is_written_is_defined() -> None:
    for name in OF_OUR_OWN:
        assert f"\n{name} = " in UNITS
        registry().Unit(name)


@pytest.mark.parametrize(
    ("unit", "wanted", "factor"),
    [
        ("acres", "square feet", 43_560),
        ("miles", "furlongs", 8),
        ("T", "gauss", 10_000),
        ("decades", "years", 10),
        ("centuries", "decades", 10),
        ("dollars", "cents", 100),
        ("dollars", "euros", None),
        ("pesos", "yen", None),
        ("square units", "cm^2", None),
        ("acres", "feet", None),
    ],
)
def test_conversions_of_our_own(unit: str, wanted: str, factor: int | None) -> None:
    units = read_unit(f"{{{unit}}}"), read_unit(f"{{{wanted}}}")
    assert units[0] is not None
    assert units[1] is not None
    found = conversion(units[0], units[1])
    assert (found and found[0]) == factor
