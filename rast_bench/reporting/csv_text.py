"""Text in CSV files that people open with a spreadsheet."""

import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_WORDS = re.compile(r"[+-] (?!.*\w\()[\w .,()-]*")
"""`+ ΔR tiny-s (seed 1)`: a sign before plain words executes nothing in a spreadsheet, and programs
find rows by their labels."""


def text_cell(text: str) -> str:
    """Return text that no spreadsheet executes: a possible formula gets an apostrophe.

    Numbers written as text stay as they are, as do plain words after a sign and a space.
    """
    if not text.startswith(_FORMULA) or _WORDS.fullmatch(text):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
