"""The processes of a sweep, found by their environment, and when each of them was gone."""

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from faults.finish_log.sitecustomize import VARIABLE
from rast_bench.errors import EngineError
from rast_bench.processes import runs, start_ticks
from rast_bench.run.local import WORKER

SLURM_WORKER = "submitit.core._submit"
"""The module that Python runs in a task of SLURM."""

PLAIN_WORKER = "workers=1"
"""What a command says that makes samples itself."""

LOOK_SECONDS = 0.05  # how late the end of a process may be noted
SEARCH_SECONDS = 0.5  # workers need seconds before their first sample
END_SECONDS = 120.0  # for orphans to find out that they are


@dataclass(frozen=True)
class Process:
    """A worker."""

    pid: int
    ticks: int
    node: str  # empty if there is no SLURM
    job_id: str  # SLURM's

    @property
    def name(self) -> str:
        """As the finish log names it."""
        return f"{self.pid}-{self.ticks}"

    def kill(self) -> bool:
        """SIGKILL. Whether the process still ran."""
        if not runs(self.pid, self.ticks):
            return False
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def is_worker(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """By a command line: Python, running submitit's module (srun's has it too) or making
    samples itself; by its environment where a command started it on this machine.
    """
    if not arguments or not Path(arguments[0]).name.startswith("python"):
        return False
    started = "--multiprocessing-fork" in arguments and WORKER in environment
    return started or PLAIN_WORKER in arguments or ("-m", SLURM_WORKER) in pairwise(arguments)


def job_id_of(environment: Mapping[str, str]) -> str:
    """As scontrol and scancel name the task; empty if there is none."""
    array = environment.get("SLURM_ARRAY_JOB_ID")
    if array is not None:
        return f"{array}_{environment['SLURM_ARRAY_TASK_ID']}"
    return environment.get("SLURM_JOB_ID", "")


def find_processes(log: Path) -> list[Process]:
    """Return the living processes that write to this finish log."""
    found: dict[int, tuple[int, Process]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        try:
            pairs = (text.partition("=") for text in _strings(folder / "environ"))
            environment = {name: value for name, _, value in pairs}
            if not is_worker(_strings(folder / "cmdline"), environment):
                continue
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended since
            continue
        ticks = start_ticks(pid)
        if ticks is None or environment.get(VARIABLE) != str(log):
            continue
        node = environment.get("SLURMD_NODENAME", "")
        found[pid] = parent, Process(pid, ticks, node, job_id_of(environment))
    # A child that has not become another program yet looks like its parent.
    return [process for parent, process in found.values() if parent not in found]


class Observer:
    """Watches a sweep's processes from a thread of its own while the context lasts."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._living: dict[str, Process] = {}
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._look, name="observer", daemon=True)
        self.ends: dict[str, float] = {}
        """When each worker was first seen to be gone, in seconds of CLOCK_MONOTONIC."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._thread.join()

    def living(self) -> list[Process]:
        """Those of the moment, in the order in which they began."""
        return sorted(self._search(), key=lambda process: (process.ticks, process.pid))

    def wait_for_ends(self) -> None:
        """Until no process is left. Raises EngineError if one does not end."""
        deadline = time.monotonic() + END_SECONDS
        while self._search():
            if time.monotonic() > deadline:
                names = ", ".join(process.name for process in self._search())
                raise EngineError(f"processes that nobody wants do not end: {names}")
            time.sleep(LOOK_SECONDS)
        while self._living:
            time.sleep(LOOK_SECONDS)  # until their ends are noted

    def _look(self) -> None:
        searched = 0.0
        while not self._closing.wait(LOOK_SECONDS):
            now = time.monotonic()
            if now - searched > SEARCH_SECONDS:
                self._search()
                searched = now
            self._note_ends()

    def _search(self) -> list[Process]:
        found = find_processes(self._log)
        with self._lock:
            for process in found:
                if process.name not in self.ends:
                    self._living[process.name] = process
        return found

    def _note_ends(self) -> None:
        with self._lock:
            for name, process in list(self._living.items()):
                if not runs(process.pid, process.ticks):
                    del self._living[name]
                    self.ends[name] = time.monotonic()


def _strings(path: Path) -> list[str]:
    return [text for text in path.read_bytes().decode(errors="replace").split("\0") if text]
