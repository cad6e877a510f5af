"""The look that all figures share, and figures as bytes. matplotlib is imported on use only."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FigureFormat = Literal["png", "svg", "pdf"]

PNG_DPI = 160

# Okabe and Ito's palette, safe for the colour-blind, without its yellow (too pale for a line).
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "^", "D", "v", "P", "X", "<", ">")
INK = "#1A1A1A"
MUTED = "#6B6B6B"

# Any: newer stubs of matplotlib want the literal names, older ones plain strings.
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
    "svg.hashsalt": "rast-bench",  # else element ids are random
    "svg.fonttype": "path",
}


@contextmanager
def house_style() -> Iterator[None]:
    """matplotlib's defaults plus our style, whatever the user's matplotlibrc says."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def figure_bytes(figure: "Figure", file_format: FigureFormat) -> bytes:
    """The figure as a file's content; the same figure and matplotlib give the same bytes."""
    buffer = io.BytesIO()
    # matplotlib would write its version, and into SVG and PDF the date.
    metadata = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }[file_format]
    with house_style():
        figure.savefig(buffer, format=file_format, dpi=PNG_DPI, metadata=metadata)
    return buffer.getvalue()
