"""How numbers look in a table: equal numbers give equal text, byte for byte."""

from rast_bench.metrics.estimate import Estimate
from rast_bench.reporting.measures import Recovery
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

DASH = "–"
MINUS = "−"
INVERTED = "‡"
UNIDENTIFIED = "§"


def decimal(number: float, decimals: int) -> str:
    """Fixed-point with a true minus sign and never a negative zero."""
    text = f"{number:.{decimals}f}"
    if text.startswith("-"):
        magnitude = text[1:]
        return magnitude if float(magnitude) == 0 else MINUS + magnitude
    return text


def percent(estimate: Estimate) -> str:
    """`62.3 ± 1.4`: a fraction and its standard error in percent, one decimal each."""
    value = decimal(100 * estimate.value, 1)
    if estimate.standard_error is None:
        return value
    return f"{value} ± {decimal(100 * estimate.standard_error, 1)}"


def recovery_rate(recovery: Recovery) -> str:
    """`45 % [31, 60]`, without an interval `45 %`, without a number `undefined`.

    `‡` where the ceiling is lower, `§` where the rate is not identified.
    """
    if recovery.value is None:
        return recovery.status
    text = f"{decimal(100 * recovery.value, 0)} %"
    if recovery.low is not None and recovery.high is not None:
        low, high = (decimal(100 * bound, 0) for bound in (recovery.low, recovery.high))
        text += f" [{low}, {high}]"
    unsure = UNIDENTIFIED if recovery.status == "not identified" else ""
    return text + (INVERTED if recovery.inverted else "") + unsure


def cell_text(cell: Cell) -> str:
    """A cell as plain Unicode text, before any escaping."""
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
        case RecoveryCell(recovery):
            return recovery_rate(recovery)
