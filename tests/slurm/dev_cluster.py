"""A throw-away SLURM cluster (scripts/dev_slurm.sh): submit, watch, break and mend it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "dev_slurm.sh"
NODES = ("n1", "n2", "n3")
PROGRAMS = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd")
SETTINGS = {"DEV_SLURM_GRACE": "10"}  # seconds, in which a preempted worker says so
PATIENCE = 600.0  # seconds, on a machine that has much else to do
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def obstacle() -> str | None:
    """Why no cluster can be started here, with what to do about it."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    if missing:
        return f"not installed: {', '.join(missing)}; run scripts/dev_slurm.sh install as root"
    if os.geteuid() != 0:
        return "only root can start SLURM's daemons, also after scripts/dev_slurm.sh install"
    return None


class DevCluster:
    """Three nodes n1, n2, n3 (two fake GPUs on n2 and on n3); partitions as the script says."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.conf = folder / "slurm.conf"
        self.run(SCRIPT, "up", folder, *options)

    def stop(self) -> None:
        self.run(SCRIPT, "down", self.folder)

    def run(self, *command: object, text: str | None = None) -> str:
        """stdout of a command that talks to this cluster; AssertionError when it fails."""
        done = self.attempt(*command, text=text)
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
        return done.stdout.strip()

    def attempt(
        self, *command: object, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env=os.environ | SETTINGS | {"SLURM_CONF": str(self.conf), "PATH": PATH},
        )

    # Jobs

    def submit(self, script: str, output: Path, *options: str) -> str:
        """The id of a batch job that appends what it prints to `output`, also when it restarts."""
        return self.run(
            "sbatch",
            "--parsable",
            f"--output={output}",
            "--open-mode=append",
            *options,
            text=f"#!/bin/bash\n{script}\n",
        )

    def states(self, job: str) -> list[str]:
        """One state for a job, one for each task of an array that is under way or has ended."""
        return self.run("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%T").split()

    def nodes(self, job: str) -> str:
        return self.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%N")

    def wait_for(self, job: str, *states: str) -> None:
        """Until a job, and every task of an array, is in one of the states."""
        self.wait_until(
            lambda: set(self.states(job)) <= set(states),
            lambda: f"job {job} is {self.states(job)}, not {states}",
        )

    def wait_until(self, condition: Callable[[], object], complaint: Callable[[], str]) -> None:
        """Polls; too late: AssertionError with the complaint and the controller's last words."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                log = (self.folder / "log/slurmctld.log").read_text().splitlines()[-20:]
                raise AssertionError("\n".join([f"after {PATIENCE:.0f} s {complaint()}", *log]))
            time.sleep(0.1)

    def cancel(self, *jobs: str) -> None:
        if jobs:
            self.run("scancel", *jobs)

    # Daemons and nodes

    def pid(self, daemon: str) -> int:
        """`slurmctld`, `slurmdbd`, `slurmd-n1`, …"""
        return int((self.folder / f"{daemon}.pid").read_text())

    def kill(self, daemon: str) -> None:
        """SIGKILL, as from a crash."""
        os.kill(self.pid(daemon), signal.SIGKILL)

    def kill_slurmd(self, node: str) -> None:
        """The node falls silent and is called down after some 12 s; its jobs' processes live on."""
        self.kill(f"slurmd-{node}")

    def kill_node(self, node: str) -> None:
        """Power failure: the slurmd and all processes of the node's jobs at one blow."""
        self.kill_slurmd(node)
        for pid in self._processes(node):
            os.kill(pid, signal.SIGKILL)

    def start_slurmd(self, node: str) -> None:
        """Bring a killed node back, and wait until it takes jobs again."""
        self.run("slurmd", "-N", node)
        self.wait_until(
            lambda: self.node_state(node) in ("idle", "mixed"), lambda: f"{node} is gone"
        )

    def node_state(self, node: str) -> str:
        """`idle`, `mixed`, `allocated`, `down`, …; a `*` behind it: it does not answer."""
        return self.run("sinfo", "-h", "-p", "normal", "-n", node, "-o", "%T")

    def restore(self) -> None:
        """As after the start: no jobs, all nodes idle, nobody's orphans."""
        jobs = set(self.run("squeue", "-h", "-o", "%A").split())
        self.cancel(*jobs)
        for node in NODES:
            if not Path(f"/proc/{self.pid(f'slurmd-{node}')}/exe").exists():
                self.run("slurmd", "-N", node)
        self.wait_until(
            lambda: all(self.node_state(node) == "idle" for node in NODES),
            lambda: f"the nodes are not idle: {self.run('sinfo')}",
        )

    def _processes(self, node: str) -> Iterator[int]:
        """Processes of jobs by their environment, slurmstepd's by the log that they write."""
        log = str(self.folder / f"log/slurmd-{node}.log")
        ours = {f"SLURM_CONF={self.conf}".encode(), f"SLURMD_NODENAME={node}".encode()}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = set((process / "environ").read_bytes().split(b"\0"))
                opened = {str(link.readlink()) for link in (process / "fd").iterdir()}
            except OSError:  # it has ended since
                continue
            if ours <= variables or log in opened:
                yield int(process.name)
