"""`rast-bench run`, and `python run.py`: compose, validate, plan, generate, grade, table."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from rast_bench.config.arguments import (
    CommandArguments,
    CommandParser,
    add_run_arguments,
    arguments_of,
)
from rast_bench.errors import ConfigError
from rast_bench.startup import require_docstrings

SUMMARY = "generate, grade and print; `run --help` lists all options"


def configure(parser: CommandParser) -> None:
    add_run_arguments(parser)
    parser.whole_help = lambda: _help(parser.prog)


def run(args: Namespace) -> int:
    """Run what the arguments describe; see `rast_bench.cli.dispatch.main` for the exit codes."""
    require_docstrings()
    from rast_bench.config.frontend import jobs_of

    words = arguments_of(args)
    if show_configuration(args, words):
        return 0
    jobs = jobs_of(words)
    from rast_bench.pipeline import run_jobs
    from rast_bench.run.launch import Command

    return run_jobs(jobs, Command(args.program, args.words, Path.cwd()))


def run_words(words: Sequence[str], program: str) -> int:
    """Run `rast-bench run` with these arguments, in this process.

    Raises:
        RastBenchError: as the run.
    """
    parser = CommandParser(prog=program)
    configure(parser)
    return run(parser.read(words, Namespace(program=program, words=tuple(words))))


def show_configuration(args: Namespace, words: CommandArguments) -> bool:
    """Answer `--cfg`; return False if it was not given.

    Raises:
        ConfigError: the options do not fit together.
    """
    if args.cfg is None:
        if args.package is not None or args.resolve:
            raise ConfigError(
                "--package and --resolve belong to --cfg", hint="add --cfg job, or leave them out"
            )
        return False
    from rast_bench.config.frontend import configuration

    print(configuration(words, args.cfg, args.package, resolve=args.resolve), end="")
    return True


def _help(program: str) -> str:
    from rast_bench.cli.help_text import help_text
    from rast_bench.config.paths import config_dir

    return help_text(program, config_dir())
