import json
from decimal import Decimal
from pathlib import Path

import pytest

from rast_bench.code_tests.compare import matches, same_output

CASES = json.loads(Path(__file__).with_name("comparison_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['oracle']}: {case['answer']}")
def test_answers(case: dict[str, object]) -> None:
    answer, expected, arguments = (
        eval(str(case.get(key, "()")), {"Decimal": Decimal})  # ours, from the file beside this one
        for key in ("answer", "expected", "arguments")
    )

    assert (
        matches(answer, expected, arguments, case.get("atol", 0.0), case["oracle"]) == case["same"]
    )


@pytest.mark.parametrize(
    ("output", "expected", "same"),
    [
        ("yes \n", "yes", True),
        ("1 2\n3", "1 2\n3\n", True),
        ("1.50 2", "1.5 2.0", True),
        ("1 2", "1\n2", False),
        ("yes\nno", "yes", False),
        ("Yes", "yes", False),
        ("1.5000001", "1.5", False),
        ("sNaN", "1", False),
        ("nan", "1", False),
        ("1e999999999", "1", False),
    ],
)
def test_outputs(output: str, expected: str, same: bool) -> None:
    assert same_output(output, expected) is same
