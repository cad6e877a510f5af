"""Sentences that call something the answer, in eleven languages, and those that take it back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rast_bench.grading.robust.extraction.clauses import sentence_end, value_of
from rast_bench.grading.robust.extraction.gold_kind import GoldKind

_BE = r"(?:is|are|was|were|would be|will be|should be|must be|has to be|to be|equals|comes out to be|becomes)"
_NO_ANSWER = (
    r"(?:(?:in)?correct|wrong|right|verified|valid|invalid|obtained|given (?!by)|as follows\s*\.|found (?!to)|derived"
    r"|shown|written|expressed|represented|rounded|consistent|reasonable|unique|clear|unclear|unknown"
    r"|unchanged|simply the|needed|required|asked|supposed|usually|often|based|in the (?:form|format|box)"
    r"|below|above|boxed|incomplete|complete|going|what|that of|one of|supported|provided|called|always"
    r"|already|positive that|in fact correct|confirmed|accurate|possible|impossible|undefined because"
    r"|therefore correct|also correct|being|meant|hidden|used)\b"
)
_NOUNS = r"answer|respuesta|solución|risposta|resposta|réponse|antwort|ответ"
_WORDS = rf"(?:[ \t]{{1,9}}(?!{_NOUNS})[^\s.:=$\\<>?!|*—–]{{1,25}}){{0,12}}?"
_ANNOUNCED = re.compile(
    r"(?:"
    r"\b(?:final\s{1,9})?answers?\b(?!\s{0,3}[\"'`])(?P<about>" + _WORDS + r")"
    r"[*_`\"”}]{0,4}\s{0,9}(?:\b" + _BE + r"\b|:|=|\\text\{\s*is\s*\})"
    r"|^[ \t*_#>]{0,9}A:"
    r"|答案(?:应该|應該)?(?:是|为|為|：|:)|答案\s{0,3}[=＝]"
    r"|\b(?:respuesta|solución|resposta|risposta)s?\b"
    + _WORDS
    + r"\s{0,3}(?:\b(?:es|son|è|sono|é)\b|:)"
    r"|\bréponses?\b" + _WORDS + r"\s{0,3}(?:\b(?:est|sont)\b|:)"
    r"|\bAntwort(?:en)?\b" + _WORDS + r"\s{0,3}(?:\b(?:ist|lautet|lauten|sind)\b|:)"
    r"|\bответ\b" + _WORDS + r"\s{0,3}(?:[:：—–=-]|\bравен\b|\bравно\b)"
    r"|(?:答え|解答|正解)(?:は|：|:)、?"
    r"|(?:정답|답)(?:은|：|:)"
    r")(?P<not>\s{0,3}(?:not|never)\b|n['’]?t\b)?",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_ONE = re.compile(r"[\s*_:]{0,9}(?:" + _NO_ANSWER + r")", re.IGNORECASE)
_ABOUT_NOT = re.compile(
    r"\b(?:not|cannot|can't|never|n't|neither|nor|choices|options|key|sheet|format|wrong|incorrect|and|they|we"
    r"|you|which|who|whether|if|however|because|will|would|could|might|may|but|so|should|must|check|can)\b|n['’]t\b",
    re.IGNORECASE,
)
_DOUBT_BEFORE = re.compile(
    r"(?:(?:n['’]?t|\bnot|\bnever)\s+(?:\w+\s+)?(?:think|believe|say|mean|true|sure|certain|convinced|correct|right"
    r"|possible|likely|the case|know|clear)\b[^.]{0,30}"
    r"|\b(?:doubt|whether|if|unless|suppose|assum\w+|pretend|wrong(?:ly)?|incorrect(?:ly)?|might think|may think"
    r"|might say|could think|claims?|claimed|says?|guess(?:ed)? was)\b[^.,;:]{0,25})\Z",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:but(?: rather)?|rather|instead(?: it(?:'s| is))?|it(?:'s| is)|it should be|should be|actually)\b[\s:,]{0,3}",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\?[\s*_]{0,9}")
_NO = re.compile(
    r"(?:no|nope|wait|hmm|hm|not quite|actually)\b[\s,.!:;—–-]{0,6}"
    r"(?:(?:it(?:'s| is)|it should be|that(?:'s| is)|the answer is|rather|instead|actually)\b[\s:,]{0,3}){0,3}",
    re.IGNORECASE,
)
_BACKWARDS = re.compile(
    r"\b(?:is|are)(?P<not>\s{1,4}not|n['’]t)?\s{1,4}(?:the|our|my)\s{1,4}"
    r"(?:(?:final|correct|right|required|desired|only|best)\s{1,4}){0,2}(?:answers?|solutions?)\b(?!\s+(?:to be|if))",
    re.IGNORECASE,
)
_SENTENCE_BEGIN = re.compile(r"[.;?!]\s|\n")
_RETRACTED = re.compile(
    r"\b(?:wait|no|hmm|oops|sorry|actually|hold on)\b[^.\n]{0,40}\b(?:wrong|incorrect|mistaken?|error|not (?:right|correct))\b"
    r"|\b(?:that|this|it|which|(?:this|that|my|the|previous|above) (?:answer|result))(?:'s| is| was| cannot be| can't be| can not be)"
    r"\s(?:wrong|incorrect|mistaken|not (?:right|correct|the (?:final |correct |right )?answer|possible)|right$)",
    re.IGNORECASE,
)
_OPENING_WORDS = re.compile(
    r"\A[\s*]*(?:(?:so|thus|therefore|hence|and|then|i think|we see that|this means|that|,)(?![a-z])[\s*]*)*",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?:です|である|だ|입니다|이다|になります|となります|。)+[\s*]*\Z")
_MOST_TRIED = 40  # announcements from the end; loops repeat one


@dataclass(frozen=True)
class Announced:
    """`start` is where the announcement begins and `end` where its clause begins."""

    start: int
    end: int
    text: str
    unfinished: bool = False


def mentions(text: str) -> list[re.Match[str]]:
    """All that looks like an announcement, in order. Linear."""
    return list(_ANNOUNCED.finditer(text))


def announced(text: str, match: re.Match[str], gold: GoldKind) -> Announced | None:
    """What one announcement announces; an empty text where it says what the answer is not."""
    about = match["about"] or ""
    before = _SENTENCE_BEGIN.split(text[max(0, match.start() - 120) : match.start()])[-1]
    tail = text[match.end() : match.end() + 11_000]
    denied = bool(match["not"]) or bool(_DOUBT_BEFORE.search(before))
    if about and _ABOUT_NOT.search(about):
        if not re.search(r"\b(?:not|cannot|can't|never)\b|n['’]t\b", about, re.IGNORECASE):
            return None
        denied = True
    if not denied and _NOT_ONE.match(tail):
        return None
    if denied:
        sentence = tail[: sentence_end(tail)]
        instead = _BUT.search(sentence)
        value = value_of(sentence[instead.end() :], gold) if instead else ""
        return Announced(match.start(), match.end(), value)
    question = _QUESTION.search(tail, 0, 300)
    if question and sentence_end(tail) == question.start():
        no = _NO.match(tail, question.end())
        value = value_of(tail[no.end() :], gold) if no else ""
        return Announced(match.start(), match.end(), value)
    value = _ENDS.sub("", value_of(tail, gold))
    if not value:
        return None
    rest = tail.rstrip("$*")
    unfinished = len(tail) < 11_000 and rest.endswith(value) or rest.endswith(value + ".")
    return Announced(match.start(), match.end(), value, unfinished)


def last_announced(text: str, gold: GoldKind, *, cut_off: bool) -> Announced | None:
    """What the last announcement announces. One that the end of the text may have cut short gives
    way to the one before it."""
    matches = mentions(text)
    unfinished = None
    for tried, match in enumerate(reversed(matches)):
        if tried == _MOST_TRIED:
            break
        found = announced(text, match, gold)
        if found is None:
            continue
        if found.unfinished and unfinished is None:
            unfinished = found
            continue
        if unfinished is not None:
            shortened = found.text.startswith(unfinished.text) and found.text != unfinished.text
            if not cut_off and not shortened:
                break
        return found
    if cut_off:
        return None
    return unfinished


def first_announced(text: str, gold: GoldKind) -> Announced | None:
    """The first announcement that announces something."""
    for tried, match in enumerate(_ANNOUNCED.finditer(text)):
        if tried == _MOST_TRIED:
            break
        found = announced(text, match, gold)
        if found is not None and found.text:
            return found
    return None


def called_the_answer(text: str, gold: GoldKind) -> Announced | None:
    """The subject of the last "… is the answer"; an empty text where it says that it is not."""
    last = None
    for match in _BACKWARDS.finditer(text):
        last = match
    if last is None:
        return None
    return Announced(last.start(), last.end(), _subject(text, last, gold))


def _subject(text: str, match: re.Match[str], gold: GoldKind) -> str:
    if match["not"]:
        rest = text[match.end() : match.end() + 200]
        other = re.match(r"[\s,;—–-]{0,4}(?:but\s)?([^\s.,;]{1,40})\s(?:is|are)\b", rest)
        if other:
            return other[1]
        instead = _BUT.search(rest[: sentence_end(rest)])
        return value_of(rest[instead.end() :], gold) if instead else ""
    before = _SENTENCE_BEGIN.split(text[max(0, match.start() - 200) : match.start()])[-1]
    return value_of(_OPENING_WORDS.sub("", before), gold)


def retracted(text: str, position: int) -> bool:
    """Whether the text takes back, right after `position`, what it has said."""
    return bool(_RETRACTED.search(text, position, position + 200))


def all_announced(text: str, gold: GoldKind, position: int) -> Iterator[Announced]:
    """What the last announcements after `position` announce, from the end."""
    matches = list(_ANNOUNCED.finditer(text, position))
    for match in matches[: -_MOST_TRIED - 1 : -1]:
        found = announced(text, match, gold)
        if found is not None:
            yield found


def in_box(content: str, gold: GoldKind) -> str:
    r"""What `\text{The answer is } 7` says; "" for a content that announces nothing."""
    for match in _ANNOUNCED.finditer(content[:2_000]):
        rest = content[match.end() :]
        opened = content[: match.end()].count("{") - content[: match.end()].count("}")
        if opened == 1:
            rest = rest.replace("}", "", 1)
        if not match["not"] and rest.strip(" $"):
            return value_of(rest, gold) or rest.strip()
    return ""
