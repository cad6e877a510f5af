"""Where words stand in a text, found at the pace of `str.find`."""

from collections.abc import Iterable


def lowered(text: str) -> str:
    """The text in lower case, character for character; as it is where that changes its length."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text


def positions(lower: str, words: Iterable[str]) -> list[int]:
    """Where any of the words begins in a lowered text, in order."""
    found: list[int] = []
    for word in words:
        at = lower.find(word)
        while at >= 0:
            found.append(at)
            at = lower.find(word, at + len(word))
    found.sort()
    return found
