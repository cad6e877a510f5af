"""Footnotes of a plan's engine groups: the meaning of its columns and the basis of its numbers."""

import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rast_bench.planning.estimate import ThroughputSource
from rast_bench.planning.groups import GroupLine
from rast_bench.planning.quantities import amount
from rast_bench.planning.throughput import AUTHORS_CARDS, AUTHORS_THROUGHPUT, authors_hours
from rast_bench.reporting.plan_report import PlanReport

WIDTH = 100

_RATES: Mapping[ThroughputSource, str] = {
    "this engine group": "measured with these models",
    "this engine": "measured with other models in this engine",
    "assumption": "assumed",
    "estimate": "estimated",
}


def footnotes(report: PlanReport) -> Iterator[str]:
    """Yield lines of at most WIDTH columns."""
    groups = report.groups
    doubling = any(group.engine == "transformers" for group in groups)
    split = " on each of its devices" if any(group.devices > 1 for group in groups) else ""
    yield from bullet(
        f"weights, a token: memory{split}; the latter is the keys and values of all models for one "
        "token of one row; a row is the longest prompt and max_tokens; activations come on top"
        + ("; transformers doubles its cache, so up to twice that" if doubling else "")
    )
    yield from bullet(_about_fit(report))
    if unknown := sorted({path for group in groups for path in group.unknown_models}):
        yield from bullet(f"not on this machine, size unknown: {', '.join(unknown)}")
    if computed := sorted(
        {model.path for group in groups for model in group.models if model.source == "config"}
    ):
        yield from bullet(f"size by config.json, without weights: {', '.join(computed)}")
    yield from _about_lengths(groups)
    yield from _about_rates(groups)


def _about_fit(report: PlanReport) -> str:
    told = report.assumptions
    if told.gpu_memory is None:
        return "fits: name a card with --gpu CARD or --gpu-memory GIB"
    card = f"{told.gpu_memory:g} GiB" + (f" ({told.gpu})" if told.gpu else "")
    text = f"fits: on devices of {card}; vllm takes engine.gpu_memory_utilization of that"
    if any(group.fit is not None and group.fit.verdict == "fewer rows" for group in report.groups):
        text += (
            "; N rows: so many of full length, fewer than max_num_seqs (vllm lets the others wait, "
            "for transformers set engine.max_num_seqs=N)"
        )
    return text


def _about_lengths(groups: Sequence[GroupLine]) -> Iterator[str]:
    words = {
        "own samples": "the mean length of the cell's own samples",
        "data set": "the mean length of samples stored for the same data set",
        "published": "published means (section C.2 of the paper) and what they suggest of other "
        "mathematics",
        "max_tokens": "max_tokens, an upper bound, where no sample is stored",
    }
    used = {source for group in groups for source in group.work.sources}
    if used:
        yield from bullet("tokens: by " + ", else ".join(words[s] for s in words if s in used))


def _about_rates(groups: Sequence[GroupLine]) -> Iterator[str]:
    by_rate: defaultdict[str, list[str]] = defaultdict(list)
    for group in groups:
        known = group.throughput
        if known is not None and known.source != "estimate":
            rate = f"{amount(known.tokens_per_second)} tokens/s, {_RATES[known.source]}"
            by_rate[f"{rate} ({known.origin})"].append(str(group.number))
    for rate, numbers in by_rate.items():
        where = "" if len(by_rate) == 1 else f", group {', '.join(numbers)}"
        yield from bullet(f"time{where}: at {rate}")
    yield from _about_estimates([group for group in groups if _is_estimated(group)])
    if any(group.missing and group.throughput is None for group in groups):
        yield from bullet(
            "time ?: no run of this engine is in the ledger for this card and none can be "
            "estimated; assume a rate with --tokens-per-second N"
        )


def _is_estimated(group: GroupLine) -> bool:
    return group.throughput is not None and group.throughput.source == "estimate"


def _about_estimates(groups: Sequence[GroupLine]) -> Iterator[str]:
    """Yield the basis of the time range, and the only speeds that the authors report."""
    if not groups:
        return
    slowest = min(rate.slowest or 0 for group in groups if (rate := group.throughput))
    fastest = max(rate.tokens_per_second for group in groups if (rate := group.throughput))
    least, most = authors_hours(
        (
            sum(group.work.least_tokens for group in groups),
            sum(group.work.tokens for group in groups),
        )
    )
    # If tokens are bounded only from above, the minimum is 0.
    hours = f"{least:,.0f} to {most:,.0f}" if least else f"at most {most:,.0f}"
    yield from bullet(
        "time: ESTIMATED, nothing was measured: bytes that a step reads over the card's bandwidth, "
        f"{amount(slowest)} to {amount(fastest)} tokens/s per engine (docs/planning.md); measure "
        "with a few samples, or say --tokens-per-second N. At the authors' "
        f"{AUTHORS_THROUGHPUT[0]:.0f} to {AUTHORS_THROUGHPUT[1]:.0f} tokens/s on {AUTHORS_CARDS} "
        f"A6000 (reply 4) these tokens take {hours} hours of one A6000"
    )


def bullet(text: str) -> Iterable[str]:
    return wrapped(text, "• ", "  ")


def wrapped(text: str, first: str, following: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
