"""How long a sandbox's program has computed, and how long it waited for its turn on a CPU."""

import time
from pathlib import Path
from typing import NamedTuple

_CPU_CLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED of <linux/posix-timers.h>


class Account(NamedTuple):
    """Seconds of CPU time, and of readiness to run while other processes had the CPUs; threads."""

    cpu: float = 0.0
    waited: float = 0.0
    threads: int = 0


def account_of(program: int) -> Account:
    """The account of a process; zeros once it is gone."""
    try:
        cpu = time.clock_gettime((~program << 3) | _CPU_CLOCK_OF_PROCESS)
        tasks = list(Path(f"/proc/{program}/task").iterdir())
    except OSError:
        return Account()
    return Account(cpu, sum(map(_waited, tasks)), len(tasks))


def child_of(process: int) -> int | None:
    """The one child of a process, None where it has none any more."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return None
    return int(children.split()[0]) if children.strip() else None


def _waited(task: Path) -> float:
    try:
        return int((task / "schedstat").read_text().split()[1]) * 1e-9
    except (OSError, IndexError):  # it has ended, or the kernel keeps no such statistics
        return 0.0
