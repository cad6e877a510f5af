"""The frame for graders of extracted answers, with a grader that counts what it is asked."""

from collections.abc import Sequence

from rast_bench.grading.base import Answer, AnswerGrader, Compared


class Counting(AnswerGrader):
    """The answer is the text itself; "?" is none, "slow" runs out of time."""

    name = "counting-1"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str]] = []

    def extract(self, answer: Answer) -> str | None:
        return None if answer.text == "?" else answer.text

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Compared]:
        self.asked.extend(pairs)
        return [
            Compared(
                "timeout" if answer == "slow" else "correct" if answer == gold else "wrong",
                len(answer),
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
    ]
    assert Counting().grade_many(answers) == [
        ("correct", "1"),
        ("unparsed", None),
        ("wrong", "2"),
        ("timeout", "slow"),
        ("truncated", None),
        ("wrong", "1"),
    ]


def test_each_distinct_pair_is_compared_once() -> None:
    grader = Counting()
    batch = [Answer("1", "1", "eos"), Answer("2", "1", "eos"), Answer("1", "1", "length")]
    first = grader.grade_many(batch * 3)
    again = grader.grade_many([*batch, Answer("1", "2", "eos")])
    assert again[:3] == first[:3]
    assert grader.grade("2", "1", "eos") == ("wrong", "2")
    assert sorted(grader.asked) == [("1", "1"), ("1", "2"), ("2", "1")]


def test_a_wrong_guess_at_a_response_that_was_cut_off_is_truncated() -> None:
    class Guessing(Counting):
        def is_guess(self, answer: Answer) -> bool:
            return answer.text != "2"

    answers = [Answer(text, "1", reason) for text in "123" for reason in ("length", "eos")]
    assert [kind for kind, _ in Guessing().grade_many(answers)] == [
        *("correct", "correct", "wrong", "wrong", "truncated", "wrong")
    ]


def test_seconds_belong_to_the_comparison() -> None:
    answers = [Answer("slow", "1", "eos"), Answer("?", "1", "eos"), Answer("slow", "1", "stop")]
    assert [seconds for _, seconds in Counting().grade_timed(answers)] == [4, 0, 4]


def test_nothing_to_grade() -> None:
    assert Counting().grade_many([]) == []
