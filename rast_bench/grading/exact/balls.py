"""Values of expressions with rigorous error bounds, by ball arithmetic (Arb, through python-flint).

A value is a complex ball (`flint.acb`): the true value lies in it. Two balls that do not overlap
prove two values different, whatever the precision; no rounding, underflow or overflow can change
that. Balls that overlap prove nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import flint
import sympy
from flint import acb, arb, fmpq, fmpz
from sympy.core.function import AppliedUndef

from rast_bench.grading.expressions.lazy import HugePower

_MAX_PRODUCT = 1_000  # factors of a binomial coefficient that are multiplied out


class NoValueError(ArithmeticError):
    """Undefined at this point, not real where it must be, or not supported."""


class VagueError(ArithmeticError):
    """The precision is too low to decide which branch applies."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def ball(expression: Any, values: Mapping[Any, Any], *, real: bool = False) -> Any:
    """Return an `acb` that contains the expression's value at the working precision.

    Args:
        values: `acb` per unknown (symbols and undefined functions).
        real: require every step to be real, as in real analysis: no root of a negative number.

    Raises:
        NoValueError: it has no (real) value there.
        VagueError: a higher precision is needed.
    """
    value = _ball(expression, values, real)
    if not value.is_finite():
        raise VagueError
    return value


def _ball(expression: Any, values: Mapping[Any, Any], real: bool) -> Any:
    known = _ATOMS.get(type(expression))
    if known is not None:
        return known(expression)
    if expression.is_Rational:
        return _rational(expression)
    if expression.is_Symbol or isinstance(expression, AppliedUndef):
        try:
            return values[expression]
        except KeyError:
            raise NoValueError from None
    if expression.is_Add:
        total = acb(0)
        for part in expression.args:
            total += _ball(part, values, real)
        return total
    if expression.is_Mul:
        product = acb(1)
        for part in expression.args:
            product *= _ball(part, values, real)
        return product
    if expression.is_Pow or isinstance(expression, HugePower):
        return _power(expression, values, real)
    function = _FUNCTIONS.get(type(expression))
    if function is None:
        raise NoValueError
    arguments = [_ball(part, values, real) for part in expression.args]
    for argument in arguments:
        if not argument.is_finite():
            raise VagueError
    value = function(*arguments)
    if real and not _is_real(value) and all(map(_is_real, arguments)):
        raise _unreal(value)
    return value


def _unreal(value: Any) -> ArithmeticError:
    """Return the error for a value that is certainly not real, or too imprecise to tell."""
    if value.is_finite() and not value.imag.contains(0):
        return NoValueError("not real")
    return VagueError("too vague")


def _rational(value: Any) -> Any:
    if value.is_Integer:
        return acb(arb(fmpz(int(value.p))))
    return acb(arb(fmpq(int(value.p), int(value.q))))


def _is_real(value: Any) -> bool:
    return bool(value.imag.is_zero())


def _power(expression: Any, values: Mapping[Any, Any], real: bool) -> Any:
    base, exponent = expression.args
    if base is sympy.E:
        return _ball(exponent, values, real).exp()
    below = _ball(base, values, real)
    if exponent.is_Rational:
        return _rational_power(below, int(exponent.p), int(exponent.q), real)
    above = _ball(exponent, values, real)
    if _is_real(above) and above.real.is_exact() and above.real.is_integer():
        return _integer_power(below, above)
    if below == 0:
        if above.real > 0:
            return acb(0)
        raise NoValueError("a power of zero")
    if _is_real(below) and below.real < 0 and real:
        raise NoValueError("a power of a negative number")
    if real and _is_real(below) and not below.real > 0:
        raise VagueError
    return below**above


def _integer_power(below: Any, above: Any) -> Any:
    if below == 0 and not above.real > 0:
        if above == 0:
            return acb(1)
        raise NoValueError("a division by zero")
    if _is_real(below) and below.real < 0:
        # Exactly real, however the power is computed.
        odd = above.real.fmpz() % 2 if abs(above.real) < _EVEN_BEYOND else 0
        size = (-below) ** above
        return -size if odd else size
    return below**above


_EVEN_BEYOND = arb(2) ** 100_000


def _rational_power(below: Any, p: int, q: int, real: bool) -> Any:
    if q == 1:
        if p < 0 and below == 0:
            raise NoValueError("a division by zero")
        if abs(p) < 10_000 or not _is_real(below):
            return below ** fmpz(p)
        return _integer_power(below, acb(arb(fmpz(p)))) if _exact(p) else below ** fmpz(p)
    if below == 0:
        if p > 0:
            return acb(0)
        raise NoValueError("a division by zero")
    if _is_real(below):
        if below.real < 0:
            if q % 2:
                size = _root_power(-below, p, q)
                return -size if p % 2 else size
            if real:
                raise NoValueError("an even root of a negative number")
        elif not below.real > 0:
            if below.real.contains(0) and p > 0 and (q % 2 or not real):
                # Near zero, of either sign: bounded by the root of the absolute value.
                size = abs(below).upper()
                bound = _root_power(acb(size), p, q).real
                near = arb(0, bound.abs_upper())
                return acb(near) if q % 2 else acb(near, near)
            raise VagueError
    return _root_power(below, p, q)


def _exact(p: int) -> bool:
    return p.bit_length() <= int(flint.ctx.prec)


def _root_power(below: Any, p: int, q: int) -> Any:
    root = below.sqrt() if q == 2 else below.root(q) if q <= 1_000 else None
    if root is None:
        return below ** acb(arb(fmpq(p, q)))
    return root if p == 1 else root ** fmpz(p)


def _real_part_of_real(value: Any) -> Any:
    if not _is_real(value):
        raise _unreal(value)
    return value.real


def _floor(value: Any) -> Any:
    return acb(_real_part_of_real(value).floor())


def _sign(value: Any) -> Any:
    if _is_real(value):
        if value.real.contains(0) and value != 0:
            return acb(arb(0, 1))
        return acb(value.real.sgn())
    return value / abs(value)


def _mod(value: Any, modulus: Any) -> Any:
    if modulus == 0:
        raise NoValueError("modulo zero")
    return value - modulus * _floor(value / modulus)


def _extreme(name: str) -> Callable[..., Any]:
    def value(first: Any, *others: Any) -> Any:
        best = _real_part_of_real(first)
        for other in others:
            best = getattr(best, name)(_real_part_of_real(other))
        return acb(best)

    return value


def _log(value: Any) -> Any:
    if value == 0:
        raise NoValueError("a logarithm of zero")
    return value.log()


def _reciprocal(value: Any) -> Any:
    if value == 0:
        raise NoValueError("a division by zero")
    return 1 / value


def _factorial(value: Any) -> Any:
    if _is_real(value) and value.real.is_exact() and value.real.is_integer() and value.real < 0:
        raise NoValueError("a factorial of a negative integer")
    return (value + 1).gamma()


def _gamma(value: Any) -> Any:
    return _factorial(value - 1)


def _binomial(upper: Any, lower: Any) -> Any:
    if upper.real < 0 and _is_real(upper) and upper.real.is_exact() and upper.real.is_integer():
        raise NoValueError("a choice from a negative number")
    exact = _is_real(lower) and lower.real.is_exact() and lower.real.is_integer()
    if exact and 0 <= lower.real <= _MAX_PRODUCT:
        value = acb(1)
        for k in range(int(lower.real.fmpz())):
            value *= (upper - k) / (k + 1)
        return value
    if exact and lower.real < 0:
        return acb(0)
    return (upper + 1).gamma() * (lower + 1).rgamma() * (upper - lower + 1).rgamma()


_ATOMS: Mapping[type, Callable[[Any], Any]] = {
    type(sympy.pi): lambda _: acb(arb.pi()),
    type(sympy.E): lambda _: acb(arb.const_e()),
    type(sympy.I): lambda _: acb(0, 1),
    type(sympy.GoldenRatio): lambda _: acb((1 + arb(5).sqrt()) / 2),
    type(sympy.EulerGamma): lambda _: acb(arb.const_euler()),
    type(sympy.Catalan): lambda _: acb(arb.const_catalan()),
}
_FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    sympy.exp: lambda value: value.exp(),
    sympy.log: _log,
    sympy.sin: lambda value: value.sin(),
    sympy.cos: lambda value: value.cos(),
    sympy.tan: lambda value: value.tan(),
    sympy.cot: lambda value: value.cot(),
    sympy.sec: lambda value: value.sec(),
    sympy.csc: lambda value: value.csc(),
    sympy.sinh: lambda value: value.sinh(),
    sympy.cosh: lambda value: value.cosh(),
    sympy.tanh: lambda value: value.tanh(),
    sympy.coth: lambda value: value.coth(),
    sympy.sech: lambda value: value.sech(),
    sympy.csch: lambda value: value.csch(),
    sympy.asin: lambda value: value.asin(),
    sympy.acos: lambda value: value.acos(),
    sympy.atan: lambda value: value.atan(),
    sympy.acot: lambda value: _reciprocal(value).atan(),
    sympy.asec: lambda value: _reciprocal(value).acos(),
    sympy.acsc: lambda value: _reciprocal(value).asin(),
    sympy.asinh: lambda value: value.asinh(),
    sympy.acosh: lambda value: value.acosh(),
    sympy.atanh: lambda value: value.atanh(),
    sympy.Abs: lambda value: acb(abs(value)),
    sympy.floor: _floor,
    sympy.ceiling: lambda value: -_floor(-value),
    sympy.sign: _sign,
    sympy.Mod: _mod,
    sympy.Max: _extreme("max"),
    sympy.Min: _extreme("min"),
    sympy.re: lambda value: acb(value.real),
    sympy.im: lambda value: acb(value.imag),
    sympy.conjugate: lambda value: acb(value.real, -value.imag),
    sympy.arg: lambda value: acb(value.arg()),
    sympy.factorial: _factorial,
    sympy.gamma: _gamma,
    sympy.binomial: _binomial,
    sympy.zeta: lambda value: value.zeta(),
}
