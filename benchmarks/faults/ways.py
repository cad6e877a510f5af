"""The ways to run the sweep, and the kinds of kill that each of them can suffer."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from faults.cluster import Cluster
from faults.observer import PLAIN_WORKER, Observer, Process

COMMAND = "launching command"
WORKER = "worker"
TASK = "scancel --signal=KILL"
REQUEUE = "scontrol requeue"
SLURMD = "slurmd"

WORKERS_LIVE_ON = {("slurm", COMMAND), ("slurm", SLURMD)}
"""Kinds that end no worker by themselves: they do not count as kills of workers."""

DOWN_SECONDS = (2.0, 25.0)  # of a slurmd: the controller gives a node up after some 12


class Way(Protocol):
    name: str
    commands: int
    """Equal ones at the same time."""
    weights: Mapping[str, float]
    """How often each kind of kill comes, relative to the others."""

    def words(self) -> list[str]:
        """Return what the command line says of the launcher."""
        ...

    def strike(self, kind: str, random: Random, observer: Observer) -> str | None:
        """Kills one victim of this kind and names it; None if there is none now."""
        ...

    def mend(self) -> None:
        """Brings back what has been down for long enough."""
        ...

    def settle(self) -> None:
        """After a sweep: as before it."""
        ...


@dataclass
class LocalWay:
    """Processes of this machine."""

    slots: int
    name: str = "local"
    commands: int = 1
    weights: Mapping[str, float] = field(default_factory=lambda: {WORKER: 8.0, COMMAND: 1.0})

    def words(self) -> list[str]:
        return ["hydra/launcher=local", f"launcher.devices={self.slots}"]

    def strike(self, kind: str, random: Random, observer: Observer) -> str | None:
        assert kind == WORKER
        return _strike(observer.living(), random)

    def mend(self) -> None:
        """Nothing goes down here."""

    def settle(self) -> None:
        """Nothing went down here."""


@dataclass
class PlainWay:
    """Equal commands without a launcher, which share the work; one that is killed comes again."""

    commands: int
    name: str = "plain"
    weights: Mapping[str, float] = field(default_factory=lambda: {WORKER: 1.0})

    def words(self) -> list[str]:
        return [PLAIN_WORKER]

    def strike(self, kind: str, random: Random, observer: Observer) -> str | None:
        assert kind == WORKER
        return _strike(observer.living(), random)

    def mend(self) -> None:
        """Nothing goes down here."""

    def settle(self) -> None:
        """Nothing went down here."""


@dataclass
class SlurmWay:
    """Array tasks on three nodes of a throw-away cluster."""

    cluster: Cluster
    tasks: int
    name: str = "slurm"
    commands: int = 1
    weights: Mapping[str, float] = field(
        default_factory=lambda: {WORKER: 6.0, TASK: 2.0, REQUEUE: 2.0, SLURMD: 2.0, COMMAND: 1.0}
    )
    _down: dict[str, float] = field(default_factory=dict)  # nodes, and when they come back

    def words(self) -> list[str]:
        return [
            "hydra/launcher=slurm",
            f"launcher.tasks={self.tasks}",
            "launcher.cpus_per_task=1",
            "launcher.gpus=0",
        ]

    def strike(self, kind: str, random: Random, observer: Observer) -> str | None:
        victims = observer.living()
        if not victims:
            return None
        victim = random.choice(victims)
        if kind == WORKER:
            return f"process {victim.pid}" if victim.kill() else None
        if kind == SLURMD:
            return self._take_down(victim.node, random)
        ask = ["scancel", "--signal=KILL"] if kind == TASK else ["scontrol", "requeue"]
        return f"job {victim.job_id}" if self.cluster.ask(*ask, victim.job_id) else None

    def mend(self) -> None:
        for node, until in list(self._down.items()):
            if time.monotonic() > until:
                self.cluster.start_slurmd(node)
                del self._down[node]

    def settle(self) -> None:
        self._down = dict.fromkeys(self._down, 0.0)
        self.mend()
        self.cluster.wait_until_idle()

    def _take_down(self, node: str, random: Random) -> str | None:
        if node in self._down:
            return None
        self.cluster.kill_slurmd(node)
        self._down[node] = time.monotonic() + random.uniform(*DOWN_SECONDS)
        return f"slurmd of {node}"


def _strike(victims: Sequence[Process], random: Random) -> str | None:
    """Kills one of them and names it."""
    if not victims:
        return None
    victim = random.choice(victims)
    return f"process {victim.pid}" if victim.kill() else None
