"""Which letter a response to a multiple-choice question chooses."""

import re

from rast_bench.grading.robust.extraction import disowned, languages
from rast_bench.grading.robust.extraction.formulas import without_code

_MAX_TAIL = 4_000  # characters from the end searched for a lone letter
_MAX_STATED = 20_000  # characters from the end searched for a statement of the choice
_MAX_ALONE = 8  # characters of a response that is only a letter with marks around it
_DRESS = (
    r"(?:[*_`$\"'“({\[\s:]|\\(?:text(?:bf|it|rm)?|mathrm|mathbf|boxed|fbox)(?![A-Za-z])|\\\(){0,12}"
)
_FILLER = (
    r"(?:(?:therefore|thus|then|hence|clearly|indeed|simply|definitely|for sure|surely|certainly"
    r"|most likely|probably|likely"
    r"|now|indicated as|option|choice|letter|answer|alternative|statement|number|the|given by|by"
    r"|represented by"
    r"|labell?ed|correct)\b" + _DRESS + r"){0,4}"
)
_LETTER = (
    r"(?<![A-Za-z0-9\\])(?P<letter>[A-J])"
    r"(?![A-Za-z0-9'’_^=+]|\. coli\b|\s?[-=+<>^]\s?[\w$\\]"  # no word, no side of an equation
    r"|\s?\\(?:cup|cap|times|cdot|setminus|wedge|vee|subset|to|in|le|ge|ne)(?![A-Za-z]))"
)
_NO_NOUN = re.compile(  # may follow a letter that is not an article
    r"\s(?:because|since|as|and|is|which|with|for|due|or|but|so|if|in|from|by|on|rather|not"
    r"|instead)\b|(?!\s[a-z])"
)
_ANNOUNCED = re.compile(
    r"\b(?:answer|answers|choice|option|selection|response|alternative|letter|correct (?:one"
    r"|statement))\b"
    r"(?P<about>(?:[ \t]{1,9}(?!answer|choice|option)[^\s.:=\\$?!|*]{1,20}){0,10}?)[*_\s}]{0,9}"
    r"(?:\b(?:is|are|was|would be|will be|should be|must be|be)\b|:|=|\bto\b(?! be))"
    + _DRESS
    + _FILLER
    + _LETTER,
    re.IGNORECASE,
)
_ANNOUNCED_ABROAD = re.compile(
    r"(?:\b(?:réponse|respuesta|risposta|resposta|antwort|ответ|الجواب|الإجابة)\b"
    r"(?P<about>(?:[ \t]{1,9}[^\s.:=\\$?!|*]{1,20}){0,6}?)\s{0,3}"
    r"(?:\b(?:est|es|è|é|ist|lautet|هو|هي)\b|[:—–-])"
    r"|(?:答案|选项|選項|正解|答え|정답|답)(?:应该|應該)?(?:选|選)?(?:是|为|為|は|은|：|:|(?<=[选選]))"
    r"|(?<!不)(?:应该|應該|因此|所以|故)(?:选择|選擇|选|選)|(?:उत्तर|উত্তর)\s{0,3}[:：]?)"
    + _DRESS
    + r"(?:(?:la|el|die|der|opci[oó]n|option|选项|選項|вариант|विकल्प)\b"
    + _DRESS
    + r"){0,2}"
    + _LETTER,
    re.IGNORECASE,
)
_CORRECT = re.compile(
    r"(?:\b(?:option|choice|answer|alternative|statement)\s{1,4})?"
    + r"(?:[*_(]{0,4}\b(?P<letter>[A-J])\b[*_)\]]{0,4}[.:]?)"
    + r"(?P<thing>(?:\s[^\s.,;:?!]{1,25}){0,6}?)\s(?P<be>is|must be|should be|seems|appears"
    r"|would be)\s{1,4}(?!not\b|n't|in)"
    r"(?:(?:thus|therefore|then|clearly|indeed|also|definitely|most likely|the|a|an|our|my|only"
    r"|to be|best|most|likely|probably)\s{1,4}){0,5}"
    r"(?:(?:correct|right|true|valid|best|appropriate|accurate|suitable)\b(?!\s(?:angle|triangle|hand"
    r"|side|that|for all|if))|answer\b|choice\b|option\b)"
)
_CHOSEN = re.compile(
    r"\b(?:choose|chose|select|pick|go with|choosing|selecting|corresponds? to|corresponding to"
    r"|match(?:es)?|leads? (?:us )?to|points to|opt for)\b"
    r"[\s:]{0,4}(?P<about>(?:(?:the|answer|option|choice|letter|statement"
    r"|alternative)\s{1,4}){0,4})" + _DRESS + _LETTER,
    re.IGNORECASE,
)
_THEREFORE = re.compile(
    r"\b(?:therefore|thus|hence|so)\b[,:]?\s{1,3}"
    r"(?:(?:I|we) (?:think|believe|guess|say) (?:that )?)?"
    r"(?:it is |it['’]s |the )?" + _DRESS + _LETTER + r"[\s.)}\]*_$]{0,6}(?:\n|\Z)",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"[\s*_#>`$({\[]{0,12}(?:(?:option|choice|answer)\s{0,3}:?\s{0,3})?\**"
    r"(?:\\(?:text(?:bf)?|mathrm"
    r"|mathbf)\s?\{\s?)?\(?\s?(?P<letter>[A-J])(?:\s?[)\].:}*_$`]{1,8}(?P<rest>[^\n]{0,300})|\s*)",
)
_NAMED = re.compile(r"\(([A-J])\)|\b(?:[Oo]ption|[Cc]hoice)\s\(?([A-J])\b")
_BARE_LETTER = re.compile(
    r"[\s{(\[*_$]{0,8}(?:\\(?:text(?:bf|it|rm)?|math(?:rm|bf))\s?\{\s?)?[\s(\[]{0,3}(?:(?:option"
    r"|choice|answer)\s?:?\s?)?[({\[]?\s?"
    r"(?P<letter>[A-Ja-j])\s?(?:(?P<closing>[)\]}.:,*_$]{1,6})(?P<rest>.{0,2000})|)",
    re.IGNORECASE | re.DOTALL,
)
_LETTER_AND_VALUE = re.compile(
    r"(?:\\(?:text(?:bf|it|rm)?|math(?:rm|bf))\s?\{\s?(?:\(\s?[A-J]\s?\)|[A-J]\s?[).:])\s{0,3}\}"
    r"|\(\s?[A-J]\s?\)(?=\s|\\)|[A-J][).](?=\s|\\[ ,;]))"
    r"(?:\s|\\[ ,;:!]|\\q?quad(?![A-Za-z])|~)*(?P<value>[^\s,].*)",
    re.DOTALL,
)
_NEGATION = re.compile(
    r"\b(?:least|not|cannot|can't|never|eliminate|wrong|incorrect|except|rule out|isn't|unlikely"
    r"|avoid|improbable|implausible|hardly|anything but|far from"
    r"|(?:I|we|you|be|been|was|were) (?:\w{1,12} )?(?:eliminated|excluded|rejected|discarded))\b"
    r"|n['’]t\b",
    re.IGNORECASE,
)
_NOT_ABROAD = re.compile(languages.NOT, re.IGNORECASE)
_ONE_NOT_ANOTHER = re.compile(  # "B, not A", "B。不是 A"
    r"\(?(?P<letter>[B-HJ])\)?[\s,.:;。，、—–-]{0,4}"
    r"(?:(?:and\s)?not|rather than|non(?: pas)?|et pas|nicht|y no"
    r"|no|não|не|а не|而?不是|而非)"
    r"\s{0,3}\(?[A-J]\)?(?:\s{0,3}(?:,|or|nor|ou|o|oder|和|或)"
    r"\s{0,3}\(?[A-J]\)?){0,5}[\s.。!]{0,3}"
)
_ALSO = re.compile(
    r"[\s)}\]*$.]{0,6}(?:,|/|&|\b(?:and|or|ou|oder|или)\b|或者?|还是|または|(?<=[)\]])(?=\())"
    r"\s{0,3}(?:option\s"
    r"|choice\s)?[({*\[]{0,3}([A-J])(?![A-Za-z'’])"
)
_WRONG_BEFORE = re.compile(
    r"\b(?:wrong|incorrect|false|worst|eliminated|excluded|rejected|discarded|tempting|least likely"
    r"|untrue)\s(?:\w{1,12}\s)?\Z",
    re.IGNORECASE,
)
_NOT_THE_ANSWER = re.compile(disowned.NOT_THE_ANSWER, re.IGNORECASE)
_CALLED_ANSWER = ("answer", "choice", "response", "selection")
"""Nouns for what is chosen; an "inaccurate statement" may be what was asked for."""
_WRONG_BEHIND = re.compile(
    r"(?i:[\s)}\]*$.\"]{0,6}(?:is|are|was|seems|looks|appears|would be|can(?:not| not))"
    r"(?:n['’]t|\s(?:\w{1,12}ly\s)?(?:not|never|hardly|unlikely|improbable|implausible|false"
    r"|wrong|incorrect|eliminated|out|invalid|be|(?:the\s)?(?:worst|least "
    + disowned.GRADES
    + r"))\b))"
)
_DOUBT = re.compile(
    r"\b(?:if|whether|not|never|why|suppose|avoid|(?<!\bno )(?<!\ba )(?<!\bany )doubt)\b|n['’]t\b",
    re.IGNORECASE,
)
_THING = re.compile(
    r"\b(?:plan|point|set|event|matrix|person|group|class|vitamin|type|box|bag|train|car|city"
    r"|company|machine|line|angle|side|vertex|case|graph|figure|team|part|function|player)\s\Z",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.,;?!]\s|\n")
_ASKED = re.compile(  # "B? No, C."
    r"[\s)}\]*$]{0,6}[吗嗎ですか까]{0,3}[?？](?:\s{1,3}No\b[\s,.:;—–-]{0,4}(?:it(?:'s| is)\s"
    r"|the answer is\s)?\(?([A-J])\b)?"
)
_ANOTHER = re.compile(r"(?:,|and\b|or\b|&|/)\s*(?:\\text\w*\{)?[({]?\s*[A-Ja-j]\b", re.IGNORECASE)
_OTHER_LETTER = re.compile(
    r"\(\s?[A-J]\s?\)|(?<![A-Za-z\\])[A-J](?:\)|\.(?!\d)|:)|\A[\\\s(]{0,3}[A-J](?:[\s).}]{0,3})\Z"
)
_REJECTED = re.compile(
    r"\W{0,9}(?:(?:is|are|was|it|that)\b\W{0,3}){0,2}(?:text\W)?(?:false|wrong|incorrect|not|untrue"
    r"|invalid|rejected|eliminated|impossible)\b|coli\b|.{0,30}\b(?:isn|aren|wasn)['’]t\b",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(r"[.;?!]\s|\n")


def letter_of(text: str) -> str:
    r"""Return the letter that an answer is or begins with (`\textbf{(B)} 7`, `B. 5 cm`), else "".

    A lower-case letter counts if alone or in brackets.
    """
    match = _BARE_LETTER.fullmatch(text.strip()[:2_100])
    if match is None:
        return ""
    rest = (match["rest"] or "").strip(" .*_})$")
    if match["letter"].islower() and rest and ")" not in (match["closing"] or ""):
        return ""
    closing = match["closing"] or ""
    if rest and (closing[0] == "," or "_" in closing or _ANOTHER.match(rest)):
        return ""
    if is_ambiguous(text):
        return ""
    return match["letter"].upper()


def is_ambiguous(text: str) -> bool:
    """Return whether a letter stands beside another or is rejected ("C: false", "(C)(D)")."""
    match = _BARE_LETTER.fullmatch(text.strip()[:2_100])
    rest = (match["rest"] or "").strip(" .*_})$") if match else ""
    if match is None or not rest or match["closing"][0] == ",":
        return False
    return bool(_OTHER_LETTER.search(rest) or _REJECTED.match(rest))


def value_beside(text: str) -> str:
    r"""Return the text after the letter of `\textbf{(B)} 7`; "" for an answer without one."""
    match = _LETTER_AND_VALUE.fullmatch(text.strip()[:2_100])
    return match["value"].strip() if match else ""


def stated_choice(text: str) -> str | None:
    """Return the letters in the last statement of a choice, joined by ", ", or None."""
    stated = last_stated(text)
    return stated[0] if stated else None


def last_stated(text: str) -> tuple[str, int] | None:
    """Return the result of `stated_choice` and where it ends in the text."""
    skipped = max(0, len(text) - _MAX_STATED)
    text = without_code(text[skipped:])
    best: tuple[int, str, int] | None = None
    for pattern in (_ANNOUNCED, _ANNOUNCED_ABROAD, _CHOSEN, _THEREFORE, _CORRECT):
        for match in pattern.finditer(text):
            if pattern is _CORRECT and not match["letter"]:
                continue
            if not _is_letter(text, match, pattern) or _denied(text, match):
                continue
            letters = [match["letter"].upper()]
            end = match.end("letter")
            if asked := _ASKED.match(text, end):
                if asked[1]:
                    letters, end = [asked[1]], asked.end()
                else:
                    continue
            if pattern is not _CORRECT and (also := _ALSO.match(text, end)):
                letters.append(also[1])
                end = also.end()
            if best is None or match.start("letter") >= best[0]:
                best = match.start("letter"), ", ".join(letters), end
    return (best[1], skipped + best[2]) if best else None


def _is_letter(text: str, match: re.Match[str], pattern: re.Pattern[str]) -> bool:
    """Return whether it is neither a word ("A ball") nor part of one ("choose B balls")."""
    end = match.end("letter")
    if _THING.search(text, max(0, match.start("letter") - 20), match.start("letter")):
        return False
    if match["letter"].islower():
        return text.startswith(")", end)
    if pattern is _CORRECT:
        return match["letter"] not in "AI" or not match["thing"]  # "A ball is", "I hope it is"
    if pattern is _ANNOUNCED_ABROAD:
        return True
    if pattern is _ANNOUNCED and match["letter"] not in "AI":
        return True
    return _NO_NOUN.match(text, end) is not None


def _denied(text: str, match: re.Match[str]) -> bool:
    before = _CLAUSE.split(text[max(0, match.start() - 60) : match.start()])[-1]
    inside = text[match.start() : match.start("letter")]
    if match.re is _ANNOUNCED_ABROAD and _NOT_ABROAD.search(inside):
        return True
    if _WRONG_BEFORE.search(before) or _WRONG_BEHIND.match(text, match.end("letter")):
        return True
    if inside.lower().startswith(_CALLED_ANSWER) and _NOT_THE_ANSWER.search(before):
        return True
    return bool(_NEGATION.search(inside) or _DOUBT.search(before))


def lettered_line(text: str) -> str | None:
    """Return the letter that the last line is or begins with ("B", "**(C) 5 cm**")."""
    lines = text.rstrip()[-_MAX_TAIL:].rsplit("\n", 1)
    if only := (letter_of(text) if len(text.strip()) <= _MAX_ALONE else ""):
        return only
    if chosen := _ONE_NOT_ANOTHER.fullmatch(lines[-1].strip()):
        return chosen["letter"]
    match = _LINE.fullmatch(lines[-1].strip())
    if match and match["rest"] and _WRONG_BEHIND.match(" " + match["rest"].lstrip(" ):*")):
        return None
    if match is None or _ANOTHER.match((match["rest"] or "").lstrip()):
        return None
    if match["rest"] and match["letter"] in "AI" and not re.search(r"[).:*]", lines[-1][:8]):
        return None
    return match["letter"]


def named_letter(text: str) -> str | None:
    """Return the last "(B)" or "option B" near the end, if its sentence names no other."""
    tail = text[-_MAX_TAIL:]
    found = list(_NAMED.finditer(tail))
    if not found:
        return None
    begin = max((end.end() for end in _BOUNDARY.finditer(tail, 0, found[-1].start())), default=0)
    named = {match[1] or match[2] for match in found if match.start() >= begin}
    behind = _BOUNDARY.search(tail, found[-1].end())
    sentence = tail[begin : behind.start() if behind else len(tail)]
    return min(named) if len(named) == 1 and not _NEGATION.search(sentence) else None
