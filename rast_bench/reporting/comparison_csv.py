"""Machine-readable results: one line per published number, or one if there is none."""

import csv
import io
from collections.abc import Iterable

from rast_bench.reporting.csv_text import text_cell
from rast_bench.reporting.ours import Ours, ours_of
from rast_bench.results.result import Result

COLUMNS = (
    *("section", "row", "role", "grid", "dataset", "measure", "k", "lambda", "temperature"),
    *("source", "published", "sense", "unit", "ours", "standard_error", "low", "high"),
    *("verdict", "reason"),
)


def comparison_csv(results: Iterable[Result]) -> str:
    """Return ours in the published unit at full precision, `published` as printed.

    `verdict` is that of the published number, `reason` why there is no number of ours, or what must
    be known about it. The data set of a mean over all of them is `(mean)`.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for result in results:
        place = (
            *map(text_cell, (result.section, result.row, result.role, result.grid or "")),
            *(result.dataset or "(mean)", result.measure.name, _text(result.k)),
            *(_text(result.lambda_), _text(result.temperature)),
        )
        ours = ours_of(result)
        values = (ours.value, ours.standard_error, ours.low, ours.high) if ours else (None,) * 4
        numbers = tuple(map(_text, values))
        reason = _reason(result, ours)
        for number, verdict in zip(result.published, result.verdicts, strict=True):
            printed = (number.source, str(number.value), number.sense, number.unit)
            writer.writerow((*place, *printed, *numbers, verdict, reason))
        if not result.published:
            writer.writerow((*place, *("",) * 4, *numbers, "", reason))
    return buffer.getvalue()


def _reason(result: Result, ours: Ours | None) -> str:
    if ours is None:
        return result.missing
    if not ours.identified:
        return "not identified"
    return f"counted by {ours.counted_by}" if ours.counted_by else ""


def _text(value: float | None) -> str:
    return "" if value is None else repr(value) if isinstance(value, int) else repr(float(value))
