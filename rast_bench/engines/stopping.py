"""Stop strings: which tokens can complete one, and what text remains before it."""

from functools import partial
from typing import Any

SLACK_TOKENS = (
    8  # decoded beyond a stop string's length; a token is rarely shorter than a character
)
PART_OF_CHARACTER = "\ufffd"  # a byte token alone decodes to this, and may complete anything


class StopStrings:
    """Finds stop strings in rows that grow by one token at a time, without decoding every step.

    A text is decoded only after a token that contains the last character of a stop string. A stop
    string that is a special token (`<|im_end|>`) is found by its id, since decoding skips it.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._decode = partial(tokenizer.decode, skip_special_tokens=True)
        self._size = len(tokenizer)
        added = tokenizer.added_tokens_decoder
        self._special = {token.content: i for i, token in added.items() if token.special}
        self._pieces: list[str] = []
        self._completing: dict[tuple[str, ...], frozenset[int]] = {}

    def text_before(self, ids: list[int], stop: tuple[str, ...]) -> str | None:
        """Return the decoded text before the earliest stop string; None if there is none.

        `ids` without its last token contains no stop string.
        """
        if ids[-1] not in self._tokens_completing(stop):
            return None
        if any(self._special.get(s) == ids[-1] for s in stop):
            return str(self._decode(ids))
        tail = self._decode(ids[-(max(map(len, stop)) + SLACK_TOKENS) :])
        if first_stop(tail, stop) is None:
            return None
        text = str(self._decode(ids))
        start = first_stop(text, stop)
        return None if start is None else text[:start]

    def _tokens_completing(self, stop: tuple[str, ...]) -> frozenset[int]:
        """Return every token after which the text may end with one of the stop strings."""
        if stop not in self._completing:
            if not self._pieces:
                self._pieces = [self._decode([i]) for i in range(self._size)]
            ends = {s[-1] for s in stop}
            spaces = any(end.isspace() for end in ends)  # decoders add and strip those
            found = {
                i
                for i, piece in enumerate(self._pieces)
                if spaces or PART_OF_CHARACTER in piece or not ends.isdisjoint(piece)
            }
            found |= {self._special[s] for s in stop if s in self._special}
            self._completing[stop] = frozenset(found)
        return self._completing[stop]


def first_stop(text: str, stop: tuple[str, ...]) -> int | None:
    """Return where the earliest stop string starts; None if there is none."""
    starts = [start for s in stop if (start := text.find(s)) >= 0]
    return min(starts) if starts else None
