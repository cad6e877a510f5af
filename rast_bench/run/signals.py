"""What a worker does when it is told to stop: by a person, by its parent, by SLURM.

SLURM's time limit sends SIGUSR2 first (sbatch --signal): save, ask to be requeued, end. SLURM's
preemption sends SIGTERM and kills after a grace time; a job that ends by itself within it is not
requeued. So on SLURM a worker goes on through SIGTERM: it loses the last two seconds.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rast_bench.interrupt import SIGNALS, two_step_interrupt

OUT_OF_TIME = signal.SIGUSR2
EXIT_OUT_OF_TIME = 75  # EX_TEMPFAIL: the same command continues where this one stopped


@contextmanager
def worker_signals(*, on_slurm: bool) -> Iterator[None]:
    """Turn the signals that end this worker into `Interrupted`."""
    if not on_slurm:
        with two_step_interrupt((*SIGNALS, OUT_OF_TIME)):
            yield
        return
    previous = signal.signal(signal.SIGTERM, _go_on)
    try:
        with two_step_interrupt((signal.SIGINT, OUT_OF_TIME)):
            yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _go_on(_number: int, _frame: FrameType | None) -> None:
    os.write(sys.stderr.fileno(), b"SIGTERM: saving as always until SLURM kills\n")
