"""The grader that aims at truth, under its name."""

import re
from functools import lru_cache

from rast_bench.grading.base import Answer
from rast_bench.grading.pooled import PooledGrader
from rast_bench.grading.robust.clean import clean
from rast_bench.grading.robust.extract import (
    chosen_letter,
    find_answer,
    guess_answer,
    letter_of,
)
from rast_bench.grading.robust.second_opinion import math_verify_equal, worth_asking
from rast_bench.grading.robust.writing import same_in_writing

MAX_ANSWER = 10_000  # characters; a longer one is none

_SOLUTION = re.compile(r"\\boxed|####")  # the gold of some sets is a worked solution


def equal_by_all_means(answer: str, gold: str) -> bool:
    """Our own comparison, and math-verify's where ours cannot read one of them."""
    from rast_bench.grading.robust.compare import same  # loads sympy

    known = same(answer, gold)
    if known is None and worth_asking(answer, gold):
        return math_verify_equal(answer, gold)
    return bool(known)


class RobustGrader(PooledGrader):
    """Equal answers are equal however they are written (docs/graders.md)."""

    name = "robust-1"
    thorough = staticmethod(equal_by_all_means)

    def extract(self, answer: Answer) -> str | None:
        found = find_answer(answer.text)
        if found is not None and len(found) > MAX_ANSWER:
            return None
        if letter_of(self.reference(answer)):
            letter = letter_of(found) if found else None
            if letter is None and "\\boxed" not in answer.text:
                letter = chosen_letter(answer.text)
            if letter:
                return letter
        if found is None and answer.finish_reason != "length":
            found = guess_answer(answer.text)
        return (_clean(found) or None) if found else None

    def reference(self, answer: Answer) -> str:
        announced = find_answer(answer.gold) if _SOLUTION.search(answer.gold) else None
        gold = _clean(announced or answer.gold)
        return letter_of(gold) or gold if "(" in answer.gold else gold

    def quick(self, answer: str, gold: str) -> bool | None:
        return same_in_writing(answer, gold)


@lru_cache(maxsize=2**16)
def _clean(text: str) -> str:
    return clean(text)
