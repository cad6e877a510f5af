"""Calls of one function, all in one process, and the answers of a reference solution."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from rast_bench.code_tests.answers import decode_answer
from rast_bench.code_tests.compare import matches
from rast_bench.code_tests.ending import Transcript, format_value, verdict_of
from rast_bench.code_tests.inside.values import decode, encode
from rast_bench.code_tests.process import Message, SandboxJob, run_process
from rast_bench.code_tests.sandbox import SandboxKind
from rast_bench.code_tests.tests import FunctionTests, Reference
from rast_bench.code_tests.verdict import CodeVerdict, Limits
from rast_bench.errors import DatasetError

# Bounds on the size of an equal answer relative to the expected one. Longer answers are not even
# decoded.
_SIZE_FACTOR, _SLACK_BYTES = 8, 2**16
_REFERENCES = 8  # kept in memory; their answers are long
_PATIENCE = 10  # factor on a program's time limits, for the reference

_Take = Callable[[object], bool]
_Decode = Callable[[object], object]


def run_function(
    program: str, tests: FunctionTests, limits: Limits, kind: SandboxKind
) -> CodeVerdict:
    """Call the function with each input and compare each answer as it comes."""
    expected = expected_answers(tests, limits, kind)
    transcript = Transcript()

    def compare(answer: object) -> bool:
        at = transcript.passed
        if at >= len(tests):
            return transcript.fail("failed", "more answers than calls")
        if not matches(answer, expected[at], tests.inputs[at], tests.atol, tests.oracle):
            text = f"test {at + 1}: {format_value(answer)}, expected {format_value(expected[at])}"
            return transcript.fail("failed", text)
        transcript.passed += 1
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
    return _run(job, longest, limits, kind, transcript, decode_answer, compare)


def _longest(expected: object) -> int:
    """Return the maximum size in bytes of a message with an answer equal to this one."""
    return _SIZE_FACTOR * len(json.dumps(encode(expected))) + _SLACK_BYTES


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
    transcript = Transcript()
    answers: list[object] = []

    def keep(answer: object) -> bool:
        answers.append(answer)
        transcript.passed += 1
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
    verdict = _run(job, longest, patient, kind, transcript, decode, keep)
    if verdict.kind != "passed":
        raise DatasetError(
            f"the reference {reference.entry_point!r} fails: {verdict.kind}, {verdict.detail}",
            hint="the data set's own solution must pass its tests: download the file again",
        )
    return tuple(answers)


def _job(header: Message, calls: bytes, limits: Limits, output: int) -> SandboxJob:
    return SandboxJob({"style": "function", **header}, limits.cpu_seconds, output, calls=calls)


def _run(
    job: SandboxJob,
    longest: Sequence[int],
    limits: Limits,
    kind: SandboxKind,
    transcript: Transcript,
    read: _Decode,
    take: _Take,
) -> CodeVerdict:
    """Run the job; pass each answer, converted by `read`, to `take`, which counts the passed.

    `longest` holds the maximum size in bytes of the message with each answer.
    """

    def on_message(message: Message, size: int) -> bool:
        if "answer" not in message:
            return transcript.other(message)
        if transcript.passed < len(longest) and size > longest[transcript.passed]:
            return transcript.fail(
                "failed", f"test {transcript.passed + 1}: far too long an answer"
            )
        try:
            answer = read(message["answer"])
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            return transcript.fail("error", "an answer that cannot be read")
        return take(answer)

    finished = run_process(kind, limits, job, on_message, lambda: transcript.passed)
    return verdict_of(transcript, finished, len(longest), job.cpu_seconds)
