"""Check statements on differences, means and bounds of published numbers."""

from collections.abc import Sequence
from itertools import combinations

from rast_bench.paper.audit.finding import (
    Finding,
    Verdict,
    compared,
    interval_text,
    name,
    unchecked,
)
from rast_bench.paper.audit.recovery import (
    accuracies,
    mean_recovery_interval,
    recovery_interval,
)
from rast_bench.paper.audit.repeats import printed_again
from rast_bench.paper.audit.statements import RULE
from rast_bench.paper.intervals import image
from rast_bench.paper.published import MATH_SETS, Published, only, select


def check_comparisons(records: Sequence[Published]) -> list[Finding]:
    """Check bounds on PCRs, and what section 3.2 says of base models with the same ΔR."""
    bounds = select(records, metric="PCR", sense="above")
    return [
        *(_least_pcr(records, bound) for bound in bounds),
        _own_delta(records),
        _smaller_gain(records),
        _higher_recovery(records),
        _stronger_bases(records),
    ]


def _least_pcr(records: Sequence[Published], bound: Published) -> Finding:
    """Check a bound: section 2.1's is on figure 1a, that of a reply on the table before it."""
    if bound.source == "text":
        table = select(records, source="figure 1a")
    else:
        table = select(records, metric="PCR", section=bound.section, sense="equal")
    if not table:
        return unchecked(RULE, bound, "its table is missing")
    least = min(table, key=lambda record: record.value)
    return compared(RULE, bound, least.interval, table, note=f"the least is {name(least)}")


def _own_delta(records: Sequence[Published]) -> Finding:
    """Check 7B with ΔR 7B at λ = 1: by equation 3 the RL model of table 1, M + (M_RL − M)."""
    quoted = only(records, source="text", method="rast", model="qwen2.5-7b", delta="qwen2.5-7b")
    cell = {"model": quoted.model, "dataset": quoted.dataset, "metric": quoted.metric}
    rl = only(records, source="table 1", method="rl", **cell)
    note = "by equation 3 at λ = 1 this is the RL model itself; table 1 has no such row"
    return compared(RULE, quoted, printed_again(quoted, rl), [rl], note=note)


def _smaller_gain(records: Sequence[Published]) -> Finding:
    """Check that on GSM8K 7B with ΔR 7B gains less than 32B with ΔR 14B."""
    text = select(records, source="text", section="3.2", dataset="gsm8k")
    used = [
        only(text, model=model, method=method)
        for model in ("qwen2.5-7b", "qwen2.5-32b")
        for method in ("rast", "base")
    ]
    ours, theirs = (
        image(lambda after, before: after - before, [after.interval, before.interval])
        for after, before in (used[:2], used[2:])
    )
    agrees = ours.low < theirs.high
    after, before = used[:2]
    return Finding(
        rule=RULE,
        number=f"gsm8k: 7B gains less ({before.value} to {after.value}) than 32B",
        source="section 3.2",
        published="less",
        recomputed=f"{interval_text(ours, 1)}, of 32B {interval_text(theirs, 1)} points",
        verdict="agrees" if agrees else "cannot be right",
        note="" if agrees else f"it is larger, and {after.value} is the RL model itself",
        interval=None,
        records=tuple(used),
    )


def _higher_recovery(records: Sequence[Published]) -> Finding:
    """Check that with ΔR 7B the 14B base recovers more than the 32B base, on average."""
    delta, models = "qwen2.5-7b", ("qwen2.5-14b", "qwen2.5-32b")
    small, large = (mean_recovery_interval(records, model, delta) for model in models)
    rates = [
        only(
            records,
            source="table 1",
            metric="recovery rate",
            model=model,
            delta=delta,
            dataset=data,
        )
        for data in MATH_SETS
        for model in models
    ]
    lower = [
        data
        for data, one, other in zip(MATH_SETS, rates[::2], rates[1::2], strict=True)
        if one.interval.high < other.interval.low
    ]
    recomputed = ""
    verdict: Verdict = "cannot be checked"
    if small is not None and large is not None:
        recomputed = f"{interval_text(small, 1)}, of 32B {interval_text(large, 1)} %"
        verdict = "agrees" if small.high > large.low else "cannot be right"
    return Finding(
        rule=RULE,
        number="ΔR 7B recovers more on 14B than on 32B, as a mean",
        source="section 3.2",
        published="higher",
        recomputed=recomputed,
        verdict=verdict,
        note=f"lower on {' and '.join(lower)}" if lower else "",
        interval=None,
        records=tuple(rates),
    )


def _stronger_bases(records: Sequence[Published]) -> Finding:
    """Check section 3.2: "stronger base models exhibit higher recovery rates", 32B "often" highest.

    Tested on all comparisons with the same ΔR and data set; what rounding leaves open is in favour.
    """
    bases = {
        "qwen2.5-1.5b": ("qwen2.5-7b", "qwen2.5-14b", "qwen2.5-32b"),
        "qwen2.5-7b": ("qwen2.5-14b", "qwen2.5-32b"),
    }
    used: list[Published] = []
    higher = total = 0
    for delta, models in bases.items():
        for data in MATH_SETS:
            cells = [accuracies(records, model, delta, data) for model in models]
            used += [one for cell in cells for one in cell]
            for weaker, stronger in combinations(map(recovery_interval, cells), 2):
                if weaker is not None and stronger is not None:
                    total += 1
                    higher += stronger.high >= weaker.low
    means = [
        f"ΔR {delta.removeprefix('qwen2.5-').upper()}: "
        + ", ".join(_mean_text(records, model, delta) for model in models)
        for delta, models in bases.items()
    ]
    refuted = 2 * higher < total
    return Finding(
        rule=RULE,
        number="with the same ΔR a stronger base recovers more",
        source="section 3.2",
        published="often",
        recomputed=f"at most {higher} of {total}",
        verdict="cannot be right" if refuted else "agrees",
        note=f"means by {'; '.join(means)}" if refuted else "",
        interval=None,
        records=tuple(dict.fromkeys(used)),
    )


def _mean_text(records: Sequence[Published], model: str, delta: str) -> str:
    mean = mean_recovery_interval(records, model, delta)
    size = model.removeprefix("qwen2.5-").upper()
    return f"{size} {float((mean.low + mean.high) / 2):.1f} %" if mean else f"{size} –"
