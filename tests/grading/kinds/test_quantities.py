import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, compared
from scalar_cases import cases

from rast_bench.grading.robust.cleaning import clean
from rast_bench.grading.robust.kinds.quantities import read_quantity
from rast_bench.grading.robust.kinds.units import read_unit

SIZES = {
    "length": {"mm": 1, "cm": 10, "m": 1_000, "km": 1_000_000},
    "time": {"s": 1, "min": 60, "h": 3_600, "days": 86_400},
    "mass": {"mg": 1, "g": 1_000, "kg": 1_000_000},
    "money": {"cents": 1, "dollars": 100},
}


@pytest.mark.parametrize(("answer", "gold", "outcome"), cases("quantities"))
def test_quantities(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(st.integers(1, 10**6), st.sampled_from(sorted(SIZES)), st.data())
def test_conversions_are_equal_and_exact(value: int, dimension: str, data: st.DataObject) -> None:
    sizes = SIZES[dimension]
    unit, other = (data.draw(st.sampled_from(sorted(sizes))) for _ in range(2))
    converted = Fraction(value * sizes[unit], sizes[other])
    gold = rf"{value} \text{{ {unit}}}"
    answer = rf"\frac{{{converted.numerator}}}{{{converted.denominator}}} \text{{ {other}}}"
    assert compared(answer, gold).outcome == EQUAL
    off = rf"\frac{{{converted.numerator + 1}}}{{{converted.denominator}}} \text{{ {other}}}"
    assert compared(off, gold).outcome == DIFFERENT
    if unit != other:
        assert compared(rf"{value} \text{{ {other}}}", gold).outcome == DIFFERENT


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(st.integers(1, 10**4), st.sampled_from(sorted(SIZES)), st.sampled_from(sorted(SIZES)))
def test_other_dimensions_are_different(value: int, one: str, other: str) -> None:
    if one != other:
        units = min(SIZES[one]), min(SIZES[other])
        answer, gold = (rf"{value} \text{{ {unit}}}" for unit in units)
        assert compared(answer, gold).outcome == DIFFERENT


@pytest.mark.parametrize(
    "text",
    [
        *(
            "5x",
            "5",
            r"\frac{1}{2}",
            "5!",
            "2^3",
            "x",
            r"5 \text{ or } 6",
            r"5 \bmod 7",
            "4t",
            "5\\%",
        ),
        *(r"\frac{1}{m}", r"\sqrt{5}", "5, 6 cm", "x = 5 cm", "f(5) m", r"\text{cm}", "5 / cm / s"),
        r"56 \text{ km} \text{ and } 76 \text{ km}",
    ],
)
def test_what_is_no_quantity(text: str) -> None:
    assert read_quantity(clean(text)) is None


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("{ km/h}", "kilometers per hour"),
        ("{ m s}^{-2}", "m/s^2"),
        ("{ square feet}", "ft^2"),
        ("{ sq. ft}", "feet squared"),
        ("{ cubic centimeters}", "cc"),
        ("{ kg} \\cdot { m}/{ s}^2", "kg m s^{-2}"),
        ("{ meters per second squared}", "m/s^2"),
        ("{ kWh}", "{ kWh}"),
    ],
)
def test_units_in_several_writings(text: str, same: str) -> None:
    unit = read_unit(text)
    assert unit is not None
    assert unit == read_unit(f"{{{same}}}" if "{" not in same else same)


def test_pint_is_loaded_for_conversions_only() -> None:
    code = (
        "import sys\n"
        "from rast_bench.grading.robust.kinds.quantities import read_quantity as read\n"
        "same = lambda one, other: None\n"
        "read('5 { cm}').compare(read('6 cm'), lambda *_: __import__('rast_bench.grading.decision',"
        " fromlist=['equal']).equal('exact'))\n"
        "assert 'pint' not in sys.modules\n"
        "read('5 { cm}').compare(read('5 { m}'), same)\n"
        "assert 'pint' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
