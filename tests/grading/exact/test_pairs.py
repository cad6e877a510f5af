"""Pairs of expressions that must be found equal, different, or neither, either way round."""

from pathlib import Path

import pytest

from rast_bench.grading.exact import read, same_expression

HERE = Path(__file__).parent


def _pairs(name: str) -> list[tuple[str, str]]:
    """Lines of `answer ; gold`."""
    pairs = []
    for line in (HERE / f"{name}_pairs.txt").read_text("utf-8").splitlines():
        answer, gold = line.split(" ; ")
        pairs.append((answer, gold))
    return pairs


@pytest.mark.parametrize("outcome", ["equal", "different", "undecided"])
def test_pairs(outcome: str) -> None:
    wrong = [
        (first, second, decision)
        for answer, gold in _pairs(outcome)
        for first, second in ((answer, gold), (gold, answer))
        if (decision := same_expression(read(first), read(second))).outcome != outcome
    ]
    assert not wrong


def test_same_is_same() -> None:
    for answer, _ in _pairs("equal") + _pairs("different") + _pairs("undecided"):
        assert same_expression(read(answer), read(answer)).outcome == "equal", answer


@pytest.mark.parametrize(
    ("answer", "gold", "reason"),
    [
        ("2^{10}", "1024", "exact"),
        (r"\sqrt{5+2\sqrt6}", r"\sqrt2+\sqrt3", "exact"),
        ("9^{9^9}", "9^{9^9}+1", "exact"),
        (r"\ln 8", r"3\ln 2", "symbolic"),
        ("(x+1)^2", "x^2+2x+1", "symbolic"),
        (r"\lfloor\frac n2\rfloor+\lceil\frac n2\rceil", "n", "symbolic"),
        (r"\arctan\frac12+\arctan\frac13", r"\frac\pi4", "numeric"),
        (r"\sin 2x", r"2\sin x\cos x", "numeric"),
        (r"\pi", "3.14159", "numeric"),
    ],
)
def test_the_reason(answer: str, gold: str, reason: str) -> None:
    assert same_expression(read(answer), read(gold)).reason == reason


def test_unknowns_said_to_be_integers() -> None:
    answer, gold = read(r"\cos(2\pi x)"), read("1")
    assert same_expression(answer, gold).outcome == "different"
    assert same_expression(answer, gold, integers=frozenset({"x"})).outcome == "equal"
    odd, zero = read(r"\sin\frac{x\pi}{2}"), read("0")
    assert same_expression(odd, zero, integers=frozenset({"x"})).outcome == "different"
    power, one = read("|(-1)^n|"), read("1")
    assert same_expression(power, one).outcome == "equal"
    absolute, plain = read("|n|"), read("n")
    assert same_expression(absolute, plain, integers=frozenset({"n"})).outcome == "different"


def test_all_residues_are_tried() -> None:
    r"""⌊n/97⌋ and the like differ at one residue only."""
    answer = read(r"\lfloor\frac{n+95}{97}\rfloor")
    assert same_expression(answer, read(r"\lfloor\frac{n+96}{97}\rfloor")).outcome == "different"
    assert same_expression(answer, read(r"\lceil\frac{n-1}{97}\rceil")).outcome == "equal"
