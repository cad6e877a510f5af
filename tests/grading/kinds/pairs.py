"""Comparisons of texts as answers write them."""

from rast_bench.grading.decision import Decision
from rast_bench.grading.robust.cleaning import clean
from rast_bench.grading.robust.comparison import compare

EQUAL, DIFFERENT, UNDECIDED = "equal", "different", "undecided"


def compared(answer: str, gold: str) -> Decision:
    return compare(clean(answer), clean(gold))
