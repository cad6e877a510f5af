"""Answers' sets and dicts equal what Python's would, without their hashes."""

import itertools
import json
import math
from decimal import Decimal
from fractions import Fraction

import pytest

from rast_bench.code_tests.answers import AnsweredDict, AnsweredSet, decode_answer, key_of
from rast_bench.code_tests.compare import matches
from rast_bench.code_tests.ending import format_value
from rast_bench.code_tests.inside.values import encode

KEYS = [
    *(None, True, False, 0, 1, -1, -2, 2**61 - 1, 2**70, 0.0, -0.0, 0.5, 1.0, 1e300, math.inf),
    *(-math.inf, 1 + 0j, 1j, 0.5 + 2j, Fraction(1, 2), Fraction(3), Decimal("0.50"), Decimal(3)),
    *(Decimal("Infinity"), Decimal("0.1"), 0.1, 3, "", "1", "n", "i1", b"", b"1", b"t"),
    *((), ("",), ("", ""), (1, 2), (1.0, 2), ((1,), 2), ("1:1", 2), ("1", "1:2")),
    *(frozenset(), frozenset({1}), frozenset({True, 2}), frozenset({(1,), "a"})),
]


def answered(value: object) -> object:
    return decode_answer(json.loads(json.dumps(encode(value))))


def test_keys_are_equal_where_values_are() -> None:
    for left, right in itertools.product(KEYS, repeat=2):
        assert (key_of(left) == key_of(right)) == (left == right), (left, right)


def test_nan_equals_nothing() -> None:
    for value in (math.nan, Decimal("nan"), complex(math.nan, 1)):
        assert key_of(value) != key_of(value)


@pytest.mark.parametrize(
    "key", KEYS, ids=[f"{at}-{type(key).__name__}" for at, key in enumerate(KEYS)]
)
def test_sets_and_dicts_come_back_equal(key: object) -> None:
    assert answered({key}) == {key}
    assert answered([{key}, frozenset({key, 7})]) == [{key}, {key, 7}]
    assert answered({key: [key, {key}]}) == {key: [key, {key}]}
    assert answered({frozenset({key}): 1}) == {frozenset({key}): 1}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({1, 2}, {1}),
        ({1}, {1, 2}),
        ({1}, [1]),
        ({1: 2}, {1: 3}),
        ({1: 2}, {1: 2, 3: 4}),
        ({1: 2, 3: 4}, {1: 2}),
        ({1: 2}, {1}),
        (set(), {}),
        ({1: {2}}, {1: [2]}),
    ],
)
def test_different_ones_are_not_equal(answer: object, expected: object) -> None:
    assert answered(answer) != expected


def test_what_is_shown_reads_like_python() -> None:
    assert repr(answered([{1}, set(), {1: "a"}])) == "[{1}, set(), {1: 'a'}]"


@pytest.mark.parametrize("oracle", ["evalplus", "set", "json"])
def test_keys_of_an_answer_are_never_hashed(oracle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program can choose numbers that collide, and texts only by luck."""
    keys = [Fraction(number, 3) for number in range(1, 4)]
    encoded = json.loads(json.dumps([encode(set(keys)), encode(dict.fromkeys(keys, 1))]))
    expected = set(keys), dict.fromkeys(keys, 1)
    monkeypatch.setattr(Fraction, "__hash__", None)

    for sent, wanted in zip(encoded, expected, strict=True):
        assert matches(decode_answer(sent), wanted, (), 0.0, oracle)


def test_colliding_keys_take_no_longer_than_others() -> None:
    """A set of Python's would keep this test busy for many minutes."""
    keys = [number * (2**61 - 1) for number in range(1, 100_000)]

    assert not matches(decode_answer({"s": keys}), {1, 2}, (), 0.0, "evalplus")
    assert not matches(decode_answer(keys), {1, 2}, (), 0.0, "set")
    assert not matches(decode_answer({"d": [[key, 1] for key in keys]}), {1: 1}, (), 0.0, "json")


def test_hostile_values_are_refused_or_unequal() -> None:
    for content in ({"s": [[1]]}, {"d": [[[], 1]]}, {"d": [[1]]}, {"q": ["1", "0"]}, {"q": ["1"]}):
        with pytest.raises((ValueError, TypeError, ArithmeticError)):
            decode_answer(content)
    assert decode_answer({"s": [{"o": "Anything"}]}) != {1}
    assert decode_answer({"q": ["4", "2"]}) != 2  # encode brings it to lowest terms
    assert isinstance(decode_answer({"f": [1]}), AnsweredSet)
    assert isinstance(decode_answer({"d": []}), AnsweredDict)


def test_deep_answers_are_compared_and_shown_or_refused() -> None:
    """The deepest that can be read is as deep as can be; showing it may need more of the stack."""
    for opening, closing in (('{"d": [[1, ', "]]}"), ('{"f": [', "]}"), ('{"t": [', "]}")):
        for depth in range(50, 1000, 12):
            try:
                answer = decode_answer(json.loads(opening * depth + "1" + closing * depth))
            except RecursionError:
                break
            assert not matches(answer, {1}, (), 0.0, "evalplus")
            assert len(format_value(answer)) < 200


def test_what_is_shown_is_printable() -> None:
    assert format_value("\x1b[2J\ud800é\n x") == "?[2J?é x"


def test_decimals_with_huge_exponents_take_no_room() -> None:
    (key,) = decode_answer({"s": [{"m": "1E+999999999999999999"}]})
    assert len(key_of(key)) < 30
    assert len(key_of(Decimal("1E-1000"))) < 30
