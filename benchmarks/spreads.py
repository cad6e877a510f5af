"""Repeated measurements as one entry of a report."""

import math
import statistics
from collections.abc import Sequence

MOST_NOISE = 3.0  # repetitions of one measurement that differ by a larger factor say nothing


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def steady_spread(values: Sequence[float]) -> dict[str, float] | None:
    """`spread` of a speed or a ratio of speeds, None if the machine was too busy to tell it.

    A speed that is the difference of two measurements can come out negative, infinite or far off.
    """
    plausible = all(math.isfinite(value) and value > 0 for value in values)
    return spread(values) if plausible and max(values) <= MOST_NOISE * min(values) else None


def between(values: dict[str, float] | None, digits: int) -> str:
    """`median (min to max)`, or that it is too noisy."""
    if values is None:
        return "too noisy"
    low, middle, high = (f"{values[name]:.{digits}f}" for name in ("min", "median", "max"))
    return f"{middle} ({low} to {high})"
