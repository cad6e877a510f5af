"""Formatting of numbers in tables: equal numbers give equal text, byte for byte."""

from rast_bench.metrics.estimate import Estimate
from rast_bench.reporting.table import (
    BlankCell,
    Cell,
    CountCell,
    EmptyCell,
    QuantityCell,
    RateCell,
    RecoveryCell,
    TextCell,
)
from rast_bench.results.result import Result, Status

DASH = "–"
MINUS = "−"
INVERTED = "‡"
UNIDENTIFIED = "§"
_MARKS: dict[Status, str] = {"ceiling below base": INVERTED, "not identified": UNIDENTIFIED}


def decimal(number: float, decimals: int) -> str:
    """Return fixed-point text with a true minus sign and never a negative zero."""
    text = f"{number:.{decimals}f}"
    if text.startswith("-"):
        magnitude = text[1:]
        return magnitude if float(magnitude) == 0 else MINUS + magnitude
    return text


def percent(estimate: Estimate) -> str:
    """Return `62.3 ± 1.4`: a fraction and its standard error in percent, one decimal each."""
    value = decimal(100 * estimate.value, 1)
    if estimate.standard_error is None:
        return value
    return f"{value} ± {decimal(100 * estimate.standard_error, 1)}"


def recovery_rate(result: Result) -> str:
    """Return `45 % [31, 60]`, without an interval `45 %`, without a number `undefined`.

    `‡` if the ceiling is lower, `§` if the rate is not identified.
    """
    if result.estimate is None:
        return result.missing
    text = f"{decimal(100 * result.estimate, 0)} %"
    if result.value.low is not None and result.value.high is not None:
        low, high = (decimal(100 * bound, 0) for bound in (result.value.low, result.value.high))
        text += f" [{low}, {high}]"
    return text + _MARKS.get(result.status, "")


def cell_text(cell: Cell) -> str:
    """Return a cell as plain Unicode text, before any escaping."""
    match cell:
        case EmptyCell():
            return DASH
        case BlankCell():
            return ""
        case TextCell(text):
            return text
        case CountCell(count):
            return str(count)
        case RateCell(estimate, mark):
            return percent(estimate) + mark
        case QuantityCell(number, decimals):
            return decimal(number, decimals)
        case RecoveryCell(result):
            return recovery_rate(result)
