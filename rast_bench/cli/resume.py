"""`rast-bench resume`: a launch's command again, for what is missing."""

import os
from argparse import Namespace

from rast_bench.cli.launches import add_launch, named_launch
from rast_bench.cli.run import run_words
from rast_bench.config.arguments import Arguments
from rast_bench.errors import ConfigError

SUMMARY = "run a launch's command again for what is missing"


def configure(parser: Arguments) -> None:
    parser.description = (
        "Run a launch's command again where it was typed. It makes only what is missing."
    )
    add_launch(parser)


def run(args: Namespace) -> int:
    from rast_bench.run.outcome import is_alive

    launch = named_launch(args)
    if is_alive(launch):
        raise ConfigError(
            f"launch {launch.launch_id} still runs",
            hint=f"rast-bench status {launch.path}, or rast-bench cancel {launch.path} first",
        )
    os.chdir(launch.record.folder)
    return run_words(launch.record.words, launch.record.program)
