"""The command line: one module per command, with its options and its implementation.

dispatch   from the arguments to the command
help_text  the long text of `run --help`

A command's module has SUMMARY, its line in `rast-bench --help`; `configure`, which adds its options
to a parser; and `run`, which returns the exit code. Slow imports are made in `run`.
"""

from rast_bench.cli.dispatch import main, run_command

__all__ = ["main", "run_command"]
