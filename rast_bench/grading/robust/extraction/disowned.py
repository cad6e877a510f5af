r"""What a response shows without giving it as its answer: boxes in programs, "the worst answer"."""

import re

from rast_bench.grading.robust.extraction.boxes import find_boxes

_REACH = 120  # characters before a box
_FENCE = "```"
_PROGRAM = re.compile(  # the first line of a fenced block, or what only programs contain
    r"(?:python\d?|py|ipython|sage|c|cpp|c\+\+|csharp|c#|java|javascript|js|typescript|ts|bash|sh"
    r"|shell|ruby|go|rust|r|matlab|octave|julia|mathematica|wolfram|haskell|lua|php|perl|swift"
    r"|kotlin|scala|html)[ \t]*\n"
    r"|[\s\S]*?(?:\A|\n)[ \t]*(?:import [a-z]|from \w+ import |def \w+\(|print\(|#include)",
    re.IGNORECASE,
)
_SHOWN = re.compile(
    r"(?:\b(?:print(?:f|ln)?|puts|write|log)\s?\(|\b(?:return|echo|puts)\s)\s?[rfbu]{0,2}[\"'`]{1,3}"
    r"[^\"'`\n]{0,80}\Z"
    r"|\b(?:write|put|give|enclose|present|state|express|format|provide|submit|type|enter|report"
    r"|box|wrap)\s(?:down\s)?your\s(?:\w{1,12}\s){0,2}(?:answers?|results?|solutions?)\s"
    r"(?:as|in|inside|within|like|using|with|into|in the (?:form|format)(?: of)?)[\s:\"'`$*(]*\Z"
    r"|\b(?:should|must|has to|have to|needs? to|is to|are to|can) be (?:written|given|presented"
    r"|put|formatted|enclosed|stated|expressed|wrapped)\s(?:as|in|inside|within|like|using)[\s:$*(]*"
    r"[\"'`“‘][$\s]*\Z"
    r"|(?:\A|\n)[ \t]{0,8}%[^\n]{0,80}\Z"  # a comment
    r"|\b(?:use|follow) the (?:\w{1,12} ){0,2}(?:format|notation|form)[\s:\"'`$*(]*\Z"
    r"|\bif (?:the|your) (?:\w{1,12} )?(?:answer|result) (?:is|were|was)\b[^.\n]{0,60}\Z",
    re.IGNORECASE,
)
GRADES = (
    r"(?:likely|plausible|probable|convincing|accurate|suitable|appropriate|correct|reasonable"
    r"|credible|believable|sensible|valid|logical|fitting|good|right)"
)
ADJECTIVES = (
    r"(?:(?:least|less|not)[ -](?:\w{1,12}ly )?"
    + GRADES
    + r"|(?:un|im)(?:likely|plausible|probable)"
    r"|unlikeliest|improbable|unreasonable|unsuitable|inappropriate|inaccurate|invalid|untrue|wrong|incorrect"
    r"|false|erroneous|mistaken|bad|poor|worse|worst|poorest|impossible|misleading|deceptive"
    r"|tempting|na[iï]ve|distractor|trap|decoy|rejected|eliminated|excluded|discarded|dismissed"
    r"|(?:second|third|next|runner)[ -](?:best|up|likeliest|closest|most " + GRADES + r")"
    r"|initial|previous|earlier|former|preliminary|(?<=my )(?:first|original)"
    r"|student(?:['’]?s|s['’])?)"
)
NOT_THE_ANSWER = (
    r"(?:\b" + ADJECTIVES + r"[ -](?:(?:final|possible|looking)[ -]"
    r"|(?:one )?(?:of|among) (?:all )?(?:the|these) )?|\bnon-"
    r"|\b(?:(?:opposite|reverse|contrary|negation|negative|reciprocal|inverse|square|cube"
    r"|square root|third|quarter|part|multiple|factor|divisor|digits?) (?:of|to)"
    r"|(?:half|double|triple|twice|times)(?: of)?) (?:the|our|my|this|that) "
    r"(?:(?:final|correct|right|actual|real|true) )?)\Z"
)
"""The end of a text before "answer" that speaks of something else than the answer."""


def without_shown_boxes(text: str) -> str:
    r"""Blank the boxes that a program prints, or that instructions show ("as \boxed{5}")."""
    if "oxed" not in text and "fbox" not in text:
        return text
    programs = _programs(text)
    pieces: list[str] = []
    position = 0
    for box in find_boxes(text).closed:
        if not box.content or box.start < position:
            continue
        inside = any(begin <= box.start < end for begin, end in programs)
        if inside or _SHOWN.search(text[max(0, box.start - _REACH) : box.start]):
            pieces += text[position : box.start], " " * (box.end - box.start)
            position = box.end
    return "".join([*pieces, text[position:]]) if pieces else text


def _programs(text: str) -> list[tuple[int, int]]:
    """Return where fenced programs begin and end; the output of one is none."""
    found: list[tuple[int, int]] = []
    position = 0
    for number, part in enumerate(text.split(_FENCE)):
        if number % 2 and _PROGRAM.match(part):
            found.append((position, position + len(part)))
        position += len(part) + len(_FENCE)
    return found
