"""One checked number, and how numbers of the paper are named and printed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Literal

from rast_bench.paper.intervals import Interval
from rast_bench.paper.published import Published

_METHODS = {"rl": "RL", "base": "base", "instruct": "Instruct"}
_SIZE = re.compile(r"[\d.]+b")

Verdict = Literal["agrees", "cannot be right", "unlikely", "cannot be checked"]
"""`unlikely` rests on chance, on a protocol that the source does not state, or on physics."""


@dataclass(frozen=True)
class Finding:
    """The audit's result for one published number or statement."""

    rule: str  # what it was checked against; findings are grouped by rule
    number: str
    source: str
    published: str
    recomputed: str
    verdict: Verdict
    note: str
    interval: Interval | None  # printed as `recomputed`, in the unit of the published number
    records: tuple[Published, ...]  # checked or used


def compared(
    rule: str,
    record: Published,
    interval: Interval,
    primaries: Iterable[Published] = (),
    *,
    source: str = "",
    note: str = "",
    reason: str = "",
) -> Finding:
    """Return the verdict on a number whose true value lies in `interval`.

    Args:
        source: where it is printed, if not only at the record's location.
        note: always printed; `reason` only if the number cannot be right.
    """
    agrees = _agrees(record, interval)
    return Finding(
        rule=rule,
        number=name(record),
        source=source or location(record),
        published=printed(record),
        recomputed=interval_text(interval, record.decimals + 1),
        verdict="agrees" if agrees else "cannot be right",
        note="; ".join(filter(None, (note, "" if agrees else reason))),
        interval=interval,
        records=(record, *primaries),
    )


def unchecked(rule: str, record: Published, reason: str, *primaries: Published) -> Finding:
    """Return a finding for a number that nothing published can confirm or refute."""
    return Finding(
        rule=rule,
        number=name(record),
        source=location(record),
        published=printed(record),
        recomputed="",
        verdict="cannot be checked",
        note=reason,
        interval=None,
        records=(record, *primaries),
    )


def system(record: Published) -> str:
    """Return `32B + ΔR 14B`; bare sizes are models of Qwen2.5. Empty if no model is named."""
    named = _short(record.model) if record.model else ""
    if record.delta:
        named += " + ΔR " + " + ".join(map(_short, record.delta.split("+")))
    elif record.method in _METHODS:
        named += " " + _METHODS[record.method]
    return named


def name(record: Published) -> str:
    """Return `32B + ΔR 14B, amc23: pass@4`."""
    what = record.metric.replace("@k", f"@{record.k}")
    if record.source in {"figure 6", "reply 3"}:
        what += f" at λ = {record.lambda_:g}, τ = {record.temperature:g}"
    if record.note:
        what += " " + record.note
    where = ", ".join(filter(None, (system(record), record.dataset)))
    return f"{where}: {what}" if where else what


def _short(model: str) -> str:
    size = model.removeprefix("qwen2.5-")
    return size.upper() if _SIZE.fullmatch(size) else model


def location(record: Published) -> str:
    """Return where it is printed: its table, figure, section or reply."""
    if record.source == "text" and not record.section.startswith("reply"):
        part = "section" if record.section[0].isdigit() else "appendix"
        return f"{part} {record.section}"
    return record.section if "repl" in record.source or record.source == "text" else record.source


def printed(record: Published) -> str:
    """Return the number as in its source, with its unit."""
    text = str(record.value)
    if record.sense != "equal":
        text = f"{record.sense} {text}"
    return f"{text} {record.unit}" if record.unit else text


def interval_text(interval: Interval, decimals: int) -> str:
    """Return `32.27 to 32.81`, rounded outwards so that it is never narrower."""
    low = _in_units(floor(interval.low * Fraction(10) ** decimals), decimals)
    high = _in_units(ceil(interval.high * Fraction(10) ** decimals), decimals)
    return str(low) if low == high else f"{low} to {high}"


def _in_units(count: int, decimals: int) -> Decimal:
    return count * Decimal(1).scaleb(-decimals)


def _agrees(record: Published, interval: Interval) -> bool:
    value = Fraction(record.value)
    match record.sense:
        case "above":
            return interval.high > value
        case "below":
            return interval.low < value
        case "at least":
            return interval.high >= value
        case "up to":
            return interval.low <= value
        case "equal" | "about":
            return record.interval.overlaps(interval)
