import math
import os

import pytest
from made_rows import HUMANEVAL_TEST, MBPP_TEST, humaneval_row, livecodebench_row, packed
from sandboxes import QUICK, available

from rast_bench.code_tests import references
from rast_bench.code_tests.evalplus_rows import humaneval_tests, mbpp_tests
from rast_bench.code_tests.function_style import expected_answers
from rast_bench.code_tests.livecodebench_rows import livecodebench_tests
from rast_bench.code_tests.run import run_tests
from rast_bench.code_tests.tests import FunctionTests, StdioTests
from rast_bench.errors import DatasetError

STDIN = [
    {"input": "1\n", "output": "2\n", "testtype": "stdin"},
    {"input": "5\n", "output": "6\n", "testtype": "stdin"},
]
CALLS = [
    {"input": "1\n[2]", "output": "[1,2]", "testtype": "functional"},
    {"input": "3\n[]", "output": "[3]", "testtype": "functional"},
]


class Runs:
    """A pickle of it runs a command when it is read."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, ("touch /tmp/rast-bench-was-here",)


def test_humaneval_is_read_without_running_it() -> None:
    tests = humaneval_tests(humaneval_row(test=f"{HUMANEVAL_TEST}\nraise SystemExit\n"))

    assert tests.entry_point == "plus_one"
    assert tests.inputs == ((1,), (-math.inf,), ({2: (3, 4)},))
    assert tests.expected == (2, -math.inf, None)


def test_mbpp_takes_its_answers_from_the_reference() -> None:
    tests = mbpp_tests({"task_id": "7", "test": MBPP_TEST})

    assert (tests.entry_point, tests.atol, len(tests)) == ("next_one", 0.5, 2)
    assert expected_answers(tests, QUICK, available()[0]) == (2, 3)


def test_reference_that_fails_is_the_data_sets_fault() -> None:
    tests = mbpp_tests({"task_id": "7", "test": MBPP_TEST.replace("x) + 1", "x) + ''")})

    with pytest.raises(DatasetError, match="reference 'ref_func' fails: error"):
        expected_answers(tests, QUICK, available()[0])


def test_call_that_cannot_be_made_is_left_out() -> None:
    calls = "[[['Dog', 'Cat', 'CatBird', 'Bird', 'Fish'], 77], [['Dog'], 1]]"
    test = MBPP_TEST.replace("[[1], [2]]", calls)

    assert mbpp_tests({"task_id": "255", "test": test}).inputs == ((["Dog"], 1),)
    assert len(mbpp_tests({"task_id": "256", "test": test})) == 2


@pytest.mark.parametrize(
    "test",
    [
        "def check(",
        "def check(f):\n    assert f(1) == 2\n",
        HUMANEVAL_TEST.replace("[[1], ", "[[open('/etc/passwd')], "),
        HUMANEVAL_TEST.replace("[2, ", "["),
    ],
)
def test_other_forms_are_refused(test: str) -> None:
    with pytest.raises(DatasetError, match="HumanEval\\+ Made/0 is not of evalplus's form"):
        humaneval_tests(humaneval_row(test=test))


def test_livecodebench_programs() -> None:
    tests = livecodebench_tests(livecodebench_row(STDIN))

    assert isinstance(tests, StdioTests)
    assert (tests.inputs, tests.expected) == (("1\n", "5\n"), ("2\n", "6\n"))


@pytest.mark.parametrize("kind", available())
@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("print(int(input()) + 1)", "passed"),
        ("import sys\nif __name__ == '__main__':\n    print(int(sys.stdin.read()) + 1)", "passed"),
        ("print(2)", "failed"),
        ("print(int(input()) + 1)\nexit(3)", "passed"),
        ("print(undefined)", "error"),
    ],
)
def test_programs_of_standard_input(program: str, verdict: str, kind: str) -> None:
    tests = StdioTests(("1\n", "5\n"), ("2\n", "6\n"))

    found = run_tests(program, tests, QUICK, allow_code_execution=True, sandbox=kind)

    assert found.kind == verdict, found


def test_livecodebench_methods() -> None:
    tests = livecodebench_tests(livecodebench_row(CALLS, "join"))
    program = "class Solution:\n    def join(self, a: List[int], b):\n        return (a, *b)\n"

    assert isinstance(tests, FunctionTests)
    assert (tests.inputs, tests.expected) == (((1, [2]), (3, [])), ([1, 2], [3]))
    assert run_tests(program, tests, allow_code_execution=True).kind == "passed"


def test_livecodebench_pickle_names_no_class() -> None:
    row = {**livecodebench_row(STDIN), "private_test_cases": packed(Runs())}

    with pytest.raises(DatasetError, match=r"names .*system"):
        livecodebench_tests(row)
    assert not os.path.exists("/tmp/rast-bench-was-here")  # noqa: PTH110


@pytest.mark.parametrize("text", ["", "no base64!", packed(5), packed("{")])
def test_livecodebench_tests_that_cannot_be_read(text: str) -> None:
    with pytest.raises(DatasetError, match="LiveCodeBench made cannot be read"):
        livecodebench_tests({**livecodebench_row(STDIN), "private_test_cases": text})


def test_references_of_every_kind() -> None:
    human = {"kind": "humaneval", **humaneval_row()}
    mbpp = {"kind": "mbpp", "task_id": "7", "code": "x = 1", "test": MBPP_TEST}
    lcb = {"kind": "livecodebench", **livecodebench_row(CALLS, "join")}

    assert [references.head_of(item).entry_point for item in (human, mbpp, lcb)] == [
        "plus_one",
        "next_one",
        "Solution.join",
    ]
    assert [len(references.tests_of(item)) for item in (human, mbpp, lcb)] == [2, 2, 2]
    assert references.solution_of(human) == f"{human['prompt']}    return x + 1\n"
    assert (references.solution_of(mbpp), references.solution_of(lcb)) == ("x = 1", None)
    with pytest.raises(DatasetError, match="unknown kind of tests: 'chess'"):
        references.tests_of({"kind": "chess"})
