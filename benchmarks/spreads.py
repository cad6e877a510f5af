"""Repeated measurements as one entry of a report."""

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def between(values: dict[str, float], digits: int) -> str:
    """`median (min to max)`."""
    low, middle, high = (f"{values[name]:.{digits}f}" for name in ("min", "median", "max"))
    return f"{middle} ({low} to {high})"
