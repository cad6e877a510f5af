"""Limits of CPU time and memory for work inside a process of its own. Linux and macOS."""

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_REMINDER_SECONDS = 0.1  # a handler inside the work may swallow the first signal's exception
_GRACE_SECONDS = 2.0  # for one long step in C, which no exception can interrupt


class CpuLimitError(BaseException):
    """The work ran out of CPU time. No Exception: sympy catches those in passing."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raises CpuLimitError inside the block once this process has used so much CPU time in it.

    Wall time does not count, so a busy machine changes nothing. Where no exception can be raised
    within two seconds more, the kernel ends the process. Only for a process's main thread.
    """
    used = time.process_time()
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    end = int(used + seconds + _GRACE_SECONDS) + 1
    before = signal.signal(signal.SIGPROF, _raise)
    resource.setrlimit(resource.RLIMIT_CPU, (end, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds, _REMINDER_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        signal.signal(signal.SIGPROF, before)


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise CpuLimitError


def limit_memory(size: int) -> None:
    """From now on this process gets MemoryError beyond `size` bytes, and leaves no core dump."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
