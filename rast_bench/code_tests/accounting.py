"""How long a sandbox's program has computed and how long it was idle, as the kernel counts it."""

import time
from collections.abc import Mapping
from pathlib import Path

_CPU_CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED of <linux/posix-timers.h>


class Account:
    """The account of a program, kept from outside by looking at it now and then.

    `cpu`: seconds of CPU time since the first look. `idle`: seconds in which it neither computed
    nor waited for a CPU that other processes had. `threads`: how many it had at the last look.
    """

    def __init__(self) -> None:
        self.cpu = 0.0
        self.idle = 0.0
        self.threads = 0
        self._first: float | None = None
        self._waits: Mapping[str, float] = {}

    def look(self, program: int | None, seconds: float) -> None:
        """Adds what the program has done in the `seconds` since the last look.

        Nothing changes where it is gone.
        """
        cpu = None if program is None else _cpu(program)
        if cpu is not None:
            self.add(cpu, _waits(program), seconds)

    def add(self, cpu: float, waits: Mapping[str, float], seconds: float) -> None:
        """As `look`, of CPU seconds and each thread's seconds of waiting since they began.

        The longest wait of one thread counts, not the sum of all: many threads that sleep, and wait
        a little whenever they wake, would look busy. The kernel books a wait when it ends, so one
        that began in an earlier look takes idle time back.
        """
        if self._first is None:
            self._first = cpu
        computed = max(0.0, cpu - self._first - self.cpu)
        waited = max((wait - self._waits.get(task, 0.0) for task, wait in waits.items()), default=0)
        self.cpu += computed
        self.idle = max(0.0, self.idle + seconds - min(seconds, computed) - max(0.0, waited))
        self.threads, self._waits = len(waits), waits


def child_of(process: int) -> int | None:
    """The one child of a process, None where it has none any more."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return None
    return int(children.split()[0]) if children.strip() else None


def _cpu(program: int) -> float | None:
    try:
        return time.clock_gettime((~program << 3) | _CPU_CLOCK_OF_PROCESS)
    except OSError:
        return None


def _waits(program: int | None) -> dict[str, float]:
    """How long each thread has been ready to run and did not, in seconds since it began."""
    try:
        return {task.name: _waited(task) for task in Path(f"/proc/{program}/task").iterdir()}
    except OSError:
        return {}


def _waited(task: Path) -> float:
    try:
        return int((task / "schedstat").read_text().split()[1]) * 1e-9
    except (OSError, IndexError):  # it has ended, or the kernel keeps no such statistics
        return 0.0
