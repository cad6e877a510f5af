"""Sweeps with hydra/launcher=slurm on a DevCluster, each with a results folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
from command import RUN, Finished, rast_bench, stored_rows
from dev_cluster import PATH, DevCluster
from held import PATIENCE, Hold, wait_until

from rast_bench.ledger import Ledger
from rast_bench.processes import runs
from rast_bench.run.folder import Launch, launches, read_launch
from rast_bench.run.heartbeats import Heartbeat, read_heartbeats

SWEEP = (
    "base_model=tiny-s",
    "delta=tiny-xs",
    "dataset=tiny-easy",
    "dataset.limit=8",
    "decoding.n=4",
    "engine.max_num_seqs=8",
    "decoding.lambda=0.5,1.0",
)
SAMPLES = 2 * 8 * 4  # of the sweep
ON_SLURM = ("hydra/launcher=slurm", "launcher.gpus=0")
IDENTITY = ["problem_id", "sample_index", "seed", "prompt_sha256", "token_ids", "text"]


class SlurmSweep:
    """A command that makes SWEEP on a cluster, and those that look after its launch."""

    def __init__(self, cluster: DevCluster, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.cluster = cluster
        self.folder = folder
        self.results = folder / "results"
        self._hold: Hold | None = None

    def start(self, *options: str, hold: int = 0) -> subprocess.Popen[str]:
        """`hold`: how many workers stop after their first samples."""
        words = ["-m", *SWEEP, *ON_SLURM, *options, f"results_dir={self.results}"]
        self._hold = Hold(self.folder / "hold", hold) if hold else None
        return self._popen(str(RUN), *words)

    def run(self, *options: str, hold: int = 0) -> Finished:
        return finish(self.start(*options, hold=hold))

    def rast_bench(self, command: str, *options: str) -> Finished:
        """A subcommand on the latest launch."""
        variables = {"SLURM_CONF": str(self.cluster.conf), "PATH": PATH}
        return rast_bench(command, *options, str(self.launch.path), variables=variables)

    @property
    def launch(self) -> Launch:
        """The latest, once it is there."""
        wait_until(lambda: launches(self.results), f"there is no launch in {self.results}")
        return read_launch(launches(self.results)[-1])

    def heartbeats(self) -> dict[int, Heartbeat]:
        return read_heartbeats(self.launch.heartbeats, self.launch.workers)

    def held(self) -> list[Heartbeat]:
        """The heartbeats of all workers, once each has stopped after its first samples.

        However fast they are, they finish nothing that a fault is to interrupt.
        """
        assert self._hold is not None
        pids = self._hold.wait()
        heartbeats = [heartbeat for _, heartbeat in sorted(self.heartbeats().items())]
        assert {heartbeat.pid for heartbeat in heartbeats} == pids
        return heartbeats

    def release(self, *heartbeats: Heartbeat) -> None:
        """Lets held workers go on."""
        assert self._hold is not None
        self._hold.release(*(heartbeat.pid for heartbeat in heartbeats))

    def words(self, heartbeat: Heartbeat) -> str:
        """What a worker that was held has printed since then, whatever SLURM made of it."""
        assert self._hold is not None
        return self._hold.words(heartbeat.pid)

    def restarted(self, heartbeat: Heartbeat) -> Heartbeat:
        """The worker's heartbeat of a later start."""

        def later() -> bool:
            return self.heartbeats()[heartbeat.worker].start != heartbeat.start

        wait_until(later, f"worker {heartbeat.worker} is not started again")
        return self.heartbeats()[heartbeat.worker]

    def job(self, worker: int) -> str:
        wait_until(lambda: worker in self.launch.jobs, f"worker {worker} has no job")
        return self.launch.jobs[worker]

    def log(self, worker: int) -> str:
        """What the worker has printed on stderr, in all starts of its latest job."""
        return (self.launch.logs / f"{self.job(worker)}_0_log.err").read_text()

    def _popen(self, *words: str) -> subprocess.Popen[str]:
        variables = {
            "SLURM_CONF": str(self.cluster.conf),
            "PATH": PATH,
            "COLUMNS": "100",
            **(self._hold.environment() if self._hold else {}),
        }
        inherited = {name: text for name, text in os.environ.items() if name != "OMP_NUM_THREADS"}
        return subprocess.Popen(
            [sys.executable, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=inherited | variables,
            cwd=self.folder,
            start_new_session=True,
        )


def finish(process: subprocess.Popen[str]) -> Finished:
    out, err = process.communicate(timeout=PATIENCE)
    return Finished(process.returncode, out, err)


def assert_same(sweep: SlurmSweep, finished: Finished, expected: Finished) -> None:
    """The undisturbed table, two whole cells, and no more said than what a user needs."""
    assert finished.code == 0, finished.err
    assert finished.out == expected.out
    assert len(Ledger(sweep.results).cells()) == 2
    assert sum(len(frame) for frame in samples(sweep.results).values()) == SAMPLES
    assert stored_rows(sweep.results) >= SAMPLES
    assert "Traceback" not in finished.err


def samples(results: Path) -> dict[str, pd.DataFrame]:
    """What identifies and what makes up each sample, by cell, in the order of problems."""
    ledger = Ledger(results)
    found = {}
    for cell_id in sorted(ledger.cells()):
        frame = ledger.samples(cell_id)[IDENTITY].copy()
        frame["token_ids"] = frame["token_ids"].map(tuple)
        ordered = frame.sort_values(["problem_id", "sample_index"], ignore_index=True)
        found[cell_id] = ordered
    return found


def environment_of(heartbeat: Heartbeat) -> dict[str, str]:
    """The variables that a worker's process began with."""
    entries = Path(f"/proc/{heartbeat.pid}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def node_of(heartbeat: Heartbeat) -> str:
    return environment_of(heartbeat)["SLURMD_NODENAME"]


def ended(heartbeat: Heartbeat) -> bool:
    return not runs(heartbeat.pid, heartbeat.ticks)
