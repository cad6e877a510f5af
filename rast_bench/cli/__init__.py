"""The command line: one module per command, each with its options and what it does.

dispatch   from the words to the command
help_text  the long answer of `run --help`

A command's module has SUMMARY, its line in `rast-bench --help`; `configure`, which adds its options
to a parser; and `run`, which returns the exit code. What is slow to import is imported in `run`.
"""

from rast_bench.cli.dispatch import main, run_command

__all__ = ["main", "run_command"]
