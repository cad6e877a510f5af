import json
import math
from decimal import Decimal
from fractions import Fraction

import pytest

from rast_bench.code_tests.inside.values import Opaque, decode, encode

VALUES = [
    *(
        None,
        True,
        False,
        0,
        -(2**63),
        2**200,
        1.5,
        -0.0,
        math.inf,
        "é\n\ud800",
        b"\x00\xff",
        1 + 2j,
    ),
    *([1, [2, []]], (1,), {1, 2}, frozenset({3}), {"a": [1], (1, 2): None}, [2**64, 1], [True, 1]),
    *(Fraction(1, 3), Decimal("1.10"), [(1, 2.0), {"i": "text"}], {"t": [1]}),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back_by_type_and_value(value: object) -> None:
    back = decode(json.loads(json.dumps(encode(value))))

    assert repr(back) == repr(value)


def test_subclass_is_its_plain_value() -> None:
    class Liar(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert type(decode(encode(Liar(3)))) is int


def test_other_objects_equal_nothing() -> None:
    back = decode(encode(object()))

    assert isinstance(back, Opaque)
    assert back != decode(encode(object()))


@pytest.mark.parametrize(
    "content", [{"x": []}, {"t": 1}, {"i": 5}, {"q": ["1", "0"]}, {"s": [[1]]}, {"d": [[1]]}]
)
def test_what_is_no_value_is_refused(content: object) -> None:
    with pytest.raises((ValueError, TypeError, ArithmeticError)):
        decode(content)
