"""`rast-bench worker`: one task of a user's own sbatch script."""

import os
import signal
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.config.arguments import CommandParser, add_arguments, add_multirun
from rast_bench.errors import ConfigError
from rast_bench.startup import require_docstrings

if TYPE_CHECKING:
    from rast_bench.run.array import ArrayTask

SUMMARY = "one task of an sbatch script: see slurm/"

_DESCRIPTION = """\
Work in this process as one task of a SLURM array, whose tasks share the work of one `rast-bench
run` command. slurm/ has scripts that call it."""
_EPILOG = """\
Exit code 0: done, 75: out of time (run the same again), 2: a mistake, or cells that failed."""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    add_arguments(parser)
    add_multirun(parser)


def run(args: Namespace) -> int:
    """Work as one task. The first task of the array to start creates the launch."""
    from rast_bench.interrupt import Interrupted
    from rast_bench.run.array import array_task
    from rast_bench.run.signals import EXIT_OUT_OF_TIME, OUT_OF_TIME, worker_signals

    if not args.words:
        raise ConfigError(
            "`rast-bench worker` is one task of an sbatch script, and takes the arguments of "
            "`rast-bench run`",
            hint="slurm/ has such scripts; on one machine use `rast-bench run`",
        )
    require_docstrings()
    place = array_task(os.environ)
    try:
        with worker_signals(on_slurm=place.job_id is not None):
            return _work(args.words, place)
    except Interrupted as interruption:
        if interruption.number == OUT_OF_TIME:
            return EXIT_OUT_OF_TIME
        raise
    finally:
        signal.signal(OUT_OF_TIME, signal.SIG_IGN)  # the process is ending anyway


def _work(words: Sequence[str], place: "ArrayTask") -> int:
    from rast_bench.pipeline import join_array
    from rast_bench.run.heartbeats import Failures
    from rast_bench.run.outcome import exit_code_of
    from rast_bench.run.worker import run_worker

    launch = join_array(words, place)
    if launch is None:
        return 0
    run_worker(launch, place.number, job_id=place.job_id, on_slurm=place.job_id is not None)
    return exit_code_of(Failures(launch.failures).all())
