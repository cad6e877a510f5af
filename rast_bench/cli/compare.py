"""`rast-bench compare`: two cells, rows or experiments on the same problems."""

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.config.arguments import RESULTS, CommandParser, add_results_dir, whole_number
from rast_bench.terminal import printable_json, stdout_width

if TYPE_CHECKING:
    from rast_bench.api.comparison import Comparison
    from rast_bench.ledger import Ledger
    from rast_bench.metrics.estimate import Estimate
    from rast_bench.reporting.table import Table

SUMMARY = "the paired difference of two cells, rows or experiments"

FLIPS = 10

_DESCRIPTION = """\
Compare two cells problem by problem: the mean difference B − A with its standard error and 95 %
interval over problems, the p-value of the paired sign-flip test, the problems whose share of
correct samples changed most, and what differs in how the samples were made. Of two experiments,
rows of the same section, label and data set are compared; of two rows, their cells on the same data
set. Nothing is generated or graded."""
_EPILOG = """\
examples:
  rast-bench compare 0123456789abcdef fedcba9876543210
  rast-bench compare demo:dial-l "demo:+ ΔR dial-s"            two rows; part of a label is enough
  rast-bench compare table1 table1_seed1                       two experiments, row by row
  rast-bench compare demo:dial-l "demo:RL ceiling" --dataset dials-hard --flips 30
  rast-bench compare demo:dial-l "demo:RL ceiling" --page both.html"""


def configure(parser: CommandParser) -> None:
    parser.description, parser.epilog = _DESCRIPTION, _EPILOG
    for name in "AB":
        parser.add_argument(
            name.lower(), metavar=name, help="id of a cell, EXPERIMENT:ROW or EXPERIMENT"
        )
    add_results_dir(parser)
    parser.add_argument(
        "--dataset", metavar="NAME", action="append", help="only this data set; repeatable"
    )
    parser.add_argument("--grader", metavar="NAME", help="whose verdicts count")
    parser.add_argument(
        "--flips",
        metavar="N",
        type=whole_number,
        default=FLIPS,
        help=f"problems that changed most; default: {FLIPS}, 0: none",
    )
    parser.add_argument("--json", action="store_true", help="all of it, as one JSON list")
    parser.add_argument(
        "--page", metavar="FILE.html", type=Path, help="write a page with all samples of both"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace FILE.html if it exists")


def run(args: Namespace) -> int:
    """Print tables on stdout.

    Raises:
        ConfigError: a name does not exist, or the two cannot be compared.
        LedgerError: the results folder cannot be read.
    """
    from rast_bench.api.comparison import compare, paired_cells
    from rast_bench.api.folder import open_results
    from rast_bench.api.named import named_cells, only

    if args.page is not None:
        _check_page(args.page, overwrite=args.overwrite)
    folder = open_results(args.results_dir or RESULTS)
    notes: list[str] = []
    a, b = (
        only(
            "data set",
            args.dataset,
            named_cells(folder, word, notes),
            lambda one: one.cell.dataset,
        )
        for word in (args.a, args.b)
    )
    pairs = paired_cells(a, b, (args.a, args.b), notes)
    found = [compare(one, other, folder.ledger, args.grader) for one, other in pairs]
    if left_out := sum(one.left_out for one in found):
        notes.append(f"{left_out} problems are left out: one side lacks them, or samples of them")
    if args.json:
        print(printable_json([_record(one) for one in found], indent=1))
    else:
        print("\n".join(_texts(found, (args.a, args.b), args.flips, stdout_width())))
    for note in dict.fromkeys(notes):
        print(f"note: {note}", file=sys.stderr)
    if args.page is not None:
        print(f"page  {_write_page(args, found, folder.ledger)}", file=sys.stderr)
    elif len(found) == 1:
        names = f"{found[0].a.cell_id} {found[0].b.cell_id}"
        print(f"look  rast-bench view {names}, at #{_state(found[0])}", file=sys.stderr)
    return 0


def _check_page(page: Path, *, overwrite: bool) -> None:
    """Raise ConfigError if the page cannot be written there, before anything is read."""
    from rast_bench.api.export import check_target
    from rast_bench.errors import ConfigError

    if page.suffix != ".html":
        raise ConfigError(f"--page {page}: not the name of a page", hint=f"--page {page}.html")
    check_target(page, overwrite=overwrite)


def _write_page(args: Namespace, found: "Sequence[Comparison]", ledger: "Ledger") -> Path:
    """Write the viewer's page of all cells that were compared, the largest changes first."""
    from rast_bench.api.named import distinct
    from rast_bench.provenance import now
    from rast_bench.run.launch import Command
    from rast_bench.viewer.data import Numbers
    from rast_bench.viewer.report_file import write_report
    from rast_bench.viewer.snapshot import Choice, Snapshot

    cells = distinct(named for one in found for named in (one.a, one.b))
    graders = {named.cell_id: one.grader for one in found for named in (one.a, one.b)}
    choices = [Choice(one.cell, grader=graders[one.cell_id]) for one in cells]
    notes = tuple(_sentence(one) for one in found)
    written = write_report(
        args.page.parent,
        Snapshot(ledger, choices),
        Numbers(None, f"{args.b} against {args.a}", notes=notes),
        {
            "command": Command(args.program, args.words, Path.cwd()).text,
            "time": f"{now():%Y-%m-%d}",
            "commit": None,
        },
        name=args.page.name,
        start=_state(found[0]),
    )
    return written.path


def _state(one: "Comparison") -> str:
    """Return what the viewer's address says for two cells side by side, the changes first."""
    a, b = one.a.cell_id, one.b.cell_id
    return f"view=samples&cells={a},{b}&a={a}&b={b}&sort=-diff"


def _sentence(one: "Comparison") -> str:
    text = (
        f"{one.a.cell.dataset}: {one.b.title} less {one.a.title} is {_signed(one.difference)} "
        f"points over {one.problems} problems"
    )
    if one.low is not None and one.high is not None:
        text += f", 95 % interval [{_points(one.low)}, {_points(one.high)}]"
    return f"{text}; p = {_p(one.p_value)} (paired sign-flip test)."


def _texts(
    found: "Sequence[Comparison]", names: tuple[str, str], flips: int, width: int | None
) -> list[str]:
    from rast_bench.reporting.render_text import render_text

    tables = [_main_table(found, names)]
    if flips and any(one.flips for one in found):
        tables.append(_flip_table(found, flips))
    tables.append(_difference_table(found))
    return [render_text(table, width) for table in tables]


def _main_table(found: "Sequence[Comparison]", names: tuple[str, str]) -> "Table":
    from rast_bench.metrics.accuracy import holm
    from rast_bench.reporting.numbers import DASH
    from rast_bench.reporting.table import (
        Cell,
        Column,
        RateCell,
        Table,
        TableRow,
        TableSection,
        TextCell,
    )

    several = len(found) > 1
    adjusted = holm([one.p_value for one in found])
    sections: dict[str, list[TableRow]] = {}
    for one, holm_p in zip(found, adjusted, strict=True):
        ends = (one.low, one.high)
        interval = DASH if None in ends else f"[{', '.join(_points(end or 0.0) for end in ends)}]"
        cells: list[Cell] = [
            TextCell(str(one.a.cell.dataset)),
            TextCell(str(one.problems)),
            TextCell(f"{one.samples_a}, {one.samples_b}"),
            RateCell(one.accuracy_a),
            RateCell(one.accuracy_b),
            TextCell(_signed(one.difference)),
            TextCell(interval),
            TextCell(f"{one.better}, {len(one.flips) - one.better}"),
            TextCell(_p(one.p_value)),
            *([TextCell(_p(holm_p))] if several else []),
        ]
        title = f"A: {one.a.title}   B: {one.b.title}"
        sections.setdefault(title, []).append(TableRow(tuple(cells)))
    headings = ("problems", "samples", "A", "B", "B − A", "95 % interval", "better, worse", "p")
    columns = [Column("data set", "left"), *map(Column, headings)]
    graders = " and ".join(dict.fromkeys(one.grader for one in found))
    notes = [
        "Accuracies in percent, ± one standard error over problems; differences in points, paired "
        f"by problem. samples: per problem, of A and B. Verdicts: {graders}.",
        "better, worse: problems with a larger and with a smaller share of correct samples in B.",
        "p: two-sided sign-flip test over problems"
        + ("; Holm: corrected over the rows of this table." if several else "."),
    ]
    return Table(
        "compare",
        f"B − A for A = {names[0]}, B = {names[1]}",
        (*columns, *([Column("Holm p")] if several else [])),
        tuple(TableSection(title, tuple(rows)) for title, rows in sections.items()),
        tuple(notes),
    )


def _flip_table(found: "Sequence[Comparison]", count: int) -> "Table":
    """Return the `count` problems that changed most of all, in the sections of their cells."""
    from rast_bench.reporting.table import Column, Table, TableRow, TableSection, TextCell

    flips = [(abs(flip.change), -place) for place, one in enumerate(found) for flip in one.flips]
    counts = Counter(-place for _, place in sorted(flips, reverse=True)[:count])
    sections = []
    for place, number in sorted(counts.items()):
        one = found[place]
        rows = [
            TableRow(
                (
                    TextCell(flip.problem_id),
                    TextCell(f"{_points(flip.rate_a)} → {_points(flip.rate_b)}"),
                    TextCell(_points(flip.change, signed=True)),
                )
            )
            for flip in one.flips[:number]
        ]
        title = f"{one.a.cell.dataset}, {one.a.title} → {one.b.title}"
        sections.append(TableSection(title, tuple(rows)))
    return Table(
        "flips",
        "Problems whose share of correct samples changed most, in percent",
        (Column("problem", "left"), Column("A → B"), Column("change")),
        tuple(sections),
    )


def _difference_table(found: "Sequence[Comparison]") -> "Table":
    """What differs in how the samples were made, once where it does in all pairs."""
    from rast_bench.reporting.table import Column, Table, TableRow, TableSection, TextCell

    values: dict[str, dict[tuple[str, str], None]] = {}
    for one in found:
        for name, (first, second) in one.differs.items():
            values.setdefault(name, {})[_short(first), _short(second)] = None
    rows = [
        TableRow((TextCell(name), TextCell(first), TextCell(second)))
        for name, pairs in values.items()
        for first, second in (pairs if len(pairs) < 5 else [("several", "several")])
    ]
    columns = (Column("", "left"), Column("A", "left"), Column("B", "left"))
    section = TableSection("what changes the tokens", tuple(rows))
    return Table("differences", "What differs between A and B", columns, (section,))


def _record(one: "Comparison") -> dict[str, Any]:
    def side(letter: str) -> dict[str, Any]:
        named, accuracy = getattr(one, letter), getattr(one, f"accuracy_{letter}")
        places = ("cell_id", "title", "experiment", "section", "row", "grid")
        return {
            **{name: getattr(named, name) for name in places},
            "samples_per_problem": getattr(one, f"samples_{letter}"),
            "accuracy": accuracy.value,
            "standard_error": accuracy.standard_error,
        }

    return {
        "dataset": one.a.cell.dataset,
        "grader": one.grader,
        "problems": one.problems,
        "left_out": one.left_out,
        "a": side("a"),
        "b": side("b"),
        "difference": one.difference.value,
        "standard_error": one.difference.standard_error,
        "low": one.low,
        "high": one.high,
        "p_value": one.p_value,
        "flips": [
            {"problem_id": flip.problem_id, "a": flip.rate_a, "b": flip.rate_b}
            for flip in one.flips
        ],
        "differs": {name: list(values) for name, values in one.differs.items()},
    }


def _points(share: float, *, signed: bool = False) -> str:
    from rast_bench.reporting.numbers import decimal

    text = decimal(100 * share, 1)
    return f"+{text}" if signed and share > 0 else text


def _signed(estimate: "Estimate") -> str:
    text = _points(estimate.value, signed=True)
    error = estimate.standard_error
    return text if error is None else f"{text} ± {_points(error)}"


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}"


def _short(value: object) -> str:
    text = "none" if value in (None, []) else str(value)
    if text.startswith("sha256:"):
        return text[:15] + "…"
    return text if len(text) <= 60 else f"{text[:59]}…"
