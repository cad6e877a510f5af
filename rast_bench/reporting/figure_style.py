"""The look that all figures share, and figures as bytes. matplotlib is imported on use only."""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import ceil, lcm
from typing import TYPE_CHECKING, Any, Literal

from rast_bench.reporting.ours import ours_of
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FigureFormat = Literal["png", "svg", "pdf"]

PNG_DPI = 160

# Okabe and Ito's palette, safe for the colour-blind, without its yellow (too pale for a line).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">")
LINES = ("-", "--", "-.")  # one per pass through the palette
_PASS = lcm(len(PALETTE), len(MARKERS))  # then markers shift, or the next row would look like row 1
INK = "#1A1A1A"
MUTED = "#6B6B6B"
GRID = "#E3E3E3"

ONLY_OURS = "± one standard error"
BOTH = "filled: ours, ± one standard error; hollow: published"
ONLY_PUBLISHED = "hollow: published; ours is not run"
SEVERAL = "; several hollow marks in one place: several published numbers"
CHARACTERS_AN_INCH, HANDLE_CHARACTERS = 14, 7  # of a legend: its letters, and a label's sign

# Any: newer stubs of matplotlib require literal names, older ones plain strings.
_STYLE: Any = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so the same on every machine
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "text.parse_math": False,  # a label may hold a dollar sign
    "svg.hashsalt": "rast-bench",  # otherwise element ids are random
    "svg.fonttype": "path",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Set matplotlib's defaults plus our style, ignoring the user's matplotlibrc."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def figure_bytes(figure: "Figure", file_format: FigureFormat) -> bytes:
    """Return the figure as a file's content; the same figure and matplotlib give the same bytes."""
    buffer = io.BytesIO()
    # By default matplotlib writes its version, and in SVG and PDF the date.
    metadata = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }[file_format]
    with house_style():
        figure.savefig(buffer, format=file_format, dpi=PNG_DPI, metadata=metadata)
    return buffer.getvalue()


def row_styles(results: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """Return how each row is drawn, by label, in order: references in greys, the rest in colours.

    No two of 48 rows look alike, with lines or with markers alone.
    """
    styles: dict[str, dict[str, Any]] = {}
    coloured = 0
    for result in results:
        if result.row in styles:
            continue
        style: dict[str, Any]
        if result.role == "base":
            style = {"color": MUTED, "linestyle": "--", "marker": "s"}
        elif result.role == "ceiling":
            style = {"color": INK, "linestyle": "--", "marker": "*", "markersize": 8}
        else:
            rounds, place = divmod(coloured, len(PALETTE))
            style = {
                "color": PALETTE[place],
                "linestyle": LINES[rounds % len(LINES)],
                "marker": MARKERS[(coloured + coloured // _PASS) % len(MARKERS)],
            }
            coloured += 1
        styles[result.row] = {"linewidth": 1.6, "markersize": 5} | style
    return styles


def hollow(colour: str, marker: str = "o") -> dict[str, Any]:
    """Return the look of a published number."""
    return {
        "color": colour,
        "marker": marker,
        "markerfacecolor": "white",
        "markeredgecolor": colour,
        "markersize": 6,
    }


def caption(results: Sequence[Result]) -> str:
    """Return what the marks of a figure mean."""
    ours = any(map(ours_of, results))
    published = any(result.published for result in results)
    several = any(len({number.value for number in one.published}) > 1 for one in results)
    words = BOTH if ours and published else ONLY_OURS if ours else ONLY_PUBLISHED
    return words + SEVERAL if several else words


def legend_columns(labels: Sequence[str], width: float) -> int:
    """Return how many labels stand side by side below a figure of `width` inches, at most four."""
    longest = max(map(len, labels)) + HANDLE_CHARACTERS
    return max(1, min(4, len(labels), int(width * CHARACTERS_AN_INCH / longest)))


def legend_height(labels: Sequence[str], width: float) -> float:
    """Return the inches that a legend of two lines or more takes below a figure."""
    return 0.2 * max(2, ceil(len(labels) / legend_columns(labels, width)))


def add_legend(
    figure: Any, axes: Iterable["Axes"], width: float, *, title: str, order: Sequence[str] = ()
) -> None:
    """Put one legend for all axes below a figure, or only its title if it has one entry.

    Args:
        figure: A Figure, or a SubFigure of one.
        axes: Those whose labels it shows.
        width: Of the figure in inches.
        title: What the marks mean.
        order: Of the labels; by default as drawn, error bars last.
    """
    handles: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    labels = [label for label in order if label in handles] or list(handles)
    if len(labels) < 2:
        figure.supxlabel(title, fontsize=8, color=MUTED)
        return
    figure.legend(
        [handles[label] for label in labels],
        labels,
        loc="outside lower center",
        ncols=legend_columns(labels, width),
        fontsize=9,
        title=title,
        title_fontsize=8,
    )


def grid_lines(axis: "Axes", which: Literal["both", "y"] = "y") -> None:
    """Draw the pale grid of all figures, below everything else."""
    axis.grid(axis=which, color=GRID, linewidth=0.8)
    axis.set_axisbelow(True)


def end_at_100(axis: "Axes") -> None:
    """Let a y axis in percent end just above 100, so that marks there are complete."""
    low, high = axis.get_ylim()
    if high > 100 > low:
        ticks = [tick for tick in axis.get_yticks() if low <= tick <= 100]
        axis.set_ylim(low, 100 + 0.03 * (100 - low))
        axis.set_yticks(ticks)
