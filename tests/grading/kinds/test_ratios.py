import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import DIFFERENT, EQUAL, compared
from scalar_cases import cases

from rast_bench.grading.robust.kinds.ratios import read_ratio


@pytest.mark.parametrize(("answer", "gold", "outcome"), cases("ratios"))
def test_ratios(answer: str, gold: str, outcome: str) -> None:
    assert compared(answer, gold).outcome == outcome


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(1, 500), min_size=2, max_size=5), st.integers(2, 9), st.data())
def test_scaled_ratios_are_equal(parts: list[int], times: int, data: st.DataObject) -> None:
    gold = read_ratio(" : ".join(map(str, parts)))
    scaled = read_ratio(":".join(str(times * part) for part in parts))
    if gold is None or scaled is None or gold.clock:
        return
    assert scaled.compare(gold, compared).outcome == EQUAL
    at = data.draw(st.integers(0, len(parts) - 1))
    off = [times * part + (place == at) for place, part in enumerate(parts)]
    other = read_ratio(" to ".join(map(str, off)))
    assert other is None or other.compare(gold, compared).outcome == DIFFERENT


@pytest.mark.parametrize("text", ["3:00", "3:05", "x:=5", r"f: A \to B", "2:", "1:2:3:4:5:6:7:8:9"])
def test_what_is_no_ratio(text: str) -> None:
    assert read_ratio(text) is None
