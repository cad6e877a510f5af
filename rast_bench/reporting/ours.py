"""A result as printed beside a published number: in percent, tokens or another unit."""

from dataclasses import dataclass

from rast_bench.results.registry import MEAN_ACCURACY
from rast_bench.results.result import Result


@dataclass(frozen=True)
class Ours:
    """A number of ours in its printed unit.

    [low, high] contains 95 % of published numbers if both runs measure the same
    (metrics/replication.py); None if no such range is known. `standard_error` is over problems or
    paths; a comparison of cells is printed without one.

    A recovery rate is not `identified` if ceiling and base differ by no more than sampling noise.
    `counted_by` names the lemmatizer of a frequency if it is not the paper's.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    identified: bool
    counted_by: str


def ours_of(result: Result) -> Ours | None:
    """Return a result in its printed unit, or None if there is no number."""
    if result.estimate is None:
        return None
    scale, found, value = result.measure.scale, result.replication, result.value
    shown = result.measure.level in ("cell", "paths") or result.measure == MEAN_ACCURACY
    error = value.standard_error if shown else None
    counted_by = "" if value.comparable else value.counted_by
    error = None if error is None else scale * error
    if found is None:
        return Ours(scale * result.estimate, error, None, None, True, counted_by)
    low, high = scale * found.low, scale * found.high
    return Ours(scale * found.value, error, low, high, found.identified, counted_by)
