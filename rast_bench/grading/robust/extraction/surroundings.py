r"""The text directly before and after a box: a denial, or the rest of an expression."""

import re

from rast_bench.grading.robust.extraction.boxes import Box

_REACH = 100  # characters before a box that may deny it
_LINE = 300  # characters of a formula around a box
_SENTENCE_BEGIN = re.compile(r"[.;?!]\s|\n|,\s(?=but\b|so\b|not\b|however\b)")
_NEAR = r"[\s$*_:(\"“`\\]{0,8}(?:x\s?=\s?)?\Z"
_DENIED_BEFORE = re.compile(
    r"(?:(?:\b(?:not|cannot|never|neither|nor|unlike|instead of|rather than|except|niet|geen|nicht"
    r"|keine?|pas|не)\b|n['’]t\b)(?:\s(?:be|is|equal|equal to|to|the|longer|simply|just|равен|равно"
    r"|égale? à|gleich)){0,3}|\b(?:no es|non è|não é|is niet)|不是|不等于|不等於|並非|并非)"
    + _NEAR
    + r"|(?:\A|[,:]\s)\s*(?:(?:so|but|the|an?|one|another)\s){0,2}"
    r"(?:(?:very|most|common|typical|tempting|popular)\s){0,2}(?:wrong|incorrect|mistaken|false)\s"
    r"(?:answer|result|value|solution|choice|option|guess)\b[^.;\n]{0,50}\Z"
    r"|\b(?:common (?:mistake|error)s?|(?:wrongly|incorrectly|mistakenly)\s(?:gets?|gives?|obtain"
    r"|conclude|assume|think|say)|tempt(?:ed|ing)|(?:many|some|people|others|one|they|you|we"
    r"|students)\s(?:would|might|may|could)\s(?:guess|say|think|expect)"
    r"|student['’]s\s(?:answer|claim|result|solution)"
    r"|(?:the user|someone|somebody|another (?:student|solution|person|model|answer)"
    r"|(?:the|an?|my|your)\s(?:previous|earlier|proposed|quoted)\s(?:solution|answer|response"
    r"|attempt|model|assistant|guess))\s(?:\w{1,12}ly\s)?(?:wrote|claim(?:s|ed)|sa(?:ys?|id)"
    r"|answer(?:s|ed)|gave|gives|got|gets|stated?|states|conclude[sd]?|was|is))\b"
    r"[^.;\n]{0,50}\Z",
    re.IGNORECASE,
)
_HYPOTHETICAL = re.compile(
    r"\b(?:format|for example|e\.g\.|example|for instance)[^;\n]{0,40}\Z", re.IGNORECASE
)
_CLOSING = r"[\s$)*_\"”`]{0,6}(?:\\[\])])?[\s,*_]{0,4}"
_DENIED_BEHIND = re.compile(
    _CLOSING + r"(?:(?:which|that|it|this)\s)?(?:"
    r"(?:is|are|was|were|would be|must be|seems|looks)\s(?:\w{1,12}ly\s|also\s|thus\s){0,2}"
    r"(?:wrong|incorrect|mistaken|excluded|rejected|extraneous|invalid|impossible|ruled out|false"
    r"|discarded|too (?:large|small|big|high|low)|an? (?:error|mistake|common)"
    r"|the answer to (?:a|another) different)\b"
    r"|(?:is|are|was|were|would|does|do|can|could|should)(?:\s?not|n['’]t|['’]t)(?:\s(?:be|the|an?"
    r"|our|my|final|correct|right|valid|real|possible)){0,3}\s(?:answer|solution|correct|right|valid"
    r"|possible|allowed|acceptable|option|integer|work|count|the case|be(?=[\s.,;]*(?:\Z|\n|because"
    r"|since|as)))\b"
    r"|n['’]est pas|ist (?:nicht|falsch)|no es|non è|não é|is niet|不对|不對|不是|错误|錯誤)",
    re.IGNORECASE,
)
_TORN_BEFORE = re.compile(
    r"(?:(?<![A-Za-z])[A-Za-z]|\d)\s?[-−+/]\s?\Z|[)}][-−+/*]\Z|\}\s?[+/]\s?\Z|\d\s?\*\s?\Z"
    r"|(?<!\s)\d\Z|\d\s?[·×÷∙]\s?\Z"
    r"|\\(?:cdot|times|div|pm|mp|neq?|geq?|leq?|geqslant|leqslant|gt|lt|sqrt|log|ln|sin|cos|tan"
    r"|exp)(?![A-Za-z])\s?(?:\[[^\[\]]{0,9}\])?\{?\s?\Z|(?:≠|!=|≥|≤|[<>]=|±|∓)\s?\Z"
    r"|[\w)}]\s?(?:<|(?<![-=])>)\s?\Z|\$(?:<|>)\s?\Z"
    r"|(?<![\w\\])(?:log|ln|sin|cos|tan|sqrt)\s?\(?\Z|[\^√]\s?\{?\Z"
    r"|\\[dt]?(?:frac|binom)\s?\{(?:(?:[^{}\n]|\{[^{}\n]{0,20}\}){1,40}\}\s?\{)?\s?\Z"
    r"|\b(?:minus|negative|plus or minus)\s[$\\(]{0,3}\Z"
    r"|oxed\s?\{[^{}\n]{1,40}\}\s?:\s?\Z"
    r"|[$(]\s?\(?\s?-?[\w.]{1,9},\s?\Z"
)
_TORN_BEHIND = re.compile(
    r"\s?\^(?!\s?\{?\s?(?:\\circ|∘))|\s?!(?![\s\n]|\Z|[*$)\\])|!\s?\$|[·∙÷√²³]|\s?[*×]\s?[\w(]"
    r"|\s?/\s?[\d({\\]"
    r"|\s?[-−+]\s?[\d(\\]|(?:[-+]|\s\+\s)[A-Za-z](?![A-Za-z])|\d|\.\d|[ixyzknabtrpqe](?![A-Za-z])"
    r"|\s?\\(?:cdot|div|sqrt|pi|pm)(?![A-Za-z])|\s?\\times(?!\s?10)|\s?π"
    r"|,\s?-?[\w.]{1,9}\s?(?:\)|\\?\})"
    r"|\s?:\s?\\(?:boxed|fbox)"
)
_BOUND = re.compile(
    r"\b(?P<bound>at least|at most|(?:no )?(?:more|less|fewer|greater|larger|smaller|higher|lower)"
    r" than)[\s$*(]{1,4}(?:\\[\[(])?\s?\Z",
    re.IGNORECASE,
)
_NEEDS = re.compile(  # "we need at least 13 socks"
    r"\b(?:need\w*|requir\w+|must|has to|have to|takes?|necessary|ensur\w+|guarantee\w*|suffic\w+"
    r"|minim\w+|maxim\w+|smallest|largest|least|most|best)\b.{0,100}\b(?:at|no)\s",
    re.IGNORECASE,
)
_DASH_BEFORE = re.compile(r"\s[-−]\s\Z")
_DASH_BEHIND = re.compile(r"\s[-−]\s")
_SCALE = re.compile(
    r"[\s$]{0,3}(?:\\[\])])?\s{0,2}(?:(?:hundred|thousand|million|billion|trillion|dozens?|pi|π"
    r"|halves|thirds|quarters|fourths|fifths|sixths|sevenths|eighths|ninths|tenths|hundredths"
    r"|thousandths|squared|cubed|factorial)\b|(?:and a (?:half|third|quarter)|or (?:more|less|fewer"
    r"|greater|higher|lower))\b)",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:\(([a-d])\)|\b(?:[Cc]ase|[Pp]art)\s(?:\(?([a-dA-D1-9]|i{1,3})\)?))[:.]?[^\n.({]{0,40}\Z"
    r"|\b[Ii]f\s([^\n{},.;]{1,20}?)(?:,|\sthen\b)[^\n.({]{0,40}\Z"
)
_ALSO = re.compile(
    r"[\s$]{0,3}(?:,|,?\s?\b(?:and|or))\s\$?(-?\d{1,9})[\s$]{0,2}(?:\.?\s*\Z|\.?\n|\.\s)"
)
_OTHER = re.compile(  # "6 and", "x = 6 and x ="
    r"(?:(?:\A|\n|\b(?:is|are)\s)\$?|\b(?P<name>[a-z])\s?=\s?)(?P<value>-?\d{1,9})\$?\s(?:and|or)\s\$?"
    r"(?(name)(?P=name)\s?=\s?)\Z"
)
_INTEGER = re.compile(r"-?\d{1,9}")
_MARK = re.compile(r"\$|\\[()\[\]]|\n")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s?\{([^{}]*)\}")
_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{3,}")
_ADDS = re.compile(r"\S\s?[-+]")


def denied(text: str, box: Box) -> bool:
    r"""Return whether its sentence denies it ("not \boxed{5}", "\boxed{7} is wrong")."""
    before = _SENTENCE_BEGIN.split(text[max(0, box.start - _REACH) : box.start])[-1]
    return bool(_DENIED_BEFORE.search(before) or _DENIED_BEHIND.match(text, box.end))


def hypothetical(text: str, box: Box) -> bool:
    """Return whether it shows what an answer could look like."""
    before = re.split(r"\n", text[max(0, box.start - _REACH) : box.start])[-1]
    return _HYPOTHETICAL.search(before) is not None


def part(text: str, box: Box) -> str:
    """Return the part or case that a box answers ("(b)", "Case 2", "if x = 3 then"), or ""."""
    before = text[max(0, box.start - 60) : box.start]
    label = _PART.search(before)
    return next(filter(None, label.groups()), "") if label else ""


def whole(text: str, box: Box) -> str | None:
    r"""Return the expression or number that a box is part of (`10-\boxed{5}`, `\boxed{5}` million).

    "" if it cannot be determined, None if the box stands alone.
    """
    behind = _SCALE.match(text, box.end)
    if behind:
        return f"{box.content} {behind[0].strip(' $)]}' + chr(92))}"
    also = _ALSO.match(text, box.end) if _INTEGER.fullmatch(box.content) else None
    if also:
        return f"{box.content}, {also[1]}"
    before = text[max(0, box.start - 60) : box.start]
    if bound := _bound(text, box):
        return f"{bound} {box.content}"
    other = _OTHER.search(before) if _INTEGER.fullmatch(box.content) else None
    if other:
        return f"{other['value']}, {box.content}"
    if not (_TORN_BEFORE.search(before) or _TORN_BEHIND.match(text, box.end)):
        return None
    left = text[max(0, box.start - _LINE) : box.start]
    begin = max((mark.end() for mark in _MARK.finditer(left)), default=0)
    end = _MARK.search(text, box.end, box.end + _LINE)
    right = text[box.end : end.start() if end else box.end + _LINE]
    left, right = (_BOXED.sub(_inner, side) for side in (left[begin:], right))
    line = f"{left} {right}"
    if _WORD.search(line) and (_DASH_BEFORE.search(before) or _DASH_BEHIND.match(text, box.end)):
        return None  # a dash, not a minus
    if "=" in right or len(line) > _LINE or _WORD.search(line):
        return ""
    piece = text[box.start : box.end]
    opening = piece.find("{")
    inner = piece[opening + 1 : -1] if opening >= 0 and piece.endswith("}") else box.content
    return f"{left}{_bare(inner)}{right}".strip().rstrip(".,;")


def _bound(text: str, box: Box) -> str:
    """Return the "at least" before a box, except where the bound itself is asked for."""
    before = _SENTENCE_BEGIN.split(text[max(0, box.start - 200) : box.start])[-1]
    bound = _BOUND.search(before)
    return bound["bound"] if bound and not _NEEDS.search(before) else ""


def _inner(box: re.Match[str]) -> str:
    return _bare(box[1])


def _bare(content: str) -> str:
    return f"({content})" if _ADDS.search(content) else content
