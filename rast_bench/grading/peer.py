"""What math-verify, the field's common grader, says of the same responses: for comparison only."""

import logging
from collections.abc import Sequence
from typing import Literal

from rast_bench.grading.base import Answer

MATH_VERIFY = "math-verify"

_MATHEMATICS = ("$", "\\boxed", "\\[", "\\(")


def math_verify_says(answers: Sequence[Answer]) -> list[Literal["correct", "wrong"]]:
    """Called as its documentation shows: default settings, the gold answer in dollars.

    Its limits of wall time are signals, so this is for the main thread.
    """
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it logs responses whole
    return [
        "correct" if verify(parse(_gold(answer.gold)), parse(answer.text)) else "wrong"
        for answer in answers
    ]


def _gold(text: str) -> str:
    return text if any(sign in text for sign in _MATHEMATICS) else f"${text}$"
