"""A summary as lines for the terminal."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rast_bench.analysis.kinds import Analysis
from rast_bench.analysis.summaries import STUDY

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_TITLES: dict[Analysis, str] = {
    "pcr": "Path coverage rate (eq. 2), percent",
    "similarity": "Cosine similarity of ΔR (eq. 6)",
    "kl": "KL(P ‖ Q), nats",
}


def render_summary(analysis: Analysis, summary: "pd.DataFrame") -> str:
    """Return aligned columns, one line per comparison, below a line naming the paths."""
    lines = [f"{_TITLES[analysis]}, with its 95 % interval over problems"]
    for key, group in summary.groupby(list(STUDY), sort=False):
        dataset, base_model, path, cell_id = map(str, key)
        count = int(group["trajectories"].max())
        noun = "path" if count == 1 else "paths"
        lines.append(f"\n{base_model} on {dataset}, {count} greedy {noun} of {path} ({cell_id})")
        rows = (
            {str(name): value for name, value in row.items()} for row in group.to_dict("records")
        )
        lines += _aligned([_HEADINGS[analysis], *map(_LINES[analysis], rows)])
    return "\n".join(lines) + "\n"


def _coverage_line(row: Row) -> list[str]:
    return [
        str(row["policy"]),
        *_estimate(row, "pcr", 100, 2),
        f"{100 * row['first_followed']:.0f}",
    ]


def _similarity_line(row: Row) -> list[str]:
    return [
        f"ΔR {row['first']}, ΔR {row['second']}",
        str(row["tokens"]),
        *_estimate(row, "cosine", 1, 3),
        str(row["undefined"]),
    ]


def _kl_line(row: Row) -> list[str]:
    spread = ("median", "q90", "q99", "max")
    return [
        f"{row['p']} ‖ {row['q']}",
        *_estimate(row, "kl", 1, 4),
        *(f"{row[name]:.4f}" for name in spread),
        f"{100 * row['share_above_1']:.1f}",
        "–" if math.isnan(row["top_5_share"]) else f"{100 * row['top_5_share']:.0f}",
    ]


_HEADINGS: dict[Analysis, list[str]] = {
    "pcr": ["", "PCR", "", "first token, %"],
    "similarity": ["", "tokens", "cosine", "", "undefined"],
    "kl": ["", "mean", "", "median", "90 %", "99 %", "max", "> 1 nat, %", "top 5 % hold, %"],
}
_LINES: dict[Analysis, Callable[[Row], list[str]]] = {
    "pcr": _coverage_line,
    "similarity": _similarity_line,
    "kl": _kl_line,
}


def _estimate(row: Row, name: str, scale: float, decimals: int) -> tuple[str, str]:
    """Return the value and its interval; a single path has none."""
    value, low, high = (scale * row[key] for key in (name, "low", "high"))
    interval = "" if math.isnan(low) else f"[{low:.{decimals}f}, {high:.{decimals}f}]"
    return f"{value:.{decimals}f}", interval


def _aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        yield ("  " + "  ".join(cells)).rstrip()
