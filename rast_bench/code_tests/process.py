"""One sandboxed process: its input, its messages, and when it must end."""

import contextlib
import json
import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rast_bench.code_tests.accounting import Account
from rast_bench.code_tests.lifetime import Sandbox, sealed
from rast_bench.code_tests.sandbox import (
    SandboxKind,
    host_layout,
    inner_command,
    outside_namespaces,
)
from rast_bench.code_tests.verdict import Limits

Cause = Literal["ended", "stopped", "cpu", "idle", "wall", "output", "threads"]
"""`stopped`: by the caller; the next five: it exceeded that limit."""

Message = dict[str, Any]
OnMessage = Callable[[Message, int], bool]
"""Called with each message of the process, which is untrusted, and its length in bytes. False stops
the process."""

Passed = Callable[[], int]
"""Number of tests passed so far: each new one gets `test_cpu_seconds` again."""

_LOOK_SECONDS = 0.25
_THREADS_TIMES = 2  # the kernel's own limit, if any, comes first
_CHUNK = 2**16


@dataclass(frozen=True)
class SandboxJob:
    """The work of one process.

    `header` and `calls` go to inside/program.py, `stdin` to the program; `capture` keeps its
    standard output. `cpu_seconds` and `output` limit the process.
    """

    header: Message
    cpu_seconds: float
    output: int
    calls: bytes = b""
    stdin: bytes = b""
    capture: bool = False


@dataclass(frozen=True)
class Finished:
    """How a process ended. `status` is as in a shell: 128 + signal if one ended it.

    `cpu_seconds` is what the kernel had counted at the last poll, at most a quarter of a second
    before the end, without the interpreter's start.
    """

    cause: Cause
    status: int
    cpu_seconds: float
    stdout: bytes


def run_process(
    kind: SandboxKind, limits: Limits, job: SandboxJob, on_message: OnMessage, passed: Passed
) -> Finished:
    """Run one job. When this returns or raises, nothing of it is left running.

    Raises:
        SandboxError: the sandbox could not be created. Nothing of the program ran.
    """
    layout = host_layout()
    with contextlib.ExitStack() as stack:
        folder = "/"
        if kind == "process":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rast-bench-"))
            Path(folder).chmod(0o755)  # nobody, which a process of root becomes, may read it
        header = {
            **job.header,
            "cpu_seconds": job.cpu_seconds,
            "limits": vars(limits),
            "outside": outside_namespaces(kind, layout, folder),
        }
        job_fd = stack.enter_context(sealed(json.dumps(header).encode() + b"\n" + job.calls))
        stdin_fd = stack.enter_context(sealed(job.stdin))
        results, results_end = _pipe(stack)
        stdout, stdout_end = _pipe(stack)
        try:
            made = Sandbox(
                kind,
                layout,
                limits.disk,
                inner_command(results_end, job_fd),
                folder=folder,
                stdin=stdin_fd,
                stdout=stdout_end if job.capture else subprocess.DEVNULL,
                pass_fds=(results_end, job_fd),
            )
        finally:
            os.close(results_end)
            os.close(stdout_end)
        reader = _Reader(results, stdout, job.output, on_message)
        stack.callback(reader.close)
        running = stack.enter_context(made)
        cause, account = _watch(running, reader, limits, job.cpu_seconds, passed)
        status = running.kill()
        if cause == "ended":
            cause = reader.drain()
        if not reader.ready:
            raise running.complaint(reader.unconfined)
        return Finished(cause, status, account.cpu, bytes(reader.stdout))


def _watch(
    running: Sandbox, reader: "_Reader", limits: Limits, cpu_seconds: float, passed: Passed
) -> tuple[Cause, Account]:
    """Read until the process ends or must end."""
    account = Account()
    tests, before_test, listened = 0, 0.0, 0.0
    started = time.monotonic()
    reader.selector.register(running.outer_fd, selectors.EVENT_READ)
    while True:
        cause = reader.read(_LOOK_SECONDS)
        if reader.ready:
            account.look(running.program(), reader.listened - listened)
            listened = reader.listened
        if passed() > tests:
            tests, before_test = passed(), account.cpu
        if cause is None:
            if account.cpu > cpu_seconds or account.cpu - before_test > limits.test_cpu_seconds:
                cause = "cpu"
            elif account.threads > _THREADS_TIMES * limits.threads:
                cause = "threads"
            elif account.idle > limits.idle_seconds:
                cause = "idle"
            elif time.monotonic() - started > limits.wall_seconds:
                cause = "wall"
        if cause is not None:
            reader.selector.unregister(running.outer_fd)
            return cause, account


class _Reader:
    """Reads the two pipes of a process: its messages, one line of JSON each, and its output."""

    def __init__(self, results: int, stdout: int, limit: int, on_message: OnMessage) -> None:
        self.selector = selectors.DefaultSelector()
        self.stdout = bytearray()
        self.ready = False
        self.unconfined: str | None = None  # why the program was not started
        # Seconds since the program started, without those in which it waits for its reader.
        self.listened = 0.0
        self._results, self._pipes = results, {results, stdout}
        self._line = bytearray()
        self._left = limit
        self._on_message = on_message
        for pipe in self._pipes:
            self.selector.register(pipe, selectors.EVENT_READ)

    def close(self) -> None:
        self.selector.close()

    def drain(self) -> Cause:
        """Read what an ended process has left behind."""
        while self._pipes:
            cause = self.read(0)
            if cause is not None:
                return cause
        return "ended"

    def read(self, seconds: float) -> Cause | None:
        """Wait up to `seconds` for something to read. Return a cause if reading is over.

        "ended" means that a descriptor other than the pipes became readable.
        """
        started = time.monotonic()
        events = {key.fd for key, _ in self.selector.select(seconds)}
        if self.ready:
            self.listened += time.monotonic() - started
        readable = self._pipes & events
        for pipe in readable:
            data = os.read(pipe, _CHUNK)
            self._left -= len(data)
            if not data:
                self.selector.unregister(pipe)
                self._pipes.remove(pipe)
            elif self._left < 0:
                return "output"
            elif pipe == self._results:
                if not self._messages(data):
                    return "stopped"
            else:
                self.stdout += data
        return "ended" if events - readable else None

    def _messages(self, data: bytes) -> bool:
        self._line += data
        if b"\n" not in data:
            return True
        *lines, rest = self._line.split(b"\n")
        self._line = rest
        return all(self._message(line) for line in lines)

    def _message(self, line: bytearray) -> bool:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            message = {"error": "the program wrote into the harness's pipe"}
        if not self.ready:
            # The first message is sent before the program runs, so it can be trusted.
            self.ready, self.unconfined = "ready" in message, message.get("unconfined")
            return self.ready
        return self._on_message(message, len(line))


def _pipe(stack: contextlib.ExitStack) -> tuple[int, int]:
    """Return a pipe whose reading end the stack closes."""
    reading, writing = os.pipe()
    stack.callback(os.close, reading)
    return reading, writing
