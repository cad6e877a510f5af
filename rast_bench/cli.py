"""The `rast-bench` command. Importing this module is cheap."""

import argparse
import sys
from collections.abc import Collection, Sequence

from rast_bench import __version__
from rast_bench.app import guarded
from rast_bench.app import main as run_main
from rast_bench.choices import Arguments, one_of
from rast_bench.errors import ConfigError

_DESCRIPTION = """\
Measure how much of a reasoning behaviour transfers at decoding time (RAST, arXiv 2506.15710):
at every step, logits = M_base + λ · (S_RL − S_base)."""

_EXAMPLES = """\
examples:
  rast-bench run base_model=tiny-l delta=tiny-s dataset=tiny-hard    one cell, and its table
  rast-bench run experiment=demo                                     a whole table
  rast-bench run --help                                              every option there is
  rast-bench plan experiment=demo                                    what it will make and cost
  rast-bench show-prompt dataset=tiny-hard                           what the model will read
  rast-bench status demo                                             what is done, what is missing
  rast-bench status --follow                                         how the latest launch goes on
  rast-bench cancel                                                  end its workers
  rast-bench resume                                                  make what is missing
  rast-bench table table1                                            the paper's numbers and ours
  rast-bench figure figure6                                          the same, drawn
  rast-bench analyse pcr demo --generate                             how far M_base follows RL
  rast-bench grade IN.jsonl OUT.jsonl --grader simplerl              verdicts on responses
  rast-bench export samples samples.parquet --experiment demo        for other programs
  rast-bench verify                                                  check every stored file
  rast-bench audit-paper                                             faults of the paper's numbers

Overrides are group=option and key=value, as in `rast-bench run --help`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a subcommand and returns the exit code, as `rast_bench.app.main` does."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["run"]:  # its flags are Hydra's
        return run_main(arguments[1:], program="rast-bench run")
    return guarded(lambda: _command(arguments), arguments)


def _command(arguments: list[str]) -> int:
    """Commands with a parser of their own, then the others."""
    words = arguments[1:]
    match arguments[:1]:
        case ["worker"]:
            from rast_bench.launch.commands import worker

            return worker(words)
        case ["audit-paper"]:
            from rast_bench.paper.command import main as audit_paper

            return audit_paper(words)
        case ["analyse"]:
            from rast_bench.analysis.command import main as analyse

            return analyse(words)
        case ["export"]:
            from rast_bench.export_command import main as export

            return export(words)
        case ["grade"]:
            from rast_bench.grade_command import main as grade

            return grade(words)
        case ["plan"]:  # Hydra's too, beside a few of its own
            from rast_bench.planning.command import main as plan

            return plan(words)
    return _parse_and_dispatch(arguments)


def _parse_and_dispatch(arguments: list[str]) -> int:
    parser, commands = _parser()
    if not arguments:
        raise ConfigError("no command is given", hint="`rast-bench --help` lists them")
    if not arguments[0].startswith("-"):
        one_of("command", "commands", commands)(arguments[0])
    args, late = parser.parse_known_args(arguments)
    if late:  # argparse takes no overrides behind a flag
        if "overrides" not in args or any("=" not in w or w.startswith("-") for w in late):
            parser.error(f"unrecognized arguments: {' '.join(late)}")
        args.overrides += late
    return _dispatch(args)


def _parser() -> tuple[argparse.ArgumentParser, Collection[str]]:
    """The parser, and the names of its commands."""
    parser = Arguments(prog="rast-bench", description=_DESCRIPTION, epilog=_EXAMPLES)
    parser.add_argument("--version", action="version", version=f"rast-bench {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("run", help="generate, grade and print; `run --help` lists all options")
    commands.add_parser("plan", help="say what `run` with the same words would make and cost")
    prompt = commands.add_parser("show-prompt", help="print what the models will read")
    table = commands.add_parser("table", help="print an experiment's table from stored samples")
    figure = commands.add_parser("figure", help="draw an experiment's figures from stored samples")
    status = commands.add_parser("status", help="say what is done of a launch or an experiment")
    for command in (table, figure):
        command.add_argument("experiment", metavar="EXPERIMENT", help="as in experiment=…")
    status.add_argument(
        "name", metavar="NAME", nargs="?", help="an experiment or a launch; none: the latest launch"
    )
    status.add_argument("--follow", action="store_true", help="until the launch's workers end")
    cancel = commands.add_parser("cancel", help="end a launch's workers; what is made is saved")
    resume = commands.add_parser("resume", help="run a launch's command again for what is missing")
    for command in (cancel, resume):
        command.add_argument("name", metavar="LAUNCH", nargs="?", help="id or folder; the latest")
    for command in (status, cancel, resume):
        command.add_argument("--results-dir", metavar="DIR", default="results")
    commands.add_parser("grade", help="verdicts on responses of a JSONL file, from anywhere")
    commands.add_parser("export", help="write samples, results or cells as JSONL, Parquet or CSV")
    commands.add_parser("worker", help="one task of an sbatch script: see slurm/")
    commands.add_parser("analyse", help="PCR, similarity of ΔR and KL along greedy samples")
    commands.add_parser("audit-paper", help="recompute the paper's numbers from one another")
    for command in (prompt, table, figure, status):
        command.add_argument("overrides", metavar="OVERRIDE", nargs="*", help="key=value")
        command.add_argument("--config-dir", metavar="DIR", help="your own options")
    verify = commands.add_parser("verify", help="check every stored file of a results folder")
    verify.add_argument("results_dir", nargs="?", default="results", metavar="DIR")
    return parser, commands.choices


def _dispatch(args: argparse.Namespace) -> int:
    from rast_bench import commands

    if args.command == "verify":
        return commands.verify(args.results_dir)
    if args.command in ("cancel", "resume"):
        return commands.end_or_resume(args.command, args.name, args.results_dir)
    overrides = list(args.overrides)
    if args.command == "show-prompt":
        return commands.show_prompt(overrides, args.config_dir)
    if args.command in ("table", "figure"):
        from rast_bench import experiment_commands

        show = experiment_commands.table if args.command == "table" else experiment_commands.figure
        return show([f"experiment={args.experiment}", *overrides], args.config_dir)
    if commands.names_launch(args.name, args.results_dir):
        return commands.launch_status(args.name, args.results_dir, follow=args.follow)
    return commands.status([f"experiment={args.name}", *overrides], args.config_dir)


if __name__ == "__main__":
    sys.exit(main())
