"""The frame for graders of extracted answers, with a grader that counts what it is asked."""

from collections.abc import Sequence

import pytest

from rast_bench.grading import ExtractedAnswer, base
from rast_bench.grading.base import Answer, AnswerGrader, Compared, Explained, Judgement


class Counting(AnswerGrader):
    """The answer is the text itself: "?" is none, "slow" takes too long, "odd" is undecided."""

    name = "counting-1"

    def __init__(self, *, guesses: bool = False) -> None:
        super().__init__()
        self.guesses = guesses
        self.asked: list[tuple[str, str]] = []

    def extract(self, answer: Answer) -> ExtractedAnswer | None:
        return (
            None if answer.text == "?" else ExtractedAnswer(answer.text, "whole text", self.guesses)
        )

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        self.asked.extend(pairs)
        return [
            Compared(
                {"slow": "timeout", "odd": "undecided"}.get(
                    answer, "correct" if answer == gold else "wrong"
                ),
                len(answer),
                "text",
                "as it stands",
            )
            for answer, gold in pairs
        ]


def test_judgements_come_in_order() -> None:
    answers = [
        Answer("1", "1", "eos"),
        Answer("?", "1", "eos"),
        Answer("2", "1", "stop"),
        Answer("slow", "1", "length"),
        Answer("?", "1", "length"),
        Answer("1", "2", "eos"),
        Answer("odd", "1", "length"),
    ]
    because = ("text", "as it stands", "whole text")
    assert Counting().grade_many(answers) == [
        ("correct", "1", *because),
        ("unparsed", None, "", "", ""),
        ("wrong", "2", *because),
        ("timeout", "slow", *because),
        ("truncated", None, "", "", ""),
        ("wrong", "1", *because),
        ("undecided", "odd", *because),
    ]


def test_each_distinct_pair_is_compared_once() -> None:
    grader = Counting()
    batch = [Answer("1", "1", "eos"), Answer("2", "1", "eos"), Answer("1", "1", "length")]
    first = grader.grade_many(batch * 3)
    again = grader.grade_many([*batch, Answer("1", "2", "eos")])
    assert again[:3] == first[:3]
    assert grader.grade("2", "1", "eos")[:2] == ("wrong", "2")
    assert sorted(grader.asked) == [("1", "1"), ("1", "2"), ("2", "1")]


def test_a_guess_at_a_response_that_was_cut_off_is_truncated_unless_it_is_correct() -> None:
    texts = ("1", "2", "odd", "slow")
    for reason, guesses, kinds in (
        ("length", True, ["correct", "truncated", "truncated", "timeout"]),
        ("length", False, ["correct", "wrong", "undecided", "timeout"]),
        ("eos", True, ["correct", "wrong", "undecided", "timeout"]),
    ):
        answers = [Answer(text, "1", reason) for text in texts]
        judged = Counting(guesses=guesses).grade_many(answers)
        assert [judgement.kind for judgement in judged] == kinds


def test_seconds_and_gold_belong_to_the_comparison() -> None:
    answers = [Answer("slow", "1", "eos"), Answer("?", "1", "eos"), Answer("slow", "1", "stop")]
    explained = Counting().explain(answers)
    assert [(one.gold, one.seconds) for one in explained] == [("1", 4), ("1", 0), ("1", 4)]
    assert explained[1] == Explained(Judgement("unparsed", None), "1", 0)


def test_what_a_grader_remembers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_PAIRS", 3)
    grader = Counting()
    texts = ["1", "2", "3", "4", "1", "5", "6"]
    judged = [grader.grade_many([Answer(text, "1", "eos")])[0].kind for text in texts]
    assert judged == ["correct", *["wrong"] * 3, "correct", "wrong", "wrong"]
    assert [answer for answer, _ in grader.asked] == ["1", "2", "3", "4", "1", "5", "6"]
    many = [Answer(text, "1", "eos") for text in ("7", "8", "9", "10", "7")]
    assert [one.extracted for one in grader.grade_many(many)] == ["7", "8", "9", "10", "7"]


def test_nothing_to_grade() -> None:
    assert Counting().grade_many([]) == []
