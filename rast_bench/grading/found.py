"""What extraction gives."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """An answer as the response writes it, not cleaned.

    Attributes:
        text: the answer; several are joined by ", " in the order of the response.
        rule: the rule that fired, by its name in docs/graders.md ("box", "final answer", …).
        guess: the response does not call it its answer (its last formula or number, say).
    """

    text: str
    rule: str
    guess: bool = False
