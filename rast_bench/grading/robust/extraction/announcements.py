"""Sentences that announce the answer, in eleven languages, and those that retract it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from rast_bench.grading.number_words import number_of_words
from rast_bench.grading.robust.extraction import disowned, languages
from rast_bench.grading.robust.extraction.clauses import sentence_end, value_of
from rast_bench.grading.robust.extraction.gold_kind import GoldKind
from rast_bench.grading.robust.extraction.keywords import lowered, positions

_BE = (
    r"(?:is|are|was|were|would be|will be|should be|must be|has to be|to be|equals|comes out to be"
    r"|becomes)"
)
_NO_ANSWER = (
    r"(?:(?:in)?correct|wrong|right|verified|valid|invalid|obtained|given (?!by)|as follows\s*\."
    r"|found (?!to)|derived|shown|written|expressed|represented|rounded|consistent|reasonable"
    r"|unique|clear|unclear|unknown|unchanged|simply the|needed|required|asked|supposed|usually"
    r"|often|based|in the (?:form|format|box)|below|above|boxed|incomplete|complete|going|what"
    r"|that of|one of|supported|provided|called|always|already|positive that|in fact correct"
    r"|confirmed|accurate|possible|impossible|undefined because|therefore correct|also correct"
    r"|being|meant|hidden|used)\b"
)
_NOUNS = (
    *("answer", "respuesta", "solución", "risposta", "resposta", "réponse", "antwort", "ответ"),
    *("final result", "final value", "final solution"),
    *("答案", "答え", "解答", "正解", "정답", "답은", "उत्तर", "উত্তর", "الجواب", "الإجابة"),
)
_WORDS = rf"(?:[ \t]{{1,9}}(?!{'|'.join(_NOUNS[:8])})[^\s.:=$\\<>?!|*—–]{{1,25}}){{0,12}}?"
_ANNOUNCES = (
    r"[*_`\"”}]{0,4}\s{0,9}(?:\b" + _BE + r"\b|\b(?:is|are|was|could|should|would|ca)(?=n['’]t\b)"
    r"|:|=|\\text\{\s*is\s*\})"
)
_ANNOUNCED = re.compile(
    r"(?:"
    r"answers?\b(?!\s{0,3}[\"'`])(?P<about>"
    + _WORDS
    + r")"
    + _ANNOUNCES
    + r"|final\s(?:result|value|solution)s?\b"
    + _WORDS
    + _ANNOUNCES
    + r"|答案(?:应该|應該)?(?:是|为|為|：|:|=|＝)"
    r"|(?:respuesta|solución|resposta|risposta)s?\b"
    + _WORDS
    + r"\s{0,3}(?:\b(?:es|son|è|sono|é)\b|:)"
    r"|réponses?\b" + _WORDS + r"\s{0,3}(?:\b(?:est|sont)\b|:)"
    r"|antwort(?:en)?\b" + _WORDS + r"\s{0,3}(?:\b(?:ist|lautet|lauten|sind)\b|:)"
    r"|ответ\b" + _WORDS + r"\s{0,3}(?:[:：—–=-]|\bравен\b|\bравно\b)"
    r"|(?:答え|解答|正解)(?:は|：|:)、?|(?:정답|답)(?:은|：|:)"
    r"|(?:उत्तर|উত্তর)[*\s]{0,5}(?:[:：=]|है|हैं|होगा|হল|হলো|হবে|(?=[$\\(*]{0,4}\d))"
    r"|(?:الجواب|الإجابة)" + _WORDS + r"\s{0,3}(?:\b(?:هو|هي)\b|:)"
    r")(?P<not>\s{0,3}(?:(?:\w{1,12}ly\s)?not|never|unlikely|hardly|rarely|seldom|scarcely"
    r"|no longer|anything but|far from|neither"
    r"|pas|nicht|keine?)\b"
    r"|n['’]?t\b)?",
    re.IGNORECASE,
)
_LETTER_A = re.compile(r"A:(?P<about>)(?P<not>)")
_LINE_BEGIN = re.compile(r"(?:\A|\n)[ \t*_#>]{0,9}\Z")
_HEADING_BEGIN = re.compile(r"(?:\A|\n)(?:#{1,6} {0,3}|\*\*){1,2}(?:final )?\Z", re.IGNORECASE)
_HEADING = re.compile(r"answer[ *:]{0,6}\n(?P<about>)(?P<not>)", re.IGNORECASE)
_NOT_ONE = re.compile(r"[\s*_:]{0,9}(?:" + _NO_ANSWER + r")", re.IGNORECASE)
_ABOUT_NOT = re.compile(
    r"\b(?:not|cannot|can't|never|n't|neither|nor|choices|options|key|sheet|format|wrong|incorrect"
    r"|and|they|we|you|which|who|whether|if|however|because|will|would|could|might|may|but|so"
    r"|should|must|check|can)\b|n['’]t\b",
    re.IGNORECASE,
)
_DOUBT_BEFORE = re.compile(
    r"(?:(?:n['’]?t|\bnot|\bnever)\s+(?:\w+\s+)?(?:think|believe|say|mean|true|sure|certain"
    r"|convinced|correct|right|possible|likely|the case|know|clear)\b[^.]{0,30}|\b(?:doubt|whether"
    r"|if|unless|suppose|assum\w+|pretend|wrong(?:ly)?|incorrect(?:ly)?|might think|may think"
    r"|might say|could think|claims?|claimed|says?|guess(?:ed)? was)\b[^.,;:]{0,25}"
    r")\Z|" + disowned.NOT_THE_ANSWER,
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\b(?:previous|different|other|another|similar|easier|simpler)\s"
    r"(?:question|problem|exercise|puzzle|case)s?\b",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\b(?:but(?: rather)?|rather|instead(?: it(?:'s| is))?|it(?:'s| is)|it should be|should be"
    r"|actually)\b[\s:,]{0,3}",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\?[\s*_]{0,9}")
_NO = re.compile(
    r"(?:no|nope|wait|hmm|hm|not quite|actually)\b[\s,.!:;—–-]{0,6}"
    r"(?:(?:it(?:'s| is)|it should be|that(?:'s| is)|the answer is|rather|instead"
    r"|actually)\b[\s:,]{0,3}){0,3}",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\b(?:is|are)(?P<not>\s{1,4}(?:(?:\w{1,12}ly\s)?not|never|hardly|scarcely|by no means|far from"
    r"|anything but)|n['’]t)?\s{1,4}(?:the|our|my)\s{1,4}"
    r"(?:(?:final|correct|right|required|desired|only|best)\s{1,4}){0,2}\Z",
    re.IGNORECASE,
)
_NOUN_END = re.compile(r"(?:answer|solution)s?\b(?!\s+(?:to be|if|that|which))", re.IGNORECASE)
_OTHER = re.compile(r"[\s,;—–-]{0,4}(?:but\s)?([^\s.,;]{1,40})\s(?:is|are)\b")
_SENTENCE_BEGIN = re.compile(r"[.;?!]\s|\n")
_WRONG = r"(?:wrong|incorrect|mistaken?|an? (?:error|mistake)|not (?:right|correct))\b"
_RETRACTED = re.compile(
    r"[\s.*_$)\]}\\,;!—–-]{0,12}(?:"
    r"(?:oh |but )?(?:wait|oops|hmm|hold on|sorry|actually|no)\b[^.\n]{0,60}\b" + _WRONG + r"|"
    r"(?:(?:but|however|and)\b[\s,]{0,3})?(?:that|this|it|(?:this|that|my|the previous"
    r"|the above|the quoted) (?:answer|result|claim|statement|value|solution|reasoning|conclusion))"
    r"(?:['’]s| is| was| must be| cannot be| can['’]t be)\s(?:clearly |obviously )?(?:"
    + _WRONG
    + r"|right\b))",
    re.IGNORECASE,
)
_OPENING_WORDS = re.compile(
    r"\A[\s*]*(?:(?:so|thus|therefore|hence|and|then|i think|we see that|this means|that"
    r"|,)(?![a-z])[\s*]*)*",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?:です|である|だ|입니다|이다|になります|となります|。)+[\s*]*\Z")
_DENIED = re.compile(r"\b(?:not|cannot|can't|never)\b|n['’]t\b", re.IGNORECASE)
_DENIED_ABROAD = re.compile(languages.NOT, re.IGNORECASE)
_SUBSTANCE = re.compile(r"[\d\\√π∞∅]")
_NO_VALUE = re.compile(
    r"(?:there|no|none|not|un\w+|infinit\w+|all|every|any|cannot|impossible|does|do)\b",
    re.IGNORECASE,
)
_PROSE = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]|\A[A-Z][a-z]+,? \S")
_DIGIT = re.compile(r"\d")
_MAX_TAIL = 11_000  # characters of what may follow an announcement
_MAX_WORDS = 200  # characters of a number in words
_MOST_TRIED = 40  # announcements tried, from the end; loops repeat one


@dataclass(frozen=True)
class Announced:
    """`start` is where the announcement begins and `end` where its sentence ends."""

    start: int
    end: int
    text: str
    unfinished: bool = False


def mentions(text: str, position: int = 0, *, backwards: bool = False) -> Iterator[re.Match[str]]:
    """Yield everything from `position` on that looks like an announcement."""
    lower = lowered(text)
    places = positions(lower, (*_NOUNS, "a:"), from_end=backwards)
    for at in reversed(places) if backwards else places:
        if at < position:
            continue
        if text.startswith("A:", at):
            match = (
                _LETTER_A.match(text, at) if _LINE_BEGIN.search(text, max(0, at - 12), at) else None
            )
        elif at and lower[at - 1].isalpha() and lower[at] < "\u3000":
            continue  # inside a word
        elif lower.startswith("to ", max(0, at - 3)):
            continue  # a verb
        else:
            match = _ANNOUNCED.match(text, at)
            if match is None and _HEADING_BEGIN.search(text, max(0, at - 20), at):
                match = _HEADING.match(text, at)
        if match and not _NOT_ONE.match(text, match.end()):
            yield match


def announced(text: str, match: re.Match[str], gold: GoldKind) -> Announced | None:
    """Return what one announcement announces; empty text if it says what the answer is not."""
    about = match["about"] or ""
    before = _SENTENCE_BEGIN.split(text[max(0, match.start() - 120) : match.start()])[-1]
    tail = text[match.end() : match.end() + _MAX_TAIL]
    end = match.end() + sentence_end(tail, len(tail) - len(tail.lstrip()))
    denied = bool(match["not"] or _DOUBT_BEFORE.search(before) or _ELSEWHERE.search(about))
    if match["about"] is None and not match[0].lower().startswith("final"):  # another language
        denied = denied or bool(_DENIED_ABROAD.search(match[0]))
    if about and _ABOUT_NOT.search(about):
        if not _DENIED.search(about):
            return None
        denied = True
    if denied:
        sentence = tail[: sentence_end(tail)]
        instead = _BUT.search(sentence)
        value = value_of(sentence[instead.end() :], gold) if instead else ""
        return Announced(match.start(), end, value)
    question = _QUESTION.search(tail, 0, 300)
    if question and sentence_end(tail) == question.start():
        no = _NO.match(tail, question.end())
        value = value_of(tail[no.end() :], gold) if no else ""
        return Announced(match.start(), end, value)
    value = _ENDS.sub("", value_of(tail, gold))
    if not value or _says_nothing(value, gold) or _is_working(match[0], value, text[end:], gold):
        return None
    return Announced(match.start(), end, value, _at_the_end(tail, value))


def _at_the_end(tail: str, value: str) -> bool:
    """Return whether the text may be cut off inside the value: a full stop may be a point."""
    return len(tail) < _MAX_TAIL and tail.rstrip("$*").removesuffix(".").endswith(value)


def _says_nothing(value: str, gold: GoldKind) -> bool:
    """Return whether it is about the answer ("easy to check") although a number is wanted."""
    if not (gold.is_number or gold.kind == "list") or " " not in value:
        return False
    counts = number_of_words(value[:_MAX_WORDS])
    return not (_SUBSTANCE.search(value) or counts or _NO_VALUE.match(value))


def _is_working(announcement: str, value: str, rest: str, gold: GoldKind) -> bool:
    """Return whether "Answer:" heads a worked solution: prose followed by more numbers."""
    if not announcement.endswith(":") or gold.kind in ("words", "truth value"):
        return False
    return bool(_PROSE.search(value) and _DIGIT.search(rest[:1_000]))


def last_announced(text: str, gold: GoldKind, *, cut_off: bool) -> Announced | None:
    """Return what the last announcement announces.

    If the text ends inside it, one that said more counts: in a response that was cut off the one
    before it, in others the one that a loop repeats.
    """
    found: list[Announced] = []
    for match in islice(mentions(text, backwards=True), _MOST_TRIED):
        if each := announced(text, match, gold):
            found.append(each)
            if not found[0].unfinished or len(found) == 3:
                break
    if not found or not found[0].unfinished:
        return found[0] if found else None
    longer = len(found) > 1 and found[1].text.startswith(found[0].text)
    if cut_off:
        return found[1] if longer else None
    repeated = len(found) == 3 and found[1].text == found[2].text
    return found[1] if longer and repeated else found[0]


def first_announced(text: str, gold: GoldKind) -> Announced | None:
    """Return the first announcement that announces something."""
    for match in islice(mentions(text), _MOST_TRIED):
        found = announced(text, match, gold)
        if found is not None and found.text:
            return found
    return None


def called_the_answer(text: str, gold: GoldKind) -> Announced | None:
    """Return the subject of the last "… is the answer"; empty text if it is denied."""
    for at in reversed(positions(lowered(text), ("answer", "solution"), from_end=True)):
        match = _CALLED.search(text, max(0, at - 60), at)
        if match is None:
            continue
        end = _NOUN_END.match(text, at)
        if end:
            return Announced(match.start(), end.end(), _subject(text, match, end.end(), gold))
    return None


def _subject(text: str, match: re.Match[str], end: int, gold: GoldKind) -> str:
    """Return what is called the answer; in "7 is not the answer, 8 is", the 8."""
    if match["not"]:
        rest = text[end : end + 200]
        if other := _OTHER.match(rest):
            return other[1]
        instead = _BUT.search(rest[: sentence_end(rest)])
        return value_of(rest[instead.end() :], gold) if instead else ""
    before = _SENTENCE_BEGIN.split(text[max(0, match.start() - 200) : match.start()])[-1]
    return value_of(_OPENING_WORDS.sub("", before), gold)


def retracted(text: str, position: int) -> bool:
    """Return whether the sentence after `position` retracts what the text has said."""
    return bool(_RETRACTED.match(text, position))


def all_announced(text: str, gold: GoldKind, position: int) -> Iterator[Announced]:
    """Yield what the last announcements after `position` announce, from the end."""
    for match in islice(mentions(text, position, backwards=True), _MOST_TRIED):
        found = announced(text, match, gold)
        if found is not None:
            yield found


def in_box(content: str, gold: GoldKind) -> str:
    r"""Return what `\text{The answer is } 7` says; "" if the content announces nothing."""
    for match in mentions(content[:2_000]):
        rest = content[match.end() :]
        opened = content[: match.end()].count("{") - content[: match.end()].count("}")
        if opened == 1:
            rest = rest.replace("}", "", 1)
        if not match["not"] and rest.strip(" $"):
            return value_of(rest, gold) or rest.strip()
    return ""
