"""`rast-bench report`: an experiment's tables, and the page with every sample."""

import sys
from argparse import Namespace
from pathlib import Path

from rast_bench.cli.experiment import add_experiment, named_experiment, report_available
from rast_bench.config.arguments import CommandParser

SUMMARY = "write an experiment's numbers, charts and samples as an HTML page"

_DESCRIPTION = """\
Grade what is new, save the experiment's tables as `rast-bench table` does, and write report.html
beside them: its numbers, charts and all its samples in one file, which opens from disk and can be
mailed. If they are more than 10 MB the samples lie in files beside it, in report_files/. Generates
nothing."""

_EPILOG = """\
examples:
  rast-bench report demo                    results/demo/report.html
  rast-bench report table1 decoding.n=8     the first 8 samples of each problem

`rast-bench view` shows a ledger of any size without writing files; docs/viewer.md describes the
page."""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    add_experiment(parser)


def run(args: Namespace) -> int:
    """Write the tables and the page.

    Raises:
        LedgerError: a required cell is missing, or a file cannot be written.
    """
    from rast_bench.api.cells import stored_cell
    from rast_bench.grading import graders_of
    from rast_bench.ledger import Ledger
    from rast_bench.provenance import now
    from rast_bench.reporting.save import save_report
    from rast_bench.run.launch import Command
    from rast_bench.viewer.data import saved_numbers
    from rast_bench.viewer.report_file import write_report
    from rast_bench.viewer.snapshot import Choice, Snapshot

    job, experiment = named_experiment(args)
    results = Path(job.options.results_dir)
    planned, report = report_available(job, experiment)
    command = Command(args.program, args.words, Path.cwd()).text
    folder = save_report(report, results / experiment.name, command)[0].parent
    ledger = Ledger(results)
    chosen: dict[str, Choice] = {}
    for one in planned:
        stored = None if one is None else stored_cell(ledger, one.cell_id)
        if one is not None and stored is not None:
            known = chosen.get(one.cell_id)
            if known is None or (known.wanted or 0) < one.wanted:
                chosen[one.cell_id] = Choice(
                    stored,
                    frozenset(problem.problem_id for problem in one.problems),
                    one.cell.decoding.samples_per_problem,
                    graders_of(one.cell, job.options.grader)[0],
                    one.wanted,
                )
    snapshot = Snapshot(ledger, list(chosen.values()))
    numbers = saved_numbers(folder, experiment.name)
    made = {
        "command": command,
        "time": f"{now():%Y-%m-%d}",
        "commit": numbers.record.get("commit"),
    }
    written = write_report(folder, snapshot, numbers, made)
    size = f"{written.page_bytes / 1e6:.1f} MB, {snapshot.samples:,} samples"
    if written.chunks:
        size += f" in {written.chunks} files beside it, {written.chunk_bytes / 1e6:.0f} MB"
    print(f"report   {written.path} ({size})", file=sys.stderr)
    return 0
