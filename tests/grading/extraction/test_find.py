"""Where an answer stands in a response, rule by rule."""

import json
import string
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.grading.robust.extraction.find import GUESSES, MAX_ANSWER, RULES, find, written
from rast_bench.grading.robust.extraction.formulas import formulas
from rast_bench.grading.robust.extraction.gold_kind import gold_kind
from rast_bench.grading.robust.extraction.scope import WINDOW

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("extraction_cases.jsonl").read_text("utf-8").splitlines()
]
GOLDS = ("5", "B", "True", "Bob", "1, 2", "5 hours", "x^2", "")


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case['gold']}: {case['response'][:50]!r}" for case in CASES]
)
def test_rule(case: dict[str, Any]) -> None:
    found = find(case["response"], gold=case["gold"], cut_off=case.get("cut_off", False))
    if case["text"] is None:
        assert found is None
    else:
        assert found is not None
        assert (found.text, found.rule) == (case["text"], case["rule"])
        assert found.guess == case.get("guess", False)


def test_every_rule_has_a_case() -> None:
    named = {name for name, _ in (*RULES, *GUESSES)} - {"no answer"}
    assert named == {case["rule"] for case in CASES} - {None}


@pytest.mark.parametrize("other", ["12", "-3/4", "98765"])
def test_the_value_of_the_gold_answer_decides_nothing(other: str) -> None:
    for case in CASES:
        if gold_kind(case["gold"]).kind == "number":
            cut_off = case.get("cut_off", False)
            found = find(case["response"], gold=case["gold"], cut_off=cut_off)
            assert find(case["response"], gold=other, cut_off=cut_off) == found


@pytest.mark.parametrize(
    ("gold", "kind", "elements"),
    [
        *(("B", "choice", 1), ("(b)", "choice", 1), (r"\text{(E)}", "choice", 1)),
        *(("b", "other", 1), ("K", "other", 1), ("True", "truth value", 1)),
        *(("no", "truth value", 1), ("no solution", "words", 1), ("Bob", "words", 1)),
        *(("7", "number", 1), ("-1/3", "number", 1), (r"\frac{2}{3}", "number", 1)),
        *((r"2\sqrt{3}", "number", 1), ("1,234", "number", 1), ("1.5e-7", "number", 1)),
        *((r"90^\circ", "number", 1), ("5 hours", "quantity", 1), (r"3\text{ cm}", "quantity", 1)),
        *(("1, 2", "list", 2), ("1,2,3", "list", 3), ("2 and 3", "list", 2)),
        *(("(1, 2)", "other", 1), ("[1, 2)", "other", 1), ("x+1", "other", 1)),
        *(("x=1 or x=2", "list", 2), ("", "unknown", 1), ("7" * 20_000, "other", 1)),
    ],
)
def test_gold_kind(gold: str, kind: str, elements: int) -> None:
    found = gold_kind(gold)
    assert (found.kind, found.elements) == (kind, elements)


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        (r"$1 \\le x \\le 3$", r"$1 \le x \le 3$"),
        (r"\begin{pmatrix}1 \\ 2\end{pmatrix}", r"\begin{pmatrix}1 \\ 2\end{pmatrix}"),
        (r"He keeps $100 - 36 = 64$. So it is \boxed{36}.", "36"),
        ("4 + 5 = 9\n#### 9", "9"),
        (
            r"It is $1-0.64=0.36$. Final Answer: The final answer is $36 \%$. I hope it is correct."
            " Note: Wrong. The correct approach is as follows:",
            r"36 \%",
        ),
        ("x and the answer is\n(D) Dora", "(D)"),
        ("There is no answer", "There is no answer"),
        ('"east"', "east"),
        ("x + 5", "x + 5"),
    ],
)
def test_the_gold_answer_of_a_worked_solution(gold: str, answer: str) -> None:
    assert written(gold) == answer


def test_an_answer_that_is_too_long_is_none() -> None:
    assert find(rf"\boxed{{{'7' * MAX_ANSWER}}}") is not None
    assert find(rf"\boxed{{{'7' * (MAX_ANSWER + 1)}}}") is None


def test_only_the_end_of_a_response_is_read() -> None:
    assert find(r"\boxed{7}" + " a" * (WINDOW // 2 - 10)) is not None
    assert find(r"\boxed{7}" + " a" * (WINDOW // 2)) is None


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("$a$ and $$b$$ and \\(c\\) and \\[d\\]", ["a", "b", "c", "d"]),
        ("It costs $5 and the other $7 here.", []),
        ("He pays $24 + $36 = $60.", []),
        ("It costs $5, so $x = 5$.", ["x = 5"]),
        (r"$\$5$ is left", [r"\$5"]),
        ("$x$$y$", ["x", "y"]),
        (r"\[ never closed, but $x$", ["x"]),
        ("$a\n\nb$", []),
    ],
)
def test_formulas(text: str, contents: list[str]) -> None:
    assert [formula.content for formula in formulas(text)] == contents


PIECES = (
    *("\\boxed{", "\\boxed", "}", "{", "$", "$$", "\\(", "\\]", "the answer is ", "answer", "not "),
    *("<answer>", "</answer>", "</think>", "<think>", "####", '{"answer": ', "A:", "\n", "\n\n"),
    *("Question:", "Problem 2:", "```", "**", "7", "1/2", "x=", " and ", " or ", ". ", "? ", "B"),
    *(
        "(C)",
        "option ",
        "is correct",
        "wait, that is wrong",
        "答案是",
        "false",
        "|",
        "- ",
        "\\frac",
    ),
    *("\\quad ", "\\text{", "I cannot solve", "\x00", "\ue000", "\ud800", "I hope it is correct"),
)


@settings(deadline=None, max_examples=300)  # a busy machine is no failure
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join),
    st.sampled_from(GOLDS),
    st.booleans(),
)
def test_any_text_is_searched(text: str, gold: str, cut_off: bool) -> None:
    found = find(text, gold=gold, cut_off=cut_off)
    assert found is None or (found.text and found.text == found.text.strip())
    assert not (cut_off and found and found.rule in {name for name, _ in GUESSES})


CHATTER = (
    *("We count the red ones first, 12 of them.", "Let $n = 3$ be the side.", "That was easy."),
    *("So 3 + 4 = 7, as before.", "Note that option A is not what we want.", "It is 5:30 already."),
    *("The price is $5 and not $6.", "\\[ x^2 = 9 \\]", "Hence there are 4 cases.", "- one\n- two"),
)
FORMS = (
    *("The answer is {}.", "**Final Answer:** {}\n", "So $\\boxed{{{}}}$ it is.", "#### {}\n"),
    *("<answer>{}</answer>", '{{"answer": {}}}', "The final answer is ${}$.", "{} is the answer."),
)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(CHATTER), max_size=6),
    st.lists(st.sampled_from(CHATTER), max_size=3),
    st.sampled_from(FORMS),
    st.integers(-(10**6), 10**6) | st.decimals(-99, 99, places=2).map(str),
)
def test_an_answer_in_chatter_is_found(
    before: list[str], behind: list[str], form: str, answer: object
) -> None:
    text = "\n".join([*before, form.format(answer), *behind])
    found = find(text, gold="1")
    assert found is not None
    assert found.text == str(answer)
    assert not found.guess


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(CHATTER), max_size=6),
    st.sampled_from(("The answer is not {}.", "{} is not the answer.", "I don't think it is {}.")),
    st.integers(0, 99),
)
def test_what_is_denied_is_no_answer(before: list[str], form: str, answer: int) -> None:
    found = find("\n".join([*before, form.format(answer)]), gold="1")
    assert found is None or ("think" in form and found.guess)


UNITS = (
    *("111,", "$x$" + " " * 9_000 + "a", "ab" * 500 + " ", "hundred ", "- - ", "'answer':'", "x  "),
    *string.punctuation,
    *(" ", "\n", "\t", "1", "a", "A", "é", "答", "\ue000", "1 ", "A ", "a ", "1,", "1/2 ", "$1$, "),
    *("\\quad ", "\\boxed{", "\\boxed{1}", "\\boxed{1} and ", "\\boxed ", "\\boxed1 ", "boxed"),
    *("<answer>", "</answer>", "<think>", "</think>", "<|", '{"answer":', '"answer": "', "####"),
    *(
        "#### 1\n",
        "answer is ",
        "answer ",
        "answer a b c d ",
        "The answer is not 7. ",
        "A: ",
        "\nA:",
    ),
    *(
        "\nQ: ",
        "\nProblem",
        "\nQuestion: 1",
        "答案",
        "答案是",
        "réponse ",
        "is the answer ",
        "(A) ",
    ),
    *(
        "option ",
        "B is correct ",
        "choose ",
        "correct ",
        "is ",
        "and ",
        "true ",
        "no ",
        "**a",
        "- 1\n",
    ),
    *(
        "that is wrong ",
        "wait ",
        "I hope ",
        "I cannot ",
        "n't ",
        "\\[",
        "\\(",
        "\\text{",
        "$$",
        "```",
    ),
    *(
        "\\frac",
        "\\fcolorbox{",
        "|answer|",
        "\n|answer|",
        "x=",
        "= -",
        "1:2",
        "1e5",
        "1.",
        ". ",
        "? ",
    ),
    *(
        "3只或",
        "5小时",
        "因此",
        "是",
        "不是5",
        "B不是",
        "答案选",
        "réponse est ",
        "donc ",
        "उत्तर ",
        "3万",
    ),
    *("(1{2}", "({1}", "5 hours ", "1 et ", "a: ", "है। "),
    *("~~a", "<!--", "so 5 ", "not \\boxed{5} is wrong ", "\\boxed{5}^2 ", "\\frac{\\boxed{5}}{"),
)


def cpu_seconds(unit: str, length: int) -> float:
    text = (unit * (length // len(unit) + 1))[:length]
    start = time.process_time()
    find(f"The answer is {text}", gold="5")
    find(f"\\boxed{{{text}}} so $x$ is 7.", gold="1, 2")
    find(text, gold="B")
    return time.process_time() - start


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_work_grows_no_faster_than_the_text(unit: str) -> None:
    """Eight times the text takes eight times the time, or less; 64 times if work is quadratic.

    Times below two hundredths of a second are too short to be compared.
    """
    short = max(cpu_seconds(unit, WINDOW // 8), 0.02)
    assert any(cpu_seconds(unit, WINDOW) < 30 * short for _ in range(3))
