"""A worker as submitit starts it, in a process of this machine or an array task of SLURM."""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.interrupt import Interrupted
from rast_bench.processes import runs, start_ticks
from rast_bench.run.folder import read_launch
from rast_bench.run.signals import EXIT_OUT_OF_TIME, OUT_OF_TIME

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

PARENT_SECONDS = 1.0


@dataclass(frozen=True)
class WorkerTask:
    """What submitit pickles and calls. Raises SystemExit where the worker does not end well.

    devices: what CUDA_VISIBLE_DEVICES shall be; None leaves it to the scheduler.
    threads: this worker's share of the cores; None where it has its allocation to itself.
    parent: the process without which a local worker ends.
    """

    launch: str
    worker: int
    devices: str | None = None
    threads: int | None = None
    parent: int | None = None

    def __call__(self) -> None:
        from submitit import JobEnvironment

        from rast_bench.guard import guarded

        environment = JobEnvironment()
        on_slurm = environment.cluster == "slurm"
        requeue: Any = signal.getsignal(OUT_OF_TIME)  # submitit's
        if self.parent is not None:
            # submitit would let SIGTERM pass; until the worker listens there is nothing to save.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _end_with(self.parent)
        _set_devices(self.devices)
        words = ["--results-dir", str(Path(self.launch).parents[1])]
        code = guarded(lambda: self._work(environment.job_id, on_slurm), words)
        if code == EXIT_OUT_OF_TIME:
            requeue(OUT_OF_TIME, None)  # by now all is saved; this ends the process
        if code:
            sys.exit(code)

    def checkpoint(self) -> "DelayedSubmission":
        """What submitit queues again at the time limit: the same."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _work(self, job_id: str, on_slurm: bool) -> int:
        from rast_bench.run.worker import run_worker

        launch = read_launch(Path(self.launch))
        os.chdir(launch.record.folder)  # paths of models may be relative
        try:
            run_worker(launch, self.worker, threads=self.threads, job_id=job_id, on_slurm=on_slurm)
        except Interrupted as interruption:
            if on_slurm and interruption.number == OUT_OF_TIME:
                return EXIT_OUT_OF_TIME
            raise
        return 0


def _set_devices(devices: str | None) -> None:
    if devices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices


def _end_with(parent: int) -> None:
    """Ends this process as SIGTERM does, when the process that wanted its work is gone."""
    controller, ticks = os.getppid(), start_ticks(parent)

    def watch() -> None:
        while runs(parent, ticks) and os.getppid() == controller:
            time.sleep(PARENT_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()
