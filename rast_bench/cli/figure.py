"""`rast-bench figure`: an experiment's figures from stored samples."""

import sys
from argparse import Namespace
from pathlib import Path

from rast_bench.cli.experiment import add_experiment, named_experiment, report_available
from rast_bench.config.arguments import CommandParser
from rast_bench.errors import ConfigError

SUMMARY = "draw an experiment's figures from stored samples"

_DESCRIPTION = """\
Print the numbers of the experiment's figures, and save the figures as PNG, SVG and PDF. Generates
nothing; figures of analyses need them stored."""


def configure(parser: CommandParser) -> None:
    parser.description = _DESCRIPTION
    add_experiment(parser)


def run(args: Namespace) -> int:
    """Print and draw.

    Raises:
        LedgerError: cells, or an analysis to be drawn, are missing.
    """
    from rast_bench.config.next_command import next_command
    from rast_bench.reporting.analysis_figures import analysis_figures, check_tokens
    from rast_bench.reporting.report import requested_results
    from rast_bench.reporting.save import (
        figure_files,
        folder_for,
        save_files,
        written_files_summary,
    )

    job, experiment = named_experiment(args)
    results_dir = Path(job.options.results_dir)
    in_page = check_tokens(experiment, results_dir)
    _, report = report_available(job, experiment)
    requested = requested_results(report.results)
    figures = {**report.figures, **analysis_figures(experiment, requested, results_dir)}
    if not (figures or in_page) and experiment.figures:
        raise ConfigError(
            f"experiment {experiment.name}: nothing to draw, as none of its cells was run and no "
            "number was published",
            hint=f"`python run.py experiment={experiment.name}` makes the samples",
        )
    if not (figures or in_page):
        raise ConfigError(
            f"experiment {experiment.name} has no figure",
            hint=f"`rast-bench table {experiment.name}` prints its table",
        )
    print(report.terminal)
    if in_page:
        shown = f"rast-bench report {experiment.name}"
        print(f"note: figure 5 is shown token by token: `{shown}` makes its page", file=sys.stderr)
    if figures:
        files = figure_files(figures, ("png", "svg", "pdf"))
        paths = save_files(files, folder_for(report, results_dir / experiment.name))
        lines = written_files_summary(paths, next_command(job, "table", own=False))
        print("\n".join(lines), file=sys.stderr)
    return 0
