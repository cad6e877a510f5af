"""Bars and dots: a number per row and data set; ours filled, the published numbers hollow.

The functions return a matplotlib Figure, which touches no global state; saving is done elsewhere.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rast_bench.reporting.figure_style import (
    MUTED,
    PALETTE,
    add_legend,
    caption,
    end_at_100,
    grid_lines,
    hollow,
    house_style,
    row_styles,
)
from rast_bench.reporting.ours import ours_of
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def bar_figure(title: str, results: Sequence[Result], unit: str) -> "Figure":
    """Draw one bar per row, a group per data set, a panel per measure and section.

    Figures 9 and 10 and table 6 of the paper. Every result has a number of ours or a published one.
    """
    from matplotlib.figure import Figure

    places = {(result.section, result.row) for result in results}
    merged = len({label for _, label in places}) == len(places)  # labels tell rows apart

    def panel(result: Result) -> tuple[str, str]:
        return "" if merged else result.section, result.measure.name

    panels = list(dict.fromkeys(map(panel, results)))
    styles = row_styles(results)
    groups = list(dict.fromkeys(str(result.dataset) for result in results))
    with house_style():
        width = max(6.5, 0.42 * len(groups) * len(styles) + 3)
        figure = Figure(figsize=(width, 2.5 * len(panels) + 0.9), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False)
        for axis, key in zip(axes.flat, panels, strict=True):
            members = [result for result in results if panel(result) == key]
            _bars(axis, members, groups, styles)
            axis.set_title(key[1] if len({one for one, _ in panels}) == 1 else ": ".join(key))
            axis.set_ylabel(unit)
        figure.suptitle(title, fontsize=12)
        add_legend(figure, axes.flat, width, title=caption(results), order=list(styles))
    return figure


def dot_figure(title: str, results: Sequence[Result], unit: str) -> "Figure":
    """Draw one dot per row and data set, its published numbers hollow beside it (figure 1a).

    With one data set the ticks name the rows, with several the legend does.
    """
    from matplotlib.figure import Figure

    groups = list(dict.fromkeys(str(result.dataset) for result in results))
    rows = list(dict.fromkeys((result.section, result.row) for result in results))
    several = len({section for section, _ in rows}) > 1
    labels = {key: "\n".join(key) if several else key[1] for key in rows}
    with house_style():
        width = max(5.5, 1.6 * len(groups) + 1.2 * len(rows) ** 0.5 + 2)
        if len(groups) == 1:
            width = max(5.5, 1.1 * len(rows) + 1.5)
        figure = Figure(figsize=(width, 3.8), layout="constrained")
        axis = figure.add_subplot()
        step = 0.7 / max(1, len(rows))
        offsets = {key: (place - (len(rows) - 1) / 2) * step for place, key in enumerate(rows)}
        for place, key in enumerate(rows):
            colour = PALETTE[place % len(PALETTE)]
            for result in results:
                if (result.section, result.row) == key:
                    x = groups.index(str(result.dataset)) + offsets[key]
                    _dot(axis, result, x, 0.3 * step, labels[key].replace("\n", " "), colour)
        if len(groups) == 1:
            axis.set_xticks(list(offsets.values()), [labels[key] for key in offsets])
        else:
            axis.set_xticks(range(len(groups)), groups)
        axis.set_xlim(-0.5, len(groups) - 0.5)
        axis.margins(y=0.15)
        axis.set_ylabel(unit)
        grid_lines(axis)
        end_at_100(axis)
        figure.suptitle(title, fontsize=12)
        named = [] if len(groups) == 1 else [axis]
        add_legend(figure, named, width, title=caption(results))
    return figure


def _dot(axis: "Axes", result: Result, x: float, beside: float, label: str, colour: str) -> None:
    ours = ours_of(result)
    if ours:
        axis.errorbar(
            x,
            ours.value,
            yerr=ours.standard_error,
            color=colour,
            marker="o",
            capsize=3,
            label=label,
        )
    for number in result.published:
        axis.plot(
            x + (beside if ours else 0),
            float(number.value),
            linestyle="none",
            label=None if ours else label,
            **hollow(colour),
        )


def _bars(
    axis: "Axes",
    results: Sequence[Result],
    groups: Sequence[str],
    styles: Mapping[str, dict[str, Any]],
) -> None:
    labels = [label for label in styles if any(result.row == label for result in results)]
    width = 0.8 / len(labels)
    for result in results:
        place = labels.index(result.row) - (len(labels) - 1) / 2
        x = groups.index(str(result.dataset)) + place * width
        colour = styles[result.row]["color"]
        ours = ours_of(result)
        if ours:
            axis.bar(
                x,
                ours.value,
                0.92 * width,
                yerr=ours.standard_error,
                color=colour,
                alpha=0.85,
                label=result.row,
                error_kw={"elinewidth": 1, "ecolor": MUTED},
            )
            if ours.value == 0:  # otherwise it would look missing
                axis.annotate(
                    "0",
                    (x, 0),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    color=colour,
                    fontsize=8,
                )
        for number in result.published:
            axis.plot(
                x,
                float(number.value),
                linestyle="none",
                label=None if ours else result.row,
                **hollow(colour, "D"),
            )
    axis.set_xticks(range(len(groups)), groups)
    axis.set_xlim(-0.5, len(groups) - 0.5)
    axis.set_ylim(bottom=0)
    grid_lines(axis)
