from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, UNDECIDED, compared
from scalar_cases import cases


@pytest.mark.parametrize(("answer", "gold", "outcome"), cases("times"))
def test_times(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 23), st.integers(0, 59), st.integers(1, 59))
def test_times_of_both_clocks(hour: int, minute: int, later: int) -> None:
    half = "p.m." if hour >= 12 else "a.m."
    gold = f"{hour % 12 or 12}:{minute:02d} {half}"
    assert compared(f"{hour}:{minute:02d}", gold).outcome in (EQUAL, UNDECIDED)
    assert compared(rf"{hour % 12 or 12}:{minute:02d} \text{{ {half[0]}m}}", gold).outcome == EQUAL
    other = f"{hour % 12 or 12}:{(minute + later) % 60:02d} {half}"
    assert compared(other, gold).outcome == DIFFERENT
    assert compared(gold.replace(half, "am" if half == "p.m." else "pm"), gold).outcome == DIFFERENT


@settings(deadline=None)  # a busy machine is no failure
@given(st.dates(), st.integers(1, 400))
def test_dates(day: date, later: int) -> None:
    gold = f"{day:%B} {day.day}, {day.year:04d}"
    for answer in (f"{day.day} {day:%B} {day.year:04d}", day.isoformat()):
        assert compared(answer, gold).outcome == EQUAL
    if day.toordinal() + later <= date.max.toordinal():
        other = day + timedelta(days=later)
        assert compared(other.isoformat(), gold).outcome == DIFFERENT
