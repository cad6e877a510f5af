"""The figures that an experiment asks for, by kind, from its results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.config.experiment import FigureKind
from rast_bench.reporting.joint_grid import grid_figure
from rast_bench.reporting.ours import ours_of
from rast_bench.reporting.result_figures import (
    bar_figure,
    dot_figure,
    k_figure,
    lambda_figure,
)
from rast_bench.reporting.stems import file_stem
from rast_bench.results.registry import ACCURACY, BEHAVIOURS, FIGURE_MEASURES, LENGTH, PCR
from rast_bench.results.result import Measure, Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def requested_figures(
    kinds: Sequence[FigureKind], results: Sequence[Result], title: str
) -> dict[str, "Figure"]:
    """By file stem; one per section for pass@k and majority@k, one for all grids of one dimension.

    Figures 4 and 5 (similarity, kl) are not among them: see analysis_figures.
    """
    found: dict[str, Figure] = {}
    for kind in kinds:
        if kind in ("pass@k", "majority@k"):
            for section, members in _by_section(results, *FIGURE_MEASURES[kind]).items():
                stem = file_stem(found, kind.replace("@", "_at_"), section)
                found[stem] = k_figure(f"{kind} of {section}", members)
        elif kind == "grids":
            found |= _grids(results, title)
        elif kind == "behaviour":
            members = [result for result in results if result.measure in BEHAVIOURS.values()]
            found["behaviour"] = bar_figure(title, members, "per response")
        elif kind == "length":
            found["length"] = bar_figure(title, _of(results, LENGTH), "tokens")
        elif kind == "pcr":
            members = [
                result for result in _of(results, PCR) if ours_of(result) or result.published
            ]
            if members:  # without an analysis and a published number there is nothing to draw
                found["path_coverage"] = dot_figure(title, members, "PCR (%)")
    return found


def _by_section(results: Sequence[Result], measure: Measure) -> dict[str, list[Result]]:
    members = _of(results, measure)
    sections = dict.fromkeys(result.section for result in members)
    return {one: [result for result in members if result.section == one] for one in sections}


def _of(results: Sequence[Result], measure: Measure) -> list[Result]:
    return [result for result in results if result.measure == measure and result.grid is None]


def _grids(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    """Grids of one dimension side by side in one figure, each of two in one of its own."""
    lines: list[Result] = []
    found: dict[str, Figure] = {}
    for grid in dict.fromkeys(result.grid for result in results if result.grid is not None):
        members = [
            result for result in results if result.grid == grid and result.measure == ACCURACY
        ]
        lambdas = {result.lambda_ for result in members}
        temperatures = {result.temperature for result in members}
        if len(lambdas) > 1 and len(temperatures) > 1:
            first = members[0]
            stem = file_stem(found, "grid", grid)
            found[stem] = grid_figure(f"{first.row} on {first.dataset}", members)
        else:
            lines += members
    if lines:
        found["strength"] = lambda_figure(title, lines)
    return found
