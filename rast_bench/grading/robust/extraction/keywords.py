"""Positions of words in a text, found at the speed of `str.find`."""

from collections.abc import Iterable


def lowered(text: str) -> str:
    """Return the text in lower case, or unchanged if that would change its length."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text


MOST = 3_000
"""Occurrences of one word considered from either end; a text with more is a loop."""


def positions(lower: str, words: Iterable[str], *, from_end: bool = False) -> list[int]:
    """Return where any of the words begins in a lowered text, in order; at most `MOST` each."""
    found: list[int] = []
    for word in words:
        at = lower.rfind(word) if from_end else lower.find(word)
        for _ in range(MOST):
            if at < 0:
                break
            found.append(at)
            at = lower.rfind(word, 0, at) if from_end else lower.find(word, at + len(word))
    found.sort()
    return found
