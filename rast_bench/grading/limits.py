"""Limits of CPU time and memory for work in a process of its own. Linux and macOS."""

import resource
import signal
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

_REMINDER_SECONDS = 0.1  # a handler inside the work may swallow the first signal's exception
_GRACE_SECONDS = 2.0  # for one long step in C, which no exception can interrupt


class CpuLimitError(BaseException):
    """The work ran out of CPU time. Not an Exception, since sympy catches those."""


def within_cpu_limit(seconds: float, work: Callable[[], T], *, may_kill: bool = False) -> T:
    """Return the result of `work`. Call it only from the main thread of a process.

    Wall time does not count, so a busy machine makes no difference. No exception can interrupt one
    long step in C: with `may_kill`, SIGVTALRM ends the process two seconds later.

    Raises:
        CpuLimitError: inside `work`, once this process has used that much CPU time in it.
    """
    over = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not over:
            raise CpuLimitError

    before = signal.signal(signal.SIGPROF, stop)
    if may_kill:
        # Not RLIMIT_CPU: it counts ticks from the start of the process, and in an old process they
        # are seconds off every clock that Python can read.
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds + _GRACE_SECONDS)
    signal.setitimer(signal.ITIMER_PROF, seconds, _REMINDER_SECONDS)
    try:
        try:
            return work()
        finally:
            over = True  # otherwise a reminder would interrupt what follows
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        if may_kill:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGPROF, before)


def limit_memory(size: int) -> None:
    """Make this process raise MemoryError beyond `size` bytes, and disable core dumps."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = size if hard == resource.RLIM_INFINITY else min(size, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
