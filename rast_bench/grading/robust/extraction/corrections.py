"""Corrections after an answer ("No wait, it's 6", "Correction: D")."""

import re

from rast_bench.grading.robust.extraction.clauses import value_of
from rast_bench.grading.robust.extraction.gold_kind import GoldKind

_REACH = 800  # characters after an answer in which a correction may begin
_LENGTH = 1_500  # characters of a correction
_BETWEEN = r"[\s.…*_$)\]}\\,;:!?\"—–-]{0,12}"
_BEGINS = re.compile(  # directly after the answer
    _BETWEEN + r"(?:(?:oh|ah|but|and|or|uh|um|so)\b[\s,]{0,3}){0,2}(?:correction\b|scratch that\b"
    r"|(?:on|upon) second thoughts?\b|I (?:mean|meant)\b|I (?:made|have made) an? (?:\w{1,12} )?"
    r"(?:mistake|error)\b|my (?:mistake|bad)\b|oops\b|sorry\b(?! for)|actually\b|make that\b"
    r"|or rather\b|rather\b(?= -?\d)|(?:(?:it|that|this|which)\s)?should (?:be|have been)\b"
    r"(?! (?:noted|clear|easy))|no\b(?=[\s,.!;:—–-]{1,5}(?:wait|it|that|the answer|sorry|I\b"
    r"|[-$\\(]{0,3}\d|\(?[A-J]\b))|wait\b|hmm+\b|hold on\b|let me (?:double[- ]?check|re-?\w{4,12}"
    r"|correct)\b|let['’]s (?:double[- ]?check|re-?check|re-?compute|re-?calculate)\b)",
    re.IGNORECASE,
)
_LATER = re.compile(  # at the beginning of a later sentence
    r"[.!?\n][\s*_]{1,4}(?:(?:oh|ah|but)\b[\s,]{0,3})?(?:correction\s?:|scratch that\b|oops\b"
    r"|(?:on|upon) second thoughts?\b|no,? wait\b|wait\b[,.! ]|actually,? (?:it|that|the answer)"
    r"|I (?:made|have made) an? (?:\w{1,12} )?(?:mistake|error)\b|(?:it|that|this) should"
    r" (?:be|have been)\b(?! (?:noted|clear|easy)))",
    re.IGNORECASE,
)
_SOFT = re.compile(r"(?:wait|hmm+|hold on|check|let me re\S*|let['’]s re\S*)\Z", re.IGNORECASE)
_FILLER = re.compile(
    r"(?:[\s,.:;!*_…—–-]|(?:wait|no|sorry|oops|actually|rather|then|so|it['’]s|it is|it was"
    r"|that['’]s|this is|that is|(?:it |that |this )?should (?:be|have been|really be)"
    r"|I (?:mean|meant)|make that|let me correct that|the (?:(?:correct|right|final|actual"
    r"|real)\s)?(?:answer|value|result|choice|option)(?: is| should be|:)|option|choice)"
    r"(?![\w'’]))+",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[-−–]\s?\Z")
_SHOULD = re.compile(r"should (?:be|have been)\Z", re.IGNORECASE)
_CUE = re.compile(
    r"\b(?:it['’]s|it is|it must be|(?:it |that |this )?should (?:be|have been)|so|thus|therefore"
    r"|hence|answer is|we get|which is|correct (?:value|one) is)\b[\s,:*]{1,3}"
    r"(?=(?:it['’]s |it is |the answer is )?(?P<value>[-−$\\(]{0,3}\d|\$|\\|\(?[A-J]\b))",
    re.IGNORECASE,
)
_CONFIRMS = re.compile(
    r"(?<!not )(?<!n't )(?<!in)\b(?:correct|right|indeed|yes|yep|matches|confirm(?:s|ed)|consistent"
    r"|checks out|holds|verified|fine|good|satisf\w+|works)\b|[✓✔✅]",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\(?(?P<letter>[A-J])(?![\w'’]|\s[a-z])")
_PROSE = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{3,} [A-Za-z]{2,} ")
_DIGIT = re.compile(r"\d|\\|∞")


def corrected(text: str, position: int, answer: str, gold: GoldKind) -> str | None:
    """Return what replaces the answer that ends at `position`.

    "" if a correction gives no clear value, None if nothing retracts the answer. Mere hesitation
    ("Wait, let me check") keeps an answer that is then confirmed or repeated.
    """
    begins = _BEGINS.match(text, position)
    if begins is None:
        begins = _LATER.search(text, position, position + _REACH)
    if begins is None:
        return None
    rest = text[begins.end() : begins.end() + _LENGTH]
    soft = _SOFT.search(begins[0].rstrip(" ,.!"))
    value = _first_value(rest, gold)
    if value and not (soft and "=" in value):
        return value
    cues = list(_CUE.finditer(rest))
    if cues and (value := _first_value(rest[cues[-1].end() :], gold)):
        return value
    if _SHOULD.search(begins[0]):
        return None  # "which should be rounded"
    if soft and (_CONFIRMS.search(rest) or _again(answer, rest)):
        return None
    return ""


def _again(answer: str, rest: str) -> bool:
    bare = answer.strip(" $*.")
    return bool(bare) and re.search(rf"(?<![\w.]){re.escape(bare)}(?![\w])", rest) is not None


def _first_value(rest: str, gold: GoldKind) -> str:
    """Return the value at the beginning of a correction; "" if it begins with other words."""
    filler = _FILLER.match(rest)
    if filler:
        sign = _SIGN.search(filler[0])
        rest = rest[filler.end() - len(sign[0]) if sign else filler.end() :]
    if gold.kind == "choice":
        letter = _CHOICE.match(rest.lstrip("*_$ "))
        return letter["letter"] if letter else ""
    value = value_of(rest, gold)
    if not value or _PROSE.search(value) or len(value) > 200:
        return ""
    if gold.kind in ("words", "truth value"):
        return value if len(value.split()) < 4 else ""
    return value if _DIGIT.search(value) and not re.match(r"[A-Za-z]{2,}", value) else ""
