"""`python run.py` and `rast-bench run`: compose, validate, plan, run, grade, table.

Importing this module is cheap; torch, pandas and Hydra come in when they are needed.
"""

from collections.abc import Sequence
from pathlib import Path

from rast_bench.guard import guarded
from rast_bench.surroundings import require_docstrings


def main(argv: Sequence[str], *, program: str = "rast-bench run") -> int:
    """Runs what the overrides describe and returns the process's exit code.

    0 done, 1 a bug, or output that could not be written, 2 a mistake of the user (one line on
    stderr), 130 and 143 interrupted.
    """
    return guarded(lambda: _run(argv, program), argv)


def _run(argv: Sequence[str], program: str) -> int:
    if "--help" in argv or "-h" in argv:
        from rast_bench.config.paths import config_dir
        from rast_bench.help_text import help_text

        print(help_text(program, config_dir()), end="")
        return 0
    require_docstrings()
    from rast_bench.config.frontend import jobs_of_command_line

    jobs = jobs_of_command_line(argv, program)
    if jobs is None:
        return 0
    from rast_bench.pipeline import run_jobs
    from rast_bench.run.launch import Command

    return run_jobs(jobs, Command(program, tuple(argv), Path.cwd()))
