"""The likely answer of a response that announces none, judging by its end."""

import re
from itertools import pairwise

from rast_bench.grading.robust.extraction import disowned, languages
from rast_bench.grading.robust.extraction.clauses import (
    LIST,
    MONTH,
    UNIT_WORDS,
    VALUE,
    is_part,
    sentence_end,
    unit_behind,
    value_of,
)
from rast_bench.grading.robust.extraction.formulas import (
    FORMULA,
    Formula,
    formulas,
    masked,
)
from rast_bench.grading.robust.extraction.gold_kind import GoldKind

TAIL = 4_000
"""Characters at the end of a response that are searched for an unannounced answer."""

MAX_LINE = 200  # characters of a one-line response that is all answer

_PROSE = re.compile(
    r"\b(?:[Tt]he|[Ii]s|[Aa]re|[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|[Ss]he|[Hh]e|[Tt]hey|[Ww]e"
    r"|[Ii]t|I|was|were|has|have|not|[Ff]irst|[Tt]hen|[Aa]nswer)\b(?!\s*\})|n['’]t\b"
)
_QUESTION_MARKS = ("?", "？", "؟")
_LABEL = re.compile(
    r"\A\**(?:(?:(?:[Ff]inal )?(?:[Rr]esult|[Ss]olution|[Vv]alue|[Tt]otal)|[Ff]inal|[Aa]ns(?:wer)?)"
    r"\s{0,3}[:=]"
    r"|[Aa]ns\.:?)\**\s{0,3}"
)
_ORNAMENT = re.compile(r"\A(?:[∴✅✓✔⇒→]️?\s{0,3})+|(?:\s{0,3}[✅✓✔]️?)+\Z")
_QUOTED = re.compile(r"([`*_\"]|“)([^`*_\"“”\n]+)(?:\1|”)\.?")
_LEAD_IN = re.compile(
    r"(?!.{0,60}\b(?:wrong|incorrect|except|given|hint|question|problem|find|solve|compute|evaluate"
    r"|calculate|simplify|prove|show|determine|factor|expand|suppose|let|consider|guess|note)\b)"
    r"[^\W\d_][^:$\\\d=?\n]{0,60}[:：]\s{0,3}",
    re.IGNORECASE,
)
_ALL_BOLD = re.compile(r"\*\*([^*]+)\*\*\.?")
_CHATTER = re.compile(
    r"\b(?:I hope|hope (?:this|that|it)|let me know|feel free|if you (?:have|need|want|would)"
    r"|thank|thanks|good luck|note(?=:)|happy to|(?:any|more|further|other) questions"
    r"|is there anything|would you like|do you want|please (?:ask|note|let)|ask (?:me )?again"
    r"|step[- ]by[- ]step guide|glad to)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:I|we)(?:['’]m| am| are)?\s(?:really |truly |very )?(?:sorry\b|apologi[sz]e|(?:do not"
    r"|don['’]t) know\b|have no idea|give up|(?:do not|don['’]t) have enough|(?:cannot|can['’]?t"
    r"|can not|could not|couldn['’]t|unable to|not able to)\s(?:\w{1,12}\s){0,2}"
    r"(?:solve|answer|help|assist|provide|determine|find|compute|complete|say|tell|figure|give))\b"
    r"|\b(?:unable to (?:solve|answer|determine|find|provide)|not enough information"
    r"|insufficient information|cannot be (?:solved|answered|determined)|is not sufficient to"
    r"|impossible to (?:determine|say|tell))\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:is|are|was|were|be|can|could|should|would|must|will)(?:\s?not|n['’]t)\s(?:be\s)?(?:the"
    r"|a|an|my|our)?\s?"
    r"(?:final\s|correct\s|right\s)?(?:answer|solution|result|correct|right|valid)\b"
    rf"|\b(?:is|are|was) (?:the|an?|my|our) {disowned.ADJECTIVES} (?:\w{{1,12}} )?"
    r"(?:answer|solution|result|guess)\b"
    r"|\b(?:is|are) (?:never|hardly|scarcely|by no means|far from|anything but) "
    r"(?:the|an?|my|our) (?:\w{1,12} )?(?:answer|solution|result)\b"
    r"|\banswer\b[^.\n]{0,30}?(?:\bnot\b|n['’]t\b|\bcannot\b|\bnever\b)"
    rf"|(?:\b(?:not|never|cannot)|n['’]t)\s(?:be\s|equal\s(?:to\s)?)?[-$]?[\d{FORMULA}]"
    r"|\b(?:that|this|it|which)(?:'s| is| was) (?:wrong|incorrect|mistaken)\b",
    re.IGNORECASE,
)
_VALUE = re.compile(VALUE)
_LIST = re.compile(LIST)
_TUPLE = re.compile(r"(?<![A-Za-z_])[(\[][-\d][^()\[\]{}\n=]{0,80},[^()\[\]{}\n=]{1,80}[)\]]")
_DATE = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?)?{MONTH}\b"
    r"(?:\s\d{1,2}\b(?:st|nd|rd|th)?)?(?:,?\s\d{4})?"
)
_BOLD = re.compile(r"\*\*([^*\n]{1,100})\*\*")
_TRUE = re.compile(  # as a predicate or a sentence's first word, but not "there is no …"
    r"(?:\A[\s*_\"(]{0,6}|\b(?:is|are|was|be|thus|therefore|hence|so)\b[\s,:]{0,3}"
    r"|\b(?:is|are|was)(?=n['’]t))"
    r"(?P<not>\s{0,3}not\s|n['’]t\s)?(?:(?:\w{1,12}ly|always|indeed|also|in fact)\s|\*\*){0,2}"
    r"(?P<word>true|false)\b|\A[\s*_\"(]{0,6}(?P<yes>yes|no)(?=\s{0,3}(?:[,.!;:*—-]|\Z))",
    re.IGNORECASE,
)
_ASSUMED = re.compile(r"\b(?:if|whether|suppose|assum\w{1,5})\b", re.IGNORECASE)
_HEDGED = re.compile(
    r"\b(?:hardly|barely|rarely|scarcely|partly|partially|nearly|almost|possibly|supposedly)\b",
    re.IGNORECASE,
)
_CONDITIONED = re.compile(
    r"[\s,*]{0,4}(?:(?:only|but|except|just)\s)?(?:(?:if|when|whenever|unless|provided|except|only)\b"
    r"|for (?!all\b|any\b|every\b|each\b|the following))",
    re.IGNORECASE,
)
_PUT_FALSE = re.compile(
    r"\b(?:true|false|doubt\w*|unlikely|would be|could be|might be|may be|hardly"
    r"|though|although)\b",
    re.IGNORECASE,
)
_THAT_NOT = re.compile(
    r"[\s*]{0,4}(?:that|to)\b[^\n]{0,200}?(?:\b(?:not|no|false|never|say)\b|n['’]t\b)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never|cannot)\s\Z", re.IGNORECASE)
_GOES_ON = re.compile(
    r"\b(?:so|but|thus|hence|therefore)\b|="
    r"|\b(?:it['’]s|it is|which is|rather|instead)\s(?:about |exactly )?[-$€£]?[\d\ue000]",
    re.IGNORECASE,
)
_OPPOSITE = {"True": "False", "False": "True"}
_CONCLUSION = re.compile(
    r"\b(?:is|are|was|were|equals|be|called|named|by|:)\s{1,4}(?:the\s{1,4}|a\s{1,4}"
    r"|an\s{1,4})?([^\n]{1,120})",
    re.IGNORECASE,
)
_ASIDE = re.compile(r",\s(?:with|who|whose|which|where|having|so|as)\b|\swith a\b")
_NO_VALUE = re.compile(
    r"\b(?:is|are|has|have|there (?:is|are))\s{1,3}(undefined|not defined|infinite|no (?:real "
    r"|integer )?solutions?|infinitely many(?: solutions)?)[\s.*]{0,4}\Z|\b(does not exist"
    r"|do not exist|diverges)[\s.*]{0,4}\Z",
    re.IGNORECASE,
)
_OPEN_MARK = re.compile(r"\\[(\[]|(?<!\\)\$(?![\d\s.,;:)])")
_JOINS_UNITS = re.compile(r"\s{0,3}(?:,\s{1,3})?(?:and\s{1,3})?")
_MAX_BEHIND_LIST = 25  # characters
_CUT = re.compile(r"[-+*/^=_\\({\[]\s*\Z")
_OPEN_ENDED = re.compile(r"[=+*/×÷<>≤≥≈][\s$]*\Z")
_COMPARED = re.compile(  # end of a text that makes the value after it part of something else
    r"(?:[≠≥≤±∓<]|(?<![-=])>|!=|\b(?:minus|negative|not|niet|nicht|pas|cannot be|at least|at most"
    r"|more than|less than|fewer than)|\b(?:one of|either)\b.*,|\d\s(?:to|versus|vs\.?))"
    r"\s{0,3}\$?\Z"
    r"|\bis\s[$-]{0,2}[\d\ue000][^.,]{0,60}\band\b[^.,]{0,60}\bis\s[$-]{0,2}\Z"
    r"|(?:不可能|不会|不應|不应)(?:是|为)?\s?\Z",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\[{}]")
_ARE = re.compile(r"\bare\b[\s:]{0,3}\Z", re.IGNORECASE)
_AND = re.compile(rf"\b(?:and|or)\b|{languages.AND}")
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,} [A-Za-z]{2,}")
_OUTPUT = re.compile(r"```output[ \t]{0,9}\n([^`]{1,800}?)\n?```")
_ERROR = re.compile(r"error|exception|traceback|timeout", re.IGNORECASE)


def sentences(text: str) -> list[tuple[int, int]]:
    """Return start and end of the sentences of a masked text; conclusions are separate."""
    found: list[tuple[int, int]] = []
    position = 0
    while position < len(text):
        end = sentence_end(text, position)
        begins = [each.start() for each in languages.CONCLUDES.finditer(text, position, end)]
        for begin, stop in pairwise((position, *begins, end)):
            if text[begin:stop].strip():
                found.append((begin, stop))
        position = end + 1
    return found


def one_line(text: str, gold: GoldKind) -> str | None:
    """Return a one-line response without prose as a whole, minus a label ("Result = ").

    If it is a few words, a colon and one formula, return the formula.
    """
    line = text.strip()
    if len(line) > MAX_LINE or "\n" in line or line.startswith(("<", "\\boxed")):
        return None
    if _PROSE.search(line) or _CHATTER.search(line) or _is_foreign_prose(line, gold):
        return None
    if gold.kind != "words" and (value := _introduced(line)):
        return value
    line = _ORNAMENT.sub("", line)
    bold = _ALL_BOLD.fullmatch(line)
    if bold is None and (quoted := _QUOTED.fullmatch(line)):
        line = quoted[2]
    return _LABEL.sub("", bold[1] if bold else line).strip() or None


def _is_foreign_prose(line: str, gold: GoldKind) -> bool:
    """Return whether a line in another language has a value within a sentence."""
    if gold.kind in ("words", "truth value") or not (_VALUE.search(line) or "\\" in line):
        return False
    letters = len(languages.LETTER.findall(line))
    if gold.kind in ("number", "list"):
        return letters > 0 or languages.PROSE.search(line) is not None
    if gold.kind == "quantity" and (languages.LETTER.match(line) or languages.PROSE.search(line)):
        return True
    return letters > languages.SHORT


def _introduced(line: str) -> str:
    """Return the formula of "In lowest terms: $1/2$" or the value of "所以 f(x) = x+5", else ""."""
    lead = _LEAD_IN.match(line)
    if lead is None:
        abroad = languages.LEADS_TO.fullmatch(line) if languages.LETTER.search(line) else None
        return abroad["value"].strip(" .。") if abroad else ""
    rest = line[lead.end() :].rstrip(" .")
    found = formulas(rest)
    return found[0].content if found and found[0].end - found[0].start == len(rest) else ""


def code_output(text: str) -> str | None:
    """Return the last line printed by a program, if no value follows it."""
    begin = text.rfind("```output")
    if begin < 0:
        return None
    match = _OUTPUT.match(text, begin, begin + 1_000)
    if match is None or _ERROR.search(match[1]) or _VALUE.search(text, match.end()):
        return None
    return match[1].strip().rsplit("\n", 1)[-1].strip() or None


class Ending:
    """The end of a response, sentence by sentence, without closing courtesies."""

    def __init__(self, text: str) -> None:
        tail = text
        if len(text) > TAIL:
            tail = text[-TAIL:]
            tail = tail[tail.find("\n", 0, TAIL // 4) + 1 :]  # start at a line if possible
        self.text = tail
        self.formulas: list[Formula] = formulas(tail)
        self.masked = masked(tail, self.formulas)
        self.sentences = sentences(self.masked)
        while self.sentences and _CHATTER.search(self._masked(self.sentences[-1])):
            self.sentences.pop()

    def _masked(self, span: tuple[int, int]) -> str:
        return self.masked[span[0] : span[1]]

    def gives_up(self) -> bool:
        """Return whether its first or last sentences refuse, or say what the answer is not."""
        if self.sentences and _REFUSAL.search(self._masked(self.sentences[0])):
            return True
        for span in self.sentences[:-4:-1]:
            sentence = self._masked(span)
            denial = _DENIAL.search(sentence) or languages.DENIES.search(sentence)
            if denial and not _GOES_ON.search(sentence, denial.end()):
                return True
            if _REFUSAL.search(sentence):
                return True
            if FORMULA in sentence or _VALUE.search(sentence):
                return self.masked.startswith(_QUESTION_MARKS, span[1])  # it only asks
        return False

    def truth_value(self) -> str | None:
        """Return "True", "False", "Yes" or "No" from the last sentence that states one."""
        for span in reversed(self.sentences[-12:]):
            sentence = self._masked(span)
            for found in reversed(list(_TRUE.finditer(sentence))):
                before = sentence[: found.start()]
                if _ASSUMED.search(before):
                    continue
                if _HEDGED.search(found[0]) or _CONDITIONED.match(sentence, found.end()):
                    return None
                if _PUT_FALSE.search(before) or _THAT_NOT.match(sentence, found.end()):
                    return None
                word = str(found["word"] or found["yes"]).capitalize()
                denied = found["not"] or _DENIED.search(before)
                return _OPPOSITE.get(word, word) if denied else word
        return None

    def conclusion(self, gold: GoldKind) -> str | None:
        """Return what the last sentence states: no value, or for gold words its own words."""
        if not self.sentences:
            return None
        begin, end = self.sentences[-1]
        sentence = self.text[begin:end]
        if no_value := _NO_VALUE.search(sentence):
            return no_value[1] or no_value[2]
        if gold.kind != "words":
            return None
        bold = _BOLD.findall(sentence)
        if bold:
            return str(bold[-1]).strip(" .:") or None
        verb = _CONCLUSION.search(sentence)
        return value_of(_ASIDE.split(verb[1])[0], gold) or None if verb else None

    def last_value(self, gold: GoldKind) -> str | None:
        """Return the last formula or number, or list of them; of an equation, the right side.

        None if the text ends in the middle of it.
        """
        if _OPEN_ENDED.search(self.text[-40:]):
            return None
        value = self._last_value(gold)
        return value if value and not _CUT.search(value) and _closes(value) else None

    def _last_value(self, gold: GoldKind) -> str | None:
        for begin, end in reversed(self.sentences):
            sentence = self.masked[begin:end]
            if several := _last_list(sentence):
                listed = value_of(self.text[begin + several[0] : begin + several[1]], gold)
                if listed:
                    return listed
            inside = [each for each in self.formulas if begin <= each.start < end]
            numbers = list(_VALUE.finditer(sentence))
            if inside and (not numbers or begin + numbers[-1].start() < inside[-1].end):
                before = self.masked[max(begin, inside[-1].start - 150) : inside[-1].start]
                if _COMPARED.search(before):
                    return None
                return inside[-1].content + unit_behind(self.text, inside[-1].end, gold)
            if numbers:
                return self._plain(begin, end, numbers, gold)
        return None

    def _plain(
        self, begin: int, end: int, numbers: list[re.Match[str]], gold: GoldKind
    ) -> str | None:
        """Return the last number outside formulas, with what belongs to it."""
        number = numbers[-1]
        if _OPEN_MARK.search(self.masked, 0, begin + number.start()):
            return None  # the text ends inside a formula
        sentence = self.masked[begin:end]
        equals = max(sentence.rfind("=", 0, number.start()), sentence.rfind("≈", 0, number.start()))
        if equals > 0 and sentence[equals - 1] in "!<>":
            return None
        if equals >= 0:
            value = value_of(self.text[begin + equals + 1 : end], gold)
            if value and (len(value) < 40 or not _WORDS.search(value)):
                return value
        if compound := _compound(sentence, numbers):
            return compound
        for pattern in (_TUPLE, _DATE):
            for larger in pattern.finditer(sentence):
                if larger.start() <= number.start() < larger.end():
                    return larger[0]
        before = sentence[max(0, number.start() - 150) : number.start()]
        if is_part(sentence, *number.span()) or _COMPARED.search(before):
            return None
        return number[0].strip() + unit_behind(self.text, begin + number.end(), gold)


def _last_list(sentence: str) -> tuple[int, int] | None:
    """Return the position of the last values joined by "and" or "or", or listed after "are"."""
    last = None
    for last in _LIST.finditer(sentence):  # noqa: B007 (the last one)
        pass
    if last is None:
        return None
    if not ("=" in last[0] or _AND.search(last[0]) or _ARE.search(sentence, 0, last.start())):
        return None
    rest = sentence[last.end() :]
    return last.span() if len(rest) <= _MAX_BEHIND_LIST and not _VALUE.search(rest) else None


def _compound(sentence: str, numbers: list[re.Match[str]]) -> str:
    """Return the last numbers and units if they form one quantity ("5 hours 30 minutes")."""
    unit = UNIT_WORDS.match(sentence, numbers[-1].end())
    begin = numbers[-1].start()
    for number in reversed(numbers[:-1]):
        between = UNIT_WORDS.match(sentence, number.end()) if unit else None
        joined = between and _JOINS_UNITS.fullmatch(sentence, between.end(), begin)
        if not joined and not languages.COMPOUND.fullmatch(sentence, number.end(), begin):
            break
        begin = number.start()
    if begin == numbers[-1].start():
        return ""
    return sentence[begin : unit.end() if unit else numbers[-1].end() + 4]


def _closes(value: str) -> bool:
    """Return whether its brackets close; those of an interval may differ in kind."""
    bare = _ESCAPED.sub("", value)
    return bare.count("{") == bare.count("}") and bare.count("(") + bare.count("[") == bare.count(
        ")"
    ) + bare.count("]")
