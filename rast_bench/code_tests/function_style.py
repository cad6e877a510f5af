"""Calls of one function, all in one process, and the answers of a reference solution."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from rast_bench.code_tests.answers import decode_answer
from rast_bench.code_tests.compare import matches
from rast_bench.code_tests.ending import Seen, shown, verdict_of
from rast_bench.code_tests.inside.values import decode, encode
from rast_bench.code_tests.process import Job, Message, run_process
from rast_bench.code_tests.sandbox import SandboxKind
from rast_bench.code_tests.tests import FunctionTests, Reference
from rast_bench.code_tests.verdict import CodeVerdict, Limits
from rast_bench.errors import DatasetError

# Bounds on the size of an equal answer relative to the expected one. Longer answers are not even
# decoded.
_WRITINGS, _SLACK_BYTES = 8, 2**16
_REFERENCES = 8  # kept in memory; their answers are long
_PATIENCE = 10  # factor on a program's time limits, for the reference

_Take = Callable[[object], bool]
_Decode = Callable[[object], object]


def run_function(
    program: str, tests: FunctionTests, limits: Limits, kind: SandboxKind
) -> CodeVerdict:
    """Call the function with each input and compare each answer as it comes."""
    expected = expected_answers(tests, limits, kind)
    seen = Seen()

    def compare(answer: object) -> bool:
        at = seen.passed
        if at >= len(tests):
            return seen.fault("failed", "more answers than calls")
        if not matches(answer, expected[at], tests.inputs[at], tests.atol, tests.oracle):
            text = f"test {at + 1}: {shown(answer)}, expected {shown(expected[at])}"
            return seen.fault("failed", text)
        seen.passed += 1
        return True

    longest = [_longest(answer) for answer in expected]
    header: Message = {
        "program": program,
        "preamble": tests.preamble,
        "entry_point": tests.entry_point,
        "only_needed": tests.only_needed,
    }
    output = min(limits.output, sum(longest) + _SLACK_BYTES)
    job = _job(header, tests.encoded_inputs, limits, output)
    return _run(job, longest, limits, kind, seen, decode_answer, compare)


def _longest(expected: object) -> int:
    """Return the maximum size in bytes of a message with an answer equal to this one."""
    return _WRITINGS * len(json.dumps(encode(expected))) + _SLACK_BYTES


def expected_answers(tests: FunctionTests, limits: Limits, kind: SandboxKind) -> tuple[object, ...]:
    """Return the expected answers, from the reference if the tests contain none.

    Raises:
        DatasetError: the reference fails.
    """
    if not isinstance(tests.expected, Reference):
        return tests.expected
    return _reference_answers(tests.expected, tests.encoded_inputs, limits, kind)


@lru_cache(maxsize=_REFERENCES)
def _reference_answers(
    reference: Reference, calls: bytes, limits: Limits, kind: SandboxKind
) -> tuple[object, ...]:
    seen = Seen()
    answers: list[object] = []

    def keep(answer: object) -> bool:
        answers.append(answer)
        seen.passed += 1
        return True

    patient = replace(
        limits,
        test_cpu_seconds=_PATIENCE * limits.test_cpu_seconds,
        cpu_seconds=_PATIENCE * limits.cpu_seconds,
        idle_seconds=_PATIENCE * limits.idle_seconds,
    )
    header: Message = {
        "program": reference.program,
        "preamble": "",
        "entry_point": reference.entry_point,
        "only_needed": False,
    }
    job = _job(header, calls, patient, limits.output)
    longest = [limits.output] * calls.count(b"\n")
    verdict = _run(job, longest, patient, kind, seen, decode, keep)
    if verdict.kind != "passed":
        raise DatasetError(
            f"the reference {reference.entry_point!r} fails: {verdict.kind}, {verdict.detail}",
            hint="the data set's own solution must pass its tests: download the file again",
        )
    return tuple(answers)


def _job(header: Message, calls: bytes, limits: Limits, output: int) -> Job:
    return Job({"style": "function", **header}, limits.cpu_seconds, output, calls=calls)


def _run(
    job: Job,
    longest: Sequence[int],
    limits: Limits,
    kind: SandboxKind,
    seen: Seen,
    read: _Decode,
    take: _Take,
) -> CodeVerdict:
    """Run the job; pass each answer, converted by `read`, to `take`, which counts in `seen.passed`.

    `longest` holds the maximum size in bytes of the message with each answer.
    """

    def on_message(message: Message, size: int) -> bool:
        if "answer" not in message:
            return seen.other(message)
        if seen.passed < len(longest) and size > longest[seen.passed]:
            return seen.fault("failed", f"test {seen.passed + 1}: far too long an answer")
        try:
            answer = read(message["answer"])
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return seen.fault("error", "an answer that cannot be read")
        return take(answer)

    finished = run_process(kind, limits, job, on_message, lambda: seen.passed)
    return verdict_of(seen, finished, len(longest), job.cpu_seconds)
