"""The figures of an experiment, by kind, from its results. What has no number is not drawn."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rast_bench.config.experiment import FigureKind
from rast_bench.reporting.bars import bar_figure, dot_figure
from rast_bench.reporting.cost_figure import cost_figure
from rast_bench.reporting.curves import k_figure, setting_figure
from rast_bench.reporting.heat_maps import heat_map_figure
from rast_bench.reporting.index import Grid, grids_of
from rast_bench.reporting.ours import ours_of
from rast_bench.reporting.stems import file_stem
from rast_bench.results.registry import (
    ACCURACY,
    BEHAVIOURS,
    LENGTH,
    MAJORITY_AT_K,
    PASS_AT_K,
    PCR,
    WEIGHTS_READ,
)
from rast_bench.results.result import Measure, Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def requested_figures(
    kinds: Sequence[FigureKind], results: Sequence[Result], title: str
) -> dict[str, "Figure"]:
    """Return the figures that an experiment requests by file stem.

    There is one per section for pass@k and majority@k, one for all grids of one dimension, one per
    grid of two. Figures 4 and 5 (similarity, kl) are not among them: see analysis_figures.
    """
    found: dict[str, Figure] = {}
    for kind in kinds:
        if kind in _DRAW:
            found |= _DRAW[kind](results, title)
    return found


def k_figures(measure: Measure, results: Sequence[Result]) -> dict[str, "Figure"]:
    """Return the curves of a measure against k by file stem, one per section."""
    found: dict[str, Figure] = {}
    sections = dict.fromkeys(one.section for one in results if one.measure == measure)
    for section in sections:
        figure = k_figure(measure, section, results)
        if figure is not None:
            found[file_stem(found, measure.name.replace("@", "_at_"), section)] = figure
    return found


def grid_figures(grids: Sequence[Grid], prefix: str = "lambda_temperature") -> dict[str, "Figure"]:
    """Return the heat maps of grids by file stem."""
    found: dict[str, Figure] = {}
    for grid in grids:
        found[file_stem(found, prefix, grid.label, grid.dataset)] = heat_map_figure(grid)
    return found


def cost_figures(results: Sequence[Result]) -> dict[str, "Figure"]:
    """Return accuracy against cost by file stem, one per section that has costs."""
    found: dict[str, Figure] = {}
    for section in dict.fromkeys(one.section for one in results if one.measure == WEIGHTS_READ):
        figure = cost_figure(section, results)
        if figure is not None:
            found[file_stem(found, "accuracy_and_cost", section)] = figure
    return found


def _k_figures(measure: Measure) -> Callable[[Sequence[Result], str], dict[str, "Figure"]]:
    return lambda results, _: k_figures(measure, results)


def _behaviour(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    members = _drawable(results, *BEHAVIOURS.values())
    return {"behaviour": bar_figure(title, members, "per response")} if members else {}


def _length(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    members = _drawable(results, LENGTH)
    return {"length": bar_figure(title, members, "tokens")} if members else {}


def _path_coverage(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    members = _drawable(results, PCR)
    return {"path_coverage": dot_figure(title, members, "PCR (%)")} if members else {}


def _drawable(results: Sequence[Result], *measures: Measure) -> list[Result]:
    """Return the requested results of rows that have a number of ours or a published one."""
    return [
        one
        for one in results
        if one.requested
        and one.grid is None
        and one.measure in measures
        and (ours_of(one) or one.published)
    ]


def _grids(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    """Return grids of one dimension side by side in one figure, each of two in its own."""
    ours = {grid.label: grid for grid in grids_of(results)}
    lines: list[Result] = []
    found: dict[str, Figure] = {}
    points = [one for one in results if one.grid is not None and one.measure == ACCURACY]
    for name in dict.fromkeys(str(one.grid) for one in points):
        members = [one for one in points if one.grid == name]
        drawn = [one for one in members if ours_of(one) or one.published]
        if not drawn:
            continue
        lambdas = {one.lambda_ for one in members}
        temperatures = {one.temperature for one in members}
        if min(len(lambdas), len(temperatures)) > 1:
            first = members[0]
            grid = ours.get(name) or Grid(name, str(first.dataset), {}, {})
            published = {
                (one.lambda_ or 0.0, one.temperature or 0.0): float(one.published[0].value)
                for one in members
                if one.published
            }
            found[file_stem(found, "grid", name)] = heat_map_figure(
                replace(grid, label=first.row), published
            )
        else:
            lines += drawn
    if lines:
        found["strength"] = setting_figure(title, lines)
    return found


_DRAW: dict[FigureKind, Callable[[Sequence[Result], str], dict[str, "Figure"]]] = {
    "pass@k": _k_figures(PASS_AT_K),
    "majority@k": _k_figures(MAJORITY_AT_K),
    "grids": _grids,
    "behaviour": _behaviour,
    "pcr": _path_coverage,
    "length": _length,
}
