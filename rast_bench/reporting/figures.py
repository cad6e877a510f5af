"""The two figures of a report: pass@k curves (the paper's figure 3) and a λ × τ heat map.

Both return a matplotlib Figure, which touches no global state; saving is done elsewhere.
"""

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from rast_bench.reporting.figure_style import INK, MARKERS, MUTED, PALETTE, house_style
from rast_bench.reporting.measures import (
    NEAR_BEST_TEST,
    GridCell,
    GridMeasures,
    Measurements,
    RowMeasures,
)
from rast_bench.reporting.numbers import decimal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A range of colours narrower than this many standard errors would paint noise as signal.
MIN_SPAN_IN_STANDARD_ERRORS = 8.0


def pass_at_k_figure(measurements: Measurements, section: str) -> "Figure":
    """Unbiased pass@k against k, one panel per data set, one line per row of `section`.

    The band is ± one standard error over problems. A row with one sample a problem (a greedy base)
    is a single point at k = 1.
    """
    from matplotlib.figure import Figure

    rows = measurements.section(section)
    datasets = [name for name in measurements.datasets if any(name in row.cells for row in rows)]
    columns = 2 if len(datasets) == 4 else max(1, min(3, len(datasets)))
    lines = max(1, ceil(len(datasets) / columns))
    with house_style():
        figure = Figure(figsize=(3.6 * columns + 2.2, 2.9 * lines + 0.5), layout="constrained")
        axes = figure.subplots(lines, columns, squeeze=False)
        styles = _line_styles(rows)
        panels = list(axes.flat[: len(datasets)])
        for unused in axes.flat[len(datasets) :]:
            unused.remove()
        for index, (axis, dataset) in enumerate(zip(panels, datasets, strict=True)):
            _pass_at_k_panel(axis, rows, dataset, styles)
            if index % columns == 0:
                axis.set_ylabel("pass@k (%)")
            if index + columns >= len(panels):  # nothing below it
                axis.set_xlabel("k (samples a problem)")
        figure.suptitle(f"pass@k of {section}, ± one standard error", fontsize=12)
        handles = {
            label: handle
            for axis in panels
            for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        ordered = [row.label for row in rows if row.label in handles]
        figure.legend(
            [handles[label] for label in ordered], ordered, loc="outside right center", fontsize=9
        )
    return figure


def _line_styles(rows: Sequence[RowMeasures]) -> dict[str, dict[str, Any]]:
    """Reference rows in greys, RAST rows solid, controls dotted; colour and marker by order."""
    styles: dict[str, dict[str, Any]] = {}
    coloured = 0
    for row in rows:
        style: dict[str, Any]
        if row.role == "base":
            style = {"color": MUTED, "linestyle": "--", "marker": "s"}
        elif row.role == "ceiling":
            style = {"color": INK, "linestyle": "--", "marker": "*", "markersize": 8}
        else:
            style = {
                "color": PALETTE[coloured % len(PALETTE)],
                "linestyle": "-" if row.role == "rast" else ":",
                "marker": MARKERS[coloured % len(MARKERS)],
            }
            coloured += 1
        styles[row.label] = {"linewidth": 1.6, "markersize": 5} | style
    return styles


def _pass_at_k_panel(
    axis: "Axes", rows: Sequence[RowMeasures], dataset: str, styles: dict[str, dict[str, Any]]
) -> None:
    present = [(row, row.cells[dataset]) for row in rows if dataset in row.cells]
    largest = max(cell.samples for _, cell in present)
    powers = [2**i for i in range(largest.bit_length()) if 2**i <= largest]
    for row, cell in present:
        ks = sorted(cell.pass_at_k)
        style = styles[row.label]
        values = [100 * cell.pass_at_k[k].value for k in ks]
        errors = [100 * (cell.pass_at_k[k].standard_error or 0.0) for k in ks]
        if len(ks) == 1:
            axis.errorbar(
                ks, values, yerr=errors, label=row.label, capsize=3, **style | {"linestyle": "none"}
            )
            continue
        axis.plot(
            ks,
            values,
            label=row.label,
            markevery=[index for index, k in enumerate(ks) if k in powers],
            **style,
        )
        axis.fill_between(
            ks,
            [value - error for value, error in zip(values, errors, strict=True)],
            [value + error for value, error in zip(values, errors, strict=True)],
            color=style["color"],
            alpha=0.13,
            linewidth=0,
        )
    axis.set_xscale("log", base=2)
    axis.set_xticks(powers, [str(k) for k in powers])
    axis.minorticks_off()
    axis.grid(axis="y", color="#E3E3E3", linewidth=0.8)
    axis.set_axisbelow(True)
    problems = present[0][1].problems
    axis.set_title(f"{dataset} ({problems} problems)")


def heat_map_figure(grid: GridMeasures) -> "Figure":
    """avg@n over λ (columns) and τ (rows, upwards), each cell with its standard error.

    All cells that a paired test cannot tell from the highest are framed, not only the highest.
    """
    import numpy as np
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    lambdas, temperatures = grid.lambdas(), grid.temperatures()
    values = np.full((len(temperatures), len(lambdas)), np.nan)
    for cell in grid.cells:
        values[temperatures.index(cell.temperature), lambdas.index(cell.lambda_)] = (
            100 * cell.avg.value
        )
    norm = Normalize(*_colour_range(grid.cells))
    with house_style():
        size = (max(5.0, 0.95 * len(lambdas) + 2.2), max(3.4, 0.72 * len(temperatures) + 1.9))
        figure = Figure(figsize=size, layout="constrained")
        axis = figure.add_subplot()
        image = axis.imshow(values, origin="lower", aspect="auto", cmap="cividis", norm=norm)
        axis.set_facecolor("#EDEDED")
        for cell in grid.cells:
            x, y = lambdas.index(cell.lambda_), temperatures.index(cell.temperature)
            red, green, blue, _ = image.cmap(norm(100 * cell.avg.value))
            # Rec. 709 luma: light text on dark cells.
            dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
            _heat_map_cell(axis, x, y, cell, colour="white" if dark else INK)
        for y, x in np.argwhere(np.isnan(values)):
            axis.text(x, y, "not run", ha="center", va="center", color=MUTED, fontsize=8)
        axis.set_xticks(range(len(lambdas)), [f"{value:g}" for value in lambdas])
        axis.set_yticks(range(len(temperatures)), [f"{value:g}" for value in temperatures])
        axis.tick_params(length=0)
        axis.set_xlabel("λ (weight of ΔR; 0 is the base model)")
        axis.set_ylabel("τ (sampling temperature)")
        for spine in axis.spines.values():
            spine.set_visible(False)
        axis.set_title(f"{grid.label} on {grid.dataset} ({grid.problems} problems)")
        bar = figure.colorbar(image, ax=axis, pad=0.02)
        bar.set_label(f"avg@{grid.samples} (%)")
        bar.outline.set_visible(False)
        figure.supxlabel(
            "± one standard error over problems. Framed: not significantly below the highest cell\n"
            f"({NEAR_BEST_TEST}).",
            fontsize=8,
            color=MUTED,
        )
    return figure


def _heat_map_cell(axis: "Axes", x: int, y: int, cell: GridCell, *, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axis.text(x, y + 0.12, decimal(100 * cell.avg.value, 1), ha="center", va="center", color=colour)
    if cell.avg.standard_error is not None:
        error = f"± {decimal(100 * cell.avg.standard_error, 1)}"
        axis.text(x, y - 0.24, error, ha="center", va="center", color=colour, fontsize=7)
    if cell.near_best:
        axis.add_patch(
            Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, edgecolor=colour, linewidth=1.3)
        )


def _colour_range(cells: Sequence[GridCell]) -> tuple[float, float]:
    """From the lowest to the highest cell in percent, widened where that is within noise."""
    values = [100 * cell.avg.value for cell in cells]
    errors = [100 * (cell.avg.standard_error or 0.0) for cell in cells]
    low, high = min(values), max(values)
    least = max(MIN_SPAN_IN_STANDARD_ERRORS * sum(errors) / len(errors), 1.0)
    if high - low < least:
        middle = (low + high) / 2
        low = max(0.0, middle - least / 2)
        high = low + least
    return low, high
