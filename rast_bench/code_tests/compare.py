"""Compare an answer with the expected one. Runs in the harness, on plain values only.

| oracle | equal if |
|---|---|
| evalplus | `==`, or close by value if the answers are floats or the tests give a tolerance |
| set | the sets of their items are equal |
| not_none | bools: equal; other answers: not None exactly if True is expected |
| polynomial_root | the polynomial whose coefficients are the argument is 0 there, within `atol` |
| digit_distance | as evalplus, or the sum of the digits' distances after padding with zeros |
| surface_area | as evalplus, or the pyramid's area with the height taken as the vertical one |
| json | `==` after tuples have become lists (LiveCodeBench) |

evalplus's rules are those of release 0.3.1 (evalplus/eval/__init__.py): tolerance is relative 1e-7
plus `atol`, 1e-6 for floats if the tests give none, and requires equal types. Infinity equals only
itself, whatever the tolerance; NaN equals nothing. A comparison takes time linear in the size of
the two values, whatever the program answers (answers.py).
"""

import cmath
import math
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

from rast_bench.code_tests.answers import key_of
from rast_bench.code_tests.tests import Oracle

_RELATIVE = 1e-7
_FLOAT_ATOL = 1e-6
_SEQUENCES = (list, tuple)

Rule = Callable[[object, object, Sequence[object], float], bool]


def matches(
    answer: object, expected: object, arguments: Sequence[object], atol: float, oracle: Oracle
) -> bool:
    """Return whether `answer`, as returned by `decode_answer`, passes the test.

    An answer that cannot be compared, being of another type or nested too deeply, does not.
    """
    try:
        return _RULES[oracle](answer, expected, arguments, atol)
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return False


def _evalplus(answer: object, expected: object, _: Sequence[object], atol: float) -> bool:
    if answer == expected:
        return True
    if atol == 0 and _is_floats(expected):
        atol = _FLOAT_ATOL
    return atol != 0 and type(answer) is type(expected) and _close(answer, expected, atol)


def _is_floats(value: object) -> bool:
    if isinstance(value, _SEQUENCES):
        return bool(value) and all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def _close(answer: object, expected: object, atol: float) -> bool:
    """Compare as numpy.allclose without broadcasting: numbers by value, sequences item by item."""
    if isinstance(answer, _SEQUENCES) and isinstance(expected, _SEQUENCES):
        pairs = zip(answer, expected, strict=True)
        return all(_close(left, right, atol) for left, right in pairs)
    if not isinstance(answer, int | float | complex):
        return False
    if not isinstance(expected, int | float | complex):
        return False
    if answer == expected:
        return True
    # With an infinite number every difference would be within a relative tolerance.
    finite = cmath.isfinite(answer) and cmath.isfinite(expected)
    return finite and bool(abs(answer - expected) <= atol + _RELATIVE * abs(expected))


def _set(answer: object, expected: object, _: Sequence[object], _atol: float) -> bool:
    distinct, wanted = (set(map(key_of, items)) for items in (answer, expected))  # type: ignore[call-overload]
    return bool(distinct == wanted)


def _not_none(answer: object, expected: object, _: Sequence[object], _atol: float) -> bool:
    found = answer if isinstance(answer, bool) else answer is not None
    return found == expected


def _polynomial_root(
    answer: object, _expected: object, arguments: Sequence[object], atol: float
) -> bool:
    (coefficients,) = arguments
    if not isinstance(answer, int | float) or not isinstance(coefficients, list):
        return False
    value = sum(part * math.pow(answer, power) for power, part in enumerate(coefficients))
    return bool(abs(value) <= atol)


def _digit_distance(
    answer: object, expected: object, arguments: Sequence[object], atol: float
) -> bool:
    if _evalplus(answer, expected, arguments, atol):
        return True
    first, second = (str(number) for number in arguments)
    width = max(len(first), len(second))
    pairs = zip(first.zfill(width), second.zfill(width), strict=True)
    return answer == sum(abs(int(left) - int(right)) for left, right in pairs)


def _surface_area(
    answer: object, expected: object, arguments: Sequence[object], atol: float
) -> bool:
    if _evalplus(answer, expected, arguments, atol):
        return True
    base, height = arguments
    if not all(isinstance(number, int | float) for number in (answer, base, height)):
        return False
    slant = math.hypot(base / 2, height)  # type: ignore[operator,arg-type]
    area = round(base**2 + 2 * base * slant)  # type: ignore[operator]
    return bool(abs(answer - area) <= atol)


def _json(answer: object, expected: object, _: Sequence[object], _atol: float) -> bool:
    return bool(_listed(answer) == _listed(expected))


def _listed(value: object) -> object:
    return [_listed(item) for item in value] if isinstance(value, _SEQUENCES) else value


_RULES: dict[Oracle, Rule] = {
    "evalplus": _evalplus,
    "set": _set,
    "not_none": _not_none,
    "polynomial_root": _polynomial_root,
    "digit_distance": _digit_distance,
    "surface_area": _surface_area,
    "json": _json,
}


def same_output(output: str, expected: str) -> bool:
    """Return whether outputs are equal as in LiveCodeBench.

    Lines are compared without surrounding white space, and if they differ, number by number.
    """
    lines, wanted = (
        [line.strip() for line in text.strip().split("\n")] for text in (output, expected)
    )
    return len(lines) == len(wanted) and all(map(_same_line, lines, wanted))


def _same_line(line: str, wanted: str) -> bool:
    if line == wanted:
        return True
    try:
        return _decimals(line) == _decimals(wanted)
    except InvalidOperation:  # not a number, or one that cannot be compared (sNaN)
        return False


def _decimals(line: str) -> list[Decimal]:
    return [Decimal(word) for word in line.split()]
