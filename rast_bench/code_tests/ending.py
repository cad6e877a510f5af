"""The verdict on a process, from its messages and how it ended."""

import reprlib
import signal

from rast_bench.code_tests.inside.program import OUT_OF_MEMORY
from rast_bench.code_tests.process import Finished, Message
from rast_bench.code_tests.verdict import CodeVerdict, CodeVerdictKind

_CPU_SIGNAL = 128 + signal.SIGXCPU
_KILLED = 128 + signal.SIGKILL
_TEXT_LENGTH = 120


class Transcript:
    """What a process has reported so far. Only `passed`, counted in the harness, makes a pass."""

    def __init__(self) -> None:
        self.passed = 0
        self.ended = False
        self.kind: CodeVerdictKind | None = None
        self.detail = ""

    def fail(self, kind: CodeVerdictKind, detail: str) -> bool:
        """Record a verdict other than passed. Return False, which stops the process."""
        self.kind, self.detail = kind, detail
        return False

    def other(self, message: Message, _: int = 0) -> bool:
        """Handle a message that is not an answer. False stops the process."""
        if "memory" in message:
            return self.fail("memory", "MemoryError")
        if "error" in message:
            return self.fail("error", format_value(message["error"]))
        if message.get("ended") is True:
            self.ended = True
        return True


def verdict_of(
    transcript: Transcript, finished: Finished, total: int, cpu_limit: float
) -> CodeVerdict:
    """Return the verdict on a process with `total` tests and a limit of `cpu_limit` seconds."""
    kind, detail = transcript.kind, transcript.detail
    if kind is None:
        kind, detail = _ending(transcript, finished, total, cpu_limit)
    return CodeVerdict(kind, min(transcript.passed, total), total, detail, finished.cpu_seconds)


def _ending(
    transcript: Transcript, finished: Finished, total: int, cpu_limit: float
) -> tuple[CodeVerdictKind, str]:
    status = finished.status
    if finished.cause in ("idle", "wall"):
        return "timeout", f"over the limit of {finished.cause}_seconds"
    if finished.cause == "output":
        return "failed", "far more output than the expected answers'"
    if finished.cause == "threads":
        return "error", "too many threads"
    if finished.cause == "cpu" or status == _CPU_SIGNAL or finished.cpu_seconds > cpu_limit:
        return "timeout", "out of CPU time"
    if status == OUT_OF_MEMORY:
        return "memory", "MemoryError"
    if status == _KILLED:
        return "memory", "killed by SIGKILL with CPU time left"
    if status > 128:
        return "error", f"killed by signal {status - 128}"
    if status != 0:
        return "error", f"ended with status {status}"
    if transcript.ended and transcript.passed == total:
        return "passed", ""
    return "failed", f"ended before test {transcript.passed + 1} of {total} was passed"


def format_value(value: object) -> str:
    """Return a program's value as a short single line of printable characters."""
    try:
        text = value if isinstance(value, str) else reprlib.repr(value)
    except (ValueError, RecursionError):  # an integer with too many digits, or nested too deeply
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    if len(text) > _TEXT_LENGTH:
        text = f"{text[:_TEXT_LENGTH]}…"
    return "".join(letter if letter.isprintable() else "?" for letter in text)
