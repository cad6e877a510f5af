"""CPU time and idle time of a sandboxed program, as counted by the kernel."""

import time
from collections.abc import Mapping
from pathlib import Path

_CPU_CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED of <linux/posix-timers.h>


class Account:
    """The account of a program, kept from outside by polling.

    `cpu`: seconds of CPU time since the first poll. `idle`: seconds in which it neither computed
    nor waited for a CPU that others used. `threads`: number of threads at the last poll.
    """

    def __init__(self) -> None:
        self.cpu = 0.0
        self.idle = 0.0
        self.threads = 0
        self._first: float | None = None
        self._waits: Mapping[str, float] = {}

    def look(self, program: int | None, seconds: float) -> None:
        """Add what the program has done in the `seconds` since the last poll.

        Does nothing if the program is gone.
        """
        cpu = None if program is None else _cpu(program)
        if cpu is not None:
            self.add(cpu, _waits(program), seconds)

    def add(self, cpu: float, waits: Mapping[str, float], seconds: float) -> None:
        """As `look`, given CPU seconds and each thread's waiting seconds since its start.

        The longest wait of any thread counts, not the sum: many sleeping threads that wait a little
        whenever they wake would look busy. The kernel books a wait when it ends, so one that began
        before an earlier poll reduces the idle time.
        """
        if self._first is None:
            self._first = cpu
        computed = max(0.0, cpu - self._first - self.cpu)
        waited = max((wait - self._waits.get(task, 0.0) for task, wait in waits.items()), default=0)
        self.cpu += computed
        self.idle = max(0.0, self.idle + seconds - min(seconds, computed) - max(0.0, waited))
        self.threads, self._waits = len(waits), waits


def child_of(process: int) -> int | None:
    """Return the only child of a process, or None if it has none left."""
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
    """Return for each thread how many seconds it was ready to run but did not, since its start."""
    try:
        return {task.name: _waited(task) for task in Path(f"/proc/{program}/task").iterdir()}
    except OSError:
        return {}


def _waited(task: Path) -> float:
    try:
        return int((task / "schedstat").read_text().split()[1]) * 1e-9
    except (OSError, IndexError):  # it has ended, or the kernel keeps no such statistics
        return 0.0
