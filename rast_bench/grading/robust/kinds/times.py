r"""Times of day (`3:45 PM`, `15:45`, noon) and dates (`March 5, 2021`, `2021-03-05`)."""

import re
from dataclasses import dataclass
from math import gcd
from typing import Literal

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare

MAX_LENGTH = 60

_HALF = r"(?P<half>[aApP]) ?\.? ?[mM]\.?"
_TIME = re.compile(
    r"(?:at )?(?P<hour>\d{1,2})"
    r"(?: ?: ?(?P<minute>\d{2})(?: ?: ?(?P<second>\d{2}))?)?"
    rf"(?P<rest> ?\{{? ?(?:{_HALF}|o'? ?clock|(?P<noon>noon)|(?P<midnight>midnight)) ?\}}?)?"
    r"(?: ?\{? ?(?:in the )?(?P<part>morning|afternoon|evening|night) ?\}?)?"
)
_NAMED = {"noon": (12, "pm"), "midday": (12, "pm"), "midnight": (12, "am")}


@dataclass(frozen=True)
class TimeOfDay:
    """A time as written. `half` is None if neither AM nor PM is written.

    Attributes:
        ratio: the two numbers if nothing else is written, as it may then be a ratio.
    """

    hour: int
    minute: int
    second: int
    half: Literal["am", "pm"] | None
    ratio: tuple[int, int] | None = None

    @property
    def kind(self) -> str:
        return "time of day"

    def hours(self) -> int | None:
        """Return the hour of 24; None if it may be in either half of the day."""
        if self.half is not None:
            return self.hour % 12 + (12 if self.half == "pm" else 0)
        return self.hour

    def compare(self, gold: "TimeOfDay", _compare: Compare) -> Decision:
        """Compare to the minute; an answer may add AM or PM; leaving it out is undecided."""
        if (self.minute, self.second) != (gold.minute, gold.second):
            return self._other(gold)
        hour, wanted = self.hours(), gold.hours()
        if hour == wanted:
            return equal("time", "the same time")
        if self.hour % 12 != gold.hour % 12 or (self.half and gold.half):
            return self._other(gold)
        if gold.half is None and self.half is not None and gold.hour <= 12:
            return equal("time", "AM or PM that the gold answer leaves out")
        return undecided("time", "AM or PM left out")

    def _other(self, gold: "TimeOfDay") -> Decision:
        """Return the decision for another time, unless both are ratios and equal as such."""
        if self.ratio and gold.ratio and min(self.minute, gold.minute) > 9:
            (above, below), (wanted_above, wanted_below) = self.ratio, gold.ratio
            proportional = above * wanted_below == below * wanted_above
            if proportional and gcd(wanted_above, wanted_below) == 1:
                return undecided("time", "two times or one ratio")
        return different("time", "another time")


def read_time_of_day(text: str) -> TimeOfDay | None:
    """Read `3:45`, `3:45 PM`, `3 p.m.`, `3 o'clock`, "noon"."""
    if len(text) > MAX_LENGTH:
        return None
    named = _NAMED.get(text.strip("{} ").lower())
    if named:
        return TimeOfDay(named[0], 0, 0, "pm" if named[1] == "pm" else "am")
    match = _TIME.fullmatch(text)
    if match is None or not (match["minute"] or match["rest"]):
        return None
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    half = _half(match)
    if hour > (12 if half else 23) or (half and not hour) or minute > 59 or second > 59:
        return None
    ratio = (hour, minute) if text.count(":") == 1 and text.replace(":", "").isdigit() else None
    if half is None and (hour > 12 or not hour):
        return TimeOfDay((hour - 12) % 12 or 12, minute, second, "pm" if hour else "am", ratio)
    return TimeOfDay(hour, minute, second, half, ratio)


def _half(match: re.Match[str]) -> Literal["am", "pm"] | None:
    if match["half"]:
        return "am" if match["half"] in "aA" else "pm"
    if match["noon"] or match["part"] in ("afternoon", "evening"):
        return "pm"
    if match["midnight"] or match["part"] == "morning":
        return "am"
    return None


_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MONTH = "|".join([*_MONTHS, *(f"{name[:3]}\\.?" for name in _MONTHS), "sept\\.?"])
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
_YEAR = r"(?:,? ?(?P<year>\d{4}))?"
_MONTH_FIRST = re.compile(rf"{_WEEKDAY}(?P<month>{_MONTH}) (?:the )?(?P<day>\d{{1,2}}){_YEAR}")
_DAY_FIRST = re.compile(
    rf"{_WEEKDAY}(?:the )?(?P<day>\d{{1,2}}) (?:of )?(?P<month>{_MONTH}){_YEAR}"
)
_MONTH_ONLY = re.compile(rf"(?P<month>{_MONTH}),? (?P<year>\d{{4}})")
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})")
_NUMERIC = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2(\d{4})")


@dataclass(frozen=True)
class Date:
    """Possible meanings (year, month, day): two for `5/3/2021`. Parts not written are None."""

    readings: frozenset[tuple[int | None, int, int | None]]

    @property
    def kind(self) -> str:
        return "date"

    def compare(self, gold: "Date", _compare: Compare) -> Decision:
        """Compare days; an answer may add the year; leaving it out is undecided."""
        if len(self.readings) > 1 or len(gold.readings) > 1:
            common = self.readings & gold.readings
            return undecided("time", "day or month first") if common else different("time")
        ((year, month, day),) = self.readings
        ((wanted_year, wanted_month, wanted_day),) = gold.readings
        if (month, day) != (wanted_month, wanted_day):
            return different("time", "another day")
        if year == wanted_year:
            return equal("time", "the same day")
        if wanted_year is None:
            return equal("time", "a year that the gold answer leaves out")
        return undecided("time", "a year left out") if year is None else different("time")


def read_date(text: str) -> Date | None:
    """Read a date with a month's name, as YYYY-MM-DD, or in digits with a four-digit year."""
    if len(text) > MAX_LENGTH:
        return None
    bare = " ".join(text.replace("{", " ").replace("}", " ").split()).lower()
    for pattern in (_MONTH_FIRST, _DAY_FIRST, _MONTH_ONLY, _ISO):
        if match := pattern.fullmatch(bare):
            found = match.groupdict()
            month = found["month"]
            number = int(month) if month.isdigit() else _month(month)
            year, day = (int(found[name]) if found.get(name) else None for name in ("year", "day"))
            return _date([(year, number, day)])
    if match := _NUMERIC.fullmatch(bare):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        return _date([(year, first, second), (year, second, first)])
    return None


def _month(name: str) -> int:
    return next(at for at, month in enumerate(_MONTHS, start=1) if month.startswith(name[:3]))


def _date(readings: list[tuple[int | None, int, int | None]]) -> Date | None:
    possible = [each for each in readings if 1 <= each[1] <= 12 and 1 <= (each[2] or 1) <= 31]
    return Date(frozenset(possible)) if possible else None
