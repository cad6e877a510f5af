"""Workers as processes of this machine."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rast_bench.guard import end_process, guarded
from rast_bench.run.folder import Launch
from rast_bench.run.shares import Shares
from rast_bench.run.slurm_parse import JobStatus

if TYPE_CHECKING:
    from rast_bench.run.devices import LocalDevices
    from rast_bench.run.worker import LoadEngine

WORKER = "RAST_BENCH_WORKER"
"""A worker's number in its environment, so that `ps e` shows which process is a worker."""

POLL_SECONDS = 0.5  # between checks of heartbeats; the end of a worker is noticed at once
STOP_SECONDS = 60.0  # for a worker to write what it has


@dataclass(frozen=True)
class LocalWorker:
    """One start of a worker: what its process receives."""

    launch: Launch
    number: int
    devices: str | None  # the value of CUDA_VISIBLE_DEVICES; None leaves it unchanged
    threads: int  # its share of the cores
    load_engine: "LoadEngine | None"  # a function of an importable module
    shares: int | None  # the command's number among the commands on this results folder


@dataclass
class LocalExecutor:
    """One process per worker, on devices of its own; workers without a free device wait for one.

    Ctrl-C in the shell reaches only the command, which then stops its workers gently.
    """

    launch: Launch
    devices: "LocalDevices"
    load_engine: "LoadEngine | None" = None
    shares: Shares | None = None
    _queue: deque[int] = field(default_factory=deque)
    _running: dict[int, tuple[SpawnProcess, tuple[str, ...]]] = field(default_factory=dict)
    _ended: dict[int, JobStatus] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._free = list(self.devices.names or map(str, range(self.devices.slots)))

    def start(self, workers: Iterable[int]) -> None:
        self._queue.extend(workers)
        self._start_queued()

    def states(self) -> dict[int, JobStatus]:
        for worker, (process, devices) in list(self._running.items()):
            if not process.is_alive():
                del self._running[worker]
                self._free += devices
                self._ended[worker] = JobStatus("ended", "")
        self._start_queued()
        return {
            **self._ended,
            **{worker: JobStatus("running", "") for worker in self._running},
            **{worker: JobStatus("queued", "waits for a device") for worker in self._queue},
        }

    def wait(self) -> None:
        """Wait until a worker ends, or it is time to read the heartbeats."""
        wait([process.sentinel for process, _ in self._running.values()], POLL_SECONDS)

    def stop(self) -> None:
        """Ask every worker to save and end, and wait for it."""
        self._queue.clear()
        processes = [process for process, _ in self._running.values()]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes:
            process.join(max(0.0, deadline - time.monotonic()))
            process.kill()

    def _start_queued(self) -> None:
        while self._queue and self._needed(self._queue[0]) <= len(self._free):
            worker = self._queue.popleft()
            needed = self._needed(worker)
            devices, self._free = tuple(self._free[:needed]), self._free[needed:]
            self._running[worker] = self._start(worker, devices), devices
            self._ended.pop(worker, None)

    def _needed(self, worker: int) -> int:
        if not self.devices.names:
            return 1  # one slot of cores, whatever the engine
        return self.launch.record.groups[self.launch.record.first[worker]].devices

    def _start(self, worker: int, devices: tuple[str, ...]) -> SpawnProcess:
        shown = ",".join(devices) if self.devices.names else ""  # slots have no meaningful names
        task = LocalWorker(
            self.launch,
            worker,
            devices=None if self.launch.is_private else shown,
            threads=self.devices.threads * len(devices),
            load_engine=self.load_engine,
            shares=None if self.shares is None else self.shares.number,
        )
        process = multiprocessing.get_context("spawn").Process(target=work, args=(task,))
        # Ctrl-C reaches every process of the terminal. Blocked here and inherited, it is left to
        # the command alone, once the child has started. The resource tracker comes first:
        # starting it unblocks SIGINT.
        resource_tracker.ensure_running()
        previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.environ[WORKER] = str(worker)
        try:
            process.start()
        finally:
            del os.environ[WORKER]
            signal.pthread_sigmask(signal.SIG_SETMASK, previous)
        if not self.launch.is_private:
            self.launch.write_jobs({**self.launch.jobs, worker: str(process.pid)})
        return process


def work(task: LocalWorker) -> NoReturn:
    """Run a worker: the main function of its process."""
    _end_with_parent()
    launch = task.launch
    if task.devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = task.devices
    if launch.is_private:
        os.environ["OMP_NUM_THREADS"] = str(task.threads)  # read when torch is imported
    else:
        _print_into(launch.logs / f"{os.getpid()}_0_log")
    end_process(guarded(lambda: _work(task), ["--results-dir", launch.record.results_dir]))


def _work(task: LocalWorker) -> int:
    from rast_bench.run.worker import run_worker

    shares = None if task.shares is None else Shares(task.launch.ledger, task.shares)
    run_worker(
        task.launch,
        task.number,
        load_engine=task.load_engine,
        threads=task.threads,
        job_id=None if task.launch.is_private else str(os.getpid()),
        shares=shares,
    )
    return 0


def _print_into(log: Path) -> None:
    """Redirect the output of this process and its libraries to `<log>.out` and `.err`."""
    for stream, suffix in ((sys.stdout, ".out"), (sys.stderr, ".err")):
        stream.flush()
        with Path(f"{log}{suffix}").open("a") as file:
            os.dup2(file.fileno(), stream.fileno())


def _end_with_parent() -> None:
    """End this process, as SIGTERM does, when the process that started it is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
