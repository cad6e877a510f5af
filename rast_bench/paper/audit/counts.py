"""A share of n problems is a whole number of correct answers over all that were graded."""

from collections.abc import Sequence
from fractions import Fraction

from rast_bench.metrics.paper import DRAWS
from rast_bench.paper.audit.finding import Finding, compared, name, place, printed
from rast_bench.paper.intervals import Interval, multiples_within, nearest_multiples
from rast_bench.paper.published import Published, only, select

SHARES = "Shares are whole numbers of correct answers"
SIZES = "Parts of a data set add up"
POOLS = "avg@32 ≤ pass@32 ≤ 32 · avg@32, of the same samples"


def check_shares(records: Sequence[Published]) -> list[Finding]:
    """Accuracies and pass@k whose number of samples is published, by the granularity of shares.

    A greedy accuracy over n problems is c/n, avg@32 is c/(32 n), pass@k over 10 draws is c/(10 n),
    and pass@32 of 32 samples is c/n, since every draw is the whole pool (section 3.3).
    """
    return [
        _share(record, only(records, metric="problems", dataset=record.dataset, note=""))
        for record in records
        if record.metric in {"accuracy", "pass@k"} and record.samples is not None
    ]


def check_pools(records: Sequence[Published]) -> list[Finding]:
    """pass@32 of figure 3 against avg@32 of table 1, where both are of 32 drawn samples.

    A problem with c of 32 correct answers adds c/32 to the one and 1 to the other, for c ≥ 1.
    """
    found = []
    for ceiling in select(records, metric="pass@k", k=32):
        for mean in select(
            records,
            source="table 1",
            metric="accuracy",
            samples=ceiling.samples,
            model=ceiling.model,
            method=ceiling.method,
            delta=ceiling.delta,
            dataset=ceiling.dataset,
        ):
            high = min(Fraction(100), 32 * mean.interval.high)
            found.append(compared(POOLS, ceiling, Interval(mean.interval.low, high), [mean]))
    return found


def check_sizes(records: Sequence[Published]) -> list[Finding]:
    """MATH is its training and its test problems, Minerva its numeric and its symbolic ones."""
    found = []
    for data, whole, parts in (
        ("math", "in all", ("to train", "to test")),
        ("minerva", "", ("with a numeric solution", "with a symbolic solution")),
    ):
        total, *terms = (
            only(records, metric="problems", dataset=data, note=note) for note in (whole, *parts)
        )
        count = sum((Fraction(term.value) for term in terms), Fraction(0))
        note = " + ".join(str(term.value) for term in terms)
        found.append(compared(SIZES, total, Interval(count, count), terms, note=note))
    return found


def graded(record: Published, problems: int) -> int:
    """How many right-or-wrong answers a share is the mean of."""
    assert record.samples is not None
    if record.metric == "accuracy":
        return problems * record.samples
    return problems if record.k == record.samples else problems * DRAWS


def _share(record: Published, problems: Published) -> Finding:
    total = graded(record, int(problems.value))
    step = Fraction(100, total)
    counts = multiples_within(record.interval, step)
    if counts:
        recomputed, note = f"{_span(counts)} of {total:,}", ""
    else:
        below, above = nearest_multiples(Fraction(record.value), step)
        count = int(below / step)
        decimals = record.decimals + 2
        recomputed = f"{float(below):.{decimals}f} or {float(above):.{decimals}f}"
        runs = " in one greedy run" if record.samples == 1 else ""
        note = f"neither {count} nor {count + 1} of {total:,}{runs} prints as it"
    return Finding(
        rule=SHARES,
        number=name(record),
        source=place(record),
        published=printed(record),
        recomputed=recomputed,
        verdict="agrees" if counts else "cannot be right",
        note=note,
        interval=None,
        records=(record, problems),
    )


def _span(counts: range) -> str:
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
