from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.paper.intervals import (
    Interval,
    image,
    multiples_within,
    nearest_multiples,
    rounding_interval,
)

PRINTED = st.decimals(min_value=-200, max_value=200, places=1)


def finer(interval: Interval, steps: int = 4) -> list[Fraction]:
    """Evenly spaced values of an interval, both ends included."""
    width = interval.high - interval.low
    return [interval.low + width * i / steps for i in range(steps + 1)]


@given(PRINTED)
def test_exactly_the_numbers_of_an_interval_print_as_its_value(value: Decimal) -> None:
    interval = rounding_interval(value)
    for thousandths in range(-80, 81):
        truth = value + Decimal(thousandths) / 1000
        printings = {
            truth.quantize(Decimal("0.1"), how) for how in (ROUND_HALF_UP, ROUND_HALF_EVEN)
        }
        if value in printings:
            assert interval.contains(Fraction(truth))
        elif abs(thousandths) != 50:  # a tie that both ways round away may still be printed down
            assert not interval.contains(Fraction(truth))


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [
        ("84", "83.5", "84.5"),
        ("95.60", "95.595", "95.605"),
        ("8.21e21", "8.205e21", "8.215e21"),
        ("0.03", "0.025", "0.035"),
    ],
)
def test_the_last_printed_place_counts(printed: str, low: str, high: str) -> None:
    assert rounding_interval(Decimal(printed)) == Interval(Fraction(low), Fraction(high))


@given(st.lists(PRINTED, min_size=3, max_size=3))
def test_the_image_of_a_ratio_holds_every_rounding_and_is_reached(values: list[Decimal]) -> None:
    base, rast, rl = map(rounding_interval, values)
    if base.low <= rl.high and rl.low <= base.high:
        return  # the gap may be 0

    def recovery(base: Fraction, rast: Fraction, rl: Fraction) -> Fraction:
        return (rast - base) / (rl - base)

    found = image(recovery, [base, rast, rl])
    enumerated = [recovery(*truth) for truth in product(*map(finer, (base, rast, rl)))]
    assert found == Interval(min(enumerated), max(enumerated))


def test_an_image_meets_a_gap_of_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        image(lambda a, b: 1 / (a - b), [Interval(Fraction(0), Fraction(1))] * 2)


@given(
    st.fractions(min_value=-20, max_value=20, max_denominator=50),
    st.fractions(min_value=0, max_value=3, max_denominator=50),
    st.fractions(min_value=Fraction(1, 20), max_value=3, max_denominator=50),
)
def test_multiples_are_those_a_search_finds(low: Fraction, width: Fraction, step: Fraction) -> None:
    interval = Interval(low, low + width)
    searched = [count for count in range(-500, 500) if interval.contains(count * step)]
    assert list(multiples_within(interval, step)) == searched
    below, above = nearest_multiples(low, step)
    assert below <= low < above == below + step
    assert (below / step).denominator == 1


def test_sums_and_means_of_intervals() -> None:
    one, two = Interval(Fraction(1), Fraction(2)), Interval(Fraction(3), Fraction(5))
    assert (one + two) / 2 == Interval(Fraction(2), Fraction(7, 2))
    assert one.overlaps(Interval(Fraction(2), Fraction(3)))
    assert not one.overlaps(two)
