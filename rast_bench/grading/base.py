"""What a grader is, and the frame that graders of extracted answers share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from rast_bench.domain import FinishReason, VerdictKind

Comparison = Literal["correct", "wrong", "timeout"]


class Answer(NamedTuple):
    """What a grader is given of one sample."""

    text: str
    gold: str
    finish_reason: FinishReason


class Judgement(NamedTuple):
    """A verdict without its sample. `extracted` is None when no answer was found."""

    kind: VerdictKind
    extracted: str | None


class Grader(Protocol):
    """Judges responses. `name` ends in a version and is the key of its verdicts in the ledger.

    A judgement depends on the name, text, gold and finish reason alone, so whatever changes one
    needs a new version.
    """

    @property
    def name(self) -> str: ...

    def grade(self, text: str, gold: str, finish_reason: FinishReason) -> Judgement:
        """The judgement of one response."""
        ...

    def grade_many(self, answers: Sequence[Answer]) -> list[Judgement]:
        """Judgements in the order of `answers`; a slow grader spreads the work over a pool."""
        ...


class AnswerGrader(ABC):
    """A grader that extracts an answer and compares it with the gold answer.

    * No answer: "truncated" when the response was cut off at max_tokens, else "unparsed".
    * An answer: the comparison's outcome, whatever ended the response: a response that was cut off
      after its answer has answered.

    Samples of one problem repeat few answers, so each distinct (answer, gold) pair is compared once
    in the life of the grader.
    """

    name: str

    def __init__(self) -> None:
        self._compared: dict[tuple[str, str], Comparison] = {}

    @abstractmethod
    def extract(self, text: str, gold: str) -> str | None:
        """The answer in its normal form, or None. `gold` only tells its kind (a choice, say)."""

    @abstractmethod
    def compare(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Comparison]:
        """The outcome of each distinct (extracted answer, gold) pair, in order."""

    def grade(self, text: str, gold: str, finish_reason: FinishReason) -> Judgement:
        return self.grade_many([Answer(text, gold, finish_reason)])[0]

    def grade_many(self, answers: Sequence[Answer]) -> list[Judgement]:
        extracted = [self.extract(answer.text, answer.gold) for answer in answers]
        found = dict.fromkeys(
            (text, answer.gold)
            for text, answer in zip(extracted, answers, strict=True)
            if text is not None
        )
        new = [pair for pair in found if pair not in self._compared]
        self._compared.update(zip(new, self.compare(new), strict=True))
        return [
            self._judgement(text, answer) for text, answer in zip(extracted, answers, strict=True)
        ]

    def _judgement(self, extracted: str | None, answer: Answer) -> Judgement:
        if extracted is None:
            return Judgement("truncated" if answer.finish_reason == "length" else "unparsed", None)
        return Judgement(self._compared[extracted, answer.gold], extracted)
