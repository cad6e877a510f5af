"""A whole report from results: the texts and figures that one experiment leaves behind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rast_bench.reporting.comparison_csv import comparison_csv
from rast_bench.reporting.comparison_tables import comparison_table, grid_p_values
from rast_bench.reporting.detail_tables import detail_tables
from rast_bench.reporting.figures import heat_map_figure, pass_at_k_figure
from rast_bench.reporting.index import Grid, ResultIndex, grids_of
from rast_bench.reporting.long_csv import grid_csv, long_csv
from rast_bench.reporting.render_latex import render_latex
from rast_bench.reporting.render_markdown import escape_markdown, render_markdown
from rast_bench.reporting.render_text import render_text
from rast_bench.reporting.stems import file_stem
from rast_bench.reporting.table import Table
from rast_bench.reporting.tables import grid_table, main_table
from rast_bench.results.registry import ACCURACY
from rast_bench.results.result import Result
from rast_bench.terminal import stdout_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Report:
    """File name to text, and file stem to figure (saved as PNG and SVG), in the order of saving.

    `results` are the numbers that all of it was made of, `tables` the main tables.
    """

    texts: Mapping[str, str]
    figures: Mapping[str, "Figure"]
    results: tuple[Result, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def terminal(self) -> str:
        """The main tables, no wider than the terminal that stdout is."""
        width = stdout_width()
        return "\n".join(render_text(table, width) for table in self.tables)


def build_report(
    title: str,
    results: Sequence[Result],
    notes: Sequence[str] = (),
    grid_notes: Sequence[str] = (),
    *,
    first: Sequence[Table] = (),
    figures: Mapping[str, "Figure"] | None = None,
) -> Report:
    """Tables as text, Markdown and LaTeX, all numbers as CSV, and the figures.

    `notes` are footnotes on what only the caller knows, whole sentences: protocol (top-p, τ, λ,
    n), grader, seeds; `grid_notes` are those of the grids. The first table is the main one, or the
    grids where there are no rows; with `first` tables these are the main ones, and all others
    details. `figures` by file stem stand in for pass@k curves and heat maps. The results that the
    experiment asks for become `comparison.csv`.

    A section whose rows all have one sample a problem gets no pass@k figure: it would be points.
    """
    index, grids = ResultIndex(results), grids_of(results)
    grid_tables = [
        table for grid in grids for table in (grid_table(grid, grid_notes), *grid_p_values(grid))
    ]
    details: list[Table] = []
    main = grid_tables
    if index.rows:
        main = [main_table(index, notes)]
        details = [
            *detail_tables(index, notes),
            *comparison_table(index),
            *grid_tables,
        ]
    if first:
        main, details = list(first), [*main, *details]
    if figures is None:
        figures, captions = _figures(index, grids)
    else:
        captions = {stem: stem.replace("_", " ") for stem in figures}
    texts = _formats("table", title, main, captions)
    if details:
        texts |= _formats("details", f"{title}: details", details, {})
    if index.rows:
        texts["numbers.csv"] = long_csv(index)
    requested = requested_results(results)
    if requested:
        texts["comparison.csv"] = comparison_csv(requested)
    if grids:
        texts["grid.csv"] = grid_csv(grids)
    return Report(texts, figures, tuple(results), tuple(main))


def requested_results(results: Iterable[Result]) -> list[Result]:
    """Those that the experiment asks for, in the order of its tables."""
    return [result for result in results if result.requested]


def _figures(
    index: ResultIndex, grids: Sequence[Grid]
) -> tuple[dict[str, "Figure"], dict[str, str]]:
    """Figures and their captions by file stem."""
    figures: dict[str, Figure] = {}
    captions: dict[str, str] = {}
    for section in index.section_names():
        accuracies = (
            index.get(row, dataset, ACCURACY)
            for row in index.section(section)
            for dataset in index.datasets
        )
        if any((one.samples or 0) > 1 for one in accuracies if one):
            stem = file_stem(figures, "pass_at_k", section)
            figures[stem] = pass_at_k_figure(index, section)
            captions[stem] = f"pass@k of {section}"
    for grid in grids:
        stem = file_stem(figures, "lambda_temperature", grid.label, grid.dataset)
        figures[stem] = heat_map_figure(grid)
        captions[stem] = f"λ × τ of {grid.label} on {grid.dataset}"
    return figures, captions


def _formats(
    stem: str, title: str, tables: Sequence[Table], captions: Mapping[str, str]
) -> dict[str, str]:
    return {
        f"{stem}.txt": "\n".join(map(render_text, tables)),
        f"{stem}.md": _markdown(title, map(render_markdown, tables), captions),
        f"{stem}.tex": "\n".join(map(render_latex, tables)),
    }


def _markdown(title: str, tables: Iterable[str], captions: Mapping[str, str]) -> str:
    images = [f"![{escape_markdown(text)}]({stem}.png)\n" for stem, text in captions.items()]
    return "\n".join([f"# {escape_markdown(title)}\n", *tables, *images])
