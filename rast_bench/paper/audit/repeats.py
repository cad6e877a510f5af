"""Check numbers that are printed in two places."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from rast_bench.paper.audit.finding import Finding, compared, location, system
from rast_bench.paper.intervals import Interval, rounding_interval
from rast_bench.paper.published import Published

RULE = "The same number in two places"

Pair = tuple[Published, Published]
"""(a second printing, the most precise one)."""


def check_repeats(records: Sequence[Published]) -> list[Finding]:
    """Check every repeated number against its most precise printing (or the first).

    Numbers are the same if they are of one system, data set, metric, k, λ and τ. Columns that are
    swapped with each other are one finding, however many rows they have.
    """
    groups: defaultdict[tuple[object, ...], list[Published]] = defaultdict(list)
    for record in records:
        if record.model is not None and record.sense in {"equal", "about"}:
            groups[_identity(record)].append(record)
    pairs: list[Pair] = []
    for group in groups.values():
        original = max(group, key=lambda record: record.decimals)  # the first of the most precise
        pairs += [(again, original) for again in group if again is not original]
    swapped: defaultdict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    found = []
    for again, original in pairs:
        if _is_swapped((again, original), pairs):
            swapped[again.metric, again.section, original.section].append((again, original))
        else:
            found.append(_check(again, original))
    return found + list(map(_swap, swapped.values()))


def printed_again(again: Published, original: Published) -> Interval:
    """Return what a second printing may show: the same number, or its rounding."""
    if again.decimals == original.decimals:
        return rounding_interval(original.value, Fraction(0))
    return original.interval


def _identity(record: Published) -> tuple[object, ...]:
    decoder = (record.model, record.method, record.delta, record.dataset)
    return (*decoder, record.metric, record.k, record.lambda_, record.temperature)


def _check(again: Published, original: Published) -> Finding:
    return compared(
        RULE,
        again,
        printed_again(again, original),
        [original],
        source=f"{location(again)}; {location(original)}",
    )


def _is_swapped(pair: Pair, pairs: Sequence[Pair]) -> bool:
    """Return whether the same two places print this pair exchanged for another data set."""
    again, original = pair
    return again.value != original.value and any(
        (other.value, source.value) == (original.value, again.value)
        and (other.section, source.section) == (again.section, original.section)
        and _identity(replace(other, dataset=again.dataset)) == _identity(again)
        for other, source in pairs
    )


def _swap(pairs: Sequence[Pair]) -> Finding:
    """Return the finding on all swapped numbers of one metric in two places."""
    again, original = pairs[0]
    first = [pair for pair in pairs if system(pair[0]) == system(again)]
    systems = ", ".join(dict.fromkeys(system(one) for one, _ in pairs))
    data = " and ".join(str(one.dataset) for one, _ in first)
    return Finding(
        rule=RULE,
        number=f"{systems}: {again.metric} of {data}",
        source=f"{location(again)}; {location(original)}",
        published=" and ".join(str(one.value) for one, _ in first),
        recomputed=" and ".join(str(one.value) for _, one in first),
        verdict="cannot be right",
        note=f"the columns are swapped against each other in all {len(pairs)} numbers (shown are "
        f"those of {system(again)}); either place may be the wrong one",
        interval=None,
        records=tuple(one for pair in pairs for one in pair),
    )
