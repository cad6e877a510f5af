"""Curves: pass@k and majority@k against k (figures 3 and 8), accuracy against λ or τ (figure 6).

Ours is filled with a band of ± one standard error, the published numbers are hollow beside it. The
functions return a matplotlib Figure, which touches no global state; saving is done elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from rast_bench.config.experiment import Role
from rast_bench.reporting.figure_style import (
    MARKERS,
    add_legend,
    caption,
    end_at_100,
    grid_lines,
    hollow,
    house_style,
    legend_height,
    row_styles,
)
from rast_bench.reporting.ours import ours_of
from rast_bench.results.result import ROLE_ORDER, Measure, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

MAIN, CONTROLS = "main", "controls"
_SHARED: tuple[Role, ...] = ("base", "ceiling")  # references, drawn beside the controls too


@dataclass
class Curve:
    """The numbers of one row in one panel, in percent.

    Attributes:
        points: (x, value, standard error) of ours, by x.
        published: (x, value), by x.
    """

    points: list[tuple[float, float, float]] = field(default_factory=list)
    published: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class Panel:
    """One set of axes: curves by row label; with `log` the x axis doubles at every tick."""

    title: str
    curves: dict[str, Curve] = field(default_factory=dict)
    x_label: str = ""
    log: bool = False


def k_figure(measure: Measure, section: str, results: Sequence[Result]) -> "Figure | None":
    """Draw a rate at k against k, one panel per data set; controls have panels of their own.

    A row with one sample per problem (a greedy base) is a single point at k = 1.

    Args:
        measure: pass@k or majority@k.
        section: Of the rows that are drawn.
        results: Of any measures and sections, those at every k among them.

    Returns:
        None if nothing makes a curve: no published number and no row with several samples per
            problem.
    """
    mine = [
        one
        for one in results
        if one.measure == measure and one.section == section and one.value.main and one.k
    ]
    drawn = [one for one in mine if one.published or ours_of(one)]
    if not any(one.published or (one.samples or 0) > 1 for one in drawn):
        return None
    drawn.sort(key=lambda one: ROLE_ORDER.index(one.role))
    groups = {MAIN: [one for one in drawn if one.role != "control"]}
    controls = [one for one in drawn if one.role == "control"]
    if controls:
        groups[CONTROLS] = [one for one in drawn if one.role in ("control", *_SHARED)]
    panels = {name: _k_panels(members) for name, members in groups.items() if members}
    styles = {name: row_styles(members) for name, members in groups.items()}
    title = f"{measure.name} of {section}"
    return _figure(title, panels, styles, f"{measure.name} (%)", drawn)


def setting_figure(title: str, results: Sequence[Result]) -> "Figure":
    """Draw accuracy against λ or τ, one panel per grid; each grid varies one of the two."""
    panels: dict[str, Panel] = {}
    for result in results:
        same = [one for one in results if one.grid == result.grid]
        several = len({one.lambda_ for one in same}) > 1
        name = "λ (weight of ΔR)" if several else "τ (sampling temperature)"
        panel = panels.setdefault(str(result.grid), Panel(str(result.grid), x_label=name))
        x = result.lambda_ if several else result.temperature
        _add(panel.curves.setdefault(result.row, Curve()), result, x or 0.0)
    label = f"{results[0].measure.name} (%)"
    groups = {MAIN: list(panels.values())}
    return _figure(title, groups, {MAIN: row_styles(results)}, label, results)


def _k_panels(results: Sequence[Result]) -> list[Panel]:
    panels: dict[str, Panel] = {}
    for result in results:
        name = str(result.dataset)
        panel = panels.setdefault(name, Panel(name, x_label="k (samples per problem)", log=True))
        if result.problems:
            panel.title = f"{name} ({result.problems} problems)"
        _add(panel.curves.setdefault(result.row, Curve()), result, float(result.k or 0))
    return list(panels.values())


def _add(curve: Curve, result: Result, x: float) -> None:
    ours = ours_of(result)
    if ours:
        curve.points.append((x, ours.value, ours.standard_error or 0.0))
        curve.points.sort()
    curve.published += [(x, float(number.value)) for number in result.published]
    curve.published.sort()


def _figure(
    title: str,
    groups: Mapping[str, Sequence[Panel]],
    styles: Mapping[str, Mapping[str, dict[str, Any]]],
    y_label: str,
    results: Sequence[Result],
) -> "Figure":
    """Draw the panels of every group, each in a block with its own legend."""
    from matplotlib.figure import Figure

    most = max(map(len, groups.values()))
    columns = most if most < 4 or len(groups) > 1 else 2 if most == 4 else 3
    columns = min(columns, 4)
    lines = {name: ceil(len(panels) / columns) for name, panels in groups.items()}
    width = max(6.0, 3.1 * columns + 0.6)
    heights = [
        2.5 * lines[name] + 0.9 + legend_height(list(styles[name]), width) for name in groups
    ]
    with house_style():
        figure = Figure(figsize=(width, sum(heights) + 0.3), layout="constrained")
        figure.suptitle(title, fontsize=12)
        parts = figure.subfigures(len(groups), 1, squeeze=False, height_ratios=heights)
        for part, (name, panels) in zip(parts.flat, groups.items(), strict=True):
            _block(part, panels, styles[name], lines[name], columns, y_label)
            words = caption(results)
            if name == CONTROLS:
                words = f"controls, beside base and ceiling; {words}"
            add_legend(part, part.axes, width, title=words, order=list(styles[name]))
    return figure


def _block(
    part: "SubFigure",
    panels: Sequence[Panel],
    styles: Mapping[str, dict[str, Any]],
    lines: int,
    columns: int,
    y_label: str,
) -> None:
    axes = part.subplots(lines, columns, squeeze=False)
    for unused in axes.flat[len(panels) :]:
        unused.remove()
    for place, (axis, panel) in enumerate(zip(axes.flat, panels, strict=False)):
        for label, style in styles.items():
            if label in panel.curves:
                _draw(axis, panel.curves[label], label, style)
        if panel.log:
            _double(axis, panel)
        axis.set_title(panel.title)
        if place + columns >= len(panels) or not panel.log:  # nothing below it
            axis.set_xlabel(panel.x_label)
        if place % columns == 0:
            axis.set_ylabel(y_label)
        grid_lines(axis)
        end_at_100(axis)


def _double(axis: "Axes", panel: Panel) -> None:
    """Set ticks at powers of two; if all k are few and published, at these."""
    places = sorted(
        {x for curve in panel.curves.values() for x, *_ in (*curve.points, *curve.published)}
    )
    ticks = [k for k in places if (int(k) & (int(k) - 1)) == 0] or places
    axis.set_xscale("log", base=2)
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()


def _draw(axis: "Axes", curve: Curve, label: str, style: dict[str, Any]) -> None:
    if len(curve.points) == 1:
        ((x, value, error),) = curve.points
        axis.errorbar(
            [x], [value], yerr=[error], label=label, capsize=3, **style | {"linestyle": "none"}
        )
    elif curve.points:
        xs, values, errors = map(list, zip(*curve.points, strict=True))
        marked = [
            place for place, x in enumerate(xs) if len(xs) <= 16 or (int(x) & (int(x) - 1)) == 0
        ]
        axis.plot(xs, values, label=label, markevery=marked, **style)
        low = [value - error for value, error in zip(values, errors, strict=True)]
        high = [value + error for value, error in zip(values, errors, strict=True)]
        axis.fill_between(xs, low, high, color=style["color"], alpha=0.13, linewidth=0)
    if curve.published:
        xs, values = map(list, zip(*curve.published, strict=True))
        axis.plot(
            xs,
            values,
            label=None if curve.points else label,
            linestyle=":",
            linewidth=1.1,
            **hollow(style["color"], style.get("marker", MARKERS[0])),
        )
