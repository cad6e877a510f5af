"""Figures of claims: ours filled, the published numbers hollow beside it.

Each function returns a matplotlib Figure, which touches no global state; saving is done elsewhere.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

from rast_bench.reporting.claims import NOT_RUN, Claim
from rast_bench.reporting.figure_style import INK, MARKERS, MUTED, PALETTE, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAPTION = "ours: ± one standard error"
BOTH = "filled: ours, ± one standard error; hollow: published"
ONLY_PUBLISHED = "hollow: published; ours is not run"
CHARACTERS_AN_INCH, HANDLE_CHARACTERS = 14, 7  # of a legend: its letters, and a label's sign

Key = Callable[[Claim], Any]


def k_figure(title: str, claims: Sequence[Claim]) -> "Figure":
    """Figures 3 and 8: a rate at k against k, one panel per data set, one line per row."""
    return _curves(title, claims, lambda one: str(one.dataset), lambda one: one.k, "k", log=True)


def strength_figure(title: str, claims: Sequence[Claim]) -> "Figure":
    """Figure 6: accuracy against λ or τ, one panel a grid; each grid varies one of the two."""

    def x(claim: Claim) -> float | None:
        same = [one for one in claims if one.grid == claim.grid]
        varies = len({one.lambda_ for one in same}) > 1
        return claim.lambda_ if varies else claim.temperature

    return _curves(title, claims, lambda one: str(one.grid), x, "", log=False)


def bar_figure(title: str, claims: Sequence[Claim], unit: str) -> "Figure":
    """Figures 9 and 10 and table 6: a bar per row, a group per data set, a panel per section."""
    from matplotlib.figure import Figure

    places = {(claim.section, claim.label) for claim in claims}
    merged = len({label for _, label in places}) == len(places)  # labels tell rows apart

    def panel(claim: Claim) -> tuple[str, str]:
        return "" if merged else claim.section, claim.measure

    panels = list(dict.fromkeys(map(panel, claims)))
    styles = row_styles(claims)
    groups = list(dict.fromkeys(str(claim.dataset) for claim in claims))
    with house_style():
        width = max(6.5, 0.42 * len(groups) * len(styles) + 3)
        figure = Figure(figsize=(width, 2.5 * len(panels) + 0.9), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False)
        for axis, key in zip(axes.flat, panels, strict=True):
            members = [claim for claim in claims if panel(claim) == key]
            _bars(axis, members, groups, styles)
            axis.set_title(key[1] if len({one for one, _ in panels}) == 1 else ": ".join(key))
            axis.set_ylabel(unit)
        _finish(figure, title, claims, axes.flat)
    return figure


def dot_figure(title: str, claims: Sequence[Claim], unit: str) -> "Figure":
    """Figure 1a: a dot per row and data set, its published number hollow beside it."""
    from matplotlib.figure import Figure

    groups = list(dict.fromkeys(str(claim.dataset) for claim in claims))
    rows = list(dict.fromkeys((claim.section, claim.label) for claim in claims))
    with house_style():
        figure = Figure(
            figsize=(max(5.5, 1.6 * len(groups) + 1.2 * len(rows) ** 0.5 + 2), 3.8),
            layout="constrained",
        )
        axis = figure.add_subplot()
        step = 0.7 / max(1, len(rows))
        for index, key in enumerate(rows):
            colour = PALETTE[index % len(PALETTE)]
            members = [claim for claim in claims if (claim.section, claim.label) == key]
            label = key[1] if len({one for one, _ in rows}) == 1 else " ".join(key)
            for claim in members:
                x = groups.index(str(claim.dataset)) + (index - (len(rows) - 1) / 2) * step
                if claim.ours:
                    axis.errorbar(
                        x,
                        claim.ours.value,
                        yerr=claim.ours.standard_error,
                        color=colour,
                        marker="o",
                        capsize=3,
                        label=label,
                    )
                for fact in claim.published:
                    axis.plot(
                        x + (0.3 * step if claim.ours else 0),
                        float(fact.value),
                        linestyle="none",
                        label=None if claim.ours else label,
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
        _finish(figure, title, claims, [axis])
    return figure


def row_styles(claims: Sequence[Claim]) -> dict[str, dict[str, Any]]:
    """Base in grey, ceiling in black, the rest by the palette; by label, in order."""
    styles: dict[str, dict[str, Any]] = {}
    coloured = 0
    for claim in claims:
        if claim.label in styles:
            continue
        if claim.role == "base":
            styles[claim.label] = {"color": MUTED, "marker": "s"}
        elif claim.role == "ceiling":
            styles[claim.label] = {"color": INK, "marker": "D"}
        else:
            colour, marker = PALETTE[coloured % len(PALETTE)], MARKERS[coloured % len(MARKERS)]
            styles[claim.label] = {"color": colour, "marker": marker}
            coloured += 1
    return styles


def _curves(
    title: str, claims: Sequence[Claim], panel: Key, x: Key, x_label: str, *, log: bool
) -> "Figure":
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(map(panel, claims)))
    columns = len(names) if len(names) < 4 else 2 if len(names) == 4 else 3
    lines = ceil(len(names) / columns)
    styles = row_styles(claims)
    with house_style():
        figure = Figure(figsize=(3.5 * columns + 0.6, 2.7 * lines + 1.1), layout="constrained")
        axes = figure.subplots(lines, columns, squeeze=False)
        panels = list(axes.flat[: len(names)])
        for unused in axes.flat[len(names) :]:
            unused.remove()
        for index, (axis, name) in enumerate(zip(panels, names, strict=True)):
            members = [claim for claim in claims if panel(claim) == name]
            for label, style in styles.items():
                _curve(axis, [one for one in members if one.label == label], x, label, style)
            if log:
                axis.set_xscale("log", base=2)
                ticks = sorted({x(claim) for claim in members})
                axis.set_xticks(ticks, [str(tick) for tick in ticks])
                axis.minorticks_off()
            axis.set_title(name)
            axis.set_xlabel(x_label or _varied(members))
            if index % columns == 0:
                axis.set_ylabel(f"{claims[0].measure} (%)")
            axis.grid(axis="y", color="#E3E3E3", linewidth=0.8)
            axis.set_axisbelow(True)
        _finish(figure, title, claims, panels)
    return figure


def _varied(claims: Sequence[Claim]) -> str:
    several = len({claim.lambda_ for claim in claims}) > 1
    return "λ (weight of ΔR)" if several else "τ (sampling temperature)"


def _curve(
    axis: "Axes", claims: Sequence[Claim], x: Key, label: str, style: dict[str, Any]
) -> None:
    points = sorted(
        ((x(claim), claim.ours) for claim in claims if claim.ours), key=lambda point: point[0]
    )
    if points:
        xs = [place for place, _ in points]
        values = [ours.value for _, ours in points]
        errors = [ours.standard_error or 0.0 for _, ours in points]
        axis.plot(xs, values, label=label, linewidth=1.6, markersize=5, **style)
        low = [value - error for value, error in zip(values, errors, strict=True)]
        high = [value + error for value, error in zip(values, errors, strict=True)]
        axis.fill_between(xs, low, high, color=style["color"], alpha=0.13, linewidth=0)
    facts = sorted((x(claim), float(fact.value)) for claim in claims for fact in claim.published)
    if facts:
        axis.plot(
            [place for place, _ in facts],
            [value for _, value in facts],
            label=None if points else label,
            linestyle=":",
            linewidth=1.1,
            **hollow(style["color"], style["marker"]),
        )


def _bars(
    axis: "Axes", claims: Sequence[Claim], groups: Sequence[str], styles: dict[str, dict[str, Any]]
) -> None:
    labels = [label for label in styles if any(claim.label == label for claim in claims)]
    width = 0.8 / len(labels)
    for claim in claims:
        place = labels.index(claim.label) - (len(labels) - 1) / 2
        x = groups.index(str(claim.dataset)) + place * width
        colour = styles[claim.label]["color"]
        if claim.ours:
            axis.bar(
                x,
                claim.ours.value,
                0.92 * width,
                yerr=claim.ours.standard_error,
                color=colour,
                alpha=0.85,
                label=claim.label,
                error_kw={"elinewidth": 1, "ecolor": MUTED},
            )
        for fact in claim.published:
            axis.plot(
                x,
                float(fact.value),
                linestyle="none",
                label=None if claim.ours else claim.label,
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


def _finish(figure: "Figure", title: str, claims: Sequence[Claim], axes: Any) -> None:
    """Title, one legend for all panels, and what filled and hollow mean."""
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    figure.suptitle(title, fontsize=12)
    run = any(claim.ours for claim in claims)
    published = any(claim.published for claim in claims)
    words = BOTH if run and published else CAPTION if run else ONLY_PUBLISHED
    if not (run or published):
        words = NOT_RUN
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
