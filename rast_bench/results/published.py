"""Which published number belongs to which result, and whether the two agree."""

from collections.abc import Iterable, Sequence

from rast_bench.metrics.replication import Replication
from rast_bench.paper.published import Published
from rast_bench.results.cells import MeasuredCell
from rast_bench.results.result import Measure, Result, Value, Verdict


def published_of(
    published: Iterable[Published], sources: Sequence[str], measures: Sequence[Measure]
) -> list[Published]:
    """Return the numbers of the named sources that are about one of the measures.

    `text 3.4` is section 3.4 of the source `text`. Rates printed as fractions are in percent.
    """
    wanted = set(sources)
    names = {measure.name for measure in measures}
    return [
        one.in_percent()
        for one in published
        if one.metric in names and (one.source in wanted or f"{one.source} {one.section}" in wanted)
    ]


def is_of_cell(number: Published, cell: MeasuredCell, measure: Measure, k: int | None) -> bool:
    """Return whether the number is of this cell; what it leaves open (λ, τ) matches any value."""
    ours = cell.stands_for
    return (
        cell.compared
        and number.metric == measure.name
        and number.k == k
        and (number.model, number.method, _parts(number.delta))
        == (ours.model, ours.method, _parts(ours.delta))
        and number.dataset == (None if measure.level == "row" else ours.dataset)
        and number.lambda_ in (None, cell.lambda_)
        and number.temperature in (None, cell.temperature)
    )


def _parts(delta: str | None) -> frozenset[str]:
    return frozenset(delta.split("+")) if delta else frozenset()


def verdict_on(
    number: Published, measure: Measure, value: Value, replication: Replication | None
) -> Verdict:
    if value.estimate is None:
        return "not run" if value.status == "not run" else "open"
    if not value.comparable:
        return "not comparable"
    if replication is None:
        return "open"
    low, high = measure.scale * replication.low, measure.scale * replication.high
    return "agrees" if _may_be(number, low, high) else "differs"


def _may_be(number: Published, low: float, high: float) -> bool:
    """Return whether the printed number, before rounding, may lie in [low, high]."""
    printed = number.interval
    if number.sense in ("above", "at least"):
        return high >= printed.low
    if number.sense in ("below", "up to"):
        return low <= printed.high
    return printed.low <= high and low <= printed.high


def unplaced(published: Iterable[Published], results: Iterable[Result]) -> list[Published]:
    """Return the published numbers that belong to no result."""
    placed = {number for result in results for number in result.published}
    return [number for number in published if number not in placed]
