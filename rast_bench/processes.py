"""Whether a process still runs: not another one of its number, not a zombie."""

import os
from pathlib import Path


def start_ticks(pid: int) -> int | None:
    """When the process began, in the kernel's ticks; None when it is gone, or a zombie.

    A zombie has ended and waits for a parent to ask; in containers none may ever. Without /proc
    (not Linux) every process that takes signals began at 0.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0 if not Path("/proc/self/stat").exists() and _takes_signals(pid) else None
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    state, begun = fields[0], fields[19]
    return None if state in "ZX" else int(begun)


def runs(pid: int, ticks: int | None) -> bool:
    """Whether the process that began then still runs. Numbers of processes are used again."""
    return ticks is not None and start_ticks(pid) == ticks


def _takes_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
