"""The workers of a launch as submitit's jobs: processes of this machine, or SLURM array tasks."""

import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING, Any, Protocol

from rast_bench.config.launchers import SlurmLauncher
from rast_bench.run import slurm
from rast_bench.run.devices import LocalDevices, gres_for
from rast_bench.run.folder import Launch
from rast_bench.run.outcome import wait_for_end
from rast_bench.run.slurm import JobStatus
from rast_bench.run.slurm_task import WorkerTask

if TYPE_CHECKING:
    import submitit
    from submitit import LocalJob

FOREVER_MINUTES = 10 * 365 * 24 * 60  # local workers have no time limit, but submitit wants one
STOP_SECONDS = 60.0  # for a worker to write what it has


class Executor(Protocol):
    """What `watch` needs of workers, however they run."""

    poll_seconds: float

    def start(self, workers: Iterable[int]) -> None: ...
    def states(self) -> dict[int, JobStatus]: ...
    def stop(self) -> None: ...


@dataclass
class _LocalWorker:
    job: "LocalJob[None]"
    devices: tuple[str, ...]  # or slots of cores, by number


@dataclass
class LocalExecutor:
    """One process each, on devices of its own; those that find none free wait for them.

    Ctrl-C in the shell reaches the command alone, which then ends its workers gently.
    """

    launch: Launch
    devices: LocalDevices
    poll_seconds: float = 0.5
    _queue: deque[int] = field(default_factory=deque)
    _running: dict[int, _LocalWorker] = field(default_factory=dict)
    _ended: dict[int, JobStatus] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = self.devices.names or tuple(map(str, range(self.devices.slots)))
        self._free = list(names)
        import submitit

        self._executor: submitit.LocalExecutor = submitit.LocalExecutor(folder=self.launch.logs)
        self._executor.update_parameters(timeout_min=FOREVER_MINUTES)

    def start(self, workers: Iterable[int]) -> None:
        self._queue.extend(workers)
        self._start_queued()

    def states(self) -> dict[int, JobStatus]:
        for worker, running in list(self._running.items()):
            if running.job.done():
                del self._running[worker]
                self._free += running.devices
                self._ended[worker] = JobStatus("ended", "")
        self._start_queued()
        return {
            **self._ended,
            **{worker: JobStatus("running", "") for worker in self._running},
            **{worker: JobStatus("queued", "waits for a device") for worker in self._queue},
        }

    def stop(self) -> None:
        """Asks every worker to save and end, and waits for it."""
        self._queue.clear()
        for running in self._running.values():
            running.job._process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
        deadline = time.monotonic() + STOP_SECONDS
        while self._running and time.monotonic() < deadline:
            self.states()
            time.sleep(0.1)
        for running in self._running.values():
            running.job._process.kill()  # type: ignore[union-attr]

    def _start_queued(self) -> None:
        while self._queue and self._needed(self._queue[0]) <= len(self._free):
            worker = self._queue.popleft()
            needed = self._needed(worker)
            devices, self._free = tuple(self._free[:needed]), self._free[needed:]
            self._running[worker] = _LocalWorker(self._submit(worker, devices), devices)
            self._ended.pop(worker, None)

    def _needed(self, worker: int) -> int:
        if not self.devices.names:
            return 1  # a slot of cores, whatever the engine
        return self.launch.record.groups[self.launch.record.first[worker]].devices

    def _submit(self, worker: int, devices: tuple[str, ...]) -> "LocalJob[None]":
        task = WorkerTask(
            str(self.launch.path),
            worker,
            devices=",".join(devices) if self.devices.names else "",
            threads=self.devices.threads * len(devices),
            parent=os.getpid(),
        )
        previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            job: LocalJob[None] = self._executor.submit(task)  # type: ignore[assignment]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, previous)
        self.launch.write_jobs({**self.launch.jobs, worker: job.job_id})
        return job


@dataclass
class SlurmExecutor:
    """Array tasks; those whose engines need equally many devices share arrays."""

    launch: Launch
    config: SlurmLauncher
    poll_seconds: float = 3.0

    def start(self, workers: Iterable[int]) -> None:
        """Submits them, in arrays no longer than the site allows. Raises ConfigError when sbatch
        refuses.
        """
        jobs = self.launch.jobs
        limit = self.config.max_array_size or slurm.max_array_size() or len(jobs) + 1
        for devices, numbers in self._by_devices(workers).items():
            for begin in range(0, len(numbers), limit):
                part = numbers[begin : begin + limit]
                for worker, job_id in zip(part, self._submit(part, devices), strict=True):
                    jobs[worker] = job_id
                self.launch.write_jobs(jobs)  # at once: an interrupted submission can be cancelled

    def states(self) -> dict[int, JobStatus]:
        jobs = self.launch.jobs
        known = slurm.job_states(list(jobs.values()))
        return {worker: known[job_id] for worker, job_id in jobs.items()}

    def stop(self) -> None:
        """Cancels every task, and waits until it has saved and ended."""
        slurm.cancel(list(self.launch.jobs.values()))
        wait_for_end(self.launch, STOP_SECONDS)

    def _by_devices(self, workers: Iterable[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        record = self.launch.record
        for worker in workers:
            found.setdefault(record.groups[record.first[worker]].devices, []).append(worker)
        return found

    def _submit(self, workers: Sequence[int], devices: int) -> list[str]:
        from submitit.core.utils import FailedJobError

        executor = self._executor(devices)
        try:
            # submitit prints there what sbatch said, and raises it as well.
            with redirect_stderr(StringIO()), executor.batch():
                jobs = [
                    executor.submit(WorkerTask(str(self.launch.path), worker)) for worker in workers
                ]
        except FailedJobError as error:
            raise slurm.refusal(str(error)) from error
        return [job.job_id for job in jobs]

    def _executor(self, devices: int) -> "submitit.SlurmExecutor":
        import submitit

        executor: submitit.SlurmExecutor = submitit.SlurmExecutor(
            folder=self.launch.logs, max_num_timeout=self.config.requeues, python=self.config.python
        )
        executor.update_parameters(**sbatch_parameters(self.config, devices))
        return executor


def sbatch_parameters(config: SlurmLauncher, devices: int) -> dict[str, Any]:
    """The launcher's settings as submitit names them.

    Args:
        devices: GPUs that an engine uses, for gpus=auto and for the GPUs of gres.
    """
    gpus = config.gpus
    if gpus == "auto":
        gpus = 0 if config.gres else devices
    srun_args = []
    if config.cpus_per_task is not None:  # srun does not inherit it since SLURM 22.05
        srun_args.append(f"--cpus-per-task={config.cpus_per_task}")
    return {
        "job_name": "rast-bench",
        "time": config.minutes,
        "signal_delay_s": config.signal_seconds,
        "array_parallelism": config.array_parallelism,
        "partition": config.partition,
        "account": config.account,
        "qos": config.qos,
        "constraint": config.constraint,
        "nodelist": config.nodelist,
        "exclude": config.exclude,
        "gres": gres_for(config.gres, devices),
        "gpus_per_node": gpus or None,
        "cpus_per_task": config.cpus_per_task,
        "srun_args": srun_args or None,
        "mem": config.mem,
        "setup": list(config.setup) or None,
        "wckey": None,
        "additional_parameters": {"requeue": True, **config.sbatch},
    }
