"""Check shares: over n problems a share is a whole number of correct answers."""

from collections.abc import Sequence
from fractions import Fraction
from math import comb

from rast_bench.metrics.paper import DRAWS
from rast_bench.paper.audit.finding import Finding, compared, location, name, printed, system
from rast_bench.paper.intervals import Interval, multiples_within, nearest_multiples
from rast_bench.paper.published import Published, only, select

SHARES = "Shares are whole numbers of correct answers"
SIZES = "Parts of a data set add up"
RUNS = "The number of runs shows in the last digits"
POOLS = "avg@32 ≤ pass@32 ≤ 32 · avg@32, of the same samples"


HUB_ROWS = {"olympiadbench": 674}
"""Rows of a data set on the hub, if the paper's copy has a different number (conf/dataset/)."""
GPQA_SETS = (198, 448, 546)  # problems: diamond, main, extended
SCRIPT_RUNS = 10  # --num_runs in the authors' scripts/run_hyperparameter.sh (ozyyshr/RAST @75d1e55)
UNLIKELY = 0.001  # p-values below this


def check_shares(records: Sequence[Published]) -> list[Finding]:
    """Check accuracies and pass@k with a published number of samples by the granularity of shares.

    A greedy accuracy over n problems is c/n, avg@32 is c/(32 n), pass@k over 10 draws is c/(10 n),
    and pass@32 of 32 samples is c/n, since every draw is the whole pool (section 3.3).
    """
    shares = [
        record
        for record in records
        if record.metric in {"accuracy", "pass@k"} and record.samples is not None
    ]
    return [
        _share(
            record,
            only(records, metric="problems", dataset=record.dataset, note=""),
            select(shares, source=record.source, dataset=record.dataset, samples=record.samples),
        )
        for record in shares
    ]


def check_pools(records: Sequence[Published]) -> list[Finding]:
    """Check pass@32 of figure 3 against avg@32 of table 1, both of 32 drawn samples.

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
    """Check that MATH is its training and test problems, Minerva its numeric and symbolic ones."""
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
    """Return the number of verdicts that a share is the mean of."""
    assert record.samples is not None
    if record.metric == "accuracy":
        return problems * record.samples
    return problems if record.k == record.samples else problems * DRAWS


def _on_the_hub(record: Published, peers: Sequence[Published]) -> str:
    """Return a note on whether the hub's number of rows explains the share but not others."""
    rows = HUB_ROWS.get(record.dataset or "")
    if rows is None or record.samples is None:
        return ""

    def counts(one: Published) -> range:
        return multiples_within(one.interval, Fraction(100, graded(one, rows)))

    if not counts(record):
        return ""
    text = f"; of the {rows} rows on the hub {counts(record)[0]} would"
    others = [name(one) for one in peers if not counts(one)]
    return text + (f", but then no count prints as {' or '.join(others)}" if others else "")


def check_runs(records: Sequence[Published]) -> list[Finding]:
    """Check the number of runs of figure 6 by its printed hundredths of a percent.

    Over n problems and SCRIPT_RUNS runs every accuracy is a multiple of 100/(n · SCRIPT_RUNS) %. If
    there were as many runs as the caption says, the printed multiples would be as rare as among all
    counts of that many answers; the p-value is that of a binomial number of them. A point shared by
    both panels counts once. Numbers with one decimal are taken as having two, the last being 0.
    """
    stated = only(records, source="text", section="4.4", metric="samples")
    drawn = select(records, source="figure 6")
    points = {(one.lambda_, one.temperature): one for one in drawn}
    size = only(records, metric="problems", dataset="math500", note="")
    step = Fraction(100, int(size.value) * SCRIPT_RUNS)
    share = _printed_multiples(int(size.value) * int(stated.value), step)
    fitting = sum(Fraction(one.value) % step == 0 for one in points.values())
    chance = _binomial_tail(fitting, len(points), share)
    unlikely = chance < UNLIKELY
    others = [one for one in points.values() if Fraction(one.value) % step]
    note = (
        f"the others are {' and '.join(str(one.value) for one in others)}; the authors' script "
        f"has --num_runs {SCRIPT_RUNS}; results/paper/figure6.csv takes {SCRIPT_RUNS} where it fits"
    )
    return [
        Finding(
            rule=RUNS,
            number="samples per problem of figure 6",
            source="caption of figure 6",
            published=str(stated.value),
            recomputed=f"{fitting} of {len(points)} multiples of {float(step):g} %, p = "
            f"{float(chance):.0e}",
            verdict="unlikely" if unlikely else "agrees",
            note=note if unlikely else "",
            interval=None,
            records=(stated, size, *drawn),
        )
    ]


def check_gpqa(records: Sequence[Published]) -> list[Finding]:
    """Check base accuracies on GPQA against the sizes of its three sets, for one greedy run."""
    shares = select(records, source="reply 1", method="base", dataset="gpqa", metric="accuracy")
    if not shares:
        return []
    fitting = [
        [size for size in GPQA_SETS if multiples_within(one.interval, Fraction(100, size))]
        for one in shares
    ]
    common = set(GPQA_SETS).intersection(*fitting)
    return [
        Finding(
            rule=SHARES,
            number=f"{', '.join(map(system, shares))}, gpqa: accuracy",
            source=location(shares[0]),
            published=", ".join(printed(one) for one in shares),
            recomputed="of " + ", ".join(" or ".join(map(str, one)) or "none" for one in fitting),
            verdict="agrees" if common else "unlikely",
            note=""
            if common
            else "no set of GPQA (198, 448 or 546 problems) allows all of them, if base models "
            "were decoded once and greedily as in table 1; the reply does not say",
            interval=None,
            records=tuple(shares),
        )
    ]


def _printed_multiples(answers: int, step: Fraction) -> Fraction:
    """Return the share of counts out of `answers` whose printed percentage is a multiple of `step`.

    A tie between two hundredths, of which the step allows one, counts half.
    """
    hundredth = Fraction(1, 100)
    period = (step * answers / 100).numerator  # counts after which the pattern repeats
    total = Fraction(0)
    for count in range(period):
        exact = Fraction(100 * count, answers)
        low = exact // hundredth * hundredth
        nearest = [one for one in (low, low + hundredth) if abs(one - exact) <= hundredth / 2]
        total += Fraction(sum(one % step == 0 for one in nearest), len(nearest))
    return total / period


def _binomial_tail(least: int, trials: int, chance: Fraction) -> Fraction:
    """Return the probability of at least `least` successes."""
    return sum(
        (
            comb(trials, count) * chance**count * (1 - chance) ** (trials - count)
            for count in range(least, trials + 1)
        ),
        Fraction(0),
    )


def _share(record: Published, problems: Published, peers: Sequence[Published]) -> Finding:
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
        note += _on_the_hub(record, peers)
    return Finding(
        rule=SHARES,
        number=name(record),
        source=location(record),
        published=printed(record),
        recomputed=recomputed,
        verdict="agrees" if counts else "cannot be right",
        note=note,
        interval=None,
        records=(record, problems),
    )


def _span(counts: range) -> str:
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
