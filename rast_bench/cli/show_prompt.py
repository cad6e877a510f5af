"""`rast-bench show-prompt`: the models' input."""

import sys
from argparse import Namespace

from rast_bench.config.arguments import CommandParser, add_arguments, arguments_of

SUMMARY = "print the models' input"

_DESCRIPTION = """\
Print each distinct prompt of the cells on the first problem of its data set: on stdout exactly what
the model reads, on stderr what it belongs to."""

_FIRST = {"limit": 1, "limit_seed": None}  # first problem of a data set


def configure(parser: CommandParser) -> None:
    parser.description = _DESCRIPTION
    add_arguments(parser)


def run(args: Namespace) -> int:
    """Print the prompts.

    Raises:
        RastBenchError: a configuration, data set or tokenizer cannot be read.
    """
    from rast_bench.config.frontend import job_of
    from rast_bench.datasets import render_prompt
    from rast_bench.engines.chat import with_rendered_chat
    from rast_bench.planning.cells import CellReader

    reader = CellReader()
    shown = set()
    for cell in map(with_rendered_chat, job_of(arguments_of(args)).cells):
        dataset, prompt = cell.dataset.model_copy(update=_FIRST), cell.prompt
        if (dataset, prompt) in shown:
            continue
        shown.add((dataset, prompt))
        (problem,), _ = reader.read_set(dataset)
        print(render_prompt(prompt, problem), flush=True)
        stops = ", ".join(map(repr, prompt.stop)) or "none"
        forced = prompt.forced_prefix
        print(
            f"problem {problem.problem_id} of {dataset.name}, gold answer {problem.gold!r}, "
            f"prompt {prompt.name}, stop strings: {stops}"
            + (f", the response starts with {forced!r}" if forced else ""),
            file=sys.stderr,
        )
    return 0
