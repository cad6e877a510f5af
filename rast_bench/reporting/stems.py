"""File names of figures."""

import re
from collections.abc import Mapping

_LONGEST = 120  # characters; file systems allow 255 bytes including the extension


def file_stem(taken: Mapping[str, object], *parts: str) -> str:
    """Return a file name without an extension that no other figure has."""
    ascii_parts = (part.replace("Δ", "delta") for part in parts)
    words = (re.sub(r"[^A-Za-z0-9_]+", "-", part).strip("-") for part in ascii_parts)
    plain = "-".join(filter(None, words))[:_LONGEST] or "figure"
    stem, number = plain, 2
    while stem in taken:
        stem, number = f"{plain}-{number}", number + 1
    return stem
