"""The result of comparing an answer with a gold answer, and the evidence for it."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["equal", "different", "undecided"]
"""`undecided`: neither proven equal nor safely refuted."""

Reason = Literal[
    "same text",  # the same characters, white space aside
    "exact",  # numbers, compared exactly
    "rounding",  # a decimal that is the other, rounded to its digits
    "symbolic",  # an identity of expressions, proven
    "numeric",  # values with rigorous error bounds at many points (a refutation, or no proof)
    "unit",  # quantities: converted, or of different dimensions
    "choice",
    "truth value",
    "text",  # words, names, phrases
    "time",  # times of day, dates, durations
    "base",  # digits of a number in base n
    "ratio",
    "count",  # a different number of elements or solutions
    "order",
    "brackets",  # an open end of an interval for a closed one, a set for a tuple
    "kind",  # an equation for a number, and so on: no rule lets one stand for the other
    "elements",  # lists, sets, tuples, matrices, intervals: element by element
    "relation",  # equations and inequalities: by their solutions
    "limit",  # it would have taken too much work
    "unread",  # one of them could not be read
    "",  # the grader gives no reason
]


@dataclass(frozen=True)
class Decision:
    """Whether an answer equals the gold answer. `rule` names a rule of docs/graders.md."""

    outcome: Outcome
    reason: Reason
    rule: str = ""

    def __bool__(self) -> bool:
        raise TypeError("a decision has three outcomes: ask for its `outcome`")


def decided(is_equal: bool) -> Decision:
    """Return a decision without a reason."""
    return Decision("equal" if is_equal else "different", "")


def equal(reason: Reason, rule: str = "") -> Decision:
    return Decision("equal", reason, rule)


def different(reason: Reason, rule: str = "") -> Decision:
    return Decision("different", reason, rule)


def undecided(reason: Reason, rule: str = "") -> Decision:
    return Decision("undecided", reason, rule)
