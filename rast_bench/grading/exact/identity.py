"""Identities: an expression is zero because its normal form is.

An expression becomes a quotient of polynomials over the rationals in its unknowns and in
*kernels*: roots, powers with unknown exponents, functions of canonical arguments. Some kernels
have a relation (√a² = a, i² = -1, |u|² = u², sin² = 1 - cos²), by which the numerator is reduced.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sympy
from flint import Ordering, fmpq, fmpq_mpoly_ctx, fmpz

from rast_bench.grading.expressions.lazy import HugePower, power

MAX_TERMS = 3_000  # of an intermediate polynomial
MAX_SIZE = 3_000_000  # terms times bits of a coefficient
MAX_OPERATIONS = 80  # of an argument that is normalised
MAX_ARGUMENT = 300  # terms of such an argument
_MAX_FACTORED = 2**64

Quotient = tuple[Any, Any]  # two fmpq_mpoly: numerator, denominator


class TooLargeError(ArithmeticError):
    """The normal form would have too many terms."""


def is_zero(expression: Any, *, real: bool = True) -> bool | None:
    """Return whether the expression is zero for all values of its unknowns, or None if unknown.

    False is returned only for rational functions of the unknowns, where it is certain.

    Args:
        real: absolute values are those of real numbers.
    """
    try:
        form = _NormalForm(expression, real=real)
        above, below = form.quotient(expression)
        above = form.reduced(above)
        if above == 0:
            # If the denominator is zero too, the expression is undefined.
            return True if form.reduced(below) != 0 else None
        return None if form.kernels else False
    except (TooLargeError, OverflowError, MemoryError, ZeroDivisionError):
        return None


def constant_ratio(first: Any, second: Any) -> Any | None:
    """Return first / second as a rational number if it is constant, else None.

    Raises:
        TooLargeError: the normal form is too large to tell.
    """
    form = _NormalForm(first, second)
    one, other = form.quotient(first), form.quotient(second)
    above, below = form.reduced(one[0] * other[1]), form.reduced(one[1] * other[0])
    if below == 0 or above == 0:
        return None
    factor = above.leading_coefficient() / below.leading_coefficient()
    if above == below * factor:
        return sympy.Rational(int(factor.p), int(factor.q))
    return None


@dataclass
class _Kernel:
    """A generator beside the unknowns; its `order`-th power is `power`, if it has one."""

    order: int = 0
    power: Callable[[], Quotient] | None = None
    fraction: int = 1  # the generator is the `fraction`-th root of its name


@dataclass
class _Collected:
    symbols: dict[Any, None] = field(default_factory=dict)
    kernels: dict[Any, _Kernel] = field(default_factory=dict)


class _NormalForm:
    def __init__(self, *expressions: Any, real: bool = True) -> None:
        self._real = real
        self._found = _Collected()
        self._canonical: dict[Any, Any] = {}
        for expression in expressions:
            self._collect(expression)
        self.kernels = self._found.kernels
        names = [*self._found.symbols, *self.kernels]
        self._context = fmpq_mpoly_ctx.get(
            [f"g{position}" for position in range(len(names))] or ["g"], Ordering.lex
        )
        self._generators = dict(zip(names, self._context.gens(), strict=False))
        self._places = {name: position for position, name in enumerate(names)}
        self._one = self._context.constant(1)

    # Collecting generators.

    def _collect(self, expression: Any) -> None:
        if expression.is_Rational:
            return
        if expression.is_Symbol:
            self._found.symbols[expression] = None
        elif expression.is_Add or expression.is_Mul:
            for part in expression.args:
                self._collect(part)
        elif expression.is_Pow or isinstance(expression, (HugePower, sympy.exp)):
            self._collect_power(*_base_and_exponent(expression))
        elif expression is sympy.I:
            self._kernel(expression, 2, lambda: (-self._one, self._one))
        elif isinstance(expression, (sympy.tan, sympy.cot, sympy.sec, sympy.csc)):
            self._collect(_by_sine_and_cosine(expression))
        elif isinstance(expression, sympy.log) and _is_positive_rational(expression.args[0]):
            for part, _ in factored(expression.args[0]):
                self._kernel(sympy.log(part, evaluate=False))
        else:
            self._collect_function(expression)

    def _collect_power(self, base: Any, exponent: Any) -> None:
        if exponent.is_Integer:
            self._collect(base)
        elif exponent.is_Rational:
            for part, _, order in self._roots(base, exponent):
                self._collect(part)  # before the root: collected first, reduced last
                self._kernel(("root", part), order, partial(self.quotient, part))
        else:
            for part in _prime_parts(base):
                for coefficient, monomial in self._terms(exponent):
                    if monomial == 1:
                        self._collect(power(part, coefficient))
                    else:
                        self._kernel(("power", part, monomial), fraction=int(coefficient.q))

    def _collect_function(self, expression: Any) -> None:
        key = self._function_key(expression)
        if key is None:
            raise TooLargeError
        _, kernel = key
        if kernel.is_Rational:
            return
        if isinstance(kernel, sympy.Abs) and self._real:
            inner = kernel.args[0]
            self._collect(inner)
            self._kernel(kernel, 2, lambda: self._square(inner))
        elif isinstance(kernel, sympy.sin):
            cosine = sympy.cos(kernel.args[0], evaluate=False)
            self._kernel(cosine)
            self._kernel(kernel, 2, lambda: self._one_minus_square(cosine))
        else:
            self._kernel(kernel)

    def _kernel(
        self,
        name: Any,
        order: int = 0,
        power: Callable[[], Quotient] | None = None,
        fraction: int = 1,
    ) -> None:
        known = self._found.kernels.setdefault(name, _Kernel(order, power, 1))
        known.fraction = math.lcm(known.fraction, fraction)
        if order and isinstance(name, tuple):
            known.order = math.lcm(known.order, order)

    def _square(self, expression: Any) -> Quotient:
        above, below = self.quotient(expression)
        return above * above, below * below

    def _one_minus_square(self, cosine: Any) -> Quotient:
        generator = self._generators[cosine]
        return self._one - generator * generator, self._one

    # Canonical forms of parts.

    def _simple(self, argument: Any) -> Any:
        """Return the same expression for arguments that are the same rational function."""
        known = self._canonical.get(argument)
        if known is None:
            known = argument
            if not argument.is_Atom:
                if argument.count_ops() > MAX_OPERATIONS or _terms_of(argument) > MAX_ARGUMENT:
                    raise TooLargeError
                symbols = argument.free_symbols
                if symbols and argument.is_rational_function(*symbols):
                    known = sympy.expand(sympy.cancel(argument))
                else:
                    known = sympy.expand(argument, deep=False)
            self._canonical[argument] = known
        return known

    def _roots(self, base: Any, exponent: Any) -> list[tuple[Any, int, int]]:
        """Return the parts of base^exponent as (part, p, q): part^{p/q}."""
        p, q = int(exponent.p), int(exponent.q)
        if base.is_Rational:
            return [(part, p * times, q) for part, times in factored(base)]
        simple = self._simple(base)
        content, primitive = simple.as_content_primitive()
        if primitive == 1 or content <= 0:
            return [(simple, p, q)]
        return [(primitive, p, q), *((part, p * times, q) for part, times in factored(content))]

    def _terms(self, exponent: Any) -> list[tuple[Any, Any]]:
        return [term.as_coeff_Mul() for term in sympy.Add.make_args(self._simple(exponent))]

    def _function_key(self, expression: Any) -> tuple[int, Any] | None:
        """Return a sign and a function with canonical arguments."""
        try:
            arguments = [self._simple(part) for part in expression.args]
        except TooLargeError:
            return None
        sign = 1
        if isinstance(expression, sympy.Abs) and arguments[0].could_extract_minus_sign():
            arguments = [self._simple(-arguments[0])]
        if isinstance(expression, (sympy.floor, sympy.ceiling, sympy.Abs, sympy.sign)):
            return sign, expression.func(*arguments, evaluate=False)
        if not expression.args:
            return sign, expression
        kernel = expression.func(*arguments)
        if kernel.func is not expression.func:  # evaluated, or with its sign outside
            if (-kernel).func is expression.func:
                return -1, -kernel
            return None if not kernel.is_Rational else (sign, kernel)
        return sign, kernel

    # Quotients of polynomials.

    def quotient(self, expression: Any) -> Quotient:
        if expression.is_Rational:
            value = fmpq(int(expression.p), int(expression.q))
            return self._context.constant(value), self._one
        if expression.is_Symbol:
            return self._generators[expression], self._one
        if expression.is_Add:
            return self._total([self.quotient(part) for part in expression.args])
        if expression.is_Mul:
            above = below = self._one
            for part in expression.args:
                one, other = self.quotient(part)
                above, below = _times(above, one), _times(below, other)
            return above, below
        if expression.is_Pow or isinstance(expression, (HugePower, sympy.exp)):
            return self._power(*_base_and_exponent(expression))
        if expression is sympy.I:
            return self._generators[expression], self._one
        if isinstance(expression, (sympy.tan, sympy.cot, sympy.sec, sympy.csc)):
            return self.quotient(_by_sine_and_cosine(expression))
        if isinstance(expression, sympy.log) and _is_positive_rational(expression.args[0]):
            total = self._context.constant(0)
            for part, times in factored(expression.args[0]):
                total += times * self._generators[sympy.log(part, evaluate=False)]
            return total, self._one
        key = self._function_key(expression)
        if key is None:
            raise TooLargeError
        sign, kernel = key
        if kernel.is_Rational:
            return self.quotient(sign * kernel)
        return sign * self._generators[kernel], self._one

    def _total(self, parts: list[Quotient]) -> Quotient:
        """Add quotients, those with the same denominator first."""
        by_denominator: dict[Any, Any] = {}
        for above, below in parts:
            key = str(below) if len(below) < 20 else id(below)
            known = by_denominator.get(key)
            by_denominator[key] = (above if known is None else known[0] + above, below)
        (above, below), *others = by_denominator.values()
        for other_above, other_below in others:
            above = _times(above, other_below) + _times(other_above, below)
            below = _times(below, other_below)
        return above, below

    def _power(self, base: Any, exponent: Any) -> Quotient:
        if exponent.is_Integer:
            return self._raised(self.quotient(base), int(exponent))
        above = below = self._one
        for generator, size in self._factors(base, exponent):
            if size > 0:
                above = _times(above, _raised(generator, size))
            elif size < 0:
                below = _times(below, _raised(generator, -size))
        return above, below

    def _factors(self, base: Any, exponent: Any) -> list[tuple[Any, int]]:
        """Return generators and their exponents."""
        if exponent.is_Rational:
            factors = []
            for part, p, q in self._roots(base, exponent):
                kernel = self.kernels[("root", part)]
                factors.append((self._generators[("root", part)], p * kernel.order // q))
            return factors
        factors = []
        for part in _prime_parts(base):
            times = dict(factored(base)).get(part, 1) if base.is_Rational else 1
            for coefficient, monomial in self._terms(exponent):
                if monomial == 1:
                    above, below = self.quotient(power(part, coefficient))
                    factors += [(above, times), (below, -times)]
                    continue
                name = ("power", part, monomial)
                size = coefficient * self.kernels[name].fraction * times
                factors.append((self._generators[name], int(size)))
        return factors

    def _raised(self, quotient: Quotient, exponent: int) -> Quotient:
        above, below = quotient
        if exponent < 0:
            above, below, exponent = below, above, -exponent
        return _raised(above, exponent), _raised(below, exponent)

    def reduced(self, polynomial: Any) -> Any:
        """Reduce the numerator by the kernels' relations; it is zero if the quotient is."""
        for name in reversed(list(self.kernels)):
            kernel = self.kernels[name]
            if kernel.order and kernel.power is not None:
                polynomial = self._reduced_by(polynomial, name, kernel)
        return polynomial

    def _reduced_by(self, polynomial: Any, name: Any, kernel: _Kernel) -> Any:
        place = self._places[name]
        highest = polynomial.degrees()[place] if polynomial != 0 else 0
        if highest < kernel.order or kernel.power is None:
            return polynomial
        above, below = kernel.power()
        parts: dict[int, dict[Any, Any]] = {}
        for monomial, coefficient in polynomial.to_dict().items():
            times, rest = divmod(int(monomial[place]), kernel.order)
            changed = (*monomial[:place], rest, *monomial[place + 1 :])
            parts.setdefault(times, {})[changed] = coefficient
        most = max(parts)
        total = self._context.constant(0)
        for times, terms in parts.items():
            part = self._context.from_dict(terms)
            factor = _times(_raised(above, times), _raised(below, most - times))
            total = total + _times(part, factor)
        return total


def _times(first: Any, second: Any) -> Any:
    if len(first) * len(second) > MAX_TERMS * 10:
        raise TooLargeError
    return first * second


def _raised(polynomial: Any, exponent: int) -> Any:
    terms = len(polynomial)
    if exponent <= 1 or terms == 0:
        return polynomial**exponent
    if terms == 1:
        coefficient = polynomial.leading_coefficient()
        bits = max(int(coefficient.p).bit_length(), int(coefficient.q).bit_length())
        if coefficient not in (1, -1) and bits * exponent > MAX_SIZE:
            raise TooLargeError
        if exponent.bit_length() > 62:
            raise TooLargeError
        return polynomial**exponent
    # Upper bound on the number of monomials of this degree.
    if exponent > MAX_TERMS or math.comb(exponent + terms - 1, terms - 1) > MAX_TERMS:
        raise TooLargeError
    return polynomial**exponent


def _base_and_exponent(expression: Any) -> tuple[Any, Any]:
    if isinstance(expression, sympy.exp):
        return sympy.E, expression.args[0]
    base, exponent = expression.args
    return base, exponent


def _by_sine_and_cosine(function: Any) -> Any:
    argument = function.args[0]
    sine, cosine = sympy.sin(argument), sympy.cos(argument)
    above, below = {
        sympy.tan: (sine, cosine),
        sympy.cot: (cosine, sine),
        sympy.sec: (1, cosine),
        sympy.csc: (1, sine),
    }[function.func]
    if below == 0:
        raise TooLargeError
    return above / below


def _is_positive_rational(value: Any) -> bool:
    return bool(value.is_Rational and value > 0)


def _prime_parts(base: Any) -> list[Any]:
    if base.is_Rational and base > 0:
        return [part for part, _ in factored(base)]
    return [base]


def factored(value: Any) -> list[tuple[Any, int]]:
    """Return the primes with their exponents, and -1; a large number is kept as one factor."""
    above, below = int(value.p), int(value.q)
    parts = []
    if above < 0:
        above = -above
        parts.append((sympy.Integer(-1), 1))
    for number, sign in ((above, 1), (below, -1)):
        if number >= _MAX_FACTORED:
            parts.append((sympy.Integer(number), sign))
        elif number > 1:
            parts += [(sympy.Integer(int(p)), sign * int(k)) for p, k in fmpz(number).factor()]
    return parts


def _terms_of(expression: Any) -> float:
    """Return an upper bound of its number of terms when expanded."""
    if expression.is_Add:
        return sum(map(_terms_of, expression.args))
    if expression.is_Mul:
        return math.prod(map(_terms_of, expression.args))
    if expression.is_Pow and expression.exp.is_Integer:
        terms, times = _terms_of(expression.base), abs(int(expression.exp))
        if terms <= 1:
            return 1.0
        if times > MAX_ARGUMENT or terms > MAX_ARGUMENT:
            return math.inf
        return float(math.comb(times + int(terms) - 1, times))
    return 1.0
