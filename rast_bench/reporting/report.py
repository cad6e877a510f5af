"""A whole report from results: the texts and figures of one experiment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rast_bench.reporting.comparison_csv import comparison_csv
from rast_bench.reporting.comparison_tables import comparison_table, difference_table, grid_p_values
from rast_bench.reporting.detail_tables import detail_tables
from rast_bench.reporting.experiment_figures import (
    cost_figures,
    grid_figures,
    k_figures,
    requested_figures,
)
from rast_bench.reporting.index import ResultIndex, grids_of
from rast_bench.reporting.long_csv import grid_csv, long_csv
from rast_bench.reporting.origin import NO_SAMPLES, SampleOrigin
from rast_bench.reporting.pooled_table import pooled_table
from rast_bench.reporting.render_latex import render_latex
from rast_bench.reporting.render_markdown import escape_markdown, render_markdown
from rast_bench.reporting.render_text import render_text
from rast_bench.reporting.side_by_side import graders_table, side_by_side_table
from rast_bench.reporting.table import Table
from rast_bench.reporting.tables import grid_table, main_table
from rast_bench.results.pooled import Pool, pooled_results
from rast_bench.results.registry import PASS_AT_K
from rast_bench.results.result import Result
from rast_bench.results.saved import results_bytes
from rast_bench.terminal import stdout_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rast_bench.config.experiment import FigureKind


@dataclass(frozen=True)
class Report:
    """Texts and figures.

    Attributes:
        title: Of the experiment.
        texts: By file name, in the order of saving.
        results: The numbers that everything was made from.
        kinds: The requested figures; None for pass@k curves and heat maps.
        tables: The main tables.
        samples: When and where the samples were made.
    """

    title: str
    texts: Mapping[str, str]
    results: tuple[Result, ...] = ()
    kinds: "tuple[FigureKind, ...] | None" = None
    tables: tuple[Table, ...] = ()
    samples: SampleOrigin = NO_SAMPLES

    @cached_property
    def figures(self) -> Mapping[str, "Figure"]:
        """The figures by file stem, drawn on first use."""
        if self.kinds is not None:
            return requested_figures(self.kinds, self.results, self.title)
        drawn = k_figures(PASS_AT_K, self.results) | grid_figures(grids_of(self.results))
        return drawn | cost_figures(self.results)

    @cached_property
    def results_file(self) -> bytes:
        """Return the content of RESULTS_FILE, made on first use."""
        return results_bytes(self.results)

    @property
    def notes(self) -> list[str]:
        """The footnotes of the main tables, each once."""
        return list(dict.fromkeys(note for table in self.tables for note in table.footnotes))

    @property
    def terminal(self) -> str:
        """The main tables, no wider than the terminal on stdout."""
        width = stdout_width()
        return "\n".join(render_text(table, width) for table in self.tables)


def build_report(
    title: str,
    results: Sequence[Result],
    notes: Sequence[str] = (),
    grid_notes: Sequence[str] = (),
    *,
    first: Sequence[Table] = (),
    kinds: "Sequence[FigureKind] | None" = None,
    samples: SampleOrigin = NO_SAMPLES,
    pools: Sequence[Pool] = (),
    costs: Sequence[Table] = (),
) -> Report:
    """Return the tables as text, Markdown and LaTeX, and all numbers as CSV; figures come later.

    The first table is the main one, or the grids if there are no rows. The results that the
    experiment requests become `comparison.csv`.

    Args:
        title: Of the Markdown files.
        results: Every number of the experiment.
        notes: Footnotes on what only the caller knows, whole sentences: protocol, grader, seeds.
        grid_notes: Those of the grids.
        first: Tables that are the main ones; all others are then in the details.
        kinds: Of figures, instead of pass@k curves and heat maps.
        samples: When and where the samples were made.
        pools: Rows that are runs of the same thing; their means are in a table after the main ones.
        costs: Tables of costs for the details.
    """
    results = [*results, *pooled_results(results, pools)]
    index, grids = ResultIndex(results), grids_of(results)
    grid_tables = [
        table for grid in grids for table in (grid_table(grid, grid_notes), *grid_p_values(grid))
    ]
    details: list[Table] = []
    main = grid_tables
    if index.rows:
        main = [main_table(index, notes), *side_by_side_table(index)]
        details = [
            *detail_tables(index, notes),
            *graders_table(index),
            *comparison_table(index),
            *difference_table(index),
            *costs,
            *grid_tables,
        ]
    if first:
        main, details = list(first), [*main, *details]
    main = [*main, *pooled_table(results, pools)]
    texts = _formats("table", title, main)
    if details:
        texts |= _formats("details", f"{title}: details", details)
    if index.rows:
        texts["numbers.csv"] = long_csv(index, results)
    requested = requested_results(results)
    if requested:
        texts["comparison.csv"] = comparison_csv(requested)
    if grids:
        texts["grid.csv"] = grid_csv(grids)
    asked = None if kinds is None else tuple(kinds)
    return Report(title, texts, tuple(results), asked, tuple(main), samples)


def requested_results(results: Iterable[Result]) -> list[Result]:
    """Return the results that the experiment requests, in the order of its tables."""
    return [result for result in results if result.requested]


def _formats(stem: str, title: str, tables: Sequence[Table]) -> dict[str, str]:
    markdown = [f"# {escape_markdown(title)}\n", *map(render_markdown, tables)]
    return {
        f"{stem}.txt": "\n".join(map(render_text, tables)),
        f"{stem}.md": "\n".join(markdown),
        f"{stem}.tex": "\n".join(map(render_latex, tables)),
    }
