r"""Positions of mathematics and code: `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, `` ```…``` ``."""

import re
from dataclasses import dataclass

FORMULA = "\ue000"  # stands for each character of a formula in a masked text

_DELIMITER = re.compile(r"\\\\?[()\[\]]|\\.|\$\$?", re.DOTALL)
_CLOSER = {"$": "$", "$$": "$$", "\\(": "\\)", "\\[": "\\]"}
_MOST_UNCLOSED = 3  # each costs another pass to the end
_PRICE = re.compile(r"\d[\d,.]*(?:\s+[a-z]{2,}\s*|\s*[-+*/=]\s+)\Z")
_PROSE = re.compile(r"(?<![\\{A-Za-z])[A-Za-z]{2,} [A-Za-z]{2,} |<<|\. [A-Z]|\n[ \t]*\n")
_TEXT = re.compile(r"\\(?:text|mbox|mathrm)(?:bf|it|rm)?\s?\{[^{}]*\}")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}|\n")
_FENCE = "```"


@dataclass(frozen=True)
class Formula:
    """`start` and `end` include the delimiters, `content` does not."""

    start: int
    end: int
    content: str


def formulas(text: str) -> list[Formula]:
    """Return the formulas of a text in order; text between two prices is not one.

    Linear: one pass, and another from each of the first few unclosed delimiters.
    """
    found: list[Formula] = []
    position = unclosed = 0
    while True:
        opener = _walk(text, position, found)
        if opener is None or unclosed == _MOST_UNCLOSED:
            return found
        unclosed += 1
        position = opener


def _walk(text: str, position: int, found: list[Formula]) -> int | None:
    """Add the formulas from `position` on; return where an unclosed delimiter ends, if any."""
    opener, start, begin = "", 0, 0
    for match in _DELIMITER.finditer(text, position):
        mark = match[0].replace("\\\\", "\\") if len(match[0]) == 3 else match[0]
        if not opener:
            if mark in _CLOSER:
                opener, start, begin = mark, match.start(), match.end()
            continue
        end = match.end()
        if opener == "$" and mark == "$$":
            mark, end = "$", match.start() + 1
        if mark != _CLOSER[opener]:
            continue
        content = text[begin : match.start()]
        if opener == "$" and (_PRICE.match(content) or _is_prose(content)):
            start, begin = end - 1, end  # a price: this dollar may open a formula
            continue
        if content.strip():
            found.append(Formula(start, end, content.strip()))
        opener = ""
        if end < match.end():
            opener, start, begin = "$", end, match.end()
    return begin if opener else None


def _is_prose(text: str) -> bool:
    r"""Return whether it has words that no `\text{…}` makes part of a formula."""
    return _PROSE.search(_TEXT.sub(" ", text)) is not None


def is_bare(text: str) -> bool:
    """Return whether a text is one line of mathematics without delimiters or words around it."""
    return not _WORD.search(_TEXT.sub(" ", text)) and not any(formulas(text))


def masked(text: str, spans: list[Formula]) -> str:
    """Return the text with its formulas masked, at the same length."""
    pieces: list[str] = []
    position = 0
    for span in spans:
        pieces += text[position : span.start], FORMULA * (span.end - span.start)
        position = span.end
    return "".join([*pieces, text[position:]])


def without_code(text: str) -> str:
    """Return the text with its fenced code replaced by spaces, at the same length."""
    if _FENCE not in text:
        return text
    parts = text.split(_FENCE)
    pieces = [
        part if number % 2 == 0 else re.sub(r"[^\n]", " ", part)
        for number, part in enumerate(parts)
    ]
    return "   ".join(pieces)
