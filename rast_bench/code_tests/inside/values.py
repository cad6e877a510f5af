"""Plain Python values as JSON and back, by type and value, without running foreign code.

An object of a subclass is sent as the plain value that it holds, any other object as the name of
its type: no method of the program's classes takes part in a comparison.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

_JSON_INTEGERS = 2**63  # larger ones as hexadecimal digits, which are read in linear time
_PLAIN_TYPES = {type(None), bool, int, float, str}
_SEQUENCES = {list: None, tuple: "t", set: "s", frozenset: "f"}


class Opaque:
    """Stands for an answer that is not a plain value. It equals nothing."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


def encode(value: object) -> object:
    """Return a value that `json.dumps` can write.

    Raises:
        RecursionError: it is nested too deeply.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        number = int.__int__(value)
        return number if -_JSON_INTEGERS < number < _JSON_INTEGERS else {"i": hex(number)}
    if isinstance(value, float):
        return float.__float__(value)
    for kind, tag in _SEQUENCES.items():
        if isinstance(value, kind):
            items = list(kind.__iter__(value))
            if not _is_plain(items):
                items = [encode(item) for item in items]
            return items if tag is None else {tag: items}
    if isinstance(value, dict):
        return {"d": [[encode(key), encode(item)] for key, item in dict.items(value)]}
    return _encode_rare(value)


def _is_plain(items: list[object]) -> bool:
    """Return whether JSON represents each of them as it is. Asked of whole lists for speed."""
    if not _PLAIN_TYPES.issuperset(map(type, items)):
        return False
    numbers = [item for item in items if isinstance(item, int)]
    return not numbers or -_JSON_INTEGERS < min(numbers) <= max(numbers) < _JSON_INTEGERS


def _encode_rare(value: object) -> object:
    if isinstance(value, complex):
        # Use the attributes of the base class: a subclass may define its own.
        parts = complex.real.__get__(value), complex.imag.__get__(value)
        return {"c": list(parts)}
    if isinstance(value, bytes | bytearray):
        return {"b": bytes(value).hex()}
    if type(value) is Fraction:
        return {"q": [hex(value.numerator), hex(value.denominator)]}
    if type(value) is Decimal:
        return {"m": str(value)}
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return encode(value.item())  # type: ignore[attr-defined]
    return {"o": type(value).__name__}


class Makers(NamedTuple):
    """Constructors that `decode` applies to a collection's items or a fraction's parts."""

    set_of: Callable[[list[object]], object] = set
    frozenset_of: Callable[[list[object]], object] = frozenset
    dict_of: Callable[[list[tuple[object, object]]], object] = dict
    fraction_of: Callable[[int, int], object] = Fraction


_PLAIN = Makers()


def decode(value: object, makers: Makers = _PLAIN) -> object:
    """Return the value that was encoded.

    Raises:
        ValueError, TypeError, ArithmeticError, RecursionError: it is not an encoded value.
    """
    if isinstance(value, list):
        if _PLAIN_TYPES.issuperset(map(type, value)):
            return value
        return [decode(item, makers) for item in value]
    if not isinstance(value, dict):
        return value
    ((tag, content),) = value.items()
    if tag in ("i", "b", "m", "o"):
        return _decode_text(tag, content)
    if not isinstance(content, list):
        raise ValueError(f"no encoded value: {tag!r}")
    if tag == "d":
        return makers.dict_of(
            [(decode(key, makers), decode(item, makers)) for key, item in content]
        )
    if tag == "c":
        return complex(*content)
    if tag == "q":
        numerator, denominator = (int(part, 16) for part in content)
        return makers.fraction_of(numerator, denominator)
    items = [decode(item, makers) for item in content]
    if tag == "t":
        return tuple(items)
    if tag == "s":
        return makers.set_of(items)
    if tag == "f":
        return makers.frozenset_of(items)
    raise ValueError(f"no encoded value: {tag!r}")


def _decode_text(tag: str, content: object) -> object:
    if not isinstance(content, str):
        raise ValueError(f"no encoded value: {tag!r}")
    if tag == "i":
        return int(content, 16)
    if tag == "b":
        return bytes.fromhex(content)
    return Decimal(content) if tag == "m" else Opaque(content)
