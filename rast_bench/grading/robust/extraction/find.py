r"""Finds the answer in a response. The rules, in their order, are `RULES` and `GUESSES`.

Only the response's own turn counts: after the thinking, before a mark that ends the turn, before
a line that begins another problem once an answer was given, and of that the last 65,536
characters. All work is linear in the length of the response.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from rast_bench.grading.extracted import ExtractedAnswer
from rast_bench.grading.robust.extraction import (
    announcements,
    choices,
    corrections,
    disowned,
    marks,
    scope,
    surroundings,
)
from rast_bench.grading.robust.extraction.boxes import (
    Box,
    Boxes,
    find_boxes,
    first_box_end,
    last_together,
    open_box,
)
from rast_bench.grading.robust.extraction.clauses import unit_behind, value_of
from rast_bench.grading.robust.extraction.formulas import FORMULA, is_bare, without_code
from rast_bench.grading.robust.extraction.gold_kind import GoldKind, gold_kind
from rast_bench.grading.robust.extraction.guesses import Ending, code_output, one_line

MAX_ANSWER = 10_000
"""Characters; a longer text is not an answer."""

_MAX_PLAIN = 300  # characters of a marked answer that is taken as it is
_MARKED = re.compile(r"\\boxed|####")
_ANNOUNCES = re.compile(r"\banswer(?: is\b|:)", re.IGNORECASE)
_QUOTED = re.compile(r"(?:\\?\"|“)([^\"“”]+?)(?:\\?\"|”)")
_DOUBLED = re.compile(r"\\\\(?=[A-Za-z{}(\[])")
_SINGLE = re.compile(r"(?<!\\)\\(?!\\)")
_PROSE = re.compile(r"(?<![A-Za-z])[A-Za-z]{3,} [A-Za-z]{2,} ")
_DIGIT = re.compile(r"\d")
_CANCELLED = re.compile(r"\\(?:[xb]?cancel|sout)\s?\{[^{}]{0,200}\}\s?")
_CONCLUDED = re.compile(r"\b(?:[Ss]o|[Tt]hus|[Tt]herefore|[Hh]ence)\b[^\n]{0,200}\d")
_SECOND_THOUGHT = re.compile(
    r"\b(?:wait|no|wrong|incorrect|mistake|correction|correct that|actually|sorry|oops|instead"
    r"|hmm|not the case)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Response:
    """The part of a response that counts, and data shared by the rules."""

    text: str
    gold: GoldKind
    cut_off: bool

    @cached_property
    def boxes(self) -> Boxes:
        return find_boxes(self.text)

    @cached_property
    def prose(self) -> str:
        """The text without code, unless it is all code."""
        prose = without_code(self.text)
        if prose is self.text or any(announcements.mentions(prose)):
            return prose
        return self.text

    @cached_property
    def ending(self) -> Ending:
        return Ending(without_code(self.text))


Rule = Callable[[Response], str | None]
"""The answer as written; None if the rule does not apply; "" ends the search without an answer."""


def find(text: str, *, gold: str = "", cut_off: bool = False) -> ExtractedAnswer | None:
    """Return the answer that a response gives, or None.

    Args:
        gold: tells only the kind of answer (a choice, a number, words, how many parts), never the
            value.
        cut_off: the response ended at the token limit: only what it calls its answer counts, and
            nothing of unfinished thinking.
    """
    own, unfinished = scope.after_thinking(scope.own_turn(text))
    if unfinished and cut_off:
        return None
    own = scope.without_struck(own[-scope.WINDOW :]).replace(FORMULA, "\ufffd")
    own = disowned.without_shown_boxes(own)
    response = _before_next_problem(Response(own, gold_kind(gold), cut_off))
    for rules, guess in ((RULES, unfinished), (GUESSES, True)):
        if rules is GUESSES and (cut_off or unfinished):
            break
        for name, rule in rules:
            found = rule(response)
            if found is not None:
                found = _tidy(found)
                return ExtractedAnswer(found, name, guess) if 0 < len(found) <= MAX_ANSWER else None
    return None


def _before_next_problem(response: Response) -> Response:
    """Return the response without further problems that the model poses to itself."""
    text = response.text
    if scope.next_problem(text, 0) == len(text):
        return response
    ends = [end for end in (first_box_end(text),) if end is not None]
    if hashes := marks.after_hashes(text):
        ends.append(hashes[1])
    if announced := announcements.first_announced(text, response.gold):
        ends.append(announced.end)
    begin = scope.next_problem(text, 0)
    if begin < min(ends, default=len(text)):
        concluded = scope.asks(text, begin) and _CONCLUDED.search(text, 0, begin)
        if concluded or one_line(text[:begin], response.gold):
            ends.append(begin)
    if not ends:
        return response
    end = scope.next_problem(text, min(ends))
    return response if end == len(text) else replace(response, text=text[:end])


def written(gold: str) -> str:
    """Return the gold answer as its data set writes it; of a worked solution, the last step."""
    if _MARKED.search(gold):
        found = find(gold)
    else:
        found = find(gold, cut_off=True) if _ANNOUNCES.search(gold) else None
    return found.text if found else _tidy(gold)


def _tidy(text: str) -> str:
    """Return the text with single backslashes if it doubles all of them."""
    text = text.strip()
    if quoted := _QUOTED.fullmatch(text):
        text = quoted[1].strip()
    if _DOUBLED.search(text) and not _SINGLE.search(text):
        text = text.replace("\\\\", "\\")
    return text


def answer_tag(response: Response) -> str | None:
    """Match `<answer>42</answer>`."""
    tagged = marks.tagged(response.text, cut_off=response.cut_off)
    return _within(tagged[0], response.gold) if tagged else None


def _within(content: str, gold: GoldKind) -> str:
    """Return the answer in the content of a tag or field, which may be a sentence or a box."""
    inner = Response(content, gold, cut_off=False)
    boxed = box(inner)
    if boxed:
        return boxed
    if gold.kind != "choice" and len(content) <= _MAX_PLAIN and is_bare(content):
        return content
    if gold.kind == "choice" and (letter := choices.letter_of(content)):
        return letter
    announced = announcements.last_announced(content, gold, cut_off=False)
    if announced:
        return announced.text
    if len(content) > _MAX_PLAIN or "\n" in content:
        return inner.ending.last_value(gold) or content
    return value_of(content, gold) or content


def after_the_box(response: Response) -> str | None:
    """Match "… Wait, that is wrong: the answer is 8" or "The final answer is 8" after a box."""
    text = response.prose
    boxes = [each for each in response.boxes.closed if each.content and not each.mention]
    if not boxes:
        return None
    position = boxes[-1].end
    for announced in announcements.all_announced(text, response.gold, position):
        between = text[max(position, announced.start - 300) : announced.start]
        final = between.rstrip()[-5:].lower() == "final"
        final |= text.startswith(("final result", "Final result"), announced.start)
        plain = not _PROSE.search(announced.text)
        if response.gold.is_number and not _DIGIT.search(announced.text):
            plain = plain and not announced.text.isalpha()
        if plain and (_SECOND_THOUGHT.search(between) or (final and announced.text)):
            return announced.text
    if announcements.retracted(text, position):
        return ""
    return corrections.corrected(text, position, boxes[-1].content, response.gold)


def box(response: Response) -> str | None:
    r"""Match the last `\boxed{42}`, with those joined to it by "and", "or" or a comma."""
    text, gold = response.text, response.gold
    boxes = [each for each in response.boxes.closed if not each.mention]
    if not boxes:
        return None
    if not boxes[-1].content:
        rest = text[boxes[-1].end : boxes[-1].end + _MAX_PLAIN]
        return value_of(rest.lstrip(" $).\\"), gold) if rest.strip(" $).\n\\]") else ""
    standing = [each for each in boxes if not surroundings.denied(text, each)]
    denied = {each.content for each in boxes if each not in standing}
    standing = [each for each in standing if each.content not in denied]
    if not standing:
        return _beside_boxes(response)
    if surroundings.hypothetical(text, standing[-1]):
        beside = _beside_boxes(response)
        if beside or response.ending.gives_up():
            return beside
    boxes = standing
    if (torn := surroundings.whole(text, boxes[-1])) is not None:
        return torn
    together = last_together(text, boxes)
    if len(together) == 1 and (_one_each(text, boxes, gold) or _parts(text, boxes)):
        together = boxes
    contents = [_content(each.content, gold) for each in together]
    if gold.kind == "choice" and len(contents) == 1:
        if choices.is_ambiguous(contents[0]):
            return ""
        letter = choices.letter_of(contents[0])
        return letter or choices.stated_choice(text) or contents[0]
    return ", ".join(contents) + unit_behind(text, together[-1].end, gold)


def _beside_boxes(response: Response) -> str:
    """Return what a response announces if its boxes hold no answer, else ""."""
    if response.gold.kind == "choice":
        return choices.stated_choice(response.text) or ""
    found = announcements.last_announced(response.prose, response.gold, cut_off=response.cut_off)
    return found.text if found and "boxed" not in found.text else ""


def _one_each(text: str, boxes: list[Box], gold: GoldKind) -> bool:
    """Return whether every box holds one element of the answer, and none is retracted."""
    return (
        gold.kind == "list"
        and len(boxes) == gold.elements
        and all(gold_kind(each.content).elements == 1 for each in boxes)
        and not _SECOND_THOUGHT.search(text, boxes[0].end, boxes[-1].start)
    )


def _parts(text: str, boxes: list[Box]) -> bool:
    """Return whether each box answers one part of the problem."""
    if not 1 < len(boxes) < 9:
        return False
    labels = [surroundings.part(text, each) for each in boxes]
    contents = {each.content for each in boxes}
    return all(labels) and len(set(labels)) == len(labels) and len(contents) > 1


def _content(content: str, gold: GoldKind) -> str:
    """Return the content of a box without surrounding words and letters."""
    content = _CANCELLED.sub("", content)
    if gold.kind != "choice":
        content = choices.value_beside(content) or content
    announced = announcements.in_box(content, gold)
    return announced or content


def hashes(response: Response) -> str | None:
    """Match the first `#### 42` that is not a heading."""
    found = marks.after_hashes(response.text)
    return _within(found[0], response.gold) if found else None


def json_value(response: Response) -> str | None:
    """Match `{"answer": 42}`."""
    found = marks.in_json(response.text)
    if found is None:
        return None
    return _within(found[0], response.gold) if found[0] else ""


def stated_choice(response: Response) -> str | None:
    """Match the last "The correct option is B", "(C) is right", "I choose D", for a letter."""
    if response.gold.kind != "choice":
        return None
    stated = choices.last_stated(response.text)
    if stated is None:
        return None
    letters, end = stated
    later = corrections.corrected(response.text, end, letters, response.gold)
    return letters if later is None else later


def announced(response: Response) -> str | None:
    """Match the last "The answer is 42", "**Answer:** 42" or "42 is the answer"."""
    text, gold = response.prose, response.gold
    forwards = announcements.last_announced(text, gold, cut_off=response.cut_off)
    backwards = announcements.called_the_answer(text, gold)
    found = max(
        (each for each in (forwards, backwards) if each is not None),
        key=lambda each: each.start,
        default=None,
    )
    if found is None:
        return None
    if announcements.retracted(text, found.end):
        return ""
    later = corrections.corrected(text, found.end, found.text, gold) if found.text else None
    if later is not None:
        return later
    if gold.kind == "choice" and found.text:
        if choices.is_ambiguous(found.text):
            return ""
        return choices.letter_of(found.text) or found.text
    return found.text


def table_row(response: Response) -> str | None:
    """Match `| Answer | 42 |`."""
    found = marks.in_row(response.text)
    return _within(found[0], response.gold) if found else None


def lettered_line(response: Response) -> str | None:
    """Match a last line that is or begins with a letter ("(B) 5 cm"), for a gold letter."""
    return choices.lettered_line(response.text) if response.gold.kind == "choice" else None


def named_letter(response: Response) -> str | None:
    """Match the last "(B)" or "option B" alone in its sentence, for a gold letter."""
    return choices.named_letter(response.text) if response.gold.kind == "choice" else None


def open_line(response: Response) -> str | None:
    """Match the rest of the line in an unclosed box."""
    at = response.boxes.open_at
    if at is None or any(each.content for each in response.boxes.closed):
        return None
    return open_box(response.text, at)


def one_line_response(response: Response) -> str | None:
    """Match a one-line response without prose as a whole; not for a gold letter."""
    return None if response.gold.kind == "choice" else one_line(response.text, response.gold)


def nothing(response: Response) -> str | None:
    """Return "" if the last sentences refuse to answer or say what the answer is not."""
    return "" if response.ending.gives_up() else None


def last_output(response: Response) -> str | None:
    """Match a program's output at the end of the response."""
    return code_output(response.text)


def truth_value(response: Response) -> str | None:
    """Match "The statement is false", for a gold truth value."""
    return response.ending.truth_value() if response.gold.kind == "truth value" else None


def conclusion(response: Response) -> str | None:
    """Match "…, so the limit does not exist"; for gold words, the last bold ones or after "is"."""
    if response.gold.kind in ("choice", "truth value"):
        return None
    return response.ending.conclusion(response.gold)


def last_value(response: Response) -> str | None:
    """Match the last formula or number, or several joined by "and" or "or" (a letter: one)."""
    value = response.ending.last_value(response.gold)
    if response.gold.kind == "choice":
        return (choices.letter_of(value) if value else None) or None
    return value


RULES: tuple[tuple[str, Rule], ...] = (
    ("answer tag", answer_tag),
    ("after the box", after_the_box),
    ("box", box),
    ("hashes", hashes),
    ("JSON", json_value),
    ("stated choice", stated_choice),
    ("announced", announced),
    ("table", table_row),
    ("lettered line", lettered_line),
)
"""Rules for what a response calls its answer."""

GUESSES: tuple[tuple[str, Rule], ...] = (
    ("open box", open_line),
    ("one line", one_line_response),
    ("no answer", nothing),
    ("named letter", named_letter),
    ("truth value", truth_value),
    ("code output", last_output),
    ("conclusion", conclusion),
    ("last value", last_value),
)
"""Rules for a response that calls nothing its answer; unused if it was cut off."""
