"""Made-up pairs: always the same for a seed, true by an independent reading, and judged."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import grading_pairs
import pytest
from answer_pairs import KINDS, one, pairs
from answer_pairs.algebra import ALGEBRA
from answer_pairs.notation import decimal, in_words, recurring, terminates
from answer_pairs.numbers import NUMBERS
from answer_pairs.responses import STYLES, respond
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sympy import Float, N, Rational
from sympy.core.relational import Relational

from rast_bench.grading import Answer, Grader, get_grader, newest_version

SEEDS = st.integers(0, 2**32)
DIGITS = 300
POINTS = [Float(text, DIGITS) for text in ("-3.47", "-0.71", "1.29", "5.53")]
READABLE = sorted(
    # Left out is what latex2sympy misreads: decimals, floors, i, equations, degrees.
    {*NUMBERS, *ALGEBRA}
    - {"decimal", "scientific notation", "complex number", "trigonometric value", "floor"}
    - {"line", "circle", "plane", "function", "antiderivative"}
)
MISREAD = {"mixed number", "recurring", "named", "equation", "both signs", "inequality"}
MISREAD |= {"percent", "text", "bold", "words", "extra element"}


def test_a_seed_gives_the_same_pairs_and_another_gives_others() -> None:
    for right in (True, False):
        first = pairs(right, 150, seed=3)
        assert first == pairs(right, 150, seed=3)
        assert first[:100] == pairs(right, 100, seed=3)
        assert {pair.response for pair in first} != {p.response for p in pairs(right, 150, seed=4)}
        assert {pair.right for pair in first} == {right}
        assert set(KINDS) <= {pair.kind for pair in first}
        assert len({(pair.gold, pair.response) for pair in first}) == 150


@given(SEEDS, st.sampled_from(sorted(KINDS)))
def test_nothing_is_both_right_and_wrong(seed: int, kind: str) -> None:
    made = KINDS[kind](Random(seed))
    assert made.right
    assert made.wrong
    right = {made.gold, *(written.latex for written in made.right)}
    assert not right & {written.latex for written in made.wrong}
    assert all(text.count("{") == text.count("}") for text in right)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(READABLE))
def test_what_is_right_has_the_golds_value_and_what_is_wrong_has_not(seed: int, kind: str) -> None:
    """By another reader of LaTeX, at real points, to 300 digits."""
    rng = Random(seed)
    made = KINDS[kind](rng)
    right = rng.random() < 0.5
    written = rng.choice(made.right if right else made.wrong)
    assume(written.change not in MISREAD)
    gold, answer = read(made.gold), read(written.latex)
    assume(gold is not None and answer is not None)
    assert same_values(gold, answer) == right, f"{kind}, {written.change}: {made.gold} {written}"


def read(latex: str) -> Any:
    """None where it cannot be read, or not exactly: decimals become floats, degrees numbers."""
    from latex2sympy2_extended import latex2sympy

    if "." in latex or "circ" in latex:
        return None
    latex = re.sub(r"\{,\}|,\\!|\\,|(?<=\d),(?=\d{3})", "", latex)

    with suppress(Exception):
        read = latex2sympy(latex)
        return None if isinstance(read, Relational) else read
    return None


def same_values(first: Any, second: Any) -> bool:
    """At every point where both have values."""
    names = sorted({str(s) for e in (first, second) for s in e.free_symbols})
    for point in POINTS:
        values = []
        for expression in (first, second):
            at = {s: point + names.index(str(s)) for s in expression.free_symbols}
            values.append(N(expression.subs(at), DIGITS))
        if all(value.is_number and value.is_finite for value in values):
            scale = max(abs(values[0]), 1)
            if abs(values[0] - values[1]) > scale * Rational(1, 10 ** (DIGITS - 50)):
                return False
    return True


@given(SEEDS, st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(STYLES)))
def test_a_response_has_the_answer_in_it(seed: int, kind: str, style: str) -> None:
    rng = Random(seed)
    made = KINDS[kind](rng)
    written = rng.choice([*made.right, *made.wrong])
    response = STYLES[style](rng, written)
    assume(response is not None)
    shown = {written.latex, written.latex.replace("\\", "\\\\"), written.prose}
    shown |= {json.dumps(text)[1:-1] for text in shown if text}
    assert any(text in response for text in shown if text)


def test_a_decoy_stands_before_the_answer() -> None:
    rng = Random(1)
    made = KINDS["integer"](rng)
    for _ in range(50):
        style, response = respond(rng, made.wrong[0], decoy=made.gold)
        if "boxed" in response:
            assert response.index(f"\\boxed{{{made.gold}}}") < response.rindex("boxed")
            assert style in STYLES


def test_exact_writings() -> None:
    from fractions import Fraction

    assert [in_words(n) for n in (0, 13, 20, 47)] == ["zero", "thirteen", "twenty", "forty-seven"]
    assert [decimal(Fraction(n, d)) for n, d in ((-1, 8), (5, 1), (1, 20))] == [
        "-0.125",
        "5",
        "0.05",
    ]
    assert recurring(Fraction(7, 12)) == ("0.58", "3")
    assert recurring(Fraction(22, 7)) == ("3.", "142857")
    assert recurring(Fraction(1, 4)) is None
    assert not terminates(Fraction(1, 6))


def test_the_command_writes_lines_that_can_be_graded(capsys: pytest.CaptureFixture[str]) -> None:
    assert grading_pairs.main(["--right", "5", "--wrong", "7"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["right"] for line in lines] == [True] * 5 + [False] * 7
    assert {"id", "gold", "response"} <= set(lines[0])
    assert grading_pairs.main(["--kinds"]) == 0
    assert capsys.readouterr().out.split("\n")[:-1] == list(KINDS)


@pytest.fixture(scope="module")
def robust() -> Iterator[Grader]:
    yield get_grader(newest_version("robust"), workers=1)


def test_right_pairs_are_judged_correct(robust: Grader) -> None:
    made = pairs(True, 120, seed=11)
    verdicts = robust.grade_many([Answer(p.response, p.gold, "eos") for p in made])
    assert [v.kind for v in verdicts].count("correct") >= 117
    assert "wrong" not in [v.kind for v in verdicts]


def test_no_wrong_pair_is_judged_correct(robust: Grader) -> None:
    made = pairs(False, 120, seed=11)
    verdicts = robust.grade_many([Answer(p.response, p.gold, "eos") for p in made])
    assert [p for p, v in zip(made, verdicts, strict=True) if v.kind == "correct"] == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SEEDS, st.sampled_from(sorted(KINDS)))
def test_an_answer_written_as_the_gold_is_correct(robust: Grader, seed: int, kind: str) -> None:
    gold = one(Random(seed), kind, True, "x").gold
    assert robust.grade(f"\\boxed{{{gold}}}", gold, "eos").kind == "correct"
