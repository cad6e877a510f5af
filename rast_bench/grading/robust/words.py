"""Answers in words: names, truth values, short phrases."""

import re

_WORDS = re.compile(r"[A-Za-z][A-Za-z'’\-\s.,]*")
_LONG_WORD = re.compile(r"[A-Za-z]{3,}")
_ARTICLES = re.compile(r"\b(?:the|a|an)\b")
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_TRUE = frozenset({"true", "yes", "t", "y", "correct"})
_FALSE = frozenset({"false", "no", "f", "n", "incorrect"})
_FIRST_WORD = re.compile(r"([A-Za-z]+)\b")


def are_words(text: str) -> bool:
    """Whether a text is words and not letters of mathematics."""
    bare = text.replace("{", " ").replace("}", " ").strip()
    return bool(_WORDS.fullmatch(bare) and _LONG_WORD.search(bare))


def same_words(first: str, second: str) -> bool:
    """Equal but for case, punctuation and articles."""
    one, other = _bare(first), _bare(second)
    return bool(one) and one == other


def truth(text: str) -> bool | None:
    """The truth value that a text is or begins with ("No, it is not closed"); None for others."""
    match = _FIRST_WORD.match(text.replace("{", " ").strip())
    if match is None:
        return None
    word = match[1].lower()
    if len(word) == 1 and text.strip(" {}.") != match[1]:
        return None
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def _bare(text: str) -> str:
    return _NO_LETTER.sub("", _ARTICLES.sub(" ", text.lower()))
