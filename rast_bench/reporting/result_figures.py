"""Figures of results: ours filled, the published numbers hollow beside it.

Each function returns a matplotlib Figure, which touches no global state; saving is done elsewhere.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from rast_bench.reporting.figure_style import INK, MARKERS, MUTED, PALETTE, house_style
from rast_bench.reporting.ours import ours_of
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAPTION = "ours: ± one standard error"
BOTH = "filled: ours, ± one standard error; hollow: published"
ONLY_PUBLISHED = "hollow: published; ours is not run"
CHARACTERS_AN_INCH, HANDLE_CHARACTERS = 14, 7  # of a legend: its letters, and a label's sign

Key = Callable[[Result], Any]


def k_figure(title: str, results: Sequence[Result]) -> "Figure":
    """Figures 3 and 8: a rate at k against k, one panel per data set, one line per row."""
    return _curves(title, results, lambda one: str(one.dataset), lambda one: one.k, "k", log=True)


def lambda_figure(title: str, results: Sequence[Result]) -> "Figure":
    """Figure 6: accuracy against λ or τ, one panel a grid; each grid varies one of the two."""

    def x(result: Result) -> float | None:
        same = [one for one in results if one.grid == result.grid]
        varies = len({one.lambda_ for one in same}) > 1
        return result.lambda_ if varies else result.temperature

    return _curves(title, results, lambda one: str(one.grid), x, "", log=False)


def bar_figure(title: str, results: Sequence[Result], unit: str) -> "Figure":
    """Figures 9 and 10 and table 6: a bar per row, a group per data set, a panel per section."""
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
        _finish(figure, title, results, axes.flat)
    return figure


def dot_figure(title: str, results: Sequence[Result], unit: str) -> "Figure":
    """Figure 1a: a dot per row and data set, its published number hollow beside it."""
    from matplotlib.figure import Figure

    groups = list(dict.fromkeys(str(result.dataset) for result in results))
    rows = list(dict.fromkeys((result.section, result.row) for result in results))
    with house_style():
        figure = Figure(
            figsize=(max(5.5, 1.6 * len(groups) + 1.2 * len(rows) ** 0.5 + 2), 3.8),
            layout="constrained",
        )
        axis = figure.add_subplot()
        step = 0.7 / max(1, len(rows))
        for index, key in enumerate(rows):
            colour = PALETTE[index % len(PALETTE)]
            members = [result for result in results if (result.section, result.row) == key]
            label = key[1] if len({one for one, _ in rows}) == 1 else " ".join(key)
            for result in members:
                x = groups.index(str(result.dataset)) + (index - (len(rows) - 1) / 2) * step
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
                        x + (0.3 * step if ours else 0),
                        float(number.value),
                        linestyle="none",
                        label=None if ours else label,
                        **hollow(colour),
                    )
        if len(groups) == 1:
            places = [(index - (len(rows) - 1) / 2) * step for index in range(len(rows))]
            axis.set_xticks(places, [label for _, label in rows])
        else:
            axis.set_xticks(range(len(groups)), groups)
        axis.set_xlim(-0.5, len(groups) - 0.5)
        axis.margins(y=0.15)
        axis.set_ylabel(unit)
        axis.grid(axis="y", color="#E3E3E3", linewidth=0.8)
        axis.set_axisbelow(True)
        _finish(figure, title, results, [axis])
    return figure


def row_styles(results: Sequence[Result]) -> dict[str, dict[str, Any]]:
    """Base in grey, ceiling in black, the rest by the palette; by label, in order."""
    styles: dict[str, dict[str, Any]] = {}
    coloured = 0
    for result in results:
        if result.row in styles:
            continue
        if result.role == "base":
            styles[result.row] = {"color": MUTED, "marker": "s"}
        elif result.role == "ceiling":
            styles[result.row] = {"color": INK, "marker": "D"}
        else:
            colour, marker = PALETTE[coloured % len(PALETTE)], MARKERS[coloured % len(MARKERS)]
            styles[result.row] = {"color": colour, "marker": marker}
            coloured += 1
    return styles


def _curves(
    title: str, results: Sequence[Result], panel: Key, x: Key, x_label: str, *, log: bool
) -> "Figure":
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(map(panel, results)))
    columns = len(names) if len(names) < 4 else 2 if len(names) == 4 else 3
    lines = ceil(len(names) / columns)
    styles = row_styles(results)
    with house_style():
        figure = Figure(figsize=(3.5 * columns + 0.6, 2.7 * lines + 1.1), layout="constrained")
        axes = figure.subplots(lines, columns, squeeze=False)
        panels = list(axes.flat[: len(names)])
        for unused in axes.flat[len(names) :]:
            unused.remove()
        for index, (axis, name) in enumerate(zip(panels, names, strict=True)):
            members = [result for result in results if panel(result) == name]
            for label, style in styles.items():
                _curve(axis, [one for one in members if one.row == label], x, label, style)
            if log:
                axis.set_xscale("log", base=2)
                ticks = sorted({x(result) for result in members})
                axis.set_xticks(ticks, [str(tick) for tick in ticks])
                axis.minorticks_off()
            axis.set_title(name)
            axis.set_xlabel(x_label or _varied(members))
            if index % columns == 0:
                axis.set_ylabel(f"{results[0].measure.name} (%)")
            axis.grid(axis="y", color="#E3E3E3", linewidth=0.8)
            axis.set_axisbelow(True)
        _finish(figure, title, results, panels)
    return figure


def _varied(results: Sequence[Result]) -> str:
    several = len({result.lambda_ for result in results}) > 1
    return "λ (weight of ΔR)" if several else "τ (sampling temperature)"


def _curve(
    axis: "Axes", results: Sequence[Result], x: Key, label: str, style: dict[str, Any]
) -> None:
    points = sorted(
        ((x(result), ours) for result in results if (ours := ours_of(result))),
        key=lambda point: point[0],
    )
    if points:
        xs = [place for place, _ in points]
        values = [ours.value for _, ours in points]
        errors = [ours.standard_error or 0.0 for _, ours in points]
        axis.plot(xs, values, label=label, linewidth=1.6, markersize=5, **style)
        low = [value - error for value, error in zip(values, errors, strict=True)]
        high = [value + error for value, error in zip(values, errors, strict=True)]
        axis.fill_between(xs, low, high, color=style["color"], alpha=0.13, linewidth=0)
    numbers = sorted(
        (x(result), float(number.value)) for result in results for number in result.published
    )
    if numbers:
        axis.plot(
            [place for place, _ in numbers],
            [value for _, value in numbers],
            label=None if points else label,
            linestyle=":",
            linewidth=1.1,
            **hollow(style["color"], style["marker"]),
        )


def _bars(
    axis: "Axes",
    results: Sequence[Result],
    groups: Sequence[str],
    styles: dict[str, dict[str, Any]],
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
    axis.grid(axis="y", color="#E3E3E3", linewidth=0.8)
    axis.set_axisbelow(True)


def hollow(colour: str, marker: str = "o") -> dict[str, Any]:
    """The sign of a published number."""
    return {
        "color": colour,
        "marker": marker,
        "markerfacecolor": "white",
        "markeredgecolor": colour,
        "markersize": 6,
    }


def legend_columns(labels: Sequence[str], width: float) -> int:
    """How many labels stand side by side below a figure of `width` inches; at most four."""
    longest = max(map(len, labels)) + HANDLE_CHARACTERS
    return max(1, min(4, len(labels), int(width * CHARACTERS_AN_INCH / longest)))


def _finish(figure: "Figure", title: str, results: Sequence[Result], axes: Any) -> None:
    """Title, one legend for all panels, and what filled and hollow mean."""
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.suptitle(title, fontsize=12)
    run = any(ours_of(result) for result in results)
    published = any(result.published for result in results)
    words = BOTH if run and published else CAPTION if run else ONLY_PUBLISHED
    if not (run or published):
        words = "not run"
    if len(handles) > 1:
        figure.legend(
            list(handles.values()),
            list(handles),
            loc="outside lower center",
            ncols=legend_columns(list(handles), figure.get_figwidth()),
            fontsize=9,
            title=words,
            title_fontsize=8,
        )
    else:
        figure.supxlabel(words, fontsize=8, color=MUTED)
