"""The interface of a kind of answer."""

from collections.abc import Callable
from typing import Protocol, Self

from rast_bench.grading.decision import Decision

Compare = Callable[[str, str], Decision]
"""Compares two cleaned texts (answer, gold) of any kind, such as elements of a list."""


class Reading(Protocol):
    """A text read as one kind of answer. A text may have several readings (`3:00`, `(1,2)`).

    Readings are frozen data classes. `kind` is the usual word for it: "number", "quantity",
    "interval", "time of day". Reading is linear in the length of the text and never computes;
    costly work belongs in `compare`, which runs under the pool's limits.
    """

    @property
    def kind(self) -> str: ...

    def compare(self, gold: Self, compare: Compare) -> Decision:
        """Decide whether this answer is `gold`, by the rules of their kind.

        Args:
            compare: compares parts of both.
        """
        ...


Reader = Callable[[str], Reading | None]
"""Reads a cleaned text as one kind, or returns None."""
