"""The result of extraction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExtractedAnswer:
    """An answer as written in the response, not cleaned.

    Attributes:
        text: the answer; several are joined by ", " in the order of the response.
        rule: the rule that matched, by its name in docs/graders.md ("box", "final answer", …).
        guess: the response does not mark it as its answer (its last formula or number, say).
    """

    text: str
    rule: str
    guess: bool = False
