"""Canonical forms of algebraic expressions from their values, in ball arithmetic.

The form of a rational constant is its exact value. Other values are given to `_DIGITS` digits,
which are free of rounding errors. Expressions that take too long have no form.
"""

import hashlib
from collections.abc import Hashable, Mapping
from fractions import Fraction
from functools import lru_cache
from operator import attrgetter
from typing import Any

import sympy
from flint import arb

from rast_bench.grading.exact import enclosure, rational, read, same_expression
from rast_bench.grading.limits import CpuLimitError, within_cpu_limit

CPU_SECONDS = 1.0  # per answer; the slowest of 440 real ones takes 0.03
_POINTS = 2
_DIGITS = 25  # digits of a form; all of them are certain
_BITS = 128
_LARGEST_DENOMINATOR = 10_000  # of a fraction recovered from an expression without roots


def expression_form(text: str) -> Hashable | None:
    """Return the value of a constant expression, else its values at points, or None if it has none.

    A rational constant has the exact `Fraction` as its form, as plain numbers do. Call it only from
    the main thread of a process, which can be interrupted.
    """
    try:
        return within_cpu_limit(CPU_SECONDS, lambda: _form(text))
    except CpuLimitError:
        return None
    except (ImportError, SyntaxError, NameError):  # a fault of this program
        raise
    except Exception:  # not mathematics, or odd: sympy raises exceptions of any kind
        return None


def _form(text: str) -> Hashable | None:
    expression = read(text)
    if not isinstance(expression, sympy.Expr):
        return None
    exact = rational(expression)
    if exact is not None:
        return exact
    unknowns = sorted(expression.free_symbols, key=attrgetter("name"))
    forms: list[Hashable] = []
    for point in range(_POINTS if unknowns else 1):
        place = {unknown: _place(unknown.name, point) for unknown in unknowns}
        ball = enclosure(expression, _BITS, place)
        if ball is None:  # a function that sympy knows better at numbers
            ball = enclosure(expression.subs(place), _BITS)
        if ball is None:
            return None
        forms.append(_hidden_fraction(expression, place, ball) or ("value", *_digits(ball)))
    return forms[0] if len(set(forms)) == 1 else ("function", *forms)


@lru_cache(maxsize=256)
def _place(name: str, point: int) -> Any:
    """Return a value between 1/2 and 5/2, the same for a name in every expression."""
    digest = hashlib.sha256(f"{name} {point}".encode()).digest()
    return sympy.Rational(1, 2) + sympy.Rational(int.from_bytes(digest[:3]), 2**23)


def _hidden_fraction(expression: Any, place: Mapping[Any, Any], ball: Any) -> Fraction | None:
    """Return the simple fraction that an expression is proven to equal at a place, or None."""
    if not ball.imag.contains(0) or not ball.real.is_finite():
        return None
    near = Fraction(float(ball.real.mid())).limit_denominator(_LARGEST_DENOMINATOR)
    if not ball.real.overlaps(arb(near.numerator) / near.denominator):
        return None
    target = sympy.Rational(near)
    if same_expression(expression.subs(place), target).outcome != "equal":
        return None
    return near


def _digits(ball: Any) -> tuple[str, str]:
    """Return real and imaginary part; one that cannot be told from zero is zero."""
    real, imaginary = (
        "0" if part.contains(0) else part.str(_DIGITS, radius=False)
        for part in (ball.real, ball.imag)
    )
    return real, imaginary
