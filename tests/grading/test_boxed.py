import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.grading.boxed import BoxedGrader, last_boxed, normalise

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("boxed_cases.jsonl").read_text("utf-8").split("\n")
    if line
]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_verdict(case: dict[str, Any]) -> None:
    judgement = BoxedGrader().grade(case["text"], case["gold"], case["finish_reason"])
    assert judgement[:2] == (case["kind"], case["extracted"])


MEGABYTE = 1_000_000
HUGE = {
    "no box": ("x" * MEGABYTE, None),
    "box at the end": ("x" * MEGABYTE + r"\boxed{7}", "7"),
    "box at the start": (r"\boxed{7}" + "x" * MEGABYTE, "7"),
    "unclosed boxes": (r"\boxed{" * (MEGABYTE // 7), None),
    "unclosed box, then braces": (r"\boxed{" + "{" * MEGABYTE, None),
    "nested boxes": (r"\boxed{" * 70_000 + "7" + "}" * 70_000, "7"),
    "mentions without a brace": (r"\boxed{7}" + r"\boxed" * (MEGABYTE // 6), "7"),
    "mentions and spaces": (r"\boxed{7}" + (r"\boxed" + " " * 994) * 1000, "7"),
    "backslashes": (r"\boxed{7}" + "\\" * MEGABYTE, "7"),
    "spaces in the box": (r"\boxed{" + " " * MEGABYTE + "7}", "7"),
    "a number of a million digits": (r"\boxed{" + "0" * MEGABYTE + "7}", "7"),
    "deep braces": (
        r"\boxed{" + "{" * 500_000 + "}" * 500_000 + "}",
        "{" * 500_000 + "}" * 500_000,
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_megabyte_is_quick(name: str) -> None:
    text, extracted = HUGE[name]
    start = time.process_time()
    judgement = BoxedGrader().grade(text, "7", "eos")
    assert time.process_time() - start < 2.0
    assert judgement.extracted == extracted


@given(st.lists(st.integers(), min_size=1, max_size=4), st.data())
def test_equal_integers_have_one_normal_form(values: list[int], data: st.DataObject) -> None:
    gaps = st.text(" \t\n", max_size=2)

    def written(value: int) -> str:
        sign = "-" if value < 0 else data.draw(st.sampled_from(["", "+"]))
        zeros = "0" * data.draw(st.integers(0, 3))
        return f"{data.draw(gaps)}{sign}{data.draw(gaps)}{zeros}{abs(value)}{data.draw(gaps)}"

    assert normalise(",".join(map(written, values))) == ",".join(map(str, values))


@given(st.lists(st.integers(), max_size=3), st.lists(st.integers(), max_size=3))
def test_different_integers_have_different_normal_forms(a: list[int], b: list[int]) -> None:
    forms = [normalise(",".join(map(str, values))) for values in (a, b)]
    assert (forms[0] == forms[1]) == (a == b)


@given(st.text("{}\\ 1,boxed", max_size=60), st.sampled_from(["eos", "length"]))
def test_any_text_is_graded(text: str, finish_reason: Any) -> None:
    kind, extracted, *_ = BoxedGrader().grade(text, "1", finish_reason)
    no_answer = "truncated" if finish_reason == "length" else "unparsed"
    assert (kind == no_answer) == (extracted is None)
    assert (kind == "correct") == (extracted == "1")


@given(st.recursive(st.just("7"), lambda inner: st.lists(inner).map(lambda x: f"{{{''.join(x)}}}")))
def test_balanced_content_comes_back_whole(content: str) -> None:
    assert last_boxed(rf"so \boxed{{{content}}} }} {{") == content
