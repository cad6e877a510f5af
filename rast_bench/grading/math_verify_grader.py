"""Verdicts of math-verify, a common grader, on the same responses: for comparison only."""

import logging
from collections.abc import Sequence
from typing import Literal

from rast_bench.grading.base import Answer

MATH_VERIFY = "math-verify"

_MATHEMATICS = ("$", "\\boxed", "\\[", "\\(")


def math_verify_verdicts(answers: Sequence[Answer]) -> list[Literal["correct", "wrong"]]:
    """Return its verdicts, called as documented: default settings, the gold answer in dollars.

    Its wall-time limits use signals, so call this from the main thread only.
    """
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)  # it logs whole responses
    return [
        "correct" if verify(parse(_gold(answer.gold)), parse(answer.text)) else "wrong"
        for answer in answers
    ]


def _gold(text: str) -> str:
    return text if any(sign in text for sign in _MATHEMATICS) else f"${text}$"
