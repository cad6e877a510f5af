"""Lazy tokenizer of LaTeX mathematics: what follows a complete expression is never read."""

import re
from typing import NamedTuple

from rast_bench.grading.expressions.errors import ForeignCharacterError, OversizedError

MAX_TOKENS = 4_000

_SKIPPED = re.compile(
    r"(?:\s|\\[,:;!>\s]|\\(?:quad|qquad|displaystyle|limits|bigl?|bigr?|Bigl?|Bigr?)(?![A-Za-z])"
    r"|\\(?:left|right)(?![A-Za-z])\.?)+"
)
_TOKEN = re.compile(
    r"""
    (?P<number>(?:\d+(?:,\d{3})*(?!\d)(?:\.\d+)?|\d*\.\d+|\d+))
  | (?P<differential>d(?:[A-Za-z]|\\[A-Za-z]+))
  | (?P<letter>[A-Za-z])
  | (?P<command>\\(?:[A-Za-z]+|[{}|%$&]))
  | (?P<quotes>'+)
  | (?P<sign>[-+*/:^_=<>!(){}\[\]|,.&])
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """`kind` is number, differential, letter, command, quotes, sign or end."""

    kind: str
    text: str


END = Token("end", "")
Mark = tuple[int, Token | None]


class TokenStream:
    """Tokens with a lookahead of one.

    Raises:
        ForeignCharacterError: a character was reached that belongs to no token.
        OversizedError: more than MAX_TOKENS were taken.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._taken = 0
        self._next: Token | None = None

    @property
    def next(self) -> Token:
        """The next token, read only when it is asked for."""
        if self._next is None:
            self._next = self._read()
        return self._next

    def take(self) -> Token:
        token = self.next
        self._next = None
        return token

    def take_digit(self) -> Token:
        """Take the first digit of the number that comes next; its other digits are left."""
        token = self.take()
        if len(token.text) > 1:
            self._next = Token("number", token.text[1:])
        return Token("number", token.text[0])

    def mark(self) -> Mark:
        """Return a position for `rewind`."""
        return self._position, self._next

    def rewind(self, mark: Mark) -> None:
        self._position, self._next = mark

    def _read(self) -> Token:
        skipped = _SKIPPED.match(self._text, self._position)
        if skipped:
            self._position = skipped.end()
        if self._position >= len(self._text):
            return END
        match = _TOKEN.match(self._text, self._position)
        if match is None or match.lastgroup is None:
            raise ForeignCharacterError(f"unexpected {self._text[self._position]!r}")
        self._taken += 1
        if self._taken > MAX_TOKENS:
            raise OversizedError("too many tokens")
        self._position = match.end()
        return Token(match.lastgroup, match[0])
