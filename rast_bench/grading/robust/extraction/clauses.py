"""The answer at the beginning of what follows "is": one value, several values, or words."""

import re
from collections.abc import Callable

from rast_bench.grading.robust.extraction import languages
from rast_bench.grading.robust.extraction.formulas import FORMULA, formulas, masked
from rast_bench.grading.robust.extraction.gold_kind import GoldKind

MAX_CLAUSE = 1_000  # characters of a clause; a formula at its beginning may be longer
MAX_FORMULA = 10_000  # characters

_SIGN = (  # not an operator: nothing before it could be its left side
    rf"(?<![\w)\]}}{FORMULA}])(?<![\d)\]}}{FORMULA}]\s)(?<!\b[A-Za-z]\s)[-+−]\s?"
)
NUMBER = (
    rf"(?:{_SIGN})?(?<![A-Za-z_\d])(?<!\d\.)"
    r"(?:(?:\d{1,3}(?:(?:,|\{,\})\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,4}(?!\w))?"
)
"""A decimal number in plain text."""

VALUE = (
    r"(?:\\?[$€£]\s?)?(?:[-−]\s?(?=[$€£]))?(?:[$€£]\s?)?" + NUMBER + r"(?:"
    r"\s?(?:×|\*|x|\\times|\\cdot)\s?10\s?\^\s?(?:\{[-−]?\d{1,4}\}|\(?[-−]?\d{1,4}\)?)"
    r"|(?::\d{1,9}){1,9}(?:\s?[AaPp]\.?[Mm]\b\.?)?|\s\d{1,9}/\d{1,9}"
    r"|\s?/\s?\d[\d,]{0,30}(?:\.\d{1,30})?|\s?\^\s?(?:\{[^{}\n]{1,30}\}|[-−]?\w{1,9})|!"
    r"|\s(?:hundred|thousand|million|billion|trillion)\b"
    r")?(?:\s?\\?%|\spercent\b|\s?°|\^\\circ|(?<=\d)(?:st|nd|rd|th)\b)?"
)
"""A number with its currency sign, power of ten, ratio, fraction or percent sign."""

_VALUE = re.compile(VALUE)
_DIGIT = re.compile(r"\d")
_FORMULA = re.compile(rf"{FORMULA}+")
_MATHEMATICAL = re.compile(r"[\\^_={}<>+/≤≥|√±∓≠]|\s[-*]\s|-\s*\Z|-[(\s]|\s-")
_ATTACHED = re.compile(
    r"(?:[√^_|\\{±∓≠<>≥≤]\s?|!=\s?|\b[A-Za-z]\w{0,9}\(|\b(?:minus|negative)\s\$?"
    r"|\b(?:log|ln|sin|cos|tan|exp|sqrt|root)\b\s?|-)\(?\Z",
    re.IGNORECASE,
)
"""End of a text that makes the number after it part of an expression (`log 7`)."""
_CONTINUED = re.compile(r"[\^_|}\\√πA-Za-z]|-[A-Za-z]")
"""Start of a text that makes the number before it part of an expression or word ("7-gon")."""
_WRITTEN_UNIT = re.compile(r"(?:kg|[kcm]m|[kcm]?m[²³]|km/h|kW|min|[KMG]B)(?![\w^²³/·*])")
"""Units written directly after their numbers that are not products of variables."""
_CONDITION = re.compile(r"[\s,]{0,3}(?:for|where|when|with|if|such that|and|or|in|on)\b")
_ITEM = rf"(?:(?<!{FORMULA}){FORMULA}++|(?:[A-Za-z]\w?\s?=\s?)?{VALUE})"
_JOINT = (
    r"\s{0,3}(?:,|;|\band\b|\bor\b|\bas well as\b|, and\b|, or\b|" + languages.AND + r")\s{0,3}"
    r"(?:(?:and|or|maybe|perhaps|possibly|probably|also|else|even)\b\s{0,3}){0,3}"
)
LIST = rf"{_ITEM}(?:{_JOINT}{_ITEM}){{1,99}}"
_LIST = re.compile(LIST)
_SINGLE = re.compile(_ITEM)
_SPLIT = re.compile(_JOINT)
_BRACKETS = re.compile(
    r"[(\[{]\s?[^\s()\[\]{}][^()\[\]{}\n]{0,200}[)\]}]|\\\{[^{}\n]{0,200}\\\}"
    r"|\[\s{0,3}\[[^{}\n]{0,400}\]\s{0,3}\]|\((?:[^()\[\]{}\n]|\{[^{}\n]{1,40}\}){1,200}\)"
)
_WORKING = re.compile(r"\(([^()=,]+(?:=[^()=,]+)+)\)")  # "(35 + 70 = 105)"
_END = re.compile(
    r"\.(?=[\s*_\"')\]}<]|\Z)(?! coli\b)"
    r"(?<![ap]\.m\.)(?<!i\.e\.)(?<!e\.g\.)(?<!\bvs\.)(?<!\bDr\.)(?<!\bMr\.)"
    r"(?<!\bMrs\.)(?<!\bSt\.)(?<!approx\.)|[。；？！।۔؟]|\?(?=[\s*_]|\Z)|!(?=\s{1,3}[A-Z\n]|\s{0,3}\Z)|\n|</|<<|<\|"
    r"|\s<[A-Z]{2}|\s\[?\bI hope\b"
)
_REASON = re.compile(
    r"[,;:(—–-]?\s{0,3}\b(?:because|since|due to|but|however|although|though|so that|whereas|while"
    r"|as (?:it|we|the|this|they|required|shown|desired|stated|above|in)|assuming|given that"
    r"|which (?:is|was|means|gives|makes|matches|corresponds|equals)|I am|I'm|we are|we're|after"
    r"|when rounded|rounded|I think|I guess|according|based|(?:or )?equivalently|or about"
    r"|or approximately|i\.e|d['’]ici|après|dopo|após|nach|через)\b"
    r"|(?:,|\sand)\s{1,3}not\b|\s(?:rather than|instead of)\b"
    r"|\s\((?:or(?!\s[-$]{0,2}\d{1,9}\$?\s?\))"
    r"|i\.e|about|approx|rounded|to the|which|that|≈)"
)
_LEAD = re.compile(
    r"(?:[\s:*_`\"“”'‘’~=]|(?<=\n)>|(?<=\n )>|\\(?=[\s\"])|\}|"
    r"(?:approximately|about|roughly|around|nearly|almost|exactly|precisely|equal to|equals|simply"
    r"|just|therefore|thus|hence|then|so|indeed|now|also|clearly|given by|obviously|of course"
    r"|probably|likely|maybe|perhaps|possibly|most likely|definitely|either|both|only|still|always"
    r"|actually|in fact|simplified to|found to be|calculated (?:to be|as)|option|choice|now"
    r"|thereby)\b(?!\s*\}))+",
    re.IGNORECASE,
)
_POWER = re.compile(
    r"\s{0,3}(?:\\times|\\cdot|×)\s{0,3}10\s?\^\s?(?:\{[^{}]{1,9}\}|\d)|\s?\\?%"
    r"|\s?\^\s?\{?\\circ\}?|_\{?[^\s{}$]{1,20}\}?"
)
_UNIT_IN_TEXT = re.compile(
    r"(?:\\[,;:! ]|~|\s){0,4}\\(?:text|mathrm|textrm)\s?\{\s?[^\W\d_][^{}]{0,60}\}"
    r"(?:\s{0,2}(?:\^\s?(?:\{[^{}]{1,9}\}|\d)|/|\\cdot|\\[,;:! ]|~|\\(?:text"
    r"|mathrm)\s?\{[^{}]{0,60}\})){0,9}"
)
_TRAILING = " \t\n\r.,;:*_$`\"“”'‘’>"
_VERB = re.compile(
    r"\b(?:is|are|was|were|equals|equal to|be|becomes?|gives?|has|have|had|gets?|costs?|needs?"
    r"|takes?|will|contains?|left with|total of|comes? to|amounts? to|results? in)\b\s{0,3}"
    r"(?:(?:be|equal to|a total of|exactly|approximately|about|then|thus|therefore|now"
    r"|given by)\b\s{0,3}){0,3}"
    rf"(?!\Z|not\b|n't)|{languages.VERB}(?!\Z)"
)
MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_CHANGES = re.compile(
    rf"\b(?:{MONTH}|less|fewer|greater|more|least|most|except|not|between|multiples?|times|over"
    rf"|plus"
    r"|minus|half|twice|double|triple|squared|cubed|divided|multiplied|root|sum|difference|product"
    r"|power|mod|modulo|base|any|all|every|no|never|from|to|through|until|before|under|above|below"
    r"|older|younger|bigger|smaller|larger|than|dozens?|hundred|thousand|per|out of|quarter|third"
    r"|fourth|log|ln|sin"
    r"|negative|reciprocal|inverse|opposite|factors?|divisors?|divisible|primes?|squares?|cubes?"
    r"|undefined|conjugate|logarithm|factorial|complement|remainder of|one of"
    r"|cos|tan|exp|sqrt|none|model|step|case|part|figure|type)\b"
    rf"|{languages.BOUNDS}",
    re.IGNORECASE,
)
_CHANGES_WHAT_STANDS_BEFORE = re.compile(
    r"\s{0,3}(?:is|was|times|dozens?|squared|cubed|plus|minus|divided|multiplied|mod|modulo|base"
    r"|factorial|pi|π|sin|cos|tan|log|ln|sqrt|halves|thirds|quarters|fourths|fifths|sixths|sevenths"
    r"|eighths|ninths|tenths|hundredths|thousandths|and a (?:half|third|quarter)|hundred|thousand"
    r"|million|billion|trillion|(?:more|less|fewer|greater|bigger|smaller|higher|lower) than"
    r"|before I|in (?:base|binary|ternary|octal|hex\w*)"
    r"|or (?:more|less|fewer|greater|higher|lower|above|below|over)|and (?:above|below"
    r"|up|over))\b|\s{0,3}[-+*/^=<>≤≥×]|\s{0,3}\(?\s{0,3}\\?[a-z]\b(?![a-z\s,])"
)
UNIT_WORDS = re.compile(
    r"\s{0,3}(?:(?:square|cubic|sq\.?|cu\.?)\s)?(?:\\?%|percent|°\s?[CF]?|degrees?(?: (?:Celsius"
    r"|Fahrenheit))?|radians?|rad|(?:k|c|m|d|µ|n|M|G)?(?:m|g|s|L|l|W|J|N|Pa|V|A|Hz|eV|C|K"
    r"|mol)(?:\s?/\s?[a-z]{1,3}|\^\{?[-\d]{1,2}\}?|[²³])?|(?:kilo|centi|milli|micro"
    r"|mega)?(?:met(?:er|re)s?|grams?|lit(?:er|re)s?|seconds?|watts?|joules?|newtons?|volts?)"
    r"|sec(?:ond)?s?|min(?:ute)?s?|h(?:(?:ou)?rs?)?|days?|weeks?|months?|years?|inch(?:es)?|feet"
    r"|foot|ft|in(?! (?:base|binary|ternary|octal|hex))"
    r"|yards?|yd|miles?|mi|mph|km/h|kph|acres?|pounds?|lbs?|ounces?|oz|tons?|gallons?"
    r"|quarts?|pints?|cups?|dollars?|cents?|euros?|pounds?|USD|[Uu]nits?)(?![A-Za-z])"
    r"(?:\s(?:per|/)\s(?:second|minute|hour|day|week|month|year|square (?:meter|foot)|kilogram"
    r"|gallon|mile)s?)?"
)
_WHOSE = re.compile(r"\b(?:whose|for which|such that)\b")
_PERCENT = re.compile(r"\s?\\?%|\spercent\b")
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)\Z")
_BULLET = re.compile(r"\n?[ \t]{0,8}(?:[-*•]|\d{1,2}[.)]|\([a-z\d]\))[ \t]{1,4}([^\n]{1,300})")
_STEP = re.compile(r"\d{1,2}[.)]\s{1,4}\**[A-Za-z]{2}")
_SHORT = re.compile(r"(?!.*[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,})")
_MOST_BULLETS = 20
_SUBSTANCE = re.compile(rf"[^\W_]|[{FORMULA}∅∞{{]|\\[a-z]")


def sentence_end(text: str, position: int = 0) -> int:
    """Return where the sentence ends in a masked text: a full stop, a question, a line's end."""
    end = _END.search(text, position)
    return end.start() if end else len(text)


def value_of(tail: str, gold: GoldKind, depth: int = 2) -> str:
    """Return the answer at the beginning of a clause, or "" if it holds none.

    Several values joined by "and", "or" or commas are returned as a list. If words change a value
    ("less than 7", "all but 3"), the clause itself is the answer.
    """
    tail = tail[: MAX_FORMULA + MAX_CLAUSE]
    lead = _LEAD.match(tail)
    tail = tail[lead.end() :] if lead else tail
    spans = [span for span in formulas(tail) if len(span.content) <= MAX_FORMULA]
    hidden = masked(tail, spans)
    if several := _bullets(tail, gold, depth):
        return several
    if lead and "\n" in lead[0] and _STEP.match(tail):
        return ""  # a worked solution begins
    end = sentence_end(hidden)
    line = hidden[: min(end, hidden.find(FORMULA) + MAX_FORMULA if spans else MAX_CLAUSE)]
    reason = _REASON.search(line)
    if reason and reason.start() > 0:
        line = line[: reason.start()]
    contents = {span.start: span.content for span in spans}
    line = line.rstrip(_TRAILING)
    if line.endswith("\\") and hidden.startswith('"', len(line)):  # a quotation mark, escaped
        line = line[:-1].rstrip(_TRAILING)
    if not _SUBSTANCE.search(line):
        return ""
    return _of_line(line, tail, contents, gold, depth)


def unit_behind(text: str, position: int, gold: GoldKind) -> str:
    r"""Return what belongs to a value ending at `position`: `\times 10^3`, `%`, a base, a unit."""
    rest = text[position : position + 200]
    if power := _POWER.match(rest):
        return power[0].rstrip()
    if gold.kind != "quantity":
        return ""
    if written := _UNIT_IN_TEXT.match(rest):
        return written[0].rstrip(" \\")
    words = rest.lstrip("$ )\\]*")
    if abroad := languages.UNIT.match(words):
        return abroad[0].strip()
    unit = UNIT_WORDS.match(words)
    whole = unit is not None and words[unit.end() : unit.end() + 1] not in ("^", "/", "²", "³", "-")
    return " " + unit[0].strip() if unit and whole else ""


def _of_line(line: str, tail: str, contents: dict[int, str], gold: GoldKind, depth: int) -> str:
    """Read the answer; `line` is a masked beginning of `tail`, `contents` its formulas."""

    def shown(begin: int, end: int) -> str:
        """Return the text of a stretch with its formulas unmasked."""
        pieces: list[str] = []
        position = begin
        for start, content in contents.items():
            if begin <= start < end:
                stop = start
                while stop < end and line[stop] == FORMULA:
                    stop += 1
                pieces += tail[position:start], content
                position = stop
        return "".join([*pieces, tail[position:end]]).strip()

    several = _LIST.match(line)
    if several and _is_end(line, several.end(), gold):
        return _list(line, several.end(), shown)
    brackets = _BRACKETS.match(line)
    if brackets and _is_end(line, brackets.end(), gold):
        working = gold.is_number and _WORKING.fullmatch(brackets[0])
        return shown(*working.span(1)) if working else shown(0, brackets.end())
    single = _SINGLE.match(line)
    if single and single.end() > 0 and _is_end(line, single.end(), gold):
        end = single.end()
        if line[end - 1 : end] == "!" and end == len(line) and tail[end : end + 1] != ".":
            end -= 1  # an exclamation
        if gold.kind in ("quantity", "unknown"):
            unit = UNIT_WORDS.match(line, end) or languages.UNIT.match(line, end)
            end = unit.end() if unit else end
        if FORMULA in single[0] and (percent := _PERCENT.match(line, end)):
            end = percent.end()
        return shown(0, end)
    if gold.kind in ("words", "truth value", "choice"):
        return shown(0, len(line)).strip(" *`_\"'")
    if depth > 0 and not _starts_with_value(line) and (verbs := list(_VERB.finditer(line))):
        behind = verbs[-1].end()
        if _WHOSE.search(line, 0, behind):
            return shown(0, len(line)).strip(" *`_\"'")
        if _DIGIT.search(line, behind) or FORMULA in line[behind:]:
            contents = {start - behind: each for start, each in contents.items() if start >= behind}
            return _of_line(line[behind:], tail[behind:], contents, gold, depth - 1)
    alone = _alone(line, gold)
    return shown(*alone) if alone else shown(0, len(line)).strip(" *`_\"'")


def is_part(line: str, start: int, end: int) -> bool:
    """Return whether a value there is part of an expression, a word or another number."""
    before = line[max(0, start - 20) : start]
    if _ATTACHED.search(before) or languages.ATTACHED.search(before):
        return True
    if languages.SCALED.match(line, end):
        return True
    return bool(_CONTINUED.match(line, end) and not _WRITTEN_UNIT.match(line, end))


def _list(line: str, end: int, shown: Callable[[int, int], str]) -> str:
    joints = list(_SPLIT.finditer(line, 0, end))
    if all(joint[0] == "," for joint in joints):
        return shown(0, end)  # it may be a decimal comma
    begins = [0, *(joint.end() for joint in joints)]
    ends = [*(joint.start() for joint in joints), end]
    return ", ".join(map(shown, begins, ends))


def _starts_with_value(line: str) -> bool:
    single = _SINGLE.match(line)
    return single is not None and single.end() > 0 and FORMULA not in single[0]


def _is_end(line: str, position: int, gold: GoldKind) -> bool:
    """Return whether what follows leaves a value as it is: nothing, a unit, a counted thing."""
    unit = UNIT_WORDS.match(line, position)
    rest = line[unit.end() if unit else position :]
    rest = rest.lstrip("*_") if rest.startswith("**") else rest
    if not rest.strip(" .*_)"):
        return True
    if gold.kind in ("words", "truth value") or (gold.kind == "other" and _CONDITION.match(rest)):
        return False
    return (
        (rest[0] in " ,;:*，、；：（" or languages.LETTER.match(rest) is not None)
        and not _CHANGES_WHAT_STANDS_BEFORE.match(rest)
        and not languages.SCALED.match(rest)
        and not _DIGIT.search(rest)
        and FORMULA not in rest
    )


def _alone(line: str, gold: GoldKind) -> tuple[int, int] | None:
    """Return the only formula or number of a line whose words do not change its value."""
    if gold.kind in ("words", "truth value", "choice") or _starts_with_value(line):
        return None
    found = list(_FORMULA.finditer(line)) or list(_VALUE.finditer(line))
    if len(found) != 1:
        return None
    if is_part(line, *found[0].span()):
        return None
    if _ORDINAL.search(found[0][0]) and line[found[0].end() :].strip():
        return None
    before = line[: found[0].start()]
    if before.rstrip().endswith(("–", "−", "±", "≠")):
        return None
    rest = line[: found[0].start()] + " " + line[found[0].end() :]
    if _DIGIT.search(rest) or _CHANGES.search(rest) or _MATHEMATICAL.search(rest):
        return None
    return found[0].span()


def _bullets(tail: str, gold: GoldKind, depth: int) -> str:
    """Return the values of a bullet list, joined by commas."""
    values: list[str] = []
    position = 0
    while len(values) < _MOST_BULLETS and (bullet := _BULLET.match(tail, position)):
        short = depth and _SHORT.match(bullet[1])
        value = value_of(bullet[1], gold, 0) if short else ""
        if not value:
            return ""
        values.append(value)
        position = bullet.end()
    return ", ".join(values) if len(values) > 1 else ""
