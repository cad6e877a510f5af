"""Tokenizer of the mathematics in answers."""

import re
from typing import Any, NamedTuple

import sympy

from rast_bench.grading.expressions.errors import OversizedError, UnreadableError
from rast_bench.grading.expressions.lazy import number
from rast_bench.grading.expressions.words import NAMES, SHORT_WORDS, WORDS

MAX_TOKENS = 4_000
_VARIABLES = frozenset("rstuvwxyzVPQ")
_LONGEST_NAME = max(map(len, NAMES))
_MOST_LETTERS = 8  # letters and names written together, as in `2xsiny`
_UNICODE = str.maketrans(
    {
        "π": r"\pi ",
        "∞": r"\infty ",
        "√": r"\sqrt ",
        "°": r"\degree ",
        "≤": r"\le ",
        "≥": r"\ge ",
        "≠": r"\ne ",
        "∑": r"\sum ",
        "∏": r"\prod ",
        "⌊": r"\lfloor ",
        "⌋": r"\rfloor ",
        "⌈": r"\lceil ",
        "⌉": r"\rceil ",
        "θ": r"\theta ",
        "α": r"\alpha ",
        "β": r"\beta ",
        "λ": r"\lambda ",
        "φ": r"\phi ",
        **dict.fromkeys("×·⋅∗", "*"),
        **dict.fromkeys("−–", "-"),
        **dict.fromkeys("′’", "'"),
        "÷": "/",
        "\u00a0": " ",
        **{sign: f"^{{{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
        **{sign: f"_{{{digit}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    }
)
_SKIPPED = re.compile(
    r"(?:\s|~|\\[,:;!>\s]|\\(?:quad|qquad|displaystyle|textstyle|limits|nolimits|left|right|middle"
    r"|[bB]ig+[lrm]?)(?![A-Za-z]))+"
)
_TOKEN = re.compile(
    r"""
    (?P<repeating>\d*\.\d*\\overline\s*\{\s*\d+\s*\})
  | (?P<scientific>(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+(?![.\d]))
  | (?P<number>\d{1,3}(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+\.\d+|\.\d+|\d+\.(?=\s*(?:[-+*/^)}]|\Z))|\d+)
  | (?P<styled>\\(?:text|textrm|mathrm|mathit|mathbf|mathsf|operatorname\*?|boldsymbol|rm)
      \s*\{\s*[A-Za-z]*\s*\})
  | (?P<command>\\(?:[A-Za-z]+|[{}|%$&]))
  | (?P<letters>[A-Za-z]+)
  | (?P<quotes>'+)
  | (?P<sign>\*\*|<=|>=|!=|[-+*/^_=<>!(){}\[\]|,])
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """`kind` is number, letter, name, word (not parsed), command, quotes, sign or end."""

    kind: str
    text: str
    value: Any = None


END = Token("end", "")


def answer_tokens(text: str) -> list[Token]:
    """Return all tokens of a text.

    Raises:
        UnreadableError: a character belongs to no token.
        OversizedError: too many tokens, or too many digits in a number.
    """
    text = text if text.isascii() else text.translate(_UNICODE)
    tokens: list[Token] = []
    position = 0
    while True:
        if skipped := _SKIPPED.match(text, position):
            position = skipped.end()
        if position >= len(text):
            return tokens
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise UnreadableError(f"unexpected {text[position]!r}")
        after_sign = text[match.start() - 1 : match.start()] in ("{", "(", "+", "-", "*", "/", "^")
        position = match.end()
        tokens.extend(_of(match.lastgroup, match[0], after_sign))
        if len(tokens) > MAX_TOKENS:
            raise OversizedError("too many tokens")


def _of(kind: str, text: str, after_sign: bool) -> list[Token]:
    if kind == "number":
        return [Token("number", text, number(text.replace(",", "").rstrip(".")))]
    if kind == "repeating":
        return [Token("number", text, _repeating(text))]
    if kind == "scientific":
        return [Token("number", text, _scientific(text))]
    if kind == "styled":
        name = text[text.index("{") + 1 : -1].strip()
        if name == "d":
            return [Token("word", name)]
        return [Token("word", name)] if len(name) != 1 and name not in NAMES else _letters(name)
    if kind == "letters":
        if text in WORDS or (text in SHORT_WORDS and not after_sign):
            return [Token("word", text)]
        return _letters(text)
    return [Token(kind, text)]


def _repeating(text: str) -> Any:
    r"""Return the exact value of `0.1\overline{6}`."""
    whole, _, decimals = text.partition(".")
    once, _, again = decimals.partition(r"\overline")
    again = again.strip(" {}\t\n")
    if len(text) > 1_000:
        raise OversizedError("a number of too many digits")
    below = (10 ** len(again) - 1) * 10 ** len(once)
    before = int(f"0{whole}{once}")
    return sympy.Rational(int(f"0{whole}{once}{again}") - before, below)


def _scientific(text: str) -> Any:
    """Return the value of 1.5e10. `3e-2` could also mean 3e - 2, with Euler's number.

    Raises:
        UnreadableError: it has two meanings.
    """
    mantissa, _, exponent = text.lower().partition("e")
    signed = exponent[0] in "+-"
    if signed and mantissa != "1" and "." not in mantissa and len(exponent) == 2:
        raise UnreadableError(f"{text!r} has two meanings")
    if len(exponent) > 5:
        raise OversizedError("a number of too many digits")
    return number(mantissa.rstrip(".")) * sympy.Integer(10) ** int(exponent)


def _letters(text: str) -> list[Token]:
    """Return names and single letters, or one word if they are too many to be a product."""
    if text in NAMES:
        return [Token("name", text)]
    if len(text) == 2 and text[0] == "d" and text[1] in _VARIABLES:
        return [Token("letter", text)]  # a differential: dy/dx is not y/x
    tokens: list[Token] = []
    position = 0
    while position < len(text) and len(tokens) < _MOST_LETTERS:
        ends = range(min(len(text), position + _LONGEST_NAME), position + 1, -1)
        end = next((end for end in ends if text[position:end] in NAMES), position + 1)
        tokens.append(Token("name" if end > position + 1 else "letter", text[position:end]))
        position = end
    letters = sum(token.kind == "letter" for token in tokens)
    return [Token("word", text)] if letters > 3 or position < len(text) else tokens
