"""Check recovery rates (eq. 5) against the accuracies of table 1."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from rast_bench.paper.audit.finding import Finding, compared, system, unchecked
from rast_bench.paper.intervals import Interval, image
from rast_bench.paper.published import MATH_SETS, Published, only, select

RULE = "Recovery rates are (RAST − base)/(RL − base), equation 5"
MEANS = "Mean recovery rates"


class Accuracies(NamedTuple):
    """The three accuracies of a recovery rate."""

    base: Published
    rast: Published
    rl: Published


def accuracies(
    records: Sequence[Published], model: str | None, delta: str | None, dataset: str | None
) -> Accuracies:
    """Return the three accuracies from table 1.

    Raises:
        DatasetError: one is missing.
    """
    cell = {"source": "table 1", "metric": "accuracy", "model": model, "dataset": dataset}
    return Accuracies(
        only(records, method="base", **cell),
        only(records, method="rast", delta=delta, **cell),
        only(records, method="rl", **cell),
    )


def recovery_interval(three: Accuracies) -> Interval | None:
    """Return all recovery rates, in percent, that the three printed accuracies allow; exact.

    None if RL and base may be equal. The rate is monotone in each accuracy while the others are
    fixed and RL − base keeps its sign.
    """
    gap = image(lambda rl, base: rl - base, [three.rl.interval, three.base.interval])
    if gap.contains(0):
        return None
    return image(
        lambda base, rast, rl: 100 * (rast - base) / (rl - base),
        [accuracy.interval for accuracy in three],
    )


def check_recovery_rates(records: Sequence[Published]) -> list[Finding]:
    """Check every recovery rate of table 1."""
    return [
        _check(records, rate) for rate in select(records, source="table 1", metric="recovery rate")
    ]


def check_figure_4(records: Sequence[Published]) -> list[Finding]:
    """Check the recovery rates of figure 4, which are those of table 1 on one data set.

    They must equal what table 1 prints, not just what its accuracies allow: both are the same three
    quotients of the same runs.
    """
    drawn = select(records, source="figure 4", metric="recovery rate")
    pairs = [
        (
            rate.in_percent(),
            only(
                records,
                source="table 1",
                metric=rate.metric,
                model=rate.model,
                delta=rate.delta,
                dataset=rate.dataset,
            ),
        )
        for rate in drawn
    ]
    if not pairs:
        return []
    wrong = [pair for pair in pairs if not pair[0].interval.overlaps(pair[1].interval)]
    return [
        Finding(
            rule="Figure 4 draws recovery rates of table 1",
            number="recovery rates on math500, in percent",
            source="figure 4; table 1",
            published=", ".join(str(rate.value) for rate, _ in pairs),
            recomputed=", ".join(str(printed.value) for _, printed in pairs),
            verdict="cannot be right" if wrong else "agrees",
            note="; ".join(
                f"{system(rate)}: {rate.value} here, {printed.value} there"
                for rate, printed in wrong
            ),
            interval=None,
            records=(*drawn, *(printed for _, printed in pairs)),
        )
    ]


def check_mean_recovery_rates(records: Sequence[Published]) -> list[Finding]:
    """Check the means over the six sets: table 4, section 4.3 and the reply to reviewer 4.

    Leaves out the 100 % of the RL models, which equation 5 gives whatever they score.
    """
    found = []
    for mean in select(records, metric="mean recovery rate"):
        if mean.method == "rl":
            continue
        # The reply names no pair; section 4.3 gives the highest mean, of 32B with the ΔR of 14B.
        model, delta = mean.model or "qwen2.5-32b", mean.delta or "qwen2.5-14b"
        used = [one for data in MATH_SETS for one in accuracies(records, model, delta, data)]
        interval = mean_recovery_interval(records, model, delta)
        if interval is None:
            found.append(unchecked(MEANS, mean, "RL and base may be equal", *used))
        else:
            note = "of 32B + ΔR 14B, the highest" if mean.model is None else ""
            found.append(compared(MEANS, mean, interval, used, note=note))
    return found


def mean_recovery_interval(records: Sequence[Published], model: str, delta: str) -> Interval | None:
    """Return the mean over the six sets, in percent; None if a set has no certain gap."""
    total = Interval(Fraction(0), Fraction(0))
    for data in MATH_SETS:
        interval = recovery_interval(accuracies(records, model, delta, data))
        if interval is None:
            return None
        total += interval
    return total / len(MATH_SETS)


def _check(records: Sequence[Published], rate: Published) -> Finding:
    three = accuracies(records, rate.model, rate.delta, rate.dataset)
    interval = recovery_interval(three)
    if interval is None:
        return unchecked(RULE, rate, "RL and base may be equal", *three)
    sum_ = f"({three.rast.value} − {three.base.value})/({three.rl.value} − {three.base.value})"
    return compared(RULE, rate, interval, three, reason=f"its accuracies give {sum_}")
