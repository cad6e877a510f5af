r"""Boxes: `\boxed{…}` and its variants, found in one pass."""

import re
from dataclasses import dataclass

from rast_bench.grading.robust.extraction.keywords import positions

_NAMES = ("oxed", "fbox", "framebox", "fcolorbox")
_OPENING = re.compile(
    r"(?:(\\|\x08|(?<![A-Za-z]))[bB]?oxed|(\\f(?:rame)?box)"
    r"|(\\fcolorbox)\{[^{}]{0,30}\}\{[^{}]{0,30}\})"
    r"(?![A-Za-z])\s{0,20}(?:\[[^\[\]{}]{0,20}\]){0,2}(\{)?"
)
_MOST_BOXES = 256  # from the end; more are a loop
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # a backslash escapes the next character
_BARE = re.compile(r"[^\s$\\{}]+|\\(?![\])\\])[^\n$]*?(?=\\[\])]|[$\n]|\Z)")
_MAX_BARE = 200  # characters
_LINE_END = re.compile(r"\$|\\[\])]|\n|\Z")
MAX_OPEN = 200  # characters that an open box may hold

_MINUS = re.compile(r"(?:[=$(\[{,:]|\\approx|\\\(|\\\[|\bis|\A)\s{0,3}[-−]\s{0,3}\Z")
_MENTION = re.compile(
    r"\b(?:in|within|inside|using|with|into|as|like|format|notation|of|a|the|your"
    r"|by)\s*[\"'`$(*:]{0,3}"
    r"\s*\Z"
)
_PLACEHOLDER = re.compile(
    r"[\s.…\\,]*(?:\\[lc]?dots|\\text\{)?\s*(?:(?:the|your|my|final)\s+){0,2}(?:answer"
    r"|result)?[\s.…}]*",
    re.IGNORECASE,
)
_MAX_GAP = 120  # characters between boxes that belong together
_GAP_FILLING = re.compile(
    r"\s+|\\q?quad(?![A-Za-z])|\\[,;:! ()\[\]]|\\\\|\$|&|\.|\\(?:text|mbox|textrm"
    r"|mathrm)\s{0,3}\{\s*(?:and|or|,|;)*\s*\}|,|;|\b(?:and|or|also|maybe|perhaps|possibly)\b"
    r"|(?:[A-Za-z]|\\[a-z]{2,8})(?:_\{?\w\}?)?\s*=|\*\*"
)
_CONNECTOR = re.compile(r",|;|\b(?:and|or)\b|quad")


@dataclass(frozen=True)
class Box:
    r"""`start` is where its command begins and `end` where its content has ended.

    `content` includes a sign before the box. `mention`: the text speaks of a box without using it
    ("put the answer in \boxed{}").
    """

    start: int
    end: int
    content: str
    mention: bool = False


@dataclass(frozen=True)
class Boxes:
    """The innermost boxes of a text in order, and the position of one that stays open."""

    closed: list[Box]
    open_at: int | None = None


def find_boxes(text: str) -> Boxes:
    """Return the last 256 boxes: one pass over commands, one over braces from the first box."""
    openings = _openings(text)
    if not openings:
        return Boxes([])
    partners = _partners(text, openings)
    closed: list[Box] = []
    open_at = None
    for match in openings:
        if match[4] is None:
            bare = _BARE.match(text, match.end(), match.end() + _MAX_BARE)
            if bare and not text.startswith(("(", "[", ")"), bare.start()):
                closed.append(_box(text, match.start(), bare.end(), bare[0].rstrip(".,;:")))
            continue
        end = partners.get(match.start(4))
        if end is None:
            open_at = match.end()
            continue
        closed.append(_box(text, match.start(), end + 1, text[match.end() : end].strip()))
    if open_at is not None and closed and closed[-1].start > open_at:
        open_at = None
    return Boxes(_innermost(closed), open_at)


def first_box_end(text: str) -> int | None:
    """Return where the first non-empty box closes, if it is short."""
    for at in positions(text, _NAMES)[:20]:
        boxes = find_boxes(text[max(0, at - 9) : at + 2_000]).closed
        if boxes and boxes[0].content and not boxes[0].mention:
            return max(0, at - 9) + boxes[0].end
    return None


def _openings(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    for at in positions(text, _NAMES, from_end=True)[: -2 * _MOST_BOXES - 1 : -1]:
        begin = max(0, at - 2)
        match = _OPENING.search(text, begin, at + 120)
        if match is None or match.start() > at or not _is_command(match):
            continue
        if not found or match.start() < found[-1].start():
            found.append(match)
        if len(found) == _MOST_BOXES:
            break
    return found[::-1]


def _is_command(match: re.Match[str]) -> bool:
    """Return whether it is more than the word "boxed" in a sentence."""
    return bool(match[1] or match[2] or match[3] or match[4])


def _partners(text: str, openings: list[re.Match[str]]) -> dict[int, int]:
    """Return where the brace of each box closes."""
    partners: dict[int, int] = {}
    wanted = {match.start(4) for match in openings if match[4]}
    depth: list[int] = []
    for match in _BRACE.finditer(text, openings[0].start(4) if openings[0][4] else 0):
        if match[0] == "{":
            depth.append(match.start())
        elif match[0] == "}" and depth:
            begin = depth.pop()
            if begin in wanted:
                partners[begin] = match.start()
    return partners


def _box(text: str, start: int, end: int, content: str) -> Box:
    backslashes = start
    while backslashes > 0 and text[backslashes - 1] == "\\" and start - backslashes < 4:
        backslashes -= 1
    before = text[max(0, backslashes - 40) : backslashes]
    sign = "-" if _MINUS.search(before) else ""
    mention = bool(_PLACEHOLDER.fullmatch(content[:60]) and _MENTION.search(before))
    return Box(backslashes, end, sign + content if content else "", mention)


def _innermost(boxes: list[Box]) -> list[Box]:
    return [
        box
        for box, following in zip(boxes, [*boxes[1:], None], strict=False)
        if following is None or following.start >= box.end
    ]


def last_together(text: str, boxes: list[Box]) -> list[Box]:
    """Return the last box and those before it joined by "and", "or", a comma or a space."""
    together = [boxes[-1]]
    for box in reversed(boxes[:-1]):
        if not box.content or not _joined(text, box.end, together[0].start):
            break
        together.insert(0, box)
    if len({box.content for box in together}) == 1:
        return together[-1:]  # repeated
    return together


def _joined(text: str, end: int, start: int) -> bool:
    if start - end > _MAX_GAP:
        return False
    gap = text[end:start]
    filled = not _GAP_FILLING.sub("", gap)
    return filled and bool(_CONNECTOR.search(gap) or (gap.strip(" $") == "" and "\n" not in gap))


def open_box(text: str, position: int) -> str:
    """Return the rest of the line in an unclosed box; "" if that is too long."""
    end = _LINE_END.search(text, position)
    content = text[position : end.start() if end else len(text)].strip(" .")
    return content if len(content) <= MAX_OPEN else ""
