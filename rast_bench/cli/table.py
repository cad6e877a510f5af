"""`rast-bench table`: an experiment's table from stored samples."""

import sys
from argparse import Namespace
from pathlib import Path

from rast_bench.cli.experiment import add_experiment, named_experiment, report_available
from rast_bench.config.arguments import CommandParser

SUMMARY = "print an experiment's table from stored samples"

_DESCRIPTION = """\
Grade what is new, print and save the experiment's table, and generate nothing. Comparisons with
the paper and tables of costs are printed even if incomplete; others have to be complete."""


def configure(parser: CommandParser) -> None:
    parser.description = _DESCRIPTION
    add_experiment(parser)


def run(args: Namespace) -> int:
    """Print and save the table.

    Raises:
        LedgerError: a required cell is missing.
    """
    from rast_bench.config.next_command import next_command
    from rast_bench.reporting.save import save_report, written_files_summary
    from rast_bench.run.launch import Command

    job, experiment = named_experiment(args)
    _, report = report_available(job, experiment)
    print(report.terminal)
    folder = Path(job.options.results_dir) / experiment.name
    command = Command(args.program, args.words, Path.cwd())
    paths = save_report(report, folder, command.text)
    print("\n".join(written_files_summary(paths, next_command(job, "figure"))), file=sys.stderr)
    return 0
