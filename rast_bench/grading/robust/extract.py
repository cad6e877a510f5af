r"""Where an answer stands in a response: the last box, else what an "answer is" announces, else
the last mathematics, else the last number."""

import re
from collections.abc import Iterator

_BOX = re.compile(r"\\(?:boxed|fbox)\s*(\{)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)  # a backslash takes its next character along
_MINUS = re.compile(r"[=$]\s*-\s*\Z")
_UNBRACED_BOX = re.compile(r"\\boxed\s+([^\s{$]+)")
_BETWEEN_BOXES = re.compile(
    r"[\s.]*(?:\$\$?|\\[\])])?\s*(?:,|;|and|or|, and|, or|\\text\{\s*(?:and|or)\s*\})+\s*"
    r"(?:[A-Za-z]\s*=\s*)?(?:\$\$?|\\[\[(])?\s*(?:[A-Za-z](?:_\{?\w\}?)?\s*=\s*)?"
)
_FINAL = re.compile(r"final answer is\s*(\$[^$]+\$.*)", re.IGNORECASE)
_HASHES = re.compile(r"####\s*(.+)")
_ANNOUNCED = re.compile(
    r"(?:final\s{1,9}answer|answer|result|solution)(?:\s{1,9}to\s{1,9}(?:this|the)\s{1,9}\w{1,20})?"
    r"\s{0,9}(?:\*\*)?\s{0,9}(?:is|are|:|=|should be|would be|must be)"
    r"(?!\s{0,9}(?:\*\*)?\s{0,9}(?:in)?(?:correct|wrong|right|verified|obtained|given|not|as)\b)"
    r"\s{0,9}(?:\*\*)?\s{0,9}:?\s{0,9}|^A:\s{0,9}|答案(?:是|为|：|:)\s{0,9}",
    re.IGNORECASE | re.MULTILINE,
)
_MATH = re.compile(
    r"\$\$(.+?)\$\$|(?<!\\)\$((?:[^$\n]|\\\$)+?)(?<!\\)\$|\\\[(.+?)\\\]|\\\((.+?)\\\)", re.DOTALL
)
_PROSE = re.compile(r"(?<![\\{A-Za-z])[A-Za-z]{2,} [A-Za-z]{2,} |<<|\. [A-Z]")  # between two prices
_HOPE = re.compile(r"[.\s]*I hope (?:it|this|that) is correct.*", re.DOTALL | re.IGNORECASE)
_BETWEEN_FORMULAS = re.compile(r"(?:M|\s|,|and|or|;)+")
_SENTENCE_END = re.compile(r"\.(?=\s|\Z)|\n|。")
_NUMBER = re.compile(
    r"-?(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?"
    r"(?:\s*/\s*\d+(?:\.\d+)?)?(?:\s*\\?%)?"
)
_MOST_UNCLOSED = 3  # each costs a walk to the end of the text
_MAX_LINE = 200
_SENTENCE = re.compile(
    r"\b(?:[Tt]he|[Ii]s|[Aa]re|[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|[Ss]he|[Hh]e|[Tt]hey|[Ww]e|[Ii]t"
    r"|was|were|has|have)\b(?!\s*\})"
)
_MAX_TAIL = 4_000  # characters from the end in which mathematics without an announcement is sought


def find_answer(text: str) -> str | None:
    """The answer as it is written; None where none is boxed or announced."""
    boxed = _boxes(text)
    if boxed is not None:
        after = _FINAL.search(text, text.rfind("boxed"))
        return (after and _announced(after[1])) or boxed or None
    hashes = _HASHES.findall(text)
    if hashes:
        return str(hashes[-1]).strip()
    end = len(text.rstrip(" \n.*$"))
    announced = [match.end() for match in _ANNOUNCED.finditer(text) if match.end() < end]
    return (_announced(text[announced[-1] :]) or None) if announced else None


def guess_answer(text: str) -> str | None:
    """What a response that announces nothing answers; None where it has nothing to offer.

    The line of an open box; the whole of one line without prose; else the last mathematics or
    number.
    """
    box = None
    for box in _BOX.finditer(text):  # noqa: B007 (the last one)
        pass
    if box and _brace_end(text, box.start(1)) < 0:
        opened = text[box.end() :].split("\n", 1)[0].strip(" .$")
        return opened if 0 < len(opened) <= _MAX_LINE else None
    line = text.strip()
    if len(line) <= _MAX_LINE and "\n" not in line and not _SENTENCE.search(line):
        return line or None
    tail = text[-_MAX_TAIL:]
    mathematics = list(_formulas(tail))
    number = None
    for number in _NUMBER.finditer(tail):  # noqa: B007 (the last one)
        pass
    if mathematics and (number is None or number.start() < mathematics[-1][1]):
        return mathematics[-1][0]
    return number[0].strip() if number else None


def _formulas(text: str) -> Iterator[tuple[str, int]]:
    """Each stretch of mathematics and where it ends."""
    position = 0
    while match := _MATH.search(text, position):
        content = next(filter(None, match.groups())).strip()
        position = match.end()
        if content and not _PROSE.search(content):
            yield content, match.end()
        elif match[0].startswith("$") and not match[0].startswith("$$"):
            position = match.end() - 1  # a price: the second dollar may open a formula


def _boxes(text: str) -> str | None:
    """The last box, joined by commas with those right before it ("\\boxed{1} and \\boxed{2}")."""
    found: list[tuple[int, int, str]] = []
    position = unclosed = 0
    while match := _BOX.search(text, position):
        end = _brace_end(text, match.start(1))
        if end < 0:  # cut off inside: the complete ones count
            unclosed += 1
            if unclosed == _MOST_UNCLOSED:
                break
            position = match.end()
            continue
        sign = "-" if _MINUS.search(text, max(0, match.start() - 9), match.start()) else ""
        content = text[match.start(1) + 1 : end].strip()
        found.append((match.start(), end + 1, sign + content if content else ""))
        position = end + 1
    if not found:
        unbraced = _UNBRACED_BOX.findall(text)
        return str(unbraced[-1]) if unbraced else None
    contents = [found[-1][2]]
    for before, after in zip(reversed(found[:-1]), reversed(found[1:]), strict=True):
        if not _BETWEEN_BOXES.fullmatch(text, before[1], after[0]) or before[2] in contents:
            break
        contents.insert(0, before[2])
    return ", ".join(filter(None, contents))


def _brace_end(text: str, start: int) -> int:
    depth = 0
    for match in _BRACE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return -1


def _announced(tail: str) -> str:
    """The answer at the beginning of what follows an announcement."""
    tail = _HOPE.sub("", tail.lstrip(" \n:*")[:_MAX_TAIL])
    line = _SENTENCE_END.split(tail, maxsplit=1)[0]
    formulas = [content for content, _ in _formulas(line)]
    if len(formulas) > 1 and _BETWEEN_FORMULAS.fullmatch(_MATH.sub("M", line).strip(" .*")):
        return ", ".join(formulas)
    opening = _MATH.match(tail)
    if opening and not _PROSE.search(opening[0]):
        return str(next(filter(None, opening.groups()))).strip()
    return formulas[0] if formulas else line.strip(" *`")


def letter_of(text: str, letters: str = "ABCDEFGHIJ") -> str | None:
    r"""The letter that an answer chooses: `B`, `(B)`, `\text{(B)}`, `B. 5 cm`, `Option B`."""
    bare = re.sub(r"\\(?:text|textbf|mathrm|mathbf)\s*|[${}*\\]|\(\s*\)", " ", text).strip()
    bare = re.sub(r"^(?:option|choice|answer)\s*", "", bare, flags=re.IGNORECASE)
    match = re.match(rf"\(?\s*([{letters}])\s*(?:\)|\.|:|\Z)", bare)
    if match:
        return match[1]
    bracketed = re.match(rf"\(\s*([{letters.lower()}])\s*\)(?:\s+[A-Z]|\Z)", bare)
    if bracketed:
        return bracketed[1].upper()
    single = re.fullmatch(rf"\(?\s*([{letters.lower()}])\s*\)?\.?", bare)
    return single[1].upper() if single else None


_CHOSEN = re.compile(
    r"(?:answer|choice|option|correct)[^.\n]{0,40}?(?:is|:|=)?\s{0,9}[*$\\({]{0,9}"
    r"(?:boxed|text(?:bf)?)?[({\s]{0,9}\b([A-J])\b(?!')",
)
_BRACKETED = re.compile(r"\(([A-J])\)")
_ALONE = re.compile(r"\b([A-J])\b(?!')")


def chosen_letter(text: str) -> str | None:
    """The letter that a response without a box chooses: the last announced, else the last alone."""
    for pattern in (_CHOSEN, _BRACKETED, _ALONE):
        letters = pattern.findall(text)
        if letters:
            return str(letters[-1])
    return None
