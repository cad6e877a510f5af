"""Claims for machines: one line per published number, or one for a place without any."""

import csv
import io
from collections.abc import Iterable

from rast_bench.reporting.claims import Claim
from rast_bench.reporting.csv_text import text_cell

COLUMNS = (
    *("section", "row", "role", "grid", "dataset", "measure", "k", "lambda", "temperature"),
    *("source", "published", "sense", "unit", "ours", "standard_error", "low", "high"),
    *("verdict", "reason"),
)


def claims_csv(claims: Iterable[Claim]) -> str:
    """Ours in the published unit at full precision, `published` as printed.

    `verdict` is that of the published number, `reason` why there is no number of ours, or what
    must be known of it. The data set of a mean over all of them is `(mean)`.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for claim in claims:
        place = (
            *map(text_cell, (claim.section, claim.label, claim.role, claim.grid or "")),
            *(claim.dataset or "(mean)", claim.measure, _text(claim.k)),
            *(_text(claim.lambda_), _text(claim.temperature)),
        )
        ours = claim.ours
        values = (ours.value, ours.standard_error, ours.low, ours.high) if ours else (None,) * 4
        numbers = tuple(map(_text, values))
        for fact in claim.published:
            printed = (fact.source, str(fact.value), fact.sense, fact.unit)
            writer.writerow((*place, *printed, *numbers, claim.verdict(fact), _reason(claim)))
        if not claim.published:
            writer.writerow((*place, *("",) * 4, *numbers, "", _reason(claim)))
    return buffer.getvalue()


def _reason(claim: Claim) -> str:
    if claim.ours is None:
        return claim.missing
    if not claim.ours.identified:
        return "not identified"
    return f"counted by {claim.ours.counted_by}" if claim.ours.counted_by else ""


def _text(value: float | None) -> str:
    return "" if value is None else repr(value) if isinstance(value, int) else repr(float(value))
