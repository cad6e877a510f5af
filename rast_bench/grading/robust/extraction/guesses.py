"""What a response that announces nothing answers: the end of it, as it may be understood."""

import re

from rast_bench.grading.robust.extraction.clauses import VALUE, sentence_end, value_of
from rast_bench.grading.robust.extraction.formulas import (
    FORMULA,
    Formula,
    formulas,
    masked,
)
from rast_bench.grading.robust.extraction.gold_kind import GoldKind

TAIL = 4_000
"""Characters: what a response does not announce is sought in its last 4,000."""

MAX_LINE = 200  # characters of a response of one line that is all answer

_PROSE = re.compile(
    r"\b(?:[Tt]he|[Ii]s|[Aa]re|[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence|[Ss]he|[Hh]e|[Tt]hey|[Ww]e|[Ii]t|I"
    r"|was|were|has|have|not)\b(?!\s*\})|n['’]t\b"
)
_CHATTER = re.compile(
    r"\b(?:I hope|hope (?:this|that|it)|let me know|feel free|if you (?:have|need|want|would)|thank|thanks"
    r"|good luck|happy to|(?:any|more|further|other) questions|is there anything|would you like|do you want"
    r"|please (?:ask|note|let)|ask (?:me )?again|step[- ]by[- ]step guide|glad to)\b",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"\b(?:I|we)\s?(?:['’]m| am| are)?\s?(?:really |truly |very )?(?:sorry\b|apologi[sz]e|cannot\b|can['’]?t\b|could not|couldn['’]t"
    r"|unable\b|do not know|don['’]t know|not able|not sure\b|have no idea|give up|am not certain|do not have|don['’]t have)"
    r"[^.\n]{0,60}"
    r"|\b(?:unable to (?:solve|answer|determine|find|provide)|cannot be (?:solved|answered|determined)|not enough information"
    r"|insufficient information|is not sufficient to|impossible to (?:determine|say|tell))\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:is|are|was|were|be|can|could|should|would|must|will)(?:\s?not|n['’]t)\s(?:be\s)?(?:the|a|an|my|our)?\s?"
    r"(?:final\s|correct\s|right\s)?(?:answer|solution|result|correct|right|valid)\b"
    r"|\banswer\b[^.\n]{0,30}?(?:\bnot\b|n['’]t\b|\bcannot\b|\bnever\b)"
    r"|\bnot (?:equal to )?[-$]?\d|\b(?:isn|aren|wasn)['’]t [-$]?\d"
    r"|\b(?:that|this|it|which)(?:'s| is| was) (?:wrong|incorrect|mistaken)\b",
    re.IGNORECASE,
)
_VALUE = re.compile(VALUE)
_TUPLE = re.compile(r"(?<![A-Za-z_])[(\[][-\d][^()\[\]{}\n=]{0,80},[^()\[\]{}\n=]{1,80}[)\]]")
_BOLD = re.compile(r"\*\*([^*\n]{1,100})\*\*")
_TRUE = re.compile(
    r"\b(?:(?P<not>not|n't|never|cannot be|hardly)\s{1,4}(?:\w{1,12}\s{1,4}){0,2})?(?P<word>true|false|yes|no)\b(?!\s{1,3}(?:\w+\s+)?(?:positive|negative|solution|number|value|such|real|other|more|less|matter|longer|way|integer|one))",
    re.IGNORECASE,
)
_ABBREVIATED = re.compile(r"n['’]t\b")
_CONCLUSION = re.compile(
    r"\b(?:is|are|was|were|equals|be|called|named|by|:)\s{1,4}(?:the\s{1,4}|a\s{1,4}|an\s{1,4})?([^\n]{1,120})",
    re.IGNORECASE,
)
_OUTPUT = re.compile(r"```(?:output|text|plaintext|)[ \t]*\n([^`]{1,400}?)\n?```\s*\Z")
_ERROR = re.compile(r"error|exception|traceback|timeout", re.IGNORECASE)


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences of a masked text: where each begins and ends."""
    found: list[tuple[int, int]] = []
    position = 0
    while position < len(text):
        end = sentence_end(text, position)
        if text[position:end].strip():
            found.append((position, end))
        position = end + 1
    return found


def one_line(text: str) -> str | None:
    """The whole of a response of one line without prose."""
    line = text.strip()
    short = len(line) <= MAX_LINE and "\n" not in line
    return (
        line if line and short and not _PROSE.search(line) and not _CHATTER.search(line) else None
    )


def code_output(text: str) -> str | None:
    """The last line of what a program printed, where the response ends in that."""
    if not text.rstrip().endswith("```"):
        return None
    match = _OUTPUT.search(text, max(0, len(text) - 500))
    if match is None or _ERROR.search(match[1]):
        return None
    return match[1].strip().rsplit("\n", 1)[-1].strip() or None


class Ending:
    """The end of a response, sentence by sentence, without what says goodbye."""

    def __init__(self, text: str) -> None:
        tail = text
        if len(text) > TAIL:
            tail = text[-TAIL:]
            tail = tail[tail.find("\n") + 1 :] if "\n" in tail[:-1] else tail
        self.text = tail
        self.formulas: list[Formula] = formulas(tail)
        self.masked = masked(tail, self.formulas)
        self.sentences = sentences(self.masked)
        while self.sentences and _CHATTER.search(self._masked(self.sentences[-1])):
            self.sentences.pop()

    def _masked(self, span: tuple[int, int]) -> str:
        return self.masked[span[0] : span[1]]

    def gives_up(self) -> bool:
        """Whether its last sentences refuse, or say what the answer is not."""
        for span in self.sentences[:-4:-1]:
            sentence = self._masked(span)
            if _DENIAL.search(sentence) or _REFUSAL.search(sentence):
                return True
            if FORMULA in sentence or _VALUE.search(sentence):
                return False
        return bool(self.sentences and _REFUSAL.search(self._masked(self.sentences[0])))

    def truth_value(self) -> str | None:
        """ "True", "False", "Yes" or "No" as the last sentence that has one says."""
        for span in reversed(self.sentences[-12:]):
            found = list(_TRUE.finditer(self._masked(span)))
            if found:
                word = found[-1]["word"].capitalize()
                before = self._masked(span)[: found[-1].start()]
                denied = found[-1]["not"] or re.search(r"(?:n['’]t|\bnot)\s\Z", before)
                opposite = {"True": "False", "False": "True", "Yes": "No", "No": "Yes"}
                return opposite[word] if denied else word
        return None

    def conclusion(self, gold: GoldKind) -> str | None:
        """What the last sentence says behind its verb; its bold words come before."""
        if not self.sentences:
            return None
        begin, end = self.sentences[-1]
        sentence = self.text[begin:end]
        bold = _BOLD.findall(sentence)
        if bold:
            return str(bold[-1]).strip(" .:") or None
        verb = _CONCLUSION.search(sentence)
        return value_of(verb[1], gold) or None if verb else None

    def last_value(self, gold: GoldKind) -> tuple[str, str] | None:
        """The last formula or number, and the name of the rule."""
        for span in reversed(self.sentences):
            begin, end = span
            sentence = self._masked(span)
            inside = [each for each in self.formulas if begin <= each.start < end]
            number = None
            for number in _VALUE.finditer(sentence):  # noqa: B007 (the last one)
                pass
            for bracketed in _TUPLE.finditer(sentence):
                if number is not None and bracketed.start() <= number.start() < bracketed.end():
                    number = bracketed
            if inside and (number is None or begin + number.start() < inside[-1].end):
                return inside[-1].content, "last formula"
            if number is not None and number[0].strip():
                return number[0].strip(), "last number"
        return None
