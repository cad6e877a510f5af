"""The figures that an experiment asks for, by kind, from its results."""

from collections.abc import Callable, Sequence
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
from rast_bench.results.registry import (
    ACCURACY,
    BEHAVIOURS,
    LENGTH,
    MAJORITY_AT_K,
    PASS_AT_K,
    PCR,
)
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
        if kind in _DRAW:
            found |= _DRAW[kind](results, title)
    return found


def _curves(measure: Measure) -> Callable[[Sequence[Result], str], dict[str, "Figure"]]:
    def draw(results: Sequence[Result], _: str) -> dict[str, "Figure"]:
        found: dict[str, Figure] = {}
        members = _of(results, measure)
        for section in dict.fromkeys(result.section for result in members):
            stem = file_stem(found, measure.name.replace("@", "_at_"), section)
            mine = [result for result in members if result.section == section]
            found[stem] = k_figure(f"{measure.name} of {section}", mine)
        return found

    return draw


def _behaviour(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    members = [result for result in results if result.measure in BEHAVIOURS.values()]
    return {"behaviour": bar_figure(title, members, "per response")}


def _length(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    return {"length": bar_figure(title, _of(results, LENGTH), "tokens")}


def _path_coverage(results: Sequence[Result], title: str) -> dict[str, "Figure"]:
    """Nothing where there is neither an analysis nor a published number to draw."""
    members = [one for one in _of(results, PCR) if ours_of(one) or one.published]
    return {"path_coverage": dot_figure(title, members, "PCR (%)")} if members else {}


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


_DRAW: dict[FigureKind, Callable[[Sequence[Result], str], dict[str, "Figure"]]] = {
    "pass@k": _curves(PASS_AT_K),
    "majority@k": _curves(MAJORITY_AT_K),
    "grids": _grids,
    "behaviour": _behaviour,
    "pcr": _path_coverage,
    "length": _length,
}
