"""From the arguments of a command line to the command. Importing this module is cheap."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from types import ModuleType

from rast_bench import __version__
from rast_bench.cli import (
    analyse,
    audit_paper,
    cancel,
    compare,
    export,
    figure,
    grade,
    plan,
    report,
    resume,
    run,
    samples,
    serve,
    show_prompt,
    status,
    table,
    verify,
    view,
    wandb,
    worker,
)
from rast_bench.config.arguments import CommandParser, one_of
from rast_bench.errors import ConfigError
from rast_bench.guard import guarded

COMMANDS: dict[str, ModuleType] = {
    "run": run,
    "plan": plan,
    "show-prompt": show_prompt,
    "table": table,
    "figure": figure,
    "report": report,
    "view": view,
    "status": status,
    "cancel": cancel,
    "resume": resume,
    "samples": samples,
    "compare": compare,
    "serve": serve,
    "grade": grade,
    "export": export,
    "wandb": wandb,
    "worker": worker,
    "analyse": analyse,
    "audit-paper": audit_paper,
    "verify": verify,
}

_DESCRIPTION = """\
Measure how much of a reasoning behaviour transfers at decoding time (RAST, arXiv 2506.15710):
at every step, logits = M_base + λ · (S_RL − S_base)."""

_EXAMPLES = """\
examples:
  rast-bench run base_model=tiny-l delta=tiny-s dataset=tiny-hard    one cell, and its table
  rast-bench run experiment=demo                                     a whole table
  rast-bench run --help                                              every option
  rast-bench plan experiment=demo                                    what it will make and cost
  rast-bench show-prompt dataset=tiny-hard                           the model's input
  rast-bench status demo                                             what is done, what is missing
  rast-bench status --follow                                         progress of the latest launch
  rast-bench cancel                                                  end its workers
  rast-bench resume                                                  make what is missing
  rast-bench table table1                                            the paper's numbers and ours
  rast-bench figure figure6                                          the same, drawn
  rast-bench report demo                                             a page with every sample
  rast-bench view                                                    the same for any ledger
  rast-bench samples demo --wrong --limit 3                          questions and responses
  rast-bench compare demo:dial-l "demo:RL ceiling"                   the paired difference
  rast-bench serve --base tiny-l --delta tiny-s                      OpenAI's API for a composition
  rast-bench analyse pcr demo --generate                             how far M_base follows RL
  rast-bench grade IN.jsonl OUT.jsonl --grader simplerl              verdicts on responses
  rast-bench export samples samples.parquet --experiment demo        for other programs
  rast-bench wandb push demo                                         to Weights & Biases
  rast-bench verify                                                  check every stored file
  rast-bench audit-paper                                             errors in the paper's numbers

Overrides are group=option and key=value, as in `rast-bench run --help`. Every command takes
results_dir=DIR, or --results-dir DIR, and answers to --help."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code.

    0 done, 1 a bug, or output that could not be written, 2 a mistake of the user (one line on
    stderr), 130 and 143 interrupted.

    Raises:
        SystemExit: for `--help` and `--version`.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    return guarded(lambda: _run(words), words)


def _run(words: list[str]) -> int:
    if not words:
        raise ConfigError("no command is given", hint="`rast-bench --help` lists them")
    if words[0].startswith("-"):
        _list_of_commands().parse_args(words)  # ends the process, or raises
    name = one_of("command", "commands", COMMANDS)(words[0])
    return run_command(name, words[1:])


def run_command(name: str, words: Sequence[str]) -> int:
    """Run a command and return its exit code.

    Raises:
        RastBenchError: as the command.
        SystemExit: for `--help`.
    """
    command = COMMANDS[name]
    program = f"rast-bench {name}"
    parser = CommandParser(prog=program)
    command.configure(parser)
    args = parser.read(words, Namespace(program=program, words=tuple(words)))
    code: int = command.run(args)
    return code


def _list_of_commands() -> CommandParser:
    """Return the parser of `rast-bench --help` and `--version`; commands have their own."""
    parser = CommandParser(prog="rast-bench", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument("--version", action="version", version=f"rast-bench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        commands.add_parser(name, help=module.SUMMARY)
    return parser
