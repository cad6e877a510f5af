"""Which token ids are behaviour words (appendix C.3 of the paper): the words that the measures of
behaviour count, where a token is a whole word.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

WORDS = frozenset(
    {
        "alternatively",
        "another",
        "assume",
        "assumed",
        "assumes",
        "assuming",
        "consider",
        "considered",
        "considering",
        "considers",
        "different",
        "option",
        "optioned",
        "optioning",
        "options",
        "suppose",
        "supposed",
        "supposes",
        "supposing",
        "tried",
        "tries",
        "try",
        "trying",
        "actually",
        "again",
        "but",
        "buts",
        "contradiction",
        "contradictions",
        "error",
        "errored",
        "erroring",
        "errors",
        "flaw",
        "flawed",
        "flawing",
        "flaws",
        "however",
        "mistake",
        "mistaken",
        "mistakes",
        "mistaking",
        "mistook",
        "revisit",
        "revisited",
        "revisiting",
        "revisits",
        "worse",
        "wrong",
        "wronged",
        "wronger",
        "wrongest",
        "wronging",
        "wrongs",
        "back",
        "backed",
        "backs",
        "check",
        "checked",
        "checking",
        "checks",
        "confirm",
        "confirmed",
        "confirming",
        "confirms",
        "ensure",
        "ensured",
        "ensures",
        "ensuring",
        "plug",
        "plugged",
        "plugging",
        "plugs",
        "satisfied",
        "satisfies",
        "satisfy",
        "satisfying",
        "substitute",
        "substituted",
        "substitutes",
        "substituting",
        "test",
        "tested",
        "testing",
        "tests",
        "validate",
        "validated",
        "validates",
        "validating",
        "verified",
        "verifies",
        "verify",
        "verifying",
    }
)
"""The forms of the authors' lemmas (metrics/behaviour_lemmas.json) by simplemma's dictionary."""


def is_behaviour_word(token: str) -> bool:
    """Return whether a token's text is one; spaces around it and its case do not count."""
    return token.strip().lower() in WORDS


def behaviour_ids(decode: Callable[[Sequence[int]], str], vocabulary: int) -> "Tensor":
    """Return where an id below `vocabulary` is a behaviour word, [vocabulary] bool.

    A word of several tokens is not found.

    Args:
        decode: the tokenizer's, from ids to text.
    """
    import torch

    return torch.tensor([is_behaviour_word(decode([i])) for i in range(vocabulary)])
