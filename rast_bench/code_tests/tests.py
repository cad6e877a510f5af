"""Tests of a program. Expected answers stay outside the sandbox."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from rast_bench.code_tests.inside.values import encode

Oracle = Literal[
    "evalplus", "set", "not_none", "polynomial_root", "digit_distance", "surface_area", "json"
]
"""How an answer is compared with the expected one; see `rast_bench.code_tests.compare`."""


@dataclass(frozen=True)
class Reference:
    """A solution whose answers are the expected ones; it too runs in a sandbox only."""

    program: str
    entry_point: str


@dataclass(frozen=True)
class FunctionTests:
    """Calls of one function: HumanEval+, MBPP+, LiveCodeBench's "functional" problems.

    `entry_point` is a function, or `Class.method` of a class that is created without arguments.
    `inputs` holds the positional arguments of each call, as plain Python values. `expected` holds
    the answer to each, or the reference that gives it. `preamble` runs before the program, in its
    namespace. `only_needed` runs no more of the program than the entry point needs
    (inside/needed.py), as EvalPlus does.
    """

    entry_point: str
    inputs: tuple[tuple[object, ...], ...]
    expected: tuple[object, ...] | Reference
    atol: float = 0.0
    oracle: Oracle = "evalplus"
    preamble: str = ""
    only_needed: bool = False

    def __len__(self) -> int:
        return len(self.inputs)

    @cached_property
    def encoded_inputs(self) -> bytes:
        """Return one line of JSON per call."""
        return b"".join(json.dumps(encode(call)).encode() + b"\n" for call in self.inputs)


@dataclass(frozen=True)
class StdioTests:
    """Whole programs from standard input to standard output: LiveCodeBench's other problems."""

    inputs: tuple[str, ...]
    expected: tuple[str, ...]
    preamble: str = ""

    def __len__(self) -> int:
        return len(self.inputs)


CodeTests = FunctionTests | StdioTests
