"""Where words stand in a text, found at the pace of `str.find`."""

from collections.abc import Iterable


def lowered(text: str) -> str:
    """The text in lower case, character for character; as it is where that changes its length."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text


MOST = 3_000
"""Places of one word that are looked at from either end; a text with more of them is a loop."""


def positions(lower: str, words: Iterable[str], *, from_end: bool = False) -> list[int]:
    """Where any of the words begins in a lowered text, in order; no more than `MOST` of each."""
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
