"""The part of a response that is its own: after the thinking, before another problem begins."""

import re

WINDOW = 2**16
"""Only the last 65,536 characters of a response are read."""

_THINKING = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("◁think▷", "◁/think▷"),
)
_TURN_ENDS = (
    *("<|im_end|>", "<|im_start|>", "<|endoftext|>", "</s>", "<|eot_id|>", "<|end_of_text|>"),
    *("<end_of_turn>", "<｜end▁of▁sentence｜>", "[INST]", "<|user|>", "<|end|>"),
)
_ANY = re.compile(r"\w")
_NEXT_PROBLEM = re.compile(
    r"\n[ \t]{0,8}[#*>_\[-]{0,6}[ \t]{0,4}(?:"
    r"(?:(?:New |Next |Another )?(?:[Pp]roblem|[Qq]uestion|Exercise|Example|Instruction|Query)"
    r"|PROBLEM|QUESTION|Problème|Pregunta|Problema|Aufgabe|Frage|Задача|Вопрос)"
    r"[ \t]{0,4}#?\d{0,5}[*_]{0,3}[ \t]{0,4}(?:[:.](?![\d])|\n|\Z)|Q[ \t]?\d{0,4}[:.][ \t\n]"
    r"|(?:Human|User|Assistant|USER|Student)[*_]{0,3}:|(?:user|assistant|system)\n|(?:问题|题目|問題"
    r"|例题)[ \t]{0,4}\d{0,4}[:：]"
    r")"
)

_STRUCK = re.compile(
    r"~~[^~\n]{1,300}~~|<!--[^<]{0,2000}?-->|<(?P<tag>s|del)>[^<]{0,300}</(?P=tag)>"
)
_ASKED = re.compile(r"\n[ \t]{0,8}[#*>_\[-]{0,6}[ \t]{0,4}(?:Q\b|Question|Human|User|user\n)")


def after_thinking(text: str) -> tuple[str, bool]:
    """Return the part that counts, and whether it is thinking that never ended."""
    if not any(mark[:2] in text for pair in _THINKING for mark in pair):
        return text, False
    end = max(
        (at + len(close) for _, close in _THINKING if (at := text.rfind(close)) >= 0), default=0
    )
    text = text[end:]
    begin = min((at for opening, _ in _THINKING if (at := text.find(opening)) >= 0), default=-1)
    if begin < 0:
        return text, False
    if _ANY.search(text[:begin]):
        return text[:begin], False
    return text[begin:].partition(">" if text[begin] == "<" else "▷")[2], True


def without_struck(text: str) -> str:
    """Return the text without struck-out parts and HTML comments."""
    if "~~" not in text and not any(mark in text for mark in ("<!--", "<s>", "<del>")):
        return text
    return _STRUCK.sub(" ", text)


def own_turn(text: str) -> str:
    """Return the text up to the first mark that ends a chat turn."""
    marks = [mark for mark in _TURN_ENDS if mark[:2] in text]  # fast, unlike most searches
    ends = sorted(at for mark in marks if (at := text.find(mark)) >= 0)
    return next((text[:end] for end in ends if _ANY.search(text[:end])), text)


def next_problem(text: str, position: int) -> int:
    """Return where a line after `position` begins another problem, or the text's length."""
    match = _NEXT_PROBLEM.search(text, position)
    return match.start() if match else len(text)


def asks(text: str, position: int) -> bool:
    """Return whether the line that begins there is a question to the model ("Q:", "Human:")."""
    return _ASKED.match(text, position) is not None
