"""Answers of a program as they leave the sandbox, in forms that are cheap to compare.

Python's sets and dicts take quadratic time on keys chosen to collide, and hashes of numbers are
predictable. So a set or dict in an answer is stored by the text of its keys, whose hashes are not
predictable, and is never built. Only `==` is applied to it.
"""

import itertools
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from rast_bench.code_tests.inside.values import Makers, Opaque, decode

_EXACT_DIGITS = 400  # digits and exponent of a decimal; beyond them it equals no other number
_UNEQUAL = itertools.count()


def decode_answer(value: object) -> object:
    """Return the encoded answer: plain values, with `AnsweredSet` and `AnsweredDict`.

    Raises:
        ValueError, TypeError, ArithmeticError, RecursionError: it is not an encoded value.
    """
    return decode(value, _MAKERS)


class AnsweredSet:
    """A set or frozenset in an answer. It equals the sets with equal items."""

    def __init__(self, items: Iterable[object]) -> None:
        self._items = {key_of(item): item for item in items}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, set | frozenset) and self._items.keys() == set(map(key_of, other))

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[object]:
        return iter(self._items.values())

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self))}}}" if self._items else "set()"

    def key(self) -> str:
        """Return the same text as `key_of` a frozenset of these items."""
        return _joined("s", sorted(self._items))


class AnsweredDict:
    """A dict in an answer. It equals the dicts with equal keys and values."""

    def __init__(self, pairs: Iterable[tuple[object, object]]) -> None:
        self._items = {key_of(key): (key, value) for key, value in pairs}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict) or len(other) != len(self._items):
            return False
        found = ((self._items.get(key_of(key)), value) for key, value in other.items())
        return all(pair is not None and pair[1] == value for pair, value in found)

    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[object]:
        return (key for key, _ in self._items.values())

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{key!r}: {value!r}' for key, value in self._items.values())}}}"


def key_of(value: object) -> str:
    """Return a text that is the same for two plain values exactly if they are equal.

    Values that equal nothing, such as NaN and objects of the program's classes, get unique texts.

    Raises:
        TypeError: the value is not hashable.
        RecursionError: it is nested too deeply.
    """
    if value is None:
        return "n"
    if isinstance(value, str):
        return f"t{value}"
    if isinstance(value, bytes):
        return f"b{value.hex()}"
    if isinstance(value, int):
        return f"i{value:x}"
    if isinstance(value, float):
        return _float_key(value)
    if isinstance(value, complex):
        real = _float_key(value.real)
        return real if value.imag == 0 else f"c{real} {_float_key(value.imag)}"
    if isinstance(value, Fraction):
        return _ratio_key(value.numerator, value.denominator)
    if isinstance(value, Decimal):
        return _decimal_key(value)
    if isinstance(value, tuple):
        return _joined("l", map(key_of, value))
    if isinstance(value, frozenset):
        return _joined("s", sorted(map(key_of, value)))
    if isinstance(value, AnsweredSet):
        return value.key()
    if isinstance(value, Opaque):
        return _unequal()
    raise TypeError(f"unhashable: {type(value).__name__}")


def _unequal() -> str:
    return f"u{next(_UNEQUAL)}"


def _float_key(value: float) -> str:
    if not math.isfinite(value):
        return _unequal() if math.isnan(value) else f"f{value}"
    return _ratio_key(*value.as_integer_ratio())


def _ratio_key(numerator: int, denominator: int) -> str:
    return f"i{numerator:x}" if denominator == 1 else f"q{numerator:x}/{denominator:x}"


def _decimal_key(value: Decimal) -> str:
    if not value.is_finite():
        return _float_key(float(value))  # a signalling NaN raises ValueError
    _, digits, exponent = value.as_tuple()
    if len(digits) + abs(int(exponent)) <= _EXACT_DIGITS:
        return _ratio_key(*value.as_integer_ratio())
    return f"m{value}"


def _joined(tag: str, keys: Iterable[str]) -> str:
    """Join keys with their lengths, so that no two lists of keys give the same text."""
    return tag + "".join(f"{len(key)}:{key}" for key in keys)


def _fraction_as_sent(numerator: int, denominator: int) -> Fraction:
    """Build a fraction without reducing it, which takes quadratic time: encode did."""
    if denominator < 1:
        raise ValueError("no encoded fraction")
    fraction = Fraction()
    fraction._numerator, fraction._denominator = numerator, denominator  # type: ignore[attr-defined]
    return fraction


_MAKERS = Makers(AnsweredSet, AnsweredSet, AnsweredDict, _fraction_as_sent)
