"""The paper's grader, `simplerl`."""

from functools import lru_cache

from rast_bench.grading.base import Answer
from rast_bench.grading.decision import Decision, decided
from rast_bench.grading.extracted import ExtractedAnswer
from rast_bench.grading.pooled import PooledGrader
from rast_bench.grading.simplerl.equality import equal, equal_without_algebra
from rast_bench.grading.simplerl.extract import (
    CHOICES,
    announces,
    choice_of_text,
    one_line,
    raw_answer,
)
from rast_bench.grading.simplerl.normalise import normal_form

MAX_ANSWER = 10_000  # characters; a longer text is not an answer

_CHOICE_SETS = ("mmlu", "gpqa", "sat_math", "aqua")
_SETS_WITH_UNITS = ("minerva", "carp_en")


def equal_with_algebra(answer: str, gold: str) -> Decision:
    """Return the decision of the whole protocol.

    Raises:
        WorkLimitError, OversizedError: comparing would take too much work.
    """
    from rast_bench.grading.simplerl.algebra import same_expression  # loads sympy

    return decided(equal(answer, gold, same_expression))


class SimpleRLGrader(PooledGrader):
    """The SimpleRL protocol, which the paper uses, bugs included (docs/graders.md).

    Limits are of CPU time where the protocol's are of wall time, so verdicts do not depend on the
    load of the machine. Data sets are told apart by name: answers to choices (mmlu…, gpqa…,
    sat_math…, aqua…) are read as letters, and units are kept in minerva….
    """

    name = "simplerl-1"
    thorough = staticmethod(equal_with_algebra)

    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        text = self._answer(answer)
        if text is None:
            return None
        # Whether it is a guess matters only if the response was cut off.
        return ExtractedAnswer(
            text, "", answer.finish_reason == "length" and not announces(answer.text)
        )

    def _answer(self, answer: Answer) -> str | None:
        dataset = answer.dataset.lower()
        if dataset.startswith(_CHOICE_SETS):
            return _checked(choice_of_text(answer.text))
        raw = _checked(one_line(raw_answer(answer.text)))
        if raw is None:
            return None
        keep_units = dataset.startswith(_SETS_WITH_UNITS)
        extracted = _twice_normal(raw, keep_units=keep_units)
        gold = self.reference(answer)
        if gold in CHOICES and extracted not in CHOICES:
            return _checked(choice_of_text(answer.text))
        if CHOICES.issuperset(gold):
            return "".join(letter for letter in extracted if letter in CHOICES)
        return extracted or None

    def reference(self, answer: Answer) -> str:
        return _normal(answer.gold, keep_units=answer.dataset.lower().startswith(_SETS_WITH_UNITS))

    def quick(self, answer: str, gold: str) -> Decision | None:
        known = equal_without_algebra(answer, gold)
        return None if known is None else decided(known)


def _checked(raw: str) -> str | None:
    return raw if len(raw) <= MAX_ANSWER else None


@lru_cache(maxsize=2**12)
def _normal(raw: str, *, keep_units: bool) -> str:
    return normal_form(raw, keep_units=keep_units)


@lru_cache(maxsize=2**12)
def _twice_normal(raw: str, *, keep_units: bool) -> str:
    return normal_form(normal_form(raw, keep_units=keep_units), keep_units=keep_units)
