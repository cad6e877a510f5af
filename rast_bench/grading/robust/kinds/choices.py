r"""Choices: `B`, `(B)`, `B) 7`, `{(B)} 7`, `Option B`, several letters (`A, C`)."""

import re
from dataclasses import dataclass

from rast_bench.grading.decision import Decision, different, equal, undecided
from rast_bench.grading.robust.kinds.base import Compare

MAX_LENGTH = 400
_CERTAIN = frozenset("ABCDE")  # lone letters that are choices, not names of quantities

_PREFIX = re.compile(
    r"(?:the )?(?:(?:correct )?(?:option|choice|answer)s?(?: is| are)?:?) ?", re.IGNORECASE
)
_ALONE = re.compile(r"\{? ?([A-Ja-j]) ?\}? ?\.?")
_BRACKETED = re.compile(r"\{? ?[(\[] ?\{? ?([A-Ja-j]) ?\}? ?[)\]] ?\.?,? ?\}?")
_LISTED = re.compile(r"\{? ?([A-J]) ?\}? ?(?:\)|\.|:) ?\}?")
_SEVERAL = re.compile(
    r"\{? ?\(?[A-J]\)?(?: ?(?:,|;|and|&|\{ ?and ?\}|, ?and) ?\(?[A-J]\)?){1,9} ?\}?"
)
_LETTER = re.compile(r"(?<![A-Za-z])[A-J](?![A-Za-z])")
_ANOTHER = re.compile(r"\( ?[A-Ja-j] ?\)")


@dataclass(frozen=True)
class Choice:
    """Letters in upper case, and the value after a single one.

    Attributes:
        bracketed: written unmistakably as a choice: `(b)`, `B)`, "option b".
        lower: in lower case.
    """

    letters: frozenset[str]
    value: str = ""
    bracketed: bool = False
    lower: bool = False

    @property
    def kind(self) -> str:
        return "choice"

    def compare(self, gold: "Choice", compare: Compare) -> Decision:
        """Compare the letters; values after both must not contradict."""
        if self.letters != gold.letters:
            return different("choice", "another letter")
        if self.lower != gold.lower and not (self.bracketed or gold.bracketed):
            certain = gold.letters <= _CERTAIN and not gold.lower
            return (
                equal("choice", "the same letter in lower case")
                if certain
                else undecided("choice", "a letter of another case, which may be another quantity")
            )
        if gold.lower and gold.value and not self.value:
            return undecided("choice", "a letter for one of several parts")
        if not self.value or not gold.value or self.value == gold.value:
            return equal("choice", "the same letter")
        if compare(self.value, gold.value).outcome == "equal":
            return equal("choice", "the same letter and value")
        return undecided("choice", "the same letter with another value")

    def compare_value(self, answer: str, compare: Compare) -> Decision:
        """Compare an answer without a letter with this gold answer's letter and value."""
        if not self.value:
            return undecided("choice", "a value for a letter")
        decision = compare(answer, self.value)
        if decision.outcome == "equal":
            return equal("choice", "the value of the choice")
        return decision


def read_choice(text: str) -> Choice | None:
    """Read one letter of A to J, with its value if any, or several letters."""
    if len(text) > MAX_LENGTH or not text:
        return None
    if _SEVERAL.fullmatch(text):
        letters = _LETTER.findall(text)
        return Choice(frozenset(letters), bracketed=True) if len(set(letters)) > 1 else None
    prefix = _PREFIX.match(text)
    bare = text[prefix.end() :].strip() if prefix else text
    alone = _ALONE.fullmatch(bare)
    if alone:
        return _choice(alone[1], "", bracketed=prefix is not None)
    marked = _BRACKETED.match(bare) or _LISTED.match(bare)
    if marked is None:
        return None
    value = bare[marked.end() :]
    if value and not _is_value(value, marked):
        return None
    return _choice(marked[1], value.strip(), bracketed=True)


def _is_value(value: str, marked: re.Match[str]) -> bool:
    """Return whether the text after a marked letter is its value, not a factor or a letter."""
    parted = marked[0].endswith((" ", "}")) or value.startswith((" ", "\\", "{", "$"))
    number = value[:1].isdigit() and not marked[1].islower()
    return (
        (parted or number)
        and not value.lstrip().startswith(("^", "_", "+", "=", "/", "*", "-("))
        and (not _ANOTHER.search(value))
    )


def _choice(letter: str, value: str, *, bracketed: bool) -> Choice:
    return Choice(frozenset(letter.upper()), value, bracketed, letter.islower())
