r"""Recursive-descent parser of LaTeX expressions with bounded work.

    relation        additive (= | < | > | \le | \ge | \ne) …
    additive        product (+ | -) …
    product         juxtaposed (* | / | \cdot | \times | \div | :) …
    juxtaposed      sign* factor factor …          so 1/2x is 1/(2x)
    factor          primary (^ exponent | !) …

A *dialect* determines what `f(x)` means and how much of the text must be an expression.
"""

from typing import Any

import sympy

from rast_bench.grading.expressions.arithmetic import (
    binomial,
    factorial,
    number,
    power,
    quotient,
    written_out,
)
from rast_bench.grading.expressions.commands import (
    BINOMIALS,
    CLOSING,
    FRACTIONS,
    FUNCTIONS,
    NO_FACTOR,
    OVER,
    RELATIONS,
    TIMES,
    UNREADABLE,
    WRAPPING,
)
from rast_bench.grading.expressions.dialect import Dialect
from rast_bench.grading.expressions.errors import (
    ForeignCharacterError,
    OversizedError,
    UnreadableError,
)
from rast_bench.grading.expressions.tokens import END, Token, TokenStream

MAX_DEPTH = 60


def read_latex(text: str, dialect: Dialect) -> Any:
    """Parse an expression or relation into a sympy object.

    Raises:
        UnreadableError: not an expression in this dialect.
        OversizedError: too many tokens or levels.
        WorkLimitError: a number in it has too many digits to be evaluated.
    """
    reader = _Reader(text, dialect)
    value = reader.relation()
    if not dialect.prefix and reader.tokens.next != END:
        raise UnreadableError(f"unexpected {reader.tokens.next.text!r}")
    return value


class _Reader:
    def __init__(self, text: str, dialect: Dialect) -> None:
        self.tokens = TokenStream(text)
        self._dialect = dialect
        self._depth = 0
        self._bars = 0

    def relation(self) -> Any:
        left = self.additive()
        while (relation := RELATIONS.get(self.tokens.next.text)) is not None:
            self.tokens.take()
            left = relation(left, self.additive(), evaluate=False)
        return left

    def additive(self) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise OversizedError("nested too deeply")
        terms = [self.product()]
        while self.tokens.next.text in ("+", "-"):
            sign = -1 if self.tokens.take().text == "-" else 1
            terms.append(sign * self.product())
        self._depth -= 1
        return sympy.Add(*terms) if len(terms) > 1 else terms[0]

    def product(self, *, functions: bool = True) -> Any:
        value = self._juxtaposed(functions=functions)
        while True:
            if self.tokens.next.text in TIMES:
                self.tokens.take()
                value = value * self._juxtaposed(functions=functions)
            elif self.tokens.next.text in OVER:
                self.tokens.take()
                value = quotient(value, self._juxtaposed(functions=functions))
            else:
                return value

    def _juxtaposed(self, *, functions: bool = True) -> Any:
        sign = 1
        while self.tokens.next.text in ("+", "-"):
            sign = -sign if self.tokens.take().text == "-" else sign
        factors = [self._factor()]
        while self._starts_factor(self.tokens.next):
            if not functions and self.tokens.next.text in FUNCTIONS:
                break
            place, levels = self.tokens.mark(), (self._depth, self._bars)
            try:
                factors.append(self._factor())
            except ForeignCharacterError:
                raise
            except UnreadableError:
                if not self._dialect.prefix:
                    raise
                self.tokens.rewind(place)
                self._depth, self._bars = levels
                break
        return sign * (sympy.Mul(*factors) if len(factors) > 1 else factors[0])

    def _starts_factor(self, token: Token) -> bool:
        if token.kind in ("number", "differential", "letter"):
            return True
        if token.text in ("|", r"\lvert"):
            return not (token.text == "|" and self._bars)
        if token.kind == "command":
            return token.text not in NO_FACTOR
        return token.text in CLOSING

    def _factor(self) -> Any:
        value = self._primary()
        while True:
            if self.tokens.next.text == "^":
                self.tokens.take()
                value = power(value, self._exponent())
                self._subscript()
            elif self.tokens.next.text == "!":
                self.tokens.take()
                value = factorial(value)
            else:
                return value

    def _exponent(self) -> Any:
        if self.tokens.next.text == "{":
            return self._group()
        token = self.tokens.next
        if token.text in CLOSING or token.text in FUNCTIONS:
            raise UnreadableError(f"unexpected exponent {token.text!r}")
        return self._primary(applies=False)

    def _primary(self, *, applies: bool = True) -> Any:
        token = self.tokens.next
        if token.text in CLOSING:
            return self._group()
        self.tokens.take()
        if token.kind == "number":
            return number(token.text.replace(",", ""))
        if token.kind == "differential":
            return sympy.Symbol(token.text)
        if token.kind == "letter":
            return self._named(token.text, applies=applies)
        if token.kind == "command":
            return self._command(token.text, applies=applies)
        raise UnreadableError(f"unexpected {token.text!r}")

    def _group(self) -> Any:
        opening = self.tokens.take().text
        bar = opening == "|"
        self._bars += bar
        value = self.relation() if opening == "{" else self.additive()
        self._expect(CLOSING[opening])
        self._bars -= bar
        wrap = WRAPPING.get(opening)
        return wrap(value) if wrap else value

    def _expect(self, text: str) -> None:
        if self.tokens.next.text != text:
            raise UnreadableError(f"expected {text!r}, not {self.tokens.next.text!r}")
        self.tokens.take()

    def _command(self, command: str, *, applies: bool) -> Any:
        if command in FRACTIONS:
            above = self._argument()
            return quotient(above, self._argument())
        if command in BINOMIALS:
            above = self._argument()
            return binomial(above, self._argument())
        if command == r"\sqrt":
            return self._root()
        if command in FUNCTIONS:
            return self._function(command)
        if command in (r"\sum", r"\prod"):
            return self._sum(command)
        if command == r"\infty":
            return sympy.oo
        if command in UNREADABLE:
            raise UnreadableError(f"{command} is not read")
        return self._named(command.removeprefix("\\"), applies=applies)

    def _argument(self) -> Any:
        """Read a group in braces, or a single digit or name."""
        if self.tokens.next.text == "{":
            return self._group()
        if self.tokens.next.kind == "number":
            return number(self.tokens.take_digit().text)
        if self.tokens.next.kind == "letter":
            return self._primary(applies=False)
        raise UnreadableError(f"expected an argument, not {self.tokens.next.text!r}")

    def _root(self) -> Any:
        degree = sympy.Integer(2)
        if self.tokens.next.text == "[":
            degree = self._group()
        return power(self._argument(), quotient(sympy.Integer(1), degree))

    def _function(self, command: str) -> Any:
        exponent = base = None
        while self.tokens.next.text in ("^", "_"):
            if self.tokens.take().text == "^":
                exponent = self._exponent()
            else:
                base = self._argument()
        argument = self._function_argument()
        value = FUNCTIONS[command](argument) if base is None else sympy.log(argument, base)
        if exponent is None:
            return value
        inverse = FUNCTIONS.get(f"\\arc{command[1:]}")
        if exponent == -1 and inverse is not None:
            return inverse(value.args[0])
        return power(value, exponent)

    def _function_argument(self) -> Any:
        if self.tokens.next.text in ("(", "["):
            return self._group()
        return self.product(functions=False)

    def _sum(self, command: str) -> Any:
        index = first = last = None
        for _ in range(2):
            sign = self.tokens.take().text
            if sign == "_":
                index, first = self._first_index()
            elif sign == "^":
                last = self._exponent()
        if index is None or last is None:
            raise UnreadableError("a sum without limits")
        return written_out(command, self.product(), index, first, last)

    def _first_index(self) -> tuple[Any, Any]:
        """Read `{k=1}`."""
        self._expect("{")
        name = self.tokens.take()
        if name.kind not in ("letter", "command"):
            raise UnreadableError("a sum without an index")
        self._expect("=")
        first = self.additive()
        self._expect("}")
        return sympy.Symbol(name.text.removeprefix("\\")), first

    def _named(self, name: str, *, applies: bool) -> Any:
        subscript = self._subscript()
        quotes = self.tokens.take().text if self.tokens.next.kind == "quotes" else ""
        subscript = subscript or self._subscript()
        if applies and self._dialect.applied and self.tokens.next.text == "(":
            return self._applied(f"{name}{quotes}{subscript}")
        return sympy.Symbol(f"{name}{quotes}{subscript}")

    def _subscript(self) -> str:
        if self.tokens.next.text != "_":
            return ""
        self.tokens.take()
        value = self._group() if self.tokens.next.text == "{" else self._primary(applies=False)
        return f"_{{{value}}}"

    def _applied(self, name: str) -> Any:
        self._expect("(")
        arguments = [self.additive()]
        while self.tokens.next.text == ",":
            self.tokens.take()
            arguments.append(self.additive())
        self._expect(")")
        return sympy.Function(name)(*arguments)
