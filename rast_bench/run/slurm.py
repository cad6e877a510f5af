"""Workers as array tasks of SLURM, started with submitit."""

import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.config.launchers import SlurmLauncher
from rast_bench.guard import guarded
from rast_bench.interrupt import Interrupted
from rast_bench.run import slurm_jobs
from rast_bench.run.devices import gres_for
from rast_bench.run.folder import Launch, read_launch
from rast_bench.run.outcome import wait_for_end
from rast_bench.run.signals import EXIT_OUT_OF_TIME, OUT_OF_TIME
from rast_bench.run.slurm_jobs import JobStatus

if TYPE_CHECKING:
    import submitit
    from submitit.helpers import DelayedSubmission

POLL_SECONDS = 3.0
STOP_SECONDS = 60.0  # for tasks to write what they have


@dataclass(frozen=True)
class SlurmTask:
    """What submitit pickles and calls. Raises SystemExit if the worker does not end well."""

    launch: str
    worker: int

    def __call__(self) -> None:
        from submitit import JobEnvironment

        requeue: Any = signal.getsignal(OUT_OF_TIME)  # submitit's
        job_id = JobEnvironment().job_id
        words = ["--results-dir", str(Path(self.launch).parents[1])]
        code = guarded(lambda: self._work(job_id), words)
        if code == EXIT_OUT_OF_TIME:
            requeue(OUT_OF_TIME, None)  # everything is saved; this ends the process
        if code:
            sys.exit(code)

    def checkpoint(self) -> "DelayedSubmission":
        """Return what submitit requeues at the time limit: the same task."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _work(self, job_id: str) -> int:
        from rast_bench.run.worker import run_worker

        launch = read_launch(Path(self.launch))
        os.chdir(launch.record.folder)  # model paths may be relative
        try:
            run_worker(launch, self.worker, job_id=job_id, on_slurm=True)
        except Interrupted as interruption:
            if interruption.number == OUT_OF_TIME:
                return EXIT_OUT_OF_TIME
            raise
        return 0


@dataclass
class SlurmExecutor:
    """Array tasks; those whose engines need equally many devices share arrays."""

    launch: Launch
    config: SlurmLauncher

    def start(self, workers: Iterable[int]) -> None:
        """Submit the workers, in arrays no longer than the site allows.

        Raises:
            ConfigError: sbatch rejects the job.
        """
        jobs = self.launch.jobs
        limit = self.config.max_array_size or slurm_jobs.max_array_size() or len(jobs) + 1
        for devices, numbers in self._by_devices(workers).items():
            for begin in range(0, len(numbers), limit):
                part = numbers[begin : begin + limit]
                for worker, job_id in zip(part, self._submit(part, devices), strict=True):
                    jobs[worker] = job_id
                self.launch.write_jobs(jobs)  # at once: an interrupted submission can be cancelled

    def states(self) -> dict[int, JobStatus]:
        jobs = self.launch.jobs
        known = slurm_jobs.job_states(list(jobs.values()))
        return {worker: known[job_id] for worker, job_id in jobs.items()}

    def wait(self) -> None:
        """Wait until it is time to ask SLURM again."""
        time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Cancel every task, and wait until it has saved and ended."""
        slurm_jobs.cancel(list(self.launch.jobs.values()))
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
            # submitit prints what sbatch said, and raises it as well.
            with redirect_stderr(StringIO()), executor.batch():
                jobs = [
                    executor.submit(SlurmTask(str(self.launch.path), worker)) for worker in workers
                ]
        except FailedJobError as error:
            raise slurm_jobs.refusal(str(error)) from error
        return [job.job_id for job in jobs]

    def _executor(self, devices: int) -> "submitit.SlurmExecutor":
        import submitit

        executor: submitit.SlurmExecutor = submitit.SlurmExecutor(
            folder=self.launch.logs, max_num_timeout=self.config.requeues, python=self.config.python
        )
        executor.update_parameters(**sbatch_parameters(self.config, devices))
        return executor


def sbatch_parameters(config: SlurmLauncher, devices: int) -> dict[str, Any]:
    """Return the launcher's settings as submitit names them.

    Args:
        devices: GPUs per engine, for gpus=auto and for the GPUs of gres.
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
