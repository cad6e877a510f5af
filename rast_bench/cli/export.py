"""`rast-bench export`: samples, results or cells of a results folder as one file."""

import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.config.arguments import RESULTS, CommandParser, add_results_dir, one_of
from rast_bench.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.api.columns import Column
    from rast_bench.api.folder import ResultsFolder

SUMMARY = "write samples, results or cells as JSONL, Parquet or CSV"

WHAT = ("samples", "results", "cells")
_SAMPLE_FLAGS = ("grader", "columns")

_DESCRIPTION = "Write the samples, results or cells of a results folder as JSONL, Parquet or CSV."
_EPILOG = """\
examples:
  rast-bench export samples samples.jsonl                            every sample
  rast-bench export samples demo.parquet --experiment demo           those of an experiment
  rast-bench export samples aime.csv --dataset aime24 --grader robust-2
  rast-bench export results numbers.parquet                          of all experiments
  rast-bench export samples lengths.csv --columns cell_id,problem_id,sample_index,token_count

docs/notebooks.md lists all columns. CSV is for spreadsheets: lists are JSON there, and text that a
spreadsheet would execute gets an apostrophe. JSONL and Parquet keep every text unchanged."""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    parser.add_argument("what", metavar="WHAT", help=", ".join(WHAT))
    parser.add_argument("target", metavar="FILE", type=Path, help="output; must not exist")
    add_results_dir(parser)
    parser.add_argument("--experiment", metavar="NAME", help="only cells of its saved results")
    parser.add_argument("--cell", metavar="ID", action="append", help="only this cell; repeatable")
    parser.add_argument(
        "--dataset", metavar="NAME", action="append", help="only this data set; repeatable"
    )
    parser.add_argument("--grader", metavar="NAME", help="verdicts of this grader only")
    parser.add_argument("--columns", metavar="A,B,…", help="only these columns of samples")
    parser.add_argument(
        "--format", metavar="FORMAT", help="jsonl, parquet or csv (default: by file extension)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace FILE if it exists")


def run(args: Namespace) -> int:
    """Write the file; print on stderr what it lacks.

    Raises:
        ConfigError: an option does not exist or fit, or the file cannot be written.
        LedgerError: the results folder cannot be read.
    """
    from rast_bench.api.export import FORMATS, check_target, export, format_of
    from rast_bench.api.folder import open_results

    what = one_of("thing to export", "things to export", WHAT)(args.what)
    kind = one_of("format", "formats", FORMATS)(args.format) if args.format else None
    check_target(args.target, overwrite=args.overwrite)
    written_as = format_of(args.target, kind)
    folder = open_results(args.results_dir or RESULTS)
    notes: list[str] = []
    frames, columns = _frames(what, args, folder, notes)
    rows = export(frames, columns, args.target, written_as, overwrite=args.overwrite)
    for note in dict.fromkeys(notes):
        print(f"note: {note}", file=sys.stderr)
    print(f"{rows:,} rows of {len(columns)} columns: {args.target}", file=sys.stderr)
    return 0


def _frames(
    what: str, args: Namespace, folder: "ResultsFolder", notes: list[str]
) -> tuple[Iterable["pd.DataFrame"], Sequence["Column"]]:
    """Return the frames to be written, and their columns."""
    from rast_bench.api import columns as documented

    if what == "results":
        _refuse(args, ("cell", "dataset", *_SAMPLE_FLAGS), what)
        return folder.iter_results(args.experiment, notes), documented.RESULTS
    cells = folder.select(args.experiment, args.cell, args.dataset, notes)
    if what == "cells":
        _refuse(args, _SAMPLE_FLAGS, what)
        return [folder.cell_frame(cells)], documented.CELLS
    names = None if args.columns is None else args.columns.split(",")
    columns = folder.columns(cells, args.grader, names)
    return folder.sample_frames(cells, columns, args.grader, notes, args.experiment), columns


def _refuse(args: Namespace, flags: Iterable[str], what: str) -> None:
    for flag in flags:
        if getattr(args, flag) is not None:
            raise ConfigError(f"--{flag} is not for {what}", hint="leave it out")
