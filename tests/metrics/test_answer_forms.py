import json
import os
import re
import time
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

from rast_bench.metrics import answer_forms, expression_forms
from rast_bench.metrics.answer_forms import (
    MAX_CHARACTERS,
    answer_form,
    read_ahead,
    spelled_form,
)
from rast_bench.metrics.expression_forms import expression_form

CLASSES = json.loads(Path(__file__).with_name("equal_answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("answers", CLASSES, ids=lambda answers: answers[0])
def test_equal_answers_have_one_form(answers: list[str]) -> None:
    assert len({answer_form(answer) for answer in answers}) == 1


def test_answers_of_different_classes_have_different_forms() -> None:
    forms = [answer_form(answers[0]) for answers in CLASSES]
    for one, other in combinations(forms, 2):
        assert one != other


@pytest.mark.parametrize(
    "answer",
    ["9^{9^{9^9}}", r"\sin(e^{e^{e^{3}}})", "(" * 150, r"\frac{" * 60, r"\infty", "1 +", "x" * 201],
)
def test_what_cannot_be_read_is_its_text(answer: str) -> None:
    start = time.process_time()
    assert answer_form(answer) == spelled_form(answer)
    assert time.process_time() - start < 5


def test_reading_is_given_up_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression_forms, "CPU_SECONDS", 0.2)
    start = time.process_time()
    assert expression_form(r"\sqrt{97^{7000} \cdot 101^{6999} + 7}") is None
    assert time.process_time() - start < 3


def test_a_long_answer_is_equal_to_itself_only() -> None:
    long = "1+" * (MAX_CHARACTERS // 2) + "1"
    assert answer_form(long) == spelled_form(long)


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """No form is known, and two answers are many."""
    monkeypatch.setattr(answer_forms, "_forms", {})
    monkeypatch.setattr(answer_forms, "_ahead", answer_forms._Ahead())
    monkeypatch.setattr(answer_forms, "MANY_ANSWERS", 2)
    monkeypatch.setattr(answer_forms, "usable_cores", lambda: 2)


@pytest.mark.usefixtures("ahead")
def test_answers_that_are_read_ahead_have_the_same_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [answer for answers in CLASSES for answer in answers]
    read_ahead(answers[:9])
    read_ahead(answers)
    with monkeypatch.context() as patch:
        patch.setattr(answer_forms, "read_form", lambda _: pytest.fail("read in this process"))
        forms = [answer_form(answer) for answer in answers]
    assert set(answer_forms._forms) == set(answers)
    assert forms == [answer_forms.read_form(answer) for answer in answers]


@pytest.mark.usefixtures("ahead")
def test_no_process_starts_for_few_answers() -> None:
    read_ahead(["1", "1"])
    assert answer_forms._ahead._pool is None
    assert answer_form("1") == 1
    read_ahead(["1", "2"])
    assert answer_forms._ahead._pool is None
    read_ahead(["3"])
    assert answer_forms._ahead._pool is not None
    assert answer_form("3") == 3
    assert answer_forms._ahead._pool is None


@pytest.mark.usefixtures("ahead")
def test_a_process_that_ends_costs_its_answer_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_forms, "_read_forms", forms_or_the_end)
    read_ahead(["0.5", "end", r"\frac{1}{2}"])
    assert answer_form("end") == spelled_form("end")
    assert answer_forms._forms == {"0.5": HALF, "end": spelled_form("end"), r"\frac{1}{2}": HALF}


HALF = Fraction(1, 2)


def forms_or_the_end(answers: list[str]) -> list[object]:
    if "end" in answers:
        os._exit(1)
    return [HALF for _ in answers]


def test_a_plain_text_is_read_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [*PLAIN, *(answer for answers in CLASSES for answer in answers)]
    short = [answer_forms.read_form(answer) for answer in answers]
    monkeypatch.setattr(answer_forms, "_PLAIN", re.compile("(?!)"))
    assert short == [answer_forms.read_form(answer) for answer in answers]


PLAIN = (
    *(
        "7",
        "-0.50",
        "12 m",
        "5m",
        "50%",
        "1 1/2",
        "1.2.3",
        "12_5",
        "A",
        "x",
        "2i",
        "3 k",
        "e^{-3t}",
    ),
    *(r"\frac{7\pi}{3}", r"\sqrt2", "3x^2-5x+1", "2^{10}", "-{5}", "10^3", "5 C", "{A}", "3/4 g"),
)
