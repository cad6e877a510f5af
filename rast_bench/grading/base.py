"""What a grader is, and the frame that graders of extracted answers share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from rast_bench.domain import FinishReason, VerdictKind
from rast_bench.grading.found import Found

Comparison = Literal["correct", "wrong", "undecided", "timeout", "unparsed"]
"""`unparsed`: the answer was found, but is too long or too deeply nested to be read."""

MOST_PAIRS = 2**17  # whose outcomes a grader remembers


class Answer(NamedTuple):
    """What a grader is given of one sample. `dataset` is the name of its data set, if known."""

    text: str
    gold: str
    finish_reason: FinishReason
    dataset: str = ""


class Judgement(NamedTuple):
    """A verdict without its sample: see `domain.Verdict`."""

    kind: VerdictKind
    extracted: str | None
    reason: str = ""
    rule: str = ""
    extraction: str = ""


class Explained(NamedTuple):
    """A judgement, the gold answer as the grader reads it, and the comparison's CPU seconds.

    An answer that repeats another's comparison repeats its seconds.
    """

    judgement: Judgement
    gold: str
    seconds: float


class Compared(NamedTuple):
    """The outcome of one comparison, the CPU seconds that it took, and what decided."""

    outcome: Comparison
    seconds: float = 0.0
    reason: str = ""
    rule: str = ""


class Extracted(NamedTuple):
    """What was found in one response, and the gold answer in the form that it is compared with.

    `over_limit`: the search ran out of CPU time or memory. `failure`: the exception that it met.
    """

    found: Found | None
    gold: str
    over_limit: bool = False
    failure: str = ""


@runtime_checkable
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

    def explain(self, answers: Sequence[Answer]) -> list[Explained]:
        """The same judgements with what led to them, for `rast-bench grade`."""
        ...

    def reading(self, text: str) -> str:
        """What kind of answer a text is read as ("interval"), for people; "" where it has none.

        The text is an extracted answer or a gold answer as `explain` gives it.
        """
        ...


class AnswerGrader(ABC):
    """A grader that extracts an answer and compares it with the gold answer.

    * No answer: "truncated" when the response was cut off at max_tokens, else "unparsed".
    * An answer: the comparison's outcome, whatever ended the response: a response that was cut off
      after its answer has answered. Only a guess at what it might have answered, such as its last
      number, counts as "truncated" there unless it is correct.

    Samples of one problem repeat few answers, so each distinct (answer, gold) pair is compared once
    as long as the grader remembers it.
    """

    name: str

    def __init__(self) -> None:
        self._compared: dict[tuple[str, str], Compared] = {}

    @abstractmethod
    def extract(self, answer: Answer) -> Found | None:
        """The answer in its normal form, or None. The gold only tells its kind (a choice, say)."""

    @abstractmethod
    def compare(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Compared]:
        """The outcome of each distinct (extracted answer, reference) pair, in order."""

    def reference(self, answer: Answer) -> str:
        """The gold answer in the form that `compare` is given."""
        return answer.gold

    def reading(self, text: str) -> str:  # noqa: ARG002
        return ""

    def extract_many(self, answers: Sequence[Answer]) -> list[Extracted]:
        return [Extracted(self.extract(answer), self.reference(answer)) for answer in answers]

    def grade(
        self, text: str, gold: str, finish_reason: FinishReason, dataset: str = ""
    ) -> Judgement:
        return self.grade_many([Answer(text, gold, finish_reason, dataset)])[0]

    def grade_many(self, answers: Sequence[Answer]) -> list[Judgement]:
        return [explained.judgement for explained in self.explain(answers)]

    def explain(self, answers: Sequence[Answer]) -> list[Explained]:
        extracted = self.extract_many(answers)
        compared = self._outcomes([(one.found.text, one.gold) for one in extracted if one.found])
        return [
            self._explained(one, compared, cut_off=answer.finish_reason == "length")
            for one, answer in zip(extracted, answers, strict=True)
        ]

    def _outcomes(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Compared]:
        distinct = dict.fromkeys(pairs)
        new = [pair for pair in distinct if pair not in self._compared]
        made = dict(zip(new, self.compare(new), strict=True))
        outcomes = {pair: made.get(pair) or self._compared[pair] for pair in distinct}
        if len(self._compared) + len(made) > MOST_PAIRS:
            self._compared.clear()
        self._compared.update(made)
        return outcomes

    def _explained(
        self, one: Extracted, compared: dict[tuple[str, str], Compared], *, cut_off: bool
    ) -> Explained:
        if one.over_limit:
            return Explained(Judgement("timeout", None, "limit"), one.gold, 0.0)
        if one.failure:
            return Explained(Judgement("unparsed", None, "unread"), one.gold, 0.0)
        if one.found is None:
            return Explained(Judgement("truncated" if cut_off else "unparsed", None), one.gold, 0.0)
        outcome, seconds, reason, rule = compared[one.found.text, one.gold]
        if cut_off and one.found.guess and outcome in ("wrong", "undecided"):
            return Explained(Judgement("truncated", None), one.gold, seconds)
        judgement = Judgement(outcome, one.found.text, reason, rule, one.found.rule)
        return Explained(judgement, one.gold, seconds)
