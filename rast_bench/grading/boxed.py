r"""Grader of the miniature data sets: integers, tuples of integers and named integers in the last
`\boxed{…}`.
"""

import re
from collections.abc import Sequence

from rast_bench.grading.base import Answer, AnswerGrader, Compared
from rast_bench.grading.extracted import ExtractedAnswer

_INTEGER = re.compile(r"[+-]?[0-9]+")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # a backslash escapes the next character
_SPACE = re.compile(r"\s*")


class BoxedGrader(AnswerGrader):
    r"""Compares the content of the last `\boxed{…}` with the gold answer.

    * "The last" is the last `\boxed` followed by an opening brace. If its braces do not close, or
      contain only white space, there is no answer, even if an earlier box was complete.
    * All white space is ignored: the tokenizer of the tiny models writes `\boxed{ 12 , 8 }`.
    * Integers and comma-separated tuples of integers, in ASCII digits, are compared by value
      (`+07` is `7`, `-0` is `0`, order counts); everything else, `Red= 13 , Blue= 2` among it, is
      compared character by character.
    * finish_reason "length" makes a response without an answer "truncated" instead of "unparsed";
      if the last box was complete before the cut, it is graded as usual.
    """

    name = "boxed-1"

    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        content = last_boxed(answer.text)
        text = None if content is None else normalise(content)
        return ExtractedAnswer(text, "box") if text else None

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        return [
            Compared("correct" if answer == normalise(gold) else "wrong") for answer, gold in pairs
        ]


def last_boxed(text: str) -> str | None:
    r"""Return the content of the last `\boxed{…}`; None without one or if its braces do not close.

    Takes time linear in the length of the text.
    """
    end = len(text)
    while (start := text.rfind("\\boxed", 0, end)) >= 0:
        space = _SPACE.match(text, start + len("\\boxed"))
        opening = space.end() if space else len(text)
        if text.startswith("{", opening):
            return _braced(text, opening)
        end = start
    return None


def _braced(text: str, opening: int) -> str | None:
    """Return the text between the brace at `opening` and its partner, or None without a partner."""
    depth = 0
    for match in _BRACE.finditer(text, opening):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return text[opening + 1 : match.start()]
    return None


def normalise(answer: str) -> str:
    """Return an answer without white space, with integers (also in tuples) in their shortest form.

    Two answers are equal exactly if their normal forms are.
    """
    squeezed = "".join(answer.split())
    parts = squeezed.split(",")
    if all(_INTEGER.fullmatch(part) for part in parts):
        return ",".join(map(_shortest_integer, parts))
    return squeezed


def _shortest_integer(text: str) -> str:
    # Not int(): it refuses numbers of more than 4,300 digits and takes quadratic time.
    digits = text.lstrip("+-").lstrip("0") or "0"
    return f"-{digits}" if text.startswith("-") and digits != "0" else digits
