"""Extraction of the answer in the SimpleRL protocol, before any normalisation."""

import re

CHOICES = frozenset("ABCDE")

_HOPE = ("final answer is $", "$. I hope")
_PHRASES = ("he answer is", "final answer is")
_CHINESE_PHRASE = "答案是"
_NUMBER = re.compile(r"-?\d*\.?\d+")
_CHOICE = re.compile(r"\b[A-E]\b")
_CHOICE_PHRASES = ("choice is", "answer is")
_CHOICE_PHRASE = re.compile("|".join(_CHOICE_PHRASES))
_LINE_BREAK = re.compile(r"\n\s*")


def raw_answer(text: str) -> str:
    """Return the answer as written; "" if a rule applies but nothing follows its phrase.

    The first applicable rule decides: the phrase with "I hope", the last box, the phrases, the last
    number (of the text without commas).
    """
    _, _, after = text.partition(_HOPE[0])
    if after and _HOPE[1] in text:
        return after.split(_HOPE[1], 1)[0].strip()
    if "boxed" in text:
        return _boxed(text.rpartition("boxed")[2])
    for phrase in _PHRASES:
        if phrase in text:
            return text.rpartition(phrase)[2].strip()
    if _CHINESE_PHRASE in text:
        return text.split(_CHINESE_PHRASE)[1].strip().split("\n\n")[0].strip()
    numbers = _NUMBER.findall(text.replace(",", ""))
    return numbers[-1] if numbers else ""


def announces(text: str) -> bool:
    """Return whether a phrase or a complete box, not the last number, marks the answer."""
    if "boxed" in text:
        tail = text.rpartition("boxed")[2]
        return not tail.startswith("{") or len(_boxed(tail)) < len(tail) - 1
    return any(phrase in text for phrase in (*_PHRASES, _CHINESE_PHRASE))


def _boxed(tail: str) -> str:
    """Return the content of the box that `tail` begins with; an open box extends to the end."""
    if not tail.startswith("{"):
        return tail.split("$")[0].strip()
    depth = 0
    for position, character in enumerate(tail):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return tail[1:position]
    return tail[1:]


def one_line(answer: str) -> str:
    """Return the answer without line breaks, a leading colon, trailing full stops and slashes."""
    joined = _LINE_BREAK.sub("", answer)
    return joined.removeprefix(":").rstrip(".").rstrip("/")


def choice_of_text(text: str) -> str:
    """Return the letter that a whole response chooses, or the tail that was searched.

    The first letter after the last "answer is" or "choice is", else the last letter of all. A
    response with the same phrase twice counts as a run-on: only its first paragraph is read.
    """
    text = text.strip("\n")
    if any(text.count(phrase) > 1 for phrase in _CHOICE_PHRASES):
        text = text.split("\n\n")[0]
    *announced, tail = _CHOICE_PHRASE.split(text)
    tail = tail.strip("\n").rstrip(".").rstrip("/").strip(" ").lstrip(":")
    letters = _CHOICE.findall(tail.upper())
    if letters:
        return str(letters[0 if announced else -1])
    return tail.strip().strip(".").rstrip(".").rstrip("/")
