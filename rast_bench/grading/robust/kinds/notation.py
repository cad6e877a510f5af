r"""Notation of answers with several parts: separators, relation signs, names.

All texts are cleaned: white space is single spaces, words of `\text{…}` are in braces or bare.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from rast_bench.grading.expressions.words import GREEK_LETTERS

_BRACKETS = (
    r"(?P<opens>\\begin(?![A-Za-z])|\\?[({\[]|\\l(?:floor|ceil|angle|vert)(?![A-Za-z]))"
    r"|(?P<closes>\\end(?![A-Za-z])|\\?[)}\]]|\\r(?:floor|ceil|angle|vert)(?![A-Za-z]))"
)

_NEXT = r"(?![A-Za-z])|(?=[A-Za-z] ?(?:\([A-Za-z]\) ?)?=)"  # `1orx=2`, `1orf(x)=2`
AND = rf"(?:\{{ ?and ?\}}|(?<![A-Za-z\\])and(?:{_NEXT})|\\(?:land|wedge)(?![A-Za-z]))"
OR = rf"(?:\{{ ?or ?\}}|(?<![A-Za-z\\])or(?:{_NEXT})|\\(?:lor|vee)(?![A-Za-z]))"
_COMMA = r"[,;]"
_THOUSANDS = r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))"  # the comma of `1,234`
_TIGHT = re.compile(
    r",(?=[^ ])(?!(?<=[0-9],)[0-9]{3}(?![0-9]))"
)  # a comma that is not one of these and has no blank

_GREEK = "|".join(sorted(GREEK_LETTERS | {"ell", "hbar"}))
_SUBSCRIPT = r"(?: ?_ ?(?:\{[^{}]{0,40}\}|[A-Za-z0-9]|\\[a-z]+))"
_LETTER = rf"(?:[A-Za-z]|\\(?:{_GREEK})(?![A-Za-z]))"
_ACCENT = r"\\(?:vec|hat|bar|overline|tilde|dot|ddot|overrightarrow|mathbf|boldsymbol)"
NAME = (
    rf"(?:\\Delta ?[A-Za-z](?![A-Za-z])|{_LETTER}"
    rf"|{_ACCENT} ?(?:\{{ ?{_LETTER} ?\}}|{_LETTER})|\{{ ?{_LETTER} ?\}}"
    rf"|{_ACCENT} ?\{{[A-Z]{{1,3}}\}})'*{_SUBSCRIPT}?'*"
)
_NAME = re.compile(NAME)
_APPLIED = re.compile(
    rf"(?P<function>{NAME}(?: ?\^ ?(?:\{{ ?(?:-1|\(\d\)|\\prime) ?\}}|'+))?) ?\("
    rf" ?(?P<arguments>{NAME}(?: ?, ?{NAME}){{0,4}}) ?\)"
)

_VECTOR = re.compile(r"\\(?:(?P<arrow>vec)|mathbf) ?\{ ?(?P<name>[A-Za-z]{1,4}) ?\}")
_LABEL = re.compile(rf"\A ?{NAME} ?=")
_COMMAND = re.compile(r"\\[A-Za-z]+")

SIGNS = {
    "=": "=",
    "==": "=",
    ":=": "=",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "!=": "!=",
    "≈": "~",
    r"\lt": "<",
    r"\gt": ">",
    r"\le": "<=",
    r"\leq": "<=",
    r"\leqslant": "<=",
    r"\ge": ">=",
    r"\geq": ">=",
    r"\geqslant": ">=",
    r"\ne": "!=",
    r"\neq": "!=",
    r"\not=": "!=",
    r"\approx": "~",
    r"\simeq": "~",
    r"\doteq": "~",
    r"\equiv": "==",
}
RELATION = (
    r"(?::=|==|(?<![0-9)}!])!=|<=|>=|\\not ?=|[=<>≈]"
    r"|\\(?:lt|gt|leqslant|leq|le|geqslant|geq|ge|neq|ne|approx|simeq|doteq|equiv)(?![A-Za-z]))"
)
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@lru_cache(maxsize=64)
def _scanner(separator: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<separator>{separator})|{_BRACKETS}")


def separators(text: str, separator: str) -> Iterator[re.Match[str]]:
    """Yield the separators outside all brackets and environments."""
    depth = 0
    for match in _scanner(separator).finditer(text):
        if match["separator"] is not None:
            if depth <= 0:
                yield match
        elif match["opens"] is not None:
            depth += 1
        else:
            depth -= 1


def split(text: str, separator: str) -> list[str]:
    """Return the parts between separators, stripped; empty ones too."""
    parts, begin = [], 0
    for match in separators(text, separator):
        parts.append(text[begin : match.start()].strip())
        begin = match.end()
    parts.append(text[begin:].strip())
    return parts


def split_relation(text: str) -> tuple[list[str], list[str]]:
    r"""Return sides and signs: `a < x \le b` as [a, x, b] and ["<", "<="]."""
    sides, signs, begin = [], [], 0
    for match in separators(text, RELATION):
        sides.append(text[begin : match.start()].strip())
        signs.append(SIGNS[match[0].replace(" ", "")])
        begin = match.end()
    sides.append(text[begin:].strip())
    return sides, signs


def split_list(text: str, *, words: str = rf"{AND}|{OR}") -> list[str]:
    """Return the parts of a list: between commas, semicolons, "and" and "or".

    The comma of `1,234` separates unless something else does: `1,234 and 5,678` are two numbers.
    """
    parts = _without_empty(split(text, rf"(?!{_THOUSANDS})(?:{_COMMA}|{words})"))
    if len(parts) < 2 or _TIGHT.search(text):
        parts = _without_empty(split(text, rf"{_COMMA}|{words}"))
    return parts


def has_parts(text: str) -> bool:
    """Return whether commas, semicolons or words split a text; those of `1,234` do not."""
    return next(separators(text, rf"(?!{_THOUSANDS})(?:{_COMMA}|{AND}|{OR})"), None) is not None


_MODULUS = re.compile(r"\\[bp]?mod(?![A-Za-z])|(?<![A-Za-z\\])mod(?![A-Za-z])")


def has_modulus(text: str) -> bool:
    r"""Return whether `\bmod`, `\pmod` or "mod" occurs in a text."""
    return _MODULUS.search(text) is not None


def _without_empty(parts: list[str]) -> list[str]:
    return [part for part in parts if part]


_BLANK = re.compile(r"(?<![0-9A-Za-z]) +| +(?![0-9A-Za-z])")


def bare(text: str) -> str:
    """Remove blanks except between letters and digits: `1 1/2` is not `11/2`."""
    return _BLANK.sub("", text.strip())


def is_name(text: str) -> bool:
    r"""Return whether a text is one unknown: `x`, `x_1`, `\theta`, `\vec{v}`."""
    return bool(_NAME.fullmatch(text.strip()))


def function_of(text: str) -> tuple[str, tuple[str, ...]] | None:
    r"""Return `f(x, y)` as f and its unknowns; None for another text (`f(2)`)."""
    match = _APPLIED.fullmatch(text.strip())
    if match is None:
        return None
    return bare(match["function"]), tuple(bare(name) for name in match["arguments"].split(","))


def plain_name(text: str) -> str:
    r"""Return a name without arrows, bold type, braces and blanks: `\vec{v}` as `v`."""
    return re.sub(r"\\(?:vec|overrightarrow|mathbf|boldsymbol)(?![A-Za-z])|[{} ]", "", text)


def without_arrows(text: str) -> str:
    r"""Return a cleaned text with `\vec{v}` and `\mathbf{v}` written as `v`."""
    if r"\vec" not in text and r"\mathbf" not in text:
        return text
    return " ".join(_VECTOR.sub(r" \g<name>", text).split())


def has_lone_arrow(answer: str, gold: str) -> bool:
    r"""Return whether a name has an arrow in one of two cleaned texts and is plain in the other.

    An answer may leave out the arrow of a single letter that the gold answer has only with it. A
    vector in bold type is not plain; the name of a value (`\vec{v} = 5`) does not count.
    """
    if r"\vec" not in answer and r"\vec" not in gold:
        return False
    mine, plain = _arrows_and_rest(answer)
    wanted, rest = _arrows_and_rest(gold)
    added = any(name in rest for name in mine)
    return added or any(name in plain and (len(name) > 1 or name in rest) for name in wanted)


def _arrows_and_rest(text: str) -> tuple[set[str], str]:
    """Return the names with an arrow, and the text without vectors and commands."""
    text = _LABEL.sub("", text, count=1)
    arrows = {vector["name"] for vector in _VECTOR.finditer(text) if vector["arrow"]}
    return arrows, _COMMAND.sub(" ", _VECTOR.sub(" ", text))


def enclosed(text: str) -> bool:
    """Return whether one pair of brackets encloses the whole text."""
    if not text or (text[0] not in "([{" and not text.startswith(r"\{")):
        return False
    depth = 0
    for match in _scanner(r"(?!)").finditer(text):
        depth += 1 if match["opens"] is not None else -1
        if depth <= 0:
            return match.end() == len(text)
    return False
