"""Any text is read and compared without an exception, by every reader of scalars."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading.decision import Decision, undecided
from rast_bench.grading.robust.cleaning import MAX_LENGTH, clean
from rast_bench.grading.robust.kinds.base import Reader
from rast_bench.grading.robust.kinds.bases import read_based
from rast_bench.grading.robust.kinds.choices import read_choice
from rast_bench.grading.robust.kinds.numbers import read_number
from rast_bench.grading.robust.kinds.quantities import read_quantity
from rast_bench.grading.robust.kinds.ratios import read_ratio
from rast_bench.grading.robust.kinds.times import read_date, read_time_of_day
from rast_bench.grading.robust.kinds.words import (
    read_bound,
    read_infinitely_many,
    read_nothing,
    read_truth,
    read_words,
)

READERS: list[Reader] = [
    *(read_truth, read_nothing, read_infinitely_many, read_bound, read_words, read_choice),
    *(read_time_of_day, read_date, read_number, read_based, read_ratio, read_quantity),
]
PIECES = [
    *("1", "2", "0", "12", "345", "9" * 20, "1e9", "e400", "e-400", ".", ",", "{,}", " ", "-", "+"),
    *("/", "^", "_", "{", "}", "(", ")", r"\frac{1}{2}", r"\frac", r"\sqrt", "%", r"\$", "$", "€"),
    *(r"\text{ cm}", " cm", " m", r"\text{ h }", " min", " hours", " and ", " or ", " per ", ":"),
    *(" to ", " p.m.", "noon", "March ", "5, 2021", "2021-03-05", "/2021", "_{8}", r"\text{two}"),
    *("0x", "FF", "True", "no", "none", r"\emptyset", "A", "B", "(B)", "b)", " apples", "°", "C"),
    *("'", "''", r"\pi", "x", "²", "½", "٣", r"\overline{3}", "...", r"\times 10^", " million"),
    *("at least ", "twenty", "-one", " point ", " half", " percent", r"\mu", r"\\", "the ", "a "),
]


def undecided_parts(_answer: str, _gold: str) -> Decision:
    return undecided("limit")


@settings(deadline=None, max_examples=400)  # a busy machine is no failure
@given(st.lists(st.sampled_from(PIECES), max_size=7), st.lists(st.sampled_from(PIECES), max_size=7))
def test_any_text_is_read_and_compared(answer: list[str], gold: list[str]) -> None:
    texts = clean("".join(answer)), clean("".join(gold))
    for reader in READERS:
        mine, wanted = (reader(text) for text in texts)
        for one in filter(None, (mine, wanted)):
            for other in filter(None, (mine, wanted)):
                decision = one.compare(other, undecided_parts)
                assert one is not other or decision.outcome != "different"


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize(
    "piece", ["1", "A", "a ", "the ", "1,", "1 ", "{ h} 1", "no ", "A, ", "1:"]
)
def test_long_texts_are_read_in_no_time(reader: Reader, piece: str) -> None:
    """What takes more than linear time does not end."""
    reader((piece * MAX_LENGTH)[:MAX_LENGTH])
    reader((piece * 500)[:500])
