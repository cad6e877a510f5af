"""What the makers of answers give, and the frame that they share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Written:
    r"""One writing of an answer.

    Attributes:
        change: how it differs from the gold answer ("off by one", "other brackets").
        latex: as it stands in mathematics, without dollars.
        prose: as it stands in a sentence, where it can: "1,234", "5 March 2024".
    """

    change: str
    latex: str
    prose: str | None = None


@dataclass(frozen=True)
class Made:
    """A gold answer with right and wrong answers to it, whose truth follows from their making."""

    gold: str
    right: Sequence[Written]
    wrong: Sequence[Written]


Maker = Callable[[Random], Made]
