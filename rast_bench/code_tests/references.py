"""Tests of a problem from its reference, as written and stored by rast_bench.datasets."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rast_bench.code_tests.evalplus_rows import humaneval_tests, mbpp_tests
from rast_bench.code_tests.livecodebench_rows import function_of, livecodebench_tests
from rast_bench.code_tests.tests import CodeTests
from rast_bench.errors import DatasetError

Reference = Mapping[str, Any]

_TESTS: dict[str, Callable[[Any], CodeTests]] = {
    "humaneval": humaneval_tests,
    "mbpp": mbpp_tests,
    "livecodebench": livecodebench_tests,
}


class Head(NamedTuple):
    """What is needed to find a problem's program in a response."""

    entry_point: str
    prompt: str


def tests_of(reference: Reference) -> CodeTests:
    """Return a problem's tests.

    Raises:
        DatasetError: the reference is of an unknown kind or form.
    """
    kind = reference.get("kind")
    if kind not in _TESTS:
        raise DatasetError(
            f"unknown kind of tests: {kind!r}",
            hint=f"a reference's kind is one of {', '.join(sorted(_TESTS))}",
        )
    return _TESTS[kind](reference)


def head_of(reference: Reference) -> Head:
    """Return the name that the tests call, and the prompt that a response may continue.

    Raises:
        DatasetError: as `tests_of`.
    """
    if reference.get("kind") == "humaneval":
        return Head(reference["entry_point"], reference["prompt"])
    if reference.get("kind") == "livecodebench":
        return Head(function_of(reference) or "", "")
    return Head(mbpp_tests(reference).entry_point, "")


def solution_of(reference: Reference) -> str | None:
    """Return the canonical program, if the data set has one."""
    if reference.get("kind") == "humaneval":
        return f"{reference['prompt']}{reference['canonical_solution']}"
    return reference.get("code")
