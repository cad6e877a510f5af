"""A whole report from measures: the texts and figures that one experiment leaves behind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rast_bench.reporting.claim_csv import claims_csv
from rast_bench.reporting.claims import Claim
from rast_bench.reporting.comparison_tables import comparison_table, grid_p_values
from rast_bench.reporting.detail_tables import detail_tables
from rast_bench.reporting.figures import heat_map_figure, pass_at_k_figure
from rast_bench.reporting.long_csv import grid_csv, long_csv
from rast_bench.reporting.measures import GridMeasures, Measurements
from rast_bench.reporting.render_latex import render_latex
from rast_bench.reporting.render_markdown import escape_markdown, render_markdown
from rast_bench.reporting.render_text import render_text
from rast_bench.reporting.stems import file_stem
from rast_bench.reporting.table import Table
from rast_bench.reporting.tables import grid_table, main_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TERMINAL_TABLE = "table.txt"


@dataclass(frozen=True)
class Report:
    """File name to text, and file stem to figure (saved as PNG and SVG), in the order of saving.

    `claims` are what the tables and figures beside the paper's numbers were made of.
    """

    texts: Mapping[str, str]
    figures: Mapping[str, "Figure"]
    claims: tuple[Claim, ...] = ()

    @property
    def terminal(self) -> str:
        """The main table as `make demo` prints it."""
        return self.texts[TERMINAL_TABLE]


def build_report(
    title: str,
    measurements: Measurements,
    grids: Sequence[GridMeasures] = (),
    notes: Sequence[str] = (),
    grid_notes: Sequence[str] = (),
    *,
    first: Sequence[Table] = (),
    figures: Mapping[str, "Figure"] | None = None,
    claims: Sequence[Claim] = (),
) -> Report:
    """Tables as text, Markdown and LaTeX, all numbers as CSV, and the figures.

    `notes` are footnotes on what only the caller knows, whole sentences: protocol (top-p, τ, λ,
    n), grader, seeds; `grid_notes` are those of the grids. The first table is the main one, or the
    grids where there are no rows; with `first` tables these are the main ones, and all others
    details. `figures` by file stem stand in for pass@k curves and heat maps. `claims` become
    `comparison.csv`.

    A section whose rows all have one sample a problem gets no pass@k figure: it would be points.
    """
    grid_tables = [
        table for grid in grids for table in (grid_table(grid, grid_notes), *grid_p_values(grid))
    ]
    details: list[Table] = []
    main = grid_tables
    if measurements.rows:
        main = [main_table(measurements, notes)]
        details = [
            *detail_tables(measurements, notes),
            *comparison_table(measurements),
            *grid_tables,
        ]
    if first:
        main, details = list(first), [*main, *details]
    if figures is None:
        figures, captions = _figures(measurements, grids)
    else:
        captions = {stem: stem.replace("_", " ") for stem in figures}
    texts = _formats("table", title, main, captions)
    if details:
        texts |= _formats("details", f"{title}: details", details, {})
    if measurements.rows:
        texts["numbers.csv"] = long_csv(measurements)
    if claims:
        texts["comparison.csv"] = claims_csv(claims)
    if grids:
        texts["grid.csv"] = grid_csv(grids)
    return Report(texts, figures, tuple(claims))


def _figures(
    measurements: Measurements, grids: Sequence[GridMeasures]
) -> tuple[dict[str, "Figure"], dict[str, str]]:
    """Figures and their captions by file stem."""
    figures: dict[str, Figure] = {}
    captions: dict[str, str] = {}
    for section in measurements.section_names():
        rows = measurements.section(section)
        if any(cell.samples > 1 for row in rows for cell in row.cells.values()):
            stem = file_stem(figures, "pass_at_k", section)
            figures[stem] = pass_at_k_figure(measurements, section)
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
