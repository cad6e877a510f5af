"""The grader interface, and the base class of graders that extract an answer."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from rast_bench.domain import FinishReason, VerdictKind
from rast_bench.grading.extracted import ExtractedAnswer

Comparison = Literal["correct", "wrong", "undecided", "timeout", "unparsed"]
"""`unparsed`: an answer was found, but it is too long or too deeply nested to be read."""

MOST_PAIRS = 2**17  # outcomes that a grader caches


class Answer(NamedTuple):
    """The input of a grader for one sample. `dataset` is the name of its data set, if known."""

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
    """The outcome of one comparison, its CPU time in seconds, and what decided it."""

    outcome: Comparison
    seconds: float = 0.0
    reason: str = ""
    rule: str = ""


class Extraction(NamedTuple):
    """What was found in one response, and the gold answer in the form used for the comparison.

    `over_limit`: the search ran out of CPU time or memory. `failure`: the exception it raised.
    """

    answer: ExtractedAnswer | None
    gold: str
    over_limit: bool = False
    failure: str = ""


@runtime_checkable
class Grader(Protocol):
    """Judges responses. `name` ends in a version and is the key of its verdicts in the ledger.

    A judgement depends only on the grader's name, the text, the gold answer, the finish reason and
    the data set, so any change in behaviour needs a new version.
    """

    @property
    def name(self) -> str: ...

    def grade(
        self, text: str, gold: str, finish_reason: FinishReason, dataset: str = ""
    ) -> Judgement:
        """Return the judgement of one response."""
        ...

    def grade_many(self, answers: Sequence[Answer]) -> list[Judgement]:
        """Return judgements in the order of `answers`; slow graders use a process pool."""
        ...

    def explain(self, answers: Sequence[Answer]) -> list[Explained]:
        """Return the same judgements with what led to them, for `rast-bench grade`."""
        ...

    def reading(self, text: str) -> str:
        """Return the kind of answer that a text is read as ("interval"), for display, or "".

        The text is an extracted answer, or a gold answer as returned by `explain`.
        """
        ...


class AnswerGrader(ABC):
    """A grader that extracts an answer and compares it with the gold answer.

    * No answer: "truncated" if the response was cut off at max_tokens, else "unparsed".
    * An answer: the outcome of the comparison, however the response ended; a response that was cut
      off after its answer did answer. A guess, such as the last number of a response that was cut
      off, counts as "truncated" unless it is correct.

    The samples of one problem repeat few answers, so the outcome of each distinct (answer, gold)
    pair is cached.
    """

    name: str

    def __init__(self) -> None:
        self._compared: dict[tuple[str, str], Compared] = {}

    @abstractmethod
    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        """Return the normalised answer, or None. Use `gold` only for its kind (a choice, say)."""

    @abstractmethod
    def compare(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Compared]:
        """Return the outcome of each distinct (extracted answer, reference) pair, in order."""

    def reference(self, answer: Answer) -> str:
        """Return the gold answer in the form passed to `compare`."""
        return answer.gold

    def reading(self, text: str) -> str:  # noqa: ARG002
        return ""

    def extract_many(self, answers: Sequence[Answer]) -> list[Extraction]:
        return [Extraction(self.extract(answer), self.reference(answer)) for answer in answers]

    def grade(
        self, text: str, gold: str, finish_reason: FinishReason, dataset: str = ""
    ) -> Judgement:
        return self.grade_many([Answer(text, gold, finish_reason, dataset)])[0]

    def grade_many(self, answers: Sequence[Answer]) -> list[Judgement]:
        return [explained.judgement for explained in self.explain(answers)]

    def explain(self, answers: Sequence[Answer]) -> list[Explained]:
        extracted = self.extract_many(answers)
        compared = self._outcomes(
            [(each.answer.text, each.gold) for each in extracted if each.answer]
        )
        return [
            self._explained(extraction, compared, cut_off=answer.finish_reason == "length")
            for extraction, answer in zip(extracted, answers, strict=True)
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
        self, extraction: Extraction, compared: dict[tuple[str, str], Compared], *, cut_off: bool
    ) -> Explained:
        if extraction.over_limit:
            return Explained(Judgement("timeout", None, "limit"), extraction.gold, 0.0)
        if extraction.failure:
            return Explained(Judgement("unparsed", None, "unread"), extraction.gold, 0.0)
        answer = extraction.answer
        if answer is None:
            kind: VerdictKind = "truncated" if cut_off else "unparsed"
            return Explained(Judgement(kind, None), extraction.gold, 0.0)
        outcome, seconds, reason, rule = compared[answer.text, extraction.gold]
        if cut_off and answer.guess and outcome in ("wrong", "undecided"):
            return Explained(Judgement("truncated", None), extraction.gold, seconds)
        judgement = Judgement(outcome, answer.text, reason, rule, answer.rule)
        return Explained(judgement, extraction.gold, seconds)
