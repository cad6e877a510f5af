"""Read a text as every kind of answer that it may be."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rast_bench.grading.robust.kinds.base import Reader, Reading
from rast_bench.grading.robust.kinds.bases import BasedNumber, read_based
from rast_bench.grading.robust.kinds.choices import Choice, read_choice
from rast_bench.grading.robust.kinds.collections import Collection, read_list, read_set, read_tuple
from rast_bench.grading.robust.kinds.conditions import Conditioned, read_conditioned
from rast_bench.grading.robust.kinds.congruences import Congruence, read_congruence
from rast_bench.grading.robust.kinds.dimensions import Dimensions, read_dimensions
from rast_bench.grading.robust.kinds.equations import read_equation
from rast_bench.grading.robust.kinds.expressions import Expression, read_expression
from rast_bench.grading.robust.kinds.inequalities import read_inequality
from rast_bench.grading.robust.kinds.intervals import read_region
from rast_bench.grading.robust.kinds.notation import (
    enclosed,
    has_parts,
    split_relation,
    without_arrows,
)
from rast_bench.grading.robust.kinds.number_sets import read_number_set
from rast_bench.grading.robust.kinds.numbers import Number, read_number
from rast_bench.grading.robust.kinds.quantities import Quantity, read_quantity
from rast_bench.grading.robust.kinds.ratios import Ratio, read_ratio
from rast_bench.grading.robust.kinds.solutions import read_solution
from rast_bench.grading.robust.kinds.systems import read_solutions, read_system
from rast_bench.grading.robust.kinds.times import read_date, read_time_of_day
from rast_bench.grading.robust.kinds.vectors import read_matrix
from rast_bench.grading.robust.kinds.words import (
    read_bound,
    read_infinitely_many,
    read_nothing,
    read_truth,
    read_words,
)


def read_values(text: str) -> Collection | None:
    """Read a list that is not a system: `x = 1, y = 2` gives values in no order."""
    solutions = read_solutions(text)
    if solutions:
        return Collection("list", solutions)
    return None if read_system(text) else read_list(text)


def _read_conditioned(text: str) -> Conditioned | None:
    """Read an answer with a condition, but not a phrase that contains "for" or "with"."""
    conditioned = read_conditioned(text)
    return None if conditioned is None or read_words(conditioned.main) else conditioned


READERS: tuple[Reader, ...] = (
    read_truth,
    read_nothing,
    read_infinitely_many,
    read_bound,
    read_choice,
    read_time_of_day,
    read_date,
    read_number,
    read_based,
    read_quantity,
    read_ratio,
    read_dimensions,
    read_number_set,
    read_matrix,
    read_solution,
    read_congruence,
    read_tuple,
    read_region,
    _read_conditioned,
    read_system,
    read_set,
    read_values,
    read_words,
    read_equation,
    read_inequality,
    read_expression,
)
QUICK_READERS = READERS[: READERS.index(read_number) + 1]
"""Readers whose kinds are compared without algebra."""


_PARTS: frozenset[Reader] = frozenset((read_values, read_words, read_equation, read_expression))
"""Readers of what may be a part of a congruence, whose modulus applies to all."""


def readings_of(text: str, readers: Sequence[Reader]) -> Iterator[Reading]:
    """Yield what the readers find in a text, reading on only when the next one is wanted.

    A choice in brackets rules out an expression, a congruence what would be parts of it: readers of
    those two come first.
    """
    ruled_out: frozenset[Reader] = frozenset()
    for reader in readers:
        reading = None if reader in ruled_out else reader(text)
        if reading is None:
            continue
        if isinstance(reading, Choice) and reading.bracketed:
            ruled_out |= {read_expression}
        if isinstance(reading, Congruence):
            ruled_out |= _PARTS
        yield reading


@dataclass(frozen=True)
class Text:
    """A text and its readings in the order of `READERS`."""

    text: str
    readings: tuple[Reading, ...]

    def quantity(self) -> Quantity | None:
        return next((found for found in self.readings if isinstance(found, Quantity)), None)

    @property
    def kind(self) -> str:
        """The first kind that it was written as."""
        return next(filter(stands_alone, self.readings)).kind

    def is_structure(self) -> bool:
        """Return whether it has a reading beyond the attempt to read an expression."""
        return any(
            not isinstance(reading, Expression) and stands_alone(reading)
            for reading in self.readings
        )

    def is_clear(self) -> bool:
        """Return whether it certainly is something: an expression counts if it can be parsed."""
        return self.is_structure() or any(
            isinstance(reading, Expression) and reading.is_clear() for reading in self.readings
        )


@lru_cache(maxsize=4_096)
def read(text: str) -> Text:
    """Return the readings of a cleaned text; `= 5` is read as 5."""
    text = body(without_arrows(text))
    readings = list(readings_of(text, READERS))
    if SET_OF_NOTHING.fullmatch(text):
        readings = [reading for reading in readings if reading.kind == "set"]
        readings = readings or [Collection("set", (r"\emptyset",))]
    return Text(text, tuple(readings))


_NOTHING = r"(?:\\(?:emptyset|varnothing)|∅|\\\{ ?\\\}|\{ ?\})"
EMPTY = re.compile(_NOTHING)
SET_OF_NOTHING = re.compile(rf"\\\{{ ?{_NOTHING} ?\\?\}}")


def body(text: str) -> str:
    text = text.removeprefix("=").lstrip()
    if text.startswith("(") and "=" in text and enclosed(text):
        inner = text[1:-1].strip()
        if split_relation(inner)[1] and not has_parts(inner):
            return inner  # `(35 + 70 = 105)`
    return text


def stands_alone(reading: Reading) -> bool:
    """Return whether a text was written as this kind, rather than only beside a text of it.

    Plain digits are a number in base n, a fraction is a ratio, a product is dimensions, and `1,2`
    is one number, if the other text is one.
    """
    if isinstance(reading, BasedNumber):
        return reading.base is not None
    if isinstance(reading, Ratio):
        return not reading.quotient
    if isinstance(reading, Dimensions):
        return not reading.product
    return not (isinstance(reading, Number) and reading.comma and not reading.is_decimal_comma())
