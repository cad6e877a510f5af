r"""Parser of the expressions in answers: LaTeX, plain text, a little Python.

    relation        sum [(= | < | > | \le | \ge | \ne) sum]
    sum             product (+ | -) …
    product         juxtaposed (* | / | \cdot | \times | \div | \bmod) …
    juxtaposed      sign* factor factor …
    factor          primary (^ exponent | ! | ') …

It reads the whole text or rejects it, in time linear in the text, and computes nothing that would
be large. Ambiguous text (`\sin x/2`, `2^3^2`) is rejected. `latex.py` parses another dialect: that
of the parsers behind the SimpleRL grader, bugs included.
"""

from collections.abc import Callable
from typing import Any

import sympy

from rast_bench.grading.expressions.answer_tokens import END, Token, answer_tokens
from rast_bench.grading.expressions.errors import OversizedError, UnreadableError
from rast_bench.grading.expressions.functions import FUNCTIONS, Function
from rast_bench.grading.expressions.lazy import (
    binomial,
    double_factorial,
    factorial,
    number,
    permutations,
    power,
    product,
    quotient,
    total,
)
from rast_bench.grading.expressions.series import product_over, sum_over
from rast_bench.grading.expressions.words import FUNCTION_NAMES, GREEK, NAMES

MAX_LENGTH = 40_000  # characters
MAX_DEPTH = 50

_RELATIONS: dict[str, Callable[..., Any]] = {
    "=": sympy.Eq,
    **dict.fromkeys(("<", r"\lt"), sympy.Lt),
    **dict.fromkeys((">", r"\gt"), sympy.Gt),
    **dict.fromkeys(("<=", r"\le", r"\leq", r"\leqslant"), sympy.Le),
    **dict.fromkeys((">=", r"\ge", r"\geq", r"\geqslant"), sympy.Ge),
    **dict.fromkeys(("!=", r"\ne", r"\neq"), sympy.Ne),
}
_TIMES = frozenset({"*", r"\cdot", r"\times", r"\ast"})
_OVER = frozenset({"/", r"\div"})
_MODULO = frozenset({r"\bmod", r"\mod"})
_CLOSING = {"(": ")", "[": "]", "{": "}", "|": "|", r"\lfloor": r"\rfloor"} | {
    r"\lceil": r"\rceil",
    r"\lvert": r"\rvert",
    r"\vert": r"\vert",
}
_BARS = frozenset({"|", r"\vert"})
_FRACTIONS = frozenset({r"\frac", r"\dfrac", r"\tfrac", r"\cfrac"})
_BINOMIALS = frozenset({r"\binom", r"\dbinom", r"\tbinom"})
_CONJUGATES = frozenset({r"\overline", r"\bar"})
_STARTS = frozenset(
    {
        *(r"\pi", r"\infty", r"\sqrt", r"\sum", r"\prod", r"\Gamma", r"\Re", r"\Im", r"\arg"),
        *(*_FRACTIONS, *_BINOMIALS, *_CONJUGATES, r"\lfloor", r"\lceil", r"\lvert"),
        *(f"\\{name}" for name in (*GREEK, *FUNCTION_NAMES)),
    }
)
_APPLIED = frozenset("fgFG")
_CONSTANTS = {"e": sympy.E, "i": sympy.I}


def read(text: str) -> Any:
    """Parse a text to its last character into an expression or a relation, as a sympy object.

    `e` and `i` are the constants. Numbers too large to be evaluated stay symbolic
    (`lazy.HugePower`, unevaluated `sympy.factorial`): compare them only with `grading/exact`.

    Raises:
        UnreadableError: not an expression, or one with words, units or two meanings.
        OversizedError: too long or nested too deeply.
    """
    if len(text) > MAX_LENGTH:
        raise OversizedError("too long")
    reader = _Reader(answer_tokens(text))
    try:
        value = reader.relation()
    except RecursionError as error:
        raise OversizedError("nested too deeply") from error
    except (ArithmeticError, TypeError, AttributeError, NotImplementedError) as error:
        raise UnreadableError("no expression that can be evaluated") from error
    if reader.next != END:
        raise UnreadableError(f"unexpected {reader.next.text[:20]!r}")
    if isinstance(value, sympy.Expr) and _is_undefined(value):
        raise UnreadableError("undefined")
    return value


def _is_undefined(value: Any) -> bool:
    return value is sympy.nan or value is sympy.zoo or any(map(_is_undefined, value.args))


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = [*tokens, END]
        self._position = 0
        self._depth = 0
        self._bars = 0
        self._angle = 0  # in a function's argument or exponent: degrees are angles
        self._bare = False  # the last factor is a lone number or name
        self._bound: tuple[str, ...] = ()  # indices of the enclosing sums

    @property
    def next(self) -> Token:
        return self._tokens[self._position]

    def _after(self, steps: int = 1) -> Token:
        return self._tokens[min(self._position + steps, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self.next
        if token is not END:
            self._position += 1
        return token

    def _expect(self, text: str) -> None:
        if self.next.text != text:
            raise UnreadableError(f"expected {text!r}, not {self.next.text[:20]!r}")
        self._take()

    def relation(self) -> Any:
        left = self._sum()
        relation = _RELATIONS.get(self.next.text)
        if relation is None:
            return left
        self._take()
        right = self._sum()
        return relation(left, right, evaluate=False)

    def _sum(self) -> Any:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise OversizedError("nested too deeply")
        terms = [self._product()]
        while self.next.text in ("+", "-"):
            negative = self._take().text == "-"
            term = self._product()
            terms.append(-term if negative else term)
        self._depth -= 1
        return total(terms) if len(terms) > 1 else terms[0]

    def _product(self) -> Any:
        value = self._juxtaposed()
        while True:
            if self.next.text in _TIMES:
                self._take()
                value = value * self._juxtaposed()
            elif self.next.text in _OVER:
                self._take()
                value = self._over(value)
            elif self.next.text in _MODULO or self.next == Token("name", "mod"):
                self._take()
                value = sympy.Mod(value, self._juxtaposed(), evaluate=False)
            else:
                return value

    def _over(self, above: Any) -> Any:
        """Read what follows a slash: `1/2x` is half of x, but `a/2b` is a over 2b."""
        if above.is_Rational and self.next.kind == "number":
            below = self._factor()
            value = quotient(above, below)
            if self._starts_factor():
                value = value * self._juxtaposed()
            return value
        grouped = self.next.text in ("(", "[")
        before = self._position
        below = self._juxtaposed()
        if grouped and self._is_product_of_groups(before):
            raise UnreadableError("a quotient with two meanings")
        return quotient(above, below)

    def _is_product_of_groups(self, start: int) -> bool:
        """Return whether the part read since `start` is a product of groups: `1/(2)(3)`."""
        level = 0
        for place in range(start, self._position):
            level += (self._tokens[place].text in ("(", "[")) - (
                self._tokens[place].text in (")", "]")
            )
            if level == 0:
                return self._tokens[place + 1].text not in ("^", "**", "!") and (
                    place + 1 < self._position
                )
        return False

    def _juxtaposed(self) -> Any:
        negative = False
        while self.next.text in ("+", "-"):
            negative ^= self._take().text == "-"
        factors = [self._first_factor()]
        while self._starts_factor():
            factors.append(self._factor())
        value = product(*factors) if len(factors) > 1 else factors[0]
        return -value if negative else value

    def _first_factor(self) -> Any:
        r"""Read a factor or a mixed number, `2\frac{1}{3}`."""
        whole = self.next
        mixed = (
            whole.kind == "number"
            and whole.text.isdigit()
            and self._after().text in _FRACTIONS
            and whole.value > 0
        )
        value = self._factor()
        if mixed and self.next.text in _FRACTIONS:
            part = self._factor()
            if part.is_Rational and 0 < part < 1 and not part.is_Integer:
                return value + part
            return value * part
        return value

    def _starts_factor(self) -> bool:
        token = self.next
        if token.kind == "number":
            if self._bare:
                raise UnreadableError("a number after a number or a name")
            return True
        if token.kind == "word":
            raise UnreadableError(f"words: {token.text[:20]!r}")
        if token.kind in ("letter", "name"):
            return token.text not in ("mod", "choose")
        if token.text in _BARS:
            return not self._bars
        if token.kind == "command":
            return token.text in _STARTS
        return token.text == "_" or token.text in _CLOSING

    def _factor(self) -> Any:
        bare = self.next.kind in ("number", "letter", "name")
        place = self._position + 1
        value = self._primary()
        while True:
            self._bare = bare and self._position == place
            if self.next.text in ("^", "**"):
                sign = self._take().text
                if self.next.text in (r"\circ", r"\degree") or self._is_degree_group():
                    value = self._degrees(value)
                    continue
                base, value = value, power(value, exponent := self._exponent())
                if self.next.text == "_":
                    value = power(self._subscripted(base), exponent)
                if sign == "^" and self.next.text == "^":
                    raise UnreadableError("two exponents")
            elif self.next.text == "!":
                self._take()
                if self.next.text == "!":
                    self._take()
                    value = double_factorial(value)
                else:
                    value = factorial(value)
            elif self.next.text == r"\degree":
                value = self._degrees(value)
            else:
                return value

    def _subscripted(self, name: Any) -> Any:
        """Return the `v_0` of `v^2_0`, of which `v` and the exponent have been read.

        Raises:
            UnreadableError: not a name, one that has a subscript, or a count such as `x^2_{5}C_3`.
        """
        if not name.is_Symbol or "_" in name.name:
            raise UnreadableError("a subscript of no name")
        subscript = self._subscript()
        if self.next.text in ("C", "P") and self._after().text == "_":
            raise UnreadableError("a subscript or a count")
        return sympy.Symbol(f"{name.name}{subscript}")

    def _is_degree_group(self) -> bool:
        return self.next.text == "{" and self._after().text in (r"\circ", r"\degree")

    def _degrees(self, value: Any) -> Any:
        if self.next.text == "{":
            self._take()
            self._take()
            self._expect("}")
        else:
            self._take()
        if not self._angle:
            raise UnreadableError("degrees")
        return value * sympy.pi / 180

    def _exponent(self) -> Any:
        self._angle += 1
        try:
            if self.next.text in ("-", "+"):
                negative = self._take().text == "-"
                value = self._exponent()
                return -value if negative else value
            if self.next.text in ("{", "(", "["):
                return self._group()
            if self._starts_function():
                raise UnreadableError(f"unexpected exponent {self.next.text!r}")
            if self.next.text in ("*", "'", "**"):
                raise UnreadableError("no exponent")
            if self._after().text == "_" and self.next.kind != "number":
                raise UnreadableError("a subscript of the base or of the exponent")
            value = self._primary()
            if self.next.text == "**":
                self._take()
                value = power(value, self._exponent())
            return value
        finally:
            self._angle -= 1

    def _group(self) -> Any:
        opening = self._take().text
        bar = opening in _BARS
        bars, self._bars = self._bars, 1 if bar else 0
        value = self._sum()
        if opening == "{" and self.next.text in (r"\choose", "choose"):
            self._take()
            value = binomial(value, self._sum())
        self._expect(_CLOSING[opening])
        self._bars = bars
        if bar or opening == r"\lvert":
            return FUNCTIONS["abs"].value(value)
        if opening == r"\lfloor":
            return FUNCTIONS["floor"].value(value)
        if opening == r"\lceil":
            return FUNCTIONS["ceil"].value(value)
        return value

    def _primary(self) -> Any:
        token = self.next
        if token.text == "{" and self._after().text == "}":
            self._take()
            self._take()
            return self._prefixed_count()
        if token.text in ("_", "^"):
            return self._prefixed_count()
        if token.text in _CLOSING:
            return self._group()
        self._take()
        if token.kind == "number":
            return token.value
        if token.kind == "letter":
            return self._named(token.text)
        if token.kind == "name":
            return self._command(token.text)
        if token.kind == "command":
            return self._command_of(token.text)
        what = "words:" if token.kind == "word" else "unexpected"
        raise UnreadableError(f"{what} {token.text[:20]!r}")

    def _prefixed_count(self) -> Any:
        r"""Read `_{10}C_3`, `^{10}C_3` or `_{10}P_3`; the script before the letter is the upper."""
        if self.next.text not in ("_", "^"):
            raise UnreadableError("an empty group")
        self._take()
        upper = self._script()
        letter = self._take().text
        if letter not in ("C", "P") or self.next.text != "_":
            raise UnreadableError("a script without a base")
        self._take()
        lower = self._script()
        return binomial(upper, lower) if letter == "C" else permutations(upper, lower)

    def _script(self) -> Any:
        """Read a group in braces, or one number or letter."""
        if self.next.text == "{":
            return self._group()
        token = self._take()
        if token.kind == "number":
            return token.value
        if token.kind == "letter":
            return sympy.Symbol(token.text)
        raise UnreadableError("a script that is no number")

    def _command_of(self, command: str) -> Any:
        if command in _FRACTIONS:
            above = self._argument()
            return quotient(above, self._argument())
        if command in _BINOMIALS:
            above = self._argument()
            return binomial(above, self._argument())
        if command in _CONJUGATES:
            value = self._argument()
            complex_name = any(name.name == "z" for name in value.free_symbols)
            if value.is_Mul or not (value.has(sympy.I) or complex_name):
                raise UnreadableError("a line that may not mean the conjugate")
            return sympy.conjugate(value)
        if command in (r"\sum", r"\prod"):
            return self._series(command)
        if command in (r"\lvert",):
            raise UnreadableError("unexpected bar")
        return self._command(command[1:])

    def _command(self, name: str) -> Any:
        if name in ("pi",):
            return sympy.pi
        if name in ("infty", "oo"):
            return sympy.oo
        if name == "sqrt":
            return self._root()
        if name == "Gamma" and self.next.text != "(":
            return self._named(name)
        function = FUNCTION_NAMES.get(name)
        if function is not None:
            return self._function(function)
        if name in GREEK:
            return self._named(name)
        raise UnreadableError(f"{name} is not read")

    def _argument(self) -> Any:
        """Read a group in braces, or a single digit or name."""
        token = self.next
        if token.text in ("{", "("):
            return self._group()
        if token.kind == "number" and token.text.isdigit():
            self._take()
            if len(token.text) > 1:  # \frac12 takes one digit and leaves the rest
                rest = token.text[1:]
                self._position -= 1
                self._tokens[self._position] = Token("number", rest, number(rest))
            return sympy.Integer(token.text[0])
        if token.kind in ("letter", "number"):
            return self._primary()
        if token.kind in ("command", "name") and token.text not in _CLOSING:
            return self._primary()
        raise UnreadableError(f"expected an argument, not {token.text[:20]!r}")

    def _root(self) -> Any:
        degree = sympy.Integer(2)
        if self.next.text == "[":
            degree = self._group()
        if degree.is_Rational and degree == 0:
            raise UnreadableError("a root of degree zero")
        if self.next.kind == "number" and self.next.text.isdigit():
            before = self._tokens[self._position - 1].text
            argument = self._argument() if before.startswith("\\") else self._take().value
        else:
            argument = self._argument()
        return power(argument, quotient(sympy.Integer(1), degree))

    def _function(self, name: str) -> Any:
        function = FUNCTIONS[name]
        exponent = base = None
        while self.next.text in ("^", "_"):
            if self._take().text == "^":
                if exponent is not None:
                    raise UnreadableError("two exponents")
                exponent = self._exponent()
            elif name == "log" and base is None:
                base = self._argument()
            else:
                raise UnreadableError("a subscript of a function")
        if base is not None:
            arguments = [*self._function_arguments(function), base]
        else:
            arguments = self._function_arguments(function)
        value = function.of(arguments, inverse=exponent == -1)
        if exponent is None or exponent == -1:
            return value
        return power(value, exponent)

    def _function_arguments(self, function: Function) -> list[Any]:
        self._angle += 1
        try:
            if self.next.text in ("(", "["):
                return self._arguments()
            if self.next.text == "{":
                return [self._group()]
            if function.several:
                raise UnreadableError("a function without brackets")
            return [self._bare_argument()]
        finally:
            self._angle -= 1

    def _arguments(self) -> list[Any]:
        closing = _CLOSING[self._take().text]
        bars, self._bars = self._bars, 0
        values = [self._sum()]
        while self.next.text == ",":
            self._take()
            values.append(self._sum())
        self._bars = bars
        self._expect(closing)
        return values

    def _bare_argument(self) -> Any:
        r"""Read the argument of `\sin 2x`: the factors up to another function.

        Raises:
            UnreadableError: a slash follows that may or may not belong to the argument.
        """
        negative = False
        while self.next.text in ("+", "-"):
            negative ^= self._take().text == "-"
        factors = [self._factor()]
        while self._starts_factor() and not self._ends_bare_argument(factors):
            factors.append(self._factor())
        value = sympy.Mul(*factors)
        if self.next.text == "/":
            if not value.has(sympy.pi) or self._after().kind != "number":
                raise UnreadableError("a quotient after a function has two meanings")
            self._take()
            value = quotient(value, self._factor())
        return -value if negative else value

    def _ends_bare_argument(self, factors: list[Any]) -> bool:
        r"""Return whether the argument ends here: `\sin x\cos x`, `\sin x(x+1)`, `\sin x e^x`.

        Raises:
            UnreadableError: ambiguous, such as `\sin 2(x+1)` or `\sin x\sqrt2`.
        """
        if self._starts_function() or (self.next.text == "e" and self._after().text == "^"):
            return True
        if self.next.text in ("(", "[") and not factors[-1].is_Number:
            return True
        name = self.next.text.removeprefix("\\")
        if name != "sqrt" and (self.next.kind in ("number", "letter", "name") or name in NAMES):
            return False
        raise UnreadableError("the argument of a function has two meanings")

    def _starts_function(self) -> bool:
        name = self.next.text.removeprefix("\\")
        return name in FUNCTION_NAMES and name not in ("sqrt", "cbrt", "Gamma")

    def _series(self, command: str) -> Any:
        index = first = last = None
        for _ in range(2):
            sign = self._take().text
            if sign == "_":
                index, first = self._first_index()
            elif sign == "^":
                last = self._exponent()
        if index is None or last is None:
            raise UnreadableError("a sum without limits")
        before, self._bound = self._bound, (*self._bound, index.name)
        term = self._product()
        self._bound = before
        over = sum_over if command == r"\sum" else product_over
        return over(term, index, first, last)

    def _first_index(self) -> tuple[Any, Any]:
        """Read `{k=1}`; the index is a name, even if it is `i`."""
        self._expect("{")
        name = self._take()
        if name.kind != "letter":
            raise UnreadableError("a sum without an index")
        self._expect("=")
        first = self._sum()
        self._expect("}")
        return sympy.Symbol(name.text), first

    def _named(self, name: str) -> Any:
        if name == "C" and self.next.text in ("_", "^"):
            counted = self._scripted_count()
            if counted is not None:
                return counted
        subscript = self._subscript()
        quotes = self._quotes()
        subscript = subscript or self._subscript()
        if not subscript and not quotes:
            if name in ("C", "P") and self.next.text == "(":
                return self._counted_or_product(name)
            if name in _CONSTANTS and name not in self._bound:
                return _CONSTANTS[name]
        full = f"{name}{quotes}{subscript}"
        if self.next.text == "(" and (quotes or name in _APPLIED):
            return self._applied(full, always=bool(quotes))
        return sympy.Symbol(full)

    def _quotes(self) -> str:
        r"""Read the primes of a name: `f'`, `f^{\prime}`, `f^\prime`."""
        if self.next.kind == "quotes":
            return self._take().text
        quotes = 0
        start = self._position
        if self.next.text == "^":
            self._take()
            grouped = self.next.text == "{"
            if grouped:
                self._take()
            while self.next.text == r"\prime" and (grouped or not quotes):
                self._take()
                quotes += 1
            if quotes and grouped:
                self._expect("}")
        if not quotes:
            self._position = start
        return "'" * quotes

    def _subscript(self) -> str:
        r"""Read a subscript; `x_1` is `x_{1}`, and `k_{ {B}}` (once `k_{\mathrm{B}}`) is `k_B`."""
        if self.next.text != "_":
            return ""
        self._take()
        if self.next.text != "{":
            token = self._take()
            if token.kind not in ("number", "letter", "name", "command", "word"):
                raise UnreadableError("an empty subscript")
            name = token.text.removeprefix("\\")
            return f"_{{{name}}}"
        self._take()
        parts: list[str] = []
        inner = self.next.text == "{"
        if inner:
            self._take()
        while self.next.text not in ("}", "{", "") and len(parts) < 20:
            parts.append(self._take().text.removeprefix("\\"))
        if inner:
            self._expect("}")
        self._expect("}")
        return f"_{{{''.join(parts)}}}"

    def _scripted_count(self) -> Any | None:
        """Read `C_{10}^{3}` or `C^{10}_{3}`; None, with nothing consumed, if C is a name."""
        place = self._position
        scripts: dict[str, Any] = {}
        try:
            while self.next.text in ("_", "^") and self.next.text not in scripts:
                sign = self._take().text
                scripts[sign] = self._script()
        except UnreadableError:
            scripts = {}
        if len(scripts) == 2:
            below, above = scripts["_"], scripts["^"]
            if below.is_Integer and above.is_Integer:
                return binomial(max(below, above), min(below, above))
            if below.free_symbols and next(iter(scripts)) == "_":
                return binomial(below, above)
        self._position = place
        return None

    def _counted_or_product(self, name: str) -> Any:
        """Read `C(10,3)` as a binomial and `C(x+1)` as a product."""
        values = self._arguments()
        if len(values) == 1:
            return sympy.Symbol(name) * values[0]
        if len(values) != 2:
            raise UnreadableError("too many arguments")
        return binomial(*values) if name == "C" else permutations(*values)

    def _applied(self, name: str, *, always: bool) -> Any:
        """Read `f(x)` or `f(n+1)` as a function; `g(a+b)` is a product."""
        values = self._arguments()
        unknowns = set().union(*(value.free_symbols for value in values))
        if always or len(values) > 1 or len(unknowns) <= 1:
            return sympy.Function(name)(*values)
        return sympy.Symbol(name) * values[0]
