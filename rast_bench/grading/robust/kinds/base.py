"""What a kind of answers is."""

from collections.abc import Callable
from typing import Protocol, Self

from rast_bench.grading.decision import Decision

Compare = Callable[[str, str], Decision]
"""Compares two cleaned texts (answer, gold) of any kinds: for the elements of a list, say."""


class Reading(Protocol):
    """A text read as one kind of answer. A text may have several readings (`3:00`, `(1,2)`).

    Readings are frozen data classes. `kind` is the field's word for it: "number", "quantity",
    "interval", "time of day". Reading is linear in the text's length and bounded; it never
    computes: what is costly belongs to `compare`, which runs under the pool's limits.
    """

    @property
    def kind(self) -> str: ...

    def compare(self, gold: Self, compare: Compare) -> Decision:
        """Whether this answer is `gold`, by the rules of their kind.

        Args:
            compare: for the parts of both.
        """
        ...


Reader = Callable[[str], Reading | None]
"""Reads a cleaned text as one kind; None where it is none of that kind."""
