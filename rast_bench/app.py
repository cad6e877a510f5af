"""`python run.py` and `rast-bench run`: compose, validate, plan, run, grade, table.

Importing this module is cheap; torch, pandas and Hydra come in when they are needed.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rast_bench.errors import RastBenchError
from rast_bench.runner.interrupt import Interrupted, exit_code

EXIT_BROKEN_PIPE = 141  # as a shell reports SIGPIPE


def main(argv: Sequence[str], *, program: str = "rast-bench run") -> int:
    """Runs what the overrides describe and returns the process's exit code.

    0 done, 2 a mistake of the user (one line on stderr), 130 and 143 interrupted. Any other
    exception is a fault of ours and passes through.
    """
    return guarded(lambda: _run(argv, program))


def guarded(action: Callable[[], int]) -> int:
    """The action's exit code, or what a user sees of its error: one line and a hint on stderr."""
    try:
        code = action()
        sys.stdout.flush()
        return code
    except RastBenchError as error:
        print(error.render(), file=sys.stderr)
        return error.exit_code
    except Interrupted as interruption:
        return interruption.exit_code
    except KeyboardInterrupt:
        return exit_code(signal.SIGINT)
    except BrokenPipeError:  # `… | head`: the reader has seen enough, and all is saved
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing left to flush
        return EXIT_BROKEN_PIPE


def _run(argv: Sequence[str], program: str) -> int:
    if "--help" in argv or "-h" in argv:
        from rast_bench.config.paths import config_dir
        from rast_bench.help_text import help_text

        print(help_text(program, config_dir()), end="")
        return 0
    from rast_bench.config.frontend import jobs_of_command_line

    jobs = jobs_of_command_line(argv, program)
    if jobs is None:
        return 0
    from rast_bench.launch.plan import Command
    from rast_bench.pipeline import run_jobs

    return run_jobs(jobs, Command(program, tuple(argv), Path.cwd()))
