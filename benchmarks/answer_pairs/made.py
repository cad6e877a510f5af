"""What the makers of answers return, and what they share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Written:
    r"""One notation of an answer.

    Attributes:
        change: how it differs from the gold answer ("off by one", "other brackets").
        latex: as in mathematics, without dollars.
        prose: as in a sentence, if possible: "1,234", "5 March 2024".
    """

    change: str
    latex: str
    prose: str | None = None


@dataclass(frozen=True)
class Made:
    """A gold answer with correct and wrong answers, whose truth follows from their construction."""

    gold: str
    right: Sequence[Written]
    wrong: Sequence[Written]


Maker = Callable[[Random], Made]
