"""Whether a process is still running: not a zombie, and not another process with the same pid."""

import os
from pathlib import Path


def start_ticks(pid: int) -> int | None:
    """Return when the process started, in kernel ticks; None if it is gone or a zombie.

    A zombie has ended and waits for its parent; in containers nobody may ever collect it. Without
    /proc (not Linux) every process that accepts signals started at 0.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0 if not Path("/proc/self/stat").exists() and _takes_signals(pid) else None
    fields = text.rpartition(")")[2].split()  # the name before it may contain anything
    state, begun = fields[0], fields[19]
    return None if state in "ZX" else int(begun)


def runs(pid: int, ticks: int | None) -> bool:
    """Return whether the process with this start time is still running. Pids are reused."""
    return ticks is not None and start_ticks(pid) == ticks


def _takes_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
