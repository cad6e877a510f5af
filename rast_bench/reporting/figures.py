"""The two figures of a report: pass@k curves (the paper's figure 3) and a λ × τ heat map.

Both return a matplotlib Figure, which touches no global state; saving is done elsewhere.
"""

from collections.abc import Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from rast_bench.reporting.figure_style import INK, MARKERS, MUTED, PALETTE, house_style
from rast_bench.reporting.index import NEAR_BEST_TEST, Grid, ResultIndex, Row, estimate_of
from rast_bench.reporting.numbers import decimal
from rast_bench.results.registry import ACCURACY, PASS_AT_K
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A range of colours narrower than this many standard errors would paint noise as signal.
MIN_SPAN_IN_STANDARD_ERRORS = 8.0


def pass_at_k_figure(index: ResultIndex, section: str) -> "Figure":
    """Unbiased pass@k against k, one panel per data set, one line per row of `section`.

    The band is ± one standard error over problems. A row with one sample a problem (a greedy base)
    is a single point at k = 1.
    """
    from matplotlib.figure import Figure

    rows = index.section(section)
    datasets = [
        name for name in index.datasets if any(index.get(row, name, ACCURACY) for row in rows)
    ]
    columns = 2 if len(datasets) == 4 else max(1, min(3, len(datasets)))
    lines = max(1, ceil(len(datasets) / columns))
    with house_style():
        figure = Figure(figsize=(3.6 * columns + 2.2, 2.9 * lines + 0.5), layout="constrained")
        axes = figure.subplots(lines, columns, squeeze=False)
        styles = _line_styles(rows)
        panels = list(axes.flat[: len(datasets)])
        for unused in axes.flat[len(datasets) :]:
            unused.remove()
        for place, (axis, dataset) in enumerate(zip(panels, datasets, strict=True)):
            _pass_at_k_panel(axis, index, rows, dataset, styles)
            if place % columns == 0:
                axis.set_ylabel("pass@k (%)")
            if place + columns >= len(panels):  # nothing below it
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


def _line_styles(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
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
    axis: "Axes",
    index: ResultIndex,
    rows: Sequence[Row],
    dataset: str,
    styles: dict[str, dict[str, Any]],
) -> None:
    curves = {row: index.curve(row, dataset, PASS_AT_K) for row in rows}
    largest = max(k for curve in curves.values() for k in curve)
    powers = [2**i for i in range(largest.bit_length()) if 2**i <= largest]
    for row, curve in curves.items():
        if not curve:
            continue
        ks = sorted(curve)
        style = styles[row.label]
        values = [100 * curve[k].value for k in ks]
        errors = [100 * (curve[k].standard_error or 0.0) for k in ks]
        if len(ks) == 1:
            axis.errorbar(
                ks, values, yerr=errors, label=row.label, capsize=3, **style | {"linestyle": "none"}
            )
            continue
        axis.plot(
            ks,
            values,
            label=row.label,
            markevery=[place for place, k in enumerate(ks) if k in powers],
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
    problems = next(one.problems for row in rows if (one := index.get(row, dataset, ACCURACY)))
    axis.set_title(f"{dataset} ({problems} problems)")


def heat_map_figure(grid: Grid) -> "Figure":
    """avg@n over λ (columns) and τ (rows, upwards), each cell with its standard error.

    All cells that a paired test cannot tell from the highest are framed, not only the highest.
    """
    import numpy as np
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    lambdas, temperatures = grid.lambdas, grid.temperatures
    values = np.full((len(temperatures), len(lambdas)), np.nan)
    for (lambda_, temperature), result in grid.accuracies.items():
        place = temperatures.index(temperature), lambdas.index(lambda_)
        values[place] = 100 * estimate_of(result).value
    norm = Normalize(*_colour_range(grid))
    with house_style():
        size = (max(5.0, 0.95 * len(lambdas) + 2.2), max(3.4, 0.72 * len(temperatures) + 1.9))
        figure = Figure(figsize=size, layout="constrained")
        axis = figure.add_subplot()
        image = axis.imshow(values, origin="lower", aspect="auto", cmap="cividis", norm=norm)
        axis.set_facecolor("#EDEDED")
        for (lambda_, temperature), result in grid.accuracies.items():
            x, y = lambdas.index(lambda_), temperatures.index(temperature)
            red, green, blue, _ = image.cmap(norm(values[y, x]))
            # Rec. 709 luma: light text on dark cells.
            dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5
            colour = "white" if dark else INK
            _heat_map_cell(axis, x, y, result, colour=colour)
            if grid.near_best((lambda_, temperature)):
                _frame(axis, x, y, colour)
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


def _heat_map_cell(axis: "Axes", x: int, y: int, result: Result, *, colour: str) -> None:
    estimate = estimate_of(result)
    axis.text(x, y + 0.12, decimal(100 * estimate.value, 1), ha="center", va="center", color=colour)
    if estimate.standard_error is not None:
        error = f"± {decimal(100 * estimate.standard_error, 1)}"
        axis.text(x, y - 0.24, error, ha="center", va="center", color=colour, fontsize=7)


def _frame(axis: "Axes", x: int, y: int, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axis.add_patch(
        Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, edgecolor=colour, linewidth=1.3)
    )


def _colour_range(grid: Grid) -> tuple[float, float]:
    """From the lowest to the highest cell in percent, widened where that is within noise."""
    estimates = [estimate_of(result) for result in grid.accuracies.values()]
    values = [100 * one.value for one in estimates]
    errors = [100 * (one.standard_error or 0.0) for one in estimates]
    low, high = min(values), max(values)
    least = max(MIN_SPAN_IN_STANDARD_ERRORS * sum(errors) / len(errors), 1.0)
    if high - low < least:
        middle = (low + high) / 2
        low = max(0.0, middle - least / 2)
        high = low + least
    return low, high
