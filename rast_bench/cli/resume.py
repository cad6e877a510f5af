"""`rast-bench resume`: repeat a launch's command for what is missing."""

import os
from argparse import Namespace

from rast_bench.cli.launches import add_launch, named_launch
from rast_bench.cli.run import run_words
from rast_bench.config.arguments import CommandParser
from rast_bench.errors import ConfigError

SUMMARY = "repeat a launch's command for what is missing"


def configure(parser: CommandParser) -> None:
    parser.description = "Repeat a launch's command in its folder. It makes only what is missing."
    add_launch(parser)


def run(args: Namespace) -> int:
    from rast_bench.run.outcome import is_alive

    launch = named_launch(args)
    if is_alive(launch):
        raise ConfigError(
            f"launch {launch.launch_id} is still running",
            hint=f"rast-bench status {launch.path}, or rast-bench cancel {launch.path} first",
        )
    os.chdir(launch.record.folder)
    return run_words(launch.record.words, launch.record.program)
