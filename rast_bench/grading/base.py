"""What a grader is, and the frame that graders of extracted answers share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from rast_bench.domain import FinishReason, VerdictKind

Comparison = Literal["correct", "wrong", "timeout", "unparsed"]
"""`unparsed`: the answer was found, but is too long or too deeply nested to be read."""


class Answer(NamedTuple):
    """What a grader is given of one sample. `dataset` is the name of its data set, if known."""

    text: str
    gold: str
    finish_reason: FinishReason
    dataset: str = ""


class Judgement(NamedTuple):
    """A verdict without its sample. `extracted` is None when no answer was found."""

    kind: VerdictKind
    extracted: str | None


class Compared(NamedTuple):
    """The outcome of one comparison and the CPU seconds that it took."""

    outcome: Comparison
    seconds: float = 0.0


class Grader(Protocol):
    """Judges responses. `name` ends in a version and is the key of its verdicts in the ledger.

    A judgement depends on the name, text, gold, finish reason and data set alone, so whatever
    changes one needs a new version.
    """

    @property
    def name(self) -> str: ...

    def grade(
        self, text: str, gold: str, finish_reason: FinishReason, dataset: str = ""
    ) -> Judgement:
        """The judgement of one response."""
        ...

    def grade_many(self, answers: Sequence[Answer]) -> list[Judgement]:
        """Judgements in the order of `answers`; a slow grader spreads the work over a pool."""
        ...

    def grade_timed(self, answers: Sequence[Answer]) -> list[tuple[Judgement, float]]:
        """Judgements, and the CPU seconds that comparing each answer with its gold took.

        An answer that repeats another's comparison repeats its seconds.
        """
        ...


class AnswerGrader(ABC):
    """A grader that extracts an answer and compares it with the gold answer.

    * No answer: "truncated" when the response was cut off at max_tokens, else "unparsed".
    * An answer: the comparison's outcome, whatever ended the response: a response that was cut off
      after its answer has answered. Only a wrong guess at what it might have answered, such as its
      last number, counts as "truncated" there.

    Samples of one problem repeat few answers, so each distinct (answer, gold) pair is compared once
    in the life of the grader.
    """

    name: str

    def __init__(self) -> None:
        self._compared: dict[tuple[str, str], Compared] = {}

    @abstractmethod
    def extract(self, answer: Answer) -> str | None:
        """The answer in its normal form, or None. The gold only tells its kind (a choice, say)."""

    @abstractmethod
    def compare(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Compared]:
        """The outcome of each distinct (extracted answer, reference) pair, in order."""

    def reference(self, answer: Answer) -> str:
        """The gold answer in the form that `compare` is given."""
        return answer.gold

    def is_guess(self, answer: Answer) -> bool:  # noqa: ARG002
        """Whether `extract` took something that the response does not call its answer."""
        return False

    def grade(
        self, text: str, gold: str, finish_reason: FinishReason, dataset: str = ""
    ) -> Judgement:
        return self.grade_many([Answer(text, gold, finish_reason, dataset)])[0]

    def grade_many(self, answers: Sequence[Answer]) -> list[Judgement]:
        return [judgement for judgement, _ in self.grade_timed(answers)]

    def grade_timed(self, answers: Sequence[Answer]) -> list[tuple[Judgement, float]]:
        extracted = [self.extract(answer) for answer in answers]
        pairs = [
            None if text is None else (text, self.reference(answer))
            for text, answer in zip(extracted, answers, strict=True)
        ]
        new = [pair for pair in dict.fromkeys(pairs) if pair and pair not in self._compared]
        self._compared.update(zip(new, self.compare(new), strict=True))
        return [self._judgement(pair, answer) for pair, answer in zip(pairs, answers, strict=True)]

    def _judgement(self, pair: tuple[str, str] | None, answer: Answer) -> tuple[Judgement, float]:
        cut_off = answer.finish_reason == "length"
        if pair is None:
            return Judgement("truncated" if cut_off else "unparsed", None), 0.0
        outcome, seconds = self._compared[pair]
        if cut_off and outcome == "wrong" and self.is_guess(answer):
            return Judgement("truncated", None), seconds
        return Judgement(outcome, pair[0]), seconds
