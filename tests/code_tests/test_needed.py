"""What is run of a program whose tests call one function."""

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rast_bench.code_tests import run_tests
from rast_bench.code_tests.inside.needed import needed_part
from rast_bench.code_tests.tests import FunctionTests

CASES = json.loads(Path(__file__).with_name("needed_cases.json").read_text())

PIECES = (
    "import math",
    "def other():",
    "    return a + b",
    "    '''words",
    "    '''",
    "x = (1,",
    ")",
    "if x:",
    "    y = [",
    "  ]",
    "Well, that's all.",
    "",
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_what_is_kept(case: dict[str, str]) -> None:
    part = needed_part(case["program"], case.get("entry_point", "add"))

    assert (part and ast.unparse(part)) == case["kept"]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@settings(max_examples=200, deadline=None)
def test_a_cut_off_tail_costs_no_line_that_can_be_parsed(tail: list[str]) -> None:
    """Every prefix is tried: what is kept comes from the longest one that parses."""
    lines = ["def add(a, b):", "    return a - b", *tail]
    prefixes = ["\n".join(lines[:end]) for end in range(2, len(lines) + 1)]
    longest = [prefix for prefix in prefixes if _parses(prefix)][-1]

    found, expected = (needed_part(text, "add") for text in ("\n".join(lines), longest))

    assert found is not None and expected is not None
    assert ast.dump(found) == ast.dump(expected)


@pytest.mark.parametrize("terms", [1_500, 100_000])
def test_a_deep_program_is_run_as_far_as_it_can_be(terms: int) -> None:
    program = f"x = {'+'.join('1' * terms)}\ndef add(a, b):\n    return a + b\n"
    part = needed_part(program, "add")
    assert part is None or ast.unparse(part) == "def add(a, b):\n    return a + b"


def test_only_tests_that_ask_for_it_leave_anything_out() -> None:
    program = "def add(a, b):\n    return a + b\nassert ad(1, 2) == 3\n"
    whole = FunctionTests("add", ((1, 2),), (3,))
    needed = FunctionTests("add", ((1, 2),), (3,), only_needed=True)

    verdicts = [run_tests(program, tests, allow_code_execution=True) for tests in (whole, needed)]

    assert [verdict.kind for verdict in verdicts] == ["error", "passed"]
    assert "name 'ad' is not defined" in verdicts[0].detail


@pytest.mark.parametrize("program", ["(" * 10_000, "-" * 100_000 + "1", "x = '\0'", "\ud800 = 1"])
def test_what_cannot_be_parsed_costs_only_its_own_process(program: str) -> None:
    tests = FunctionTests("add", ((1, 2),), (3,), only_needed=True)

    verdict = run_tests(program, tests, allow_code_execution=True)

    assert verdict.kind in ("error", "memory")


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
