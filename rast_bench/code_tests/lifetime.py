"""Start a sandbox, and end everything in it."""

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

from rast_bench.code_tests.accounting import child_of
from rast_bench.code_tests.sandbox import (
    Layout,
    SandboxError,
    SandboxKind,
    outer_command,
    outer_environment,
)

_PATIENCE_SECONDS = 120.0  # on a busy machine, for a sandbox to start or to be gone
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK


class Sandbox:
    """A sandbox from its start to its end; a context manager.

    `outer` is the process that was started; `first` is the outer number of process 1 inside. When
    that one is gone, the kernel has ended everything in the sandbox. Without name spaces `first` is
    the program itself, which the filter of system calls keeps from starting others.
    """

    def __init__(
        self,
        kind: SandboxKind,
        layout: Layout,
        disk: int,
        command: Sequence[str],
        *,
        folder: str,
        stdin: int,
        stdout: int,
        pass_fds: Sequence[int],
    ) -> None:
        self._kind = kind
        self._stderr_fd = os.memfd_create("stderr")
        self._first_fd: int | None = None
        self.first: int | None = None
        info, info_end = os.pipe()
        try:
            self.outer = subprocess.Popen(
                outer_command(kind, layout, disk, info_end, command),
                stdin=stdin,
                stdout=stdout,
                stderr=self._stderr_fd,
                pass_fds=(*pass_fds, info_end),
                env=outer_environment(kind),
                cwd=folder,
                start_new_session=True,
            )
        except BaseException:
            os.close(info)
            os.close(self._stderr_fd)
            raise
        finally:
            os.close(info_end)
        self.outer_fd = os.pidfd_open(self.outer.pid)
        self._info = info

    def __enter__(self) -> "Sandbox":
        """Wait for process 1.

        Raises:
            SandboxError: the sandbox cannot be created.
        """
        try:
            self.first = self.outer.pid if self._kind == "process" else _process_one(self._info)
            if self.first is None:
                self.kill()
                raise self.complaint()
            with contextlib.suppress(ProcessLookupError):  # it may have ended already
                self._first_fd = os.pidfd_open(self.first)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for descriptor in (self._info, self._stderr_fd, self.outer_fd, self._first_fd):
            if descriptor is not None:
                os.close(descriptor)

    def program(self) -> int | None:
        """The outer number of the process that runs the program; None once it is gone."""
        if self._kind == "process" or self.first is None:
            return self.first
        return child_of(self.first)

    def kill(self) -> int:
        """Kill what still runs, wait until it is gone, and return the exit status as in a shell."""
        if self._first_fd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first_fd, signal.SIGKILL)
            select.select([self._first_fd], [], [], _PATIENCE_SECONDS)
        if self.outer.poll() is None and (self.first is None or self._kind == "process"):
            os.killpg(self.outer.pid, signal.SIGKILL)
        code = self.outer.wait(_PATIENCE_SECONDS)
        if self._first_fd is not None:
            # bubblewrap may orphan its process 1; in a container this process inherits it.
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PIDFD, self._first_fd, os.WEXITED | os.WNOHANG)
        return code if code >= 0 else 128 - code

    def complaint(self, reason: str | None = None) -> SandboxError:
        """Return why the program did not start: a known reason, or the last line on stderr."""
        if reason is None:
            text = os.pread(self._stderr_fd, 4096, 0).decode(errors="replace").strip()
            reason = text.splitlines()[-1] if text else "it ended at once"
        return SandboxError(
            f"the {self._kind} sandbox does not start: {reason}",
            hint="docs/code_execution.md says what a machine needs",
        )


def _process_one(info: int) -> int | None:
    """Return the number of process 1 as written by the sandbox's creator, or None."""
    end = time.monotonic() + _PATIENCE_SECONDS
    text = b""
    while select.select([info], [], [], max(0.0, end - time.monotonic()))[0]:
        chunk = os.read(info, 4096)
        text += chunk
        with contextlib.suppress(ValueError):
            return int(json.loads(text)["child-pid"])
        if not chunk:
            break
    return None


@contextlib.contextmanager
def sealed(content: bytes) -> Iterator[int]:
    """Yield a sealed (immutable) file in memory, open at its start."""
    descriptor = os.memfd_create("input", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(content)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
