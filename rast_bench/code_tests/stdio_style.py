"""Whole programs from standard input to standard output, one process per test."""

from rast_bench.code_tests.compare import same_output
from rast_bench.code_tests.ending import Transcript, format_value, verdict_of
from rast_bench.code_tests.process import Message, SandboxJob, run_process
from rast_bench.code_tests.sandbox import SandboxKind
from rast_bench.code_tests.tests import StdioTests
from rast_bench.code_tests.verdict import CodeVerdict, Limits

_SLACK_BYTES = 2**16
_SIZE_FACTOR = 8  # maximum size of an equal output relative to the expected one


def run_stdio(program: str, tests: StdioTests, limits: Limits, kind: SandboxKind) -> CodeVerdict:
    """Run the program once per test, until one does not pass."""
    header: Message = {"style": "stdio", "program": program, "preamble": tests.preamble}
    cpu_seconds = 0.0
    for passed, (text, expected) in enumerate(zip(tests.inputs, tests.expected, strict=True)):
        verdict = _run_once(header, text, expected, limits, kind)
        cpu_seconds += verdict.cpu_seconds
        if verdict.kind != "passed":
            detail = f"test {passed + 1}: {verdict.detail}"
            return CodeVerdict(verdict.kind, passed, len(tests), detail, cpu_seconds)
    return CodeVerdict("passed", len(tests), len(tests), cpu_seconds=cpu_seconds)


def _run_once(
    header: Message, text: str, expected: str, limits: Limits, kind: SandboxKind
) -> CodeVerdict:
    stdin = text.encode(errors="surrogatepass")
    output = min(limits.output, _SIZE_FACTOR * len(expected) + _SLACK_BYTES)
    job = SandboxJob(header, limits.test_cpu_seconds, output, stdin=stdin, capture=True)
    transcript = Transcript()
    finished = run_process(kind, limits, job, transcript.other, lambda: transcript.passed)
    printed = finished.stdout.decode(errors="replace")
    if finished.cause == "ended" and finished.status == 0 and transcript.kind is None:
        if same_output(printed, expected):
            transcript.passed = 1
        else:
            transcript.fail("failed", f"{format_value(printed)}, expected {format_value(expected)}")
    return verdict_of(transcript, finished, 1, job.cpu_seconds)
