import json
import time
from itertools import combinations
from pathlib import Path

import pytest

from rast_bench.metrics import expression_forms
from rast_bench.metrics.answer_forms import MAX_CHARACTERS, answer_form, spelled_form
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
