"""Mean accuracy against what a token costs: a dot per row, a panel per cost."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rast_bench.reporting.figure_style import (
    add_legend,
    caption,
    grid_lines,
    house_style,
    row_styles,
)
from rast_bench.reporting.ours import Ours, ours_of
from rast_bench.results.registry import FLOPS, MEAN_ACCURACY, WEIGHTS_READ
from rast_bench.results.result import ROLE_ORDER, Measure, Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COSTS = (WEIGHTS_READ, FLOPS)
STEP = 0.013  # of the largest cost, between rows of equal cost
BESIDE = "; rows of equal cost stand side by side"
_PREFIXES = ((10**9, "G"), (10**6, "M"), (10**3, "k"), (1, ""))


@dataclass(frozen=True)
class CostScale:
    """The printed unit of a cost: `size` of it make one `unit`."""

    size: int
    unit: str


def cost_scale(measure: Measure, results: Sequence[Result]) -> CostScale:
    """Return the unit in which the largest of some costs is at least 1."""
    most = max(one.estimate or 0.0 for one in results if one.measure == measure)
    size, prefix = next((one for one in _PREFIXES if most >= one[0]), _PREFIXES[-1])
    sign = "B of weights" if measure == WEIGHTS_READ else "FLOPs"
    return CostScale(size, f"{prefix}{sign} per token")


def costs_and_accuracies(
    section: str, results: Sequence[Result], measure: Measure
) -> list[tuple[Result, Result]]:
    """Return (cost, mean accuracy) of every row of the section that has both, by role."""
    members = [one for one in results if one.section == section and one.estimate is not None]
    costs = {one.row: one for one in members if one.measure == measure}
    found = [one for one in members if one.measure == MEAN_ACCURACY and one.row in costs]
    found.sort(key=lambda one: ROLE_ORDER.index(one.role))
    return [(costs[one.row], one) for one in found]


def cost_figure(section: str, results: Sequence[Result]) -> "Figure | None":
    """Draw mean accuracy over bytes of weights and over FLOPs per token; None without rows."""
    from matplotlib.figure import Figure

    pairs = {one: costs_and_accuracies(section, results, one) for one in COSTS}
    drawn = [accuracy for _, accuracy in pairs[WEIGHTS_READ]]
    if not drawn:
        return None
    styles = row_styles(drawn)
    width = 10.0
    with house_style():
        figure = Figure(figsize=(width, 4.2 + 0.16 * len(drawn)), layout="constrained")
        axes = figure.subplots(1, len(COSTS), sharey=True)
        for axis, (measure, members) in zip(axes, pairs.items(), strict=True):
            scale = cost_scale(measure, [cost for cost, _ in members])
            places = _beside([(cost.estimate or 0.0) / scale.size for cost, _ in members])
            for x, (_, accuracy) in zip(places, members, strict=True):
                ours = ours_of(accuracy)
                assert isinstance(ours, Ours), "rows with an accuracy"
                axis.errorbar(
                    x,
                    ours.value,
                    yerr=ours.standard_error,
                    label=accuracy.row,
                    **{**styles[accuracy.row], "linestyle": "none"},
                )
            axis.set_xlabel(scale.unit)
            axis.set_xlim(left=0)
            grid_lines(axis, "both")
        axes[0].set_ylabel("mean accuracy (%)")
        figure.suptitle(f"Accuracy against cost: {section}", fontsize=12)
        add_legend(figure, axes, width, title=caption(drawn) + BESIDE, order=list(styles))
    return figure


def _beside(costs: Sequence[float]) -> list[float]:
    """Return where rows stand: those of equal cost side by side around it."""
    totals, met = Counter(costs), Counter[float]()
    places = []
    for cost in costs:
        places.append(cost + STEP * max(costs) * (met[cost] - (totals[cost] - 1) / 2))
        met[cost] += 1
    return places
