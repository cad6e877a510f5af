"""A joint λ × τ grid of results: the published one and ours as two heat maps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rast_bench.reporting.figure_style import INK, MUTED, house_style
from rast_bench.reporting.numbers import decimal
from rast_bench.reporting.ours import ours_of
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def grid_figure(title: str, results: Sequence[Result]) -> "Figure":
    """A joint λ × τ grid: the published one and ours side by side, on one scale of colours."""
    import numpy as np
    from matplotlib.figure import Figure

    lambdas = sorted({result.lambda_ or 0.0 for result in results})
    temperatures = sorted({result.temperature or 0.0 for result in results})
    shape = (len(temperatures), len(lambdas))
    sides = {"published": np.full(shape, np.nan), "ours": np.full(shape, np.nan)}
    for result in results:
        place = temperatures.index(result.temperature or 0.0), lambdas.index(result.lambda_ or 0.0)
        if result.published:
            sides["published"][place] = float(result.published[0].value)
        ours = ours_of(result)
        if ours:
            sides["ours"][place] = ours.value
    shown = {name: values for name, values in sides.items() if not np.isnan(values).all()}
    known = np.concatenate([one[~np.isnan(one)] for one in shown.values()] or [np.zeros(1)])
    with house_style():
        columns = max(1, len(shown))
        size = (columns * (0.8 * len(lambdas) + 1.2) + 1.2, 0.62 * len(temperatures) + 1.7)
        figure = Figure(figsize=(max(5.5, size[0]), max(3.4, size[1])), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)
        low, high = float(known.min()), max(float(known.max()), float(known.min()) + 1)
        for axis, (name, values) in zip(axes.flat, shown.items(), strict=False):
            image = axis.imshow(
                values, origin="lower", aspect="auto", cmap="cividis", vmin=low, vmax=high
            )
            axis.set_facecolor("#EDEDED")
            for (y, x), value in np.ndenumerate(values):
                empty = bool(np.isnan(value))
                colour = MUTED if empty else "white" if value < (low + high) / 2 else INK
                text = "not run" if empty else decimal(float(value), 1)
                axis.text(x, y, text, ha="center", va="center", color=colour, fontsize=9)
            axis.set_xticks(range(len(lambdas)), [f"{one:g}" for one in lambdas])
            axis.set_yticks(range(len(temperatures)), [f"{one:g}" for one in temperatures])
            axis.tick_params(length=0)
            axis.set_xlabel("λ")
            axis.set_ylabel("τ")
            axis.set_title(name)
            for spine in axis.spines.values():
                spine.set_visible(False)
        if shown:
            bar = figure.colorbar(image, ax=list(axes.flat), pad=0.02)
            bar.set_label("accuracy (%)")
            bar.outline.set_visible(False)
        figure.suptitle(title, fontsize=12)
    return figure
