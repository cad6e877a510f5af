"""The same number in two places."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from rast_bench.paper.audit.finding import Finding, compared, place
from rast_bench.paper.intervals import Interval, rounding_interval
from rast_bench.paper.published import Published, select

RULE = "The same number in two places"


def check_repeats(records: Sequence[Published]) -> list[Finding]:
    """Every number that is printed again, held against its most precise printing (or the first).

    Numbers are the same when they are of one system, data set, metric, k, λ and τ.
    """
    groups: defaultdict[tuple[object, ...], list[Published]] = defaultdict(list)
    for record in records:
        if record.model is not None and record.sense in {"equal", "about"}:
            groups[_identity(record)].append(record)
    found = []
    for group in groups.values():
        original = max(group, key=lambda record: record.decimals)  # the first of the most precise
        found += [_check(records, again, original) for again in group if again is not original]
    return found


def printed_again(again: Published, original: Published) -> Interval:
    """What a second printing may show: with as many decimals the very number, else its rounding."""
    if again.decimals == original.decimals:
        return rounding_interval(original.value, Fraction(0))
    return original.interval


def _identity(record: Published) -> tuple[object, ...]:
    system = (record.model, record.method, record.delta, record.dataset)
    return (*system, record.metric, record.k, record.strength, record.temperature)


def _check(records: Sequence[Published], again: Published, original: Published) -> Finding:
    elsewhere = [
        record.dataset
        for record in select(
            records,
            section=again.section,
            model=again.model,
            method=again.method,
            delta=again.delta,
            metric=again.metric,
            value=original.value,
        )
        if record.dataset
    ]
    return compared(
        RULE,
        again,
        printed_again(again, original),
        [original],
        source=f"{place(again)}; {place(original)}",
        fault=f"{original.value} is given for {' and '.join(elsewhere)} here" if elsewhere else "",
    )
