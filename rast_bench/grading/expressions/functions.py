"""The functions used in answers, by name."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from flint import fmpz

from rast_bench.grading.expressions.errors import UnreadableError
from rast_bench.grading.expressions.lazy import binomial, factorial, power

_MAX_FACTORED_BITS = 64  # of a number under a logarithm


@dataclass(frozen=True)
class Function:
    """A function known to the parser.

    Attributes:
        value: computes it.
        inverse: the meaning of `f^{-1}`; None if that is the power.
        several: takes several arguments, in brackets.
    """

    value: Callable[..., Any]
    inverse: Callable[[Any], Any] | None = None
    several: bool = False

    def of(self, arguments: list[Any], *, inverse: bool = False) -> Any:
        """Return its value.

        Raises:
            UnreadableError: too many or too few arguments.
        """
        if inverse:
            if self.inverse is None or len(arguments) != 1:
                raise UnreadableError("a function to the power of -1")
            return self.inverse(arguments[0])
        try:
            return self.value(*arguments)
        except TypeError as error:
            raise UnreadableError("a wrong number of arguments") from error


def _log(value: Any, base: Any = sympy.E) -> Any:
    if value == 0 or base in (0, 1):
        raise UnreadableError("a logarithm of nothing")
    above = _plain_log(value)
    if value.is_Integer and base.is_Integer and min(value, base) > 1:
        ratio = _ratio_of_logs(int(value), int(base))
        if ratio is not None:
            return ratio
    return above if base == sympy.E else above / _plain_log(base)


def _ratio_of_logs(value: int, base: int) -> Any | None:
    """Return log value / log base if rational (both are powers of one integer), else None."""
    if max(value, base).bit_length() > _MAX_FACTORED_BITS:
        return None
    above, below = (dict(fmpz(number).factor()) for number in (value, base))
    if above.keys() != below.keys():
        return None
    ratios = {sympy.Rational(int(above[prime]), int(below[prime])) for prime in above}
    return ratios.pop() if len(ratios) == 1 else None


def _plain_log(value: Any) -> Any:
    """Return a logarithm, unevaluated for large numbers, which sympy would factor."""
    if value.is_Rational and max(value.p.bit_length(), value.q.bit_length()) > _MAX_FACTORED_BITS:
        return sympy.log(value, evaluate=False)
    return sympy.log(value)


def _floor(value: Any) -> Any:
    return sympy.floor(value, evaluate=bool(value.is_Rational))


def _ceiling(value: Any) -> Any:
    return sympy.ceiling(value, evaluate=bool(value.is_Rational))


def _absolute(value: Any) -> Any:
    return sympy.Abs(value, evaluate=bool(value.is_Rational))


def _sign(value: Any) -> Any:
    return sympy.sign(value, evaluate=bool(value.is_Rational))


def _integers(values: tuple[Any, ...]) -> list[int]:
    if not values or not all(value.is_Integer for value in values):
        raise UnreadableError("no integers")
    return [int(value) for value in values]


def _extreme(function: Any) -> Callable[..., Any]:
    def value(*values: Any) -> Any:
        return function(*values, evaluate=all(each.is_Rational for each in values))

    return value


FUNCTIONS: Mapping[str, Function] = {
    **{
        name: Function(getattr(sympy, name), getattr(sympy, f"a{name}"))
        for name in ("sin", "cos", "tan", "sec", "csc", "cot")
    },
    **{
        name: Function(getattr(sympy, name), getattr(sympy, f"a{name}"))
        for name in ("sinh", "cosh", "tanh", "coth", "sech", "csch")
    },
    **{
        f"a{name}": Function(getattr(sympy, f"a{name}"))
        for name in ("sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh")
    },
    "exp": Function(sympy.exp),
    "ln": Function(lambda value: _log(value)),
    "log": Function(_log),
    "lg": Function(lambda value: _log(value, sympy.Integer(10))),
    "lb": Function(lambda value: _log(value, sympy.Integer(2))),
    "cis": Function(lambda value: sympy.cos(value) + sympy.I * sympy.sin(value)),
    "abs": Function(_absolute),
    "sgn": Function(_sign),
    "floor": Function(_floor),
    "ceil": Function(_ceiling),
    "re": Function(lambda value: sympy.re(value, evaluate=False)),
    "im": Function(lambda value: sympy.im(value, evaluate=False)),
    "arg": Function(lambda value: sympy.arg(value, evaluate=False)),
    "cbrt": Function(lambda value: power(value, sympy.Rational(1, 3))),
    "factorial": Function(factorial),
    "Gamma": Function(lambda value: sympy.gamma(value, evaluate=False)),
    "binomial": Function(binomial, several=True),
    "max": Function(_extreme(sympy.Max), several=True),
    "min": Function(_extreme(sympy.Min), several=True),
    "gcd": Function(lambda *values: sympy.Integer(math.gcd(*_integers(values))), several=True),
    "lcm": Function(lambda *values: sympy.Integer(math.lcm(*_integers(values))), several=True),
}
