"""Exact intervals: possible values of a printed number before rounding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import ceil, floor


@dataclass(frozen=True)
class Interval:
    """A closed interval of rational numbers."""

    low: Fraction
    high: Fraction

    def __add__(self, other: "Interval") -> "Interval":
        return Interval(self.low + other.low, self.high + other.high)

    def __truediv__(self, divisor: int) -> "Interval":
        """Return the quotient by a positive integer."""
        return Interval(self.low / divisor, self.high / divisor)

    def overlaps(self, other: "Interval") -> bool:
        return self.low <= other.high and other.low <= self.high

    def contains(self, value: Fraction | int) -> bool:
        return self.low <= value <= self.high


def rounding_interval(value: Decimal, ulps: Fraction = Fraction(1, 2)) -> Interval:
    """Return everything within `ulps` units of the last printed place, ends included.

    By default these are the numbers that print as `value`; a tie may have gone either way.
    """
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int), "published numbers are finite"
    reach = ulps * Fraction(10) ** exponent
    return Interval(Fraction(value) - reach, Fraction(value) + reach)


def image(function: Callable[..., Fraction], arguments: Sequence[Interval]) -> Interval:
    """Return the values of a function over a box of independent arguments, from the box's corners.

    Exact for a function that is monotone in each argument while the others are fixed: its extremes
    over the box are then at corners. The direction may depend on the other arguments.

    Raises:
        ZeroDivisionError: as the function does at a corner.
    """
    values = [function(*corner) for corner in product(*((one.low, one.high) for one in arguments))]
    return Interval(min(values), max(values))


def multiples_within(interval: Interval, step: Fraction) -> range:
    """Return the integers c for which c · step lies in the interval."""
    return range(ceil(interval.low / step), floor(interval.high / step) + 1)


def nearest_multiples(value: Fraction, step: Fraction) -> tuple[Fraction, Fraction]:
    """Return the multiple of `step` at or below the value, and the next one above it."""
    count = floor(value / step)
    return count * step, (count + 1) * step
