"""A throw-away SLURM (scripts/dev_slurm.sh) whose node daemons are killed and started again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rast_bench.errors import EngineError

SCRIPT = Path(__file__).parents[2] / "scripts" / "dev_slurm.sh"
NODES = ("n1", "n2", "n3")
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")
START_SECONDS = 180.0
ANSWER_SECONDS = 30.0
IDLE_SECONDS = 120.0


def obstacle() -> str | None:
    """Why no cluster can be started here."""
    path = _path()
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (scripts/dev_slurm.sh install, as root)"
    return None if os.geteuid() == 0 else "only root can start SLURM's daemons"


class Cluster:
    """Runs while its context lasts; SLURM_CONF points to it meanwhile, also for child processes.

    Raises EngineError if it does not start.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        done = subprocess.run(
            [SCRIPT, "up", self._folder, "--no-accounting"],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise EngineError(f"no SLURM cluster: {done.stderr.strip()}")
        os.environ["SLURM_CONF"] = str(self._folder / "slurm.conf")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del os.environ["SLURM_CONF"]
        down = [str(SCRIPT), "down", str(self._folder)]
        subprocess.run(down, stdout=sys.stderr, timeout=START_SECONDS, check=True)

    def ask(self, *command: str) -> bool:
        """Return whether SLURM does as it is told."""
        done = subprocess.run(command, capture_output=True, timeout=ANSWER_SECONDS, check=False)
        return done.returncode == 0

    def kill_slurmd(self, node: str) -> None:
        """SIGKILL. The node's tasks live on; after some 12 s the controller gives the node up."""
        os.kill(int((self._folder / f"slurmd-{node}.pid").read_text()), signal.SIGKILL)

    def start_slurmd(self, node: str) -> None:
        subprocess.run(
            ["slurmd", "-N", node],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": _path()},
            timeout=ANSWER_SECONDS,
            check=True,
        )

    def wait_until_idle(self) -> None:
        """Raise EngineError if nodes stay busy or down."""
        deadline = time.monotonic() + IDLE_SECONDS
        while (states := self._node_states()) != ["idle"] * len(NODES):
            if time.monotonic() > deadline:
                raise EngineError(f"the cluster's nodes do not come to rest: {' '.join(states)}")
            time.sleep(0.5)

    def _node_states(self) -> Sequence[str]:
        command = ["sinfo", "--noheader", "--Node", "--partition=normal", "--format=%T"]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
        )
        return done.stdout.split()


def _path() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
