"""λ × τ heat maps: every cell's accuracy with its standard error, the best ones framed.

The functions return a matplotlib Figure, which touches no global state; saving is done elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rast_bench.reporting.figure_style import INK, MUTED, house_style
from rast_bench.reporting.index import NEAR_BEST_TEST, Grid, estimate_of
from rast_bench.reporting.numbers import DASH, decimal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A colour range narrower than this many standard errors would show noise as signal.
MIN_SPAN_IN_STANDARD_ERRORS = 8.0


@dataclass(frozen=True)
class HeatMap:
    """One map, by (λ, τ): value and standard error in percent, and which cells are framed.

    `empty` is shown in cells without a value.
    """

    title: str
    values: Mapping[tuple[float, float], tuple[float, float | None]]
    framed: frozenset[tuple[float, float]] = frozenset()
    empty: str = "not run"


def heat_map_figure(
    grid: Grid, published: Mapping[tuple[float, float], float] | None = None
) -> "Figure":
    """Draw avg@n over λ (columns) and τ (rows, upwards), each cell with its standard error.

    All cells that a paired test cannot tell from the highest are framed, not only the highest.

    Args:
        grid: Ours; it may have no cell if there is a published map.
        published: Percent by (λ, τ): a second map on the same colour scale, without errors.
    """
    maps = []
    if published:
        values = {place: (one, None) for place, one in published.items()}
        maps.append(HeatMap("published", values, empty=DASH))
    if grid.accuracies:
        maps.append(
            HeatMap(
                "ours" if published else "",
                {place: _percent(grid, place) for place in grid.accuracies},
                frozenset(filter(grid.near_best, grid.accuracies)),
            )
        )
    problems = f" ({grid.problems} problems)" if grid.accuracies else ""
    bar = f"avg@{grid.samples} (%)" if grid.accuracies else "published accuracy (%)"
    notes = []
    if grid.accuracies:
        notes.append(
            "± one standard error over problems. Framed: not significantly below the highest "
            f"cell\n({NEAR_BEST_TEST})."
        )
    return _figure(f"{grid.label} on {grid.dataset}{problems}", maps, bar, notes)


def _percent(grid: Grid, place: tuple[float, float]) -> tuple[float, float | None]:
    estimate = estimate_of(grid.accuracies[place])
    error = estimate.standard_error
    return 100 * estimate.value, None if error is None else 100 * error


def _figure(title: str, maps: Sequence[HeatMap], bar_label: str, notes: Sequence[str]) -> "Figure":
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    lambdas = sorted({place[0] for one in maps for place in one.values})
    temperatures = sorted({place[1] for one in maps for place in one.values})
    norm = Normalize(*colour_range(maps))
    with house_style():
        width = max(5.0, len(maps) * (0.95 * len(lambdas) + 0.9) + 1.3)
        height = max(3.4, 0.72 * len(temperatures) + 1.9)
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, len(maps), squeeze=False)
        for axis, one in zip(axes.flat, maps, strict=True):
            image = _map(axis, one, lambdas, temperatures, norm)
        axes[0, 0].set_ylabel("τ (sampling temperature)")
        if len(maps) == 1:
            axes[0, 0].set_title(title)
        else:
            figure.suptitle(title, fontsize=12)
        bar = figure.colorbar(image, ax=list(axes.flat), pad=0.02)
        bar.set_label(bar_label)
        bar.outline.set_visible(False)
        if notes:
            figure.supxlabel("\n".join(notes), fontsize=8, color=MUTED)
    return figure


def _map(
    axis: "Axes",
    one: HeatMap,
    lambdas: Sequence[float],
    temperatures: Sequence[float],
    norm: Any,
) -> Any:
    import numpy as np

    values = np.full((len(temperatures), len(lambdas)), np.nan)
    for (lambda_, temperature), (value, _) in one.values.items():
        values[temperatures.index(temperature), lambdas.index(lambda_)] = value
    image = axis.imshow(values, origin="lower", aspect="auto", cmap="cividis", norm=norm)
    axis.set_facecolor("#EDEDED")
    for (lambda_, temperature), (value, error) in one.values.items():
        x, y = lambdas.index(lambda_), temperatures.index(temperature)
        red, green, blue, _ = image.cmap(norm(value))
        # Rec. 709 luma: light text on dark cells.
        dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
        colour = "white" if dark else INK
        style: dict[str, Any] = {"ha": "center", "va": "center", "color": colour}
        axis.text(x, y + (0.12 if error is not None else 0.0), decimal(value, 1), **style)
        if error is not None:
            axis.text(x, y - 0.24, f"± {decimal(error, 1)}", fontsize=7, **style)
        if (lambda_, temperature) in one.framed:
            _frame(axis, x, y, colour)
    for y, x in np.argwhere(np.isnan(values)):
        axis.text(x, y, one.empty, ha="center", va="center", color=MUTED, fontsize=8)
    axis.set_xticks(range(len(lambdas)), [f"{value:g}" for value in lambdas])
    axis.set_yticks(range(len(temperatures)), [f"{value:g}" for value in temperatures])
    axis.tick_params(length=0)
    axis.set_xlabel("λ (weight of ΔR; 0 is the base model)")
    if one.title:
        axis.set_title(one.title)
    for spine in axis.spines.values():
        spine.set_visible(False)
    return image


def _frame(axis: "Axes", x: int, y: int, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axis.add_patch(
        Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, edgecolor=colour, linewidth=1.3)
    )


def colour_range(maps: Sequence[HeatMap]) -> tuple[float, float]:
    """Return the lowest and the highest value in percent, widened if within noise."""
    numbers = [number for one in maps for number in one.values.values()]
    values = [value for value, _ in numbers]
    errors = [error for _, error in numbers if error is not None] or [0.0]
    low, high = min(values), max(values)
    least = max(MIN_SPAN_IN_STANDARD_ERRORS * sum(errors) / len(errors), 1.0)
    if high - low < least:
        middle = (low + high) / 2
        low = max(0.0, middle - least / 2)
        high = low + least
    return low, high
