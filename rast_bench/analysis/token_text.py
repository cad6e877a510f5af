"""The tokens of a path as pieces of its text."""

from collections.abc import Sequence
from typing import Any


def token_texts(tokenizer: Any, token_ids: Sequence[int]) -> list[str]:
    """Return what each token adds to the text, special tokens too; joined they are the text.

    A space that a tokenizer puts between two words belongs to the second. A token that is part of a
    character is shown by itself, as replacement signs.
    """
    texts: list[str] = []
    for place, token in enumerate(token_ids):
        alone = tokenizer.decode([token])
        if place == 0:
            texts.append(alone)
            continue
        before = token_ids[place - 1]
        former, both = tokenizer.decode([before]), tokenizer.decode([before, token])
        texts.append(both.removeprefix(former) if both.startswith(former) else alone)
    return texts
