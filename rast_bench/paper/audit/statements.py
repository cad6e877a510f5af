"""Check statements that order published numbers: "increases monotonically", "is above"."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rast_bench.paper.audit.finding import Finding, name
from rast_bench.paper.audit.recovery import accuracies
from rast_bench.paper.published import MATH_SETS, Published, only, select

RULE = "Statements in words"

Pair = tuple[Published, Published]
"""(what should not be larger, what should not be smaller)."""


@dataclass(frozen=True)
class Statement:
    """A statement that holds if no pair of printed numbers is certainly the other way round.

    So equal numbers never refute it, nor do numbers within each other's rounding.
    """

    words: str
    source: str
    pairs: Callable[[Sequence[Published]], Iterable[Pair]]


def check_statements(records: Sequence[Published]) -> list[Finding]:
    """Check every statement of STATEMENTS against all the pairs that it orders."""
    return [_check(statement, list(statement.pairs(records))) for statement in STATEMENTS]


def _check(statement: Statement, pairs: Sequence[Pair]) -> Finding:
    wrong = [pair for pair in pairs if pair[0].interval.low > pair[1].interval.high]
    return Finding(
        rule=RULE,
        number=statement.words,
        source=statement.source,
        published=f"all {len(pairs)}",
        recomputed=f"{len(pairs) - len(wrong)} of {len(pairs)}",
        verdict="cannot be right" if wrong else "agrees" if pairs else "cannot be checked",
        note="; ".join(
            f"{greater.value} < {lesser.value} of {name(lesser)}" for lesser, greater in wrong
        ),
        interval=None,
        records=tuple(dict.fromkeys(one for pair in pairs for one in pair)),
    )


def _above_base(records: Sequence[Published], **coordinates: object) -> Iterator[Pair]:
    for rast in select(records, method="rast", metric="accuracy", **coordinates):
        base = select(
            records,
            method="base",
            metric="accuracy",
            source=rast.source,
            model=rast.model,
            dataset=rast.dataset,
        )
        yield from ((one, rast) for one in base)


def _larger_deltas(records: Sequence[Published]) -> Iterator[Pair]:
    sizes = ["qwen2.5-1.5b", "qwen2.5-7b", "qwen2.5-14b"]
    for small, large in pairwise(sizes):
        for gained in select(records, source="table 1", metric="accuracy", delta=large):
            smaller = select(
                records,
                source="table 1",
                metric="accuracy",
                delta=small,
                model=gained.model,
                dataset=gained.dataset,
            )
            yield from ((one, gained) for one in smaller)


def _rising_pass_at_k(records: Sequence[Published]) -> Iterator[Pair]:
    for record in select(records, source="figure 3"):
        doubled = select(
            records,
            source="figure 3",
            model=record.model,
            method=record.method,
            dataset=record.dataset,
            k=2 * record.k if record.k else None,
        )
        yield from ((record, one) for one in doubled)


def _rast_over(method: str, keep: Callable[[Published], bool]) -> Callable[..., Iterator[Pair]]:
    """Return pairs of pass@k of RAST and another method at every kept point of figure 3."""

    def pairs(records: Sequence[Published]) -> Iterator[Pair]:
        for rast in filter(keep, select(records, source="figure 3", method="rast")):
            at = {"dataset": rast.dataset, "k": rast.k}
            yield only(records, source="figure 3", method=method, **at), rast

    return pairs


def _peak(**coordinates: object) -> Callable[..., Iterator[Pair]]:
    """Return pairs of every other point with λ = 0.5 and τ = 1, as figure 6 prints it."""

    def pairs(records: Sequence[Published]) -> Iterator[Pair]:
        at = {"lambda_": 0.5, "temperature": 1.0}
        peak = only(records, source="figure 6", section="4.4 left", **at)
        points = select(records, **coordinates)
        yield from ((point, peak) for point in points if point not in select(points, **at))

    return pairs


def _path_of_rast(records: Sequence[Published]) -> Iterator[Pair]:
    at = {"source": "text", "section": "4.2", "metric": "PCR"}
    yield only(records, method="base", **at), only(records, method="rast", **at)


def _similar_deltas(records: Sequence[Published]) -> Iterator[Pair]:
    """Yield the recovery rates of figure 4, in the order of their cosines."""
    drawn = {"source": "figure 4", "method": "rast"}
    cosines = select(records, metric="cosine similarity", **drawn)
    for lesser, greater in pairwise(sorted(cosines, key=lambda one: one.value)):
        low, high = (
            only(records, metric="recovery rate", model=one.model, delta=one.delta, **drawn)
            for one in (lesser, greater)
        )
        yield low, high


def _ensemble(records: Sequence[Published]) -> Iterator[Pair]:
    single = accuracies(records, "qwen2.5-32b", "qwen2.5-14b", "math500").rast
    yield only(records, source="text", section="E"), single


def _instruct_accuracy(records: Sequence[Published]) -> Iterator[Pair]:
    strongest = {"7b": "1.5b", "14b": "7b", "32b": "14b"}
    for size, delta in strongest.items():
        for data in MATH_SETS:
            instruct = only(
                records,
                method="instruct",
                metric="accuracy",
                model=f"qwen2.5-{size}",
                dataset=data,
            )
            yield instruct, accuracies(records, f"qwen2.5-{size}", f"qwen2.5-{delta}", data).rast


def _instruct_behaviour(records: Sequence[Published]) -> Iterator[Pair]:
    for rast in select(records, source="reply 5", method="rast"):
        at = {"metric": rast.metric, "dataset": rast.dataset}
        yield only(records, source="reply 5", method="instruct", **at), rast


STATEMENTS = (
    Statement(
        "RAST improves on the base model across all settings",
        "section 3.2",
        lambda records: _above_base(records, source="table 1"),
    ),
    Statement("A larger ΔR gains more on every base model", "section 3.2", _larger_deltas),
    Statement("pass@k rises monotonically with k", "section 3.3", _rising_pass_at_k),
    Statement(
        "RAST reaches the RL model's pass@32 on all sets",
        "section 3.3",
        _rast_over("rl", lambda rast: rast.k == 32),
    ),
    Statement(
        "RAST is always above RL in pass@k on all sets but aime24",
        "reply to reviewer 5 (Q3)",
        _rast_over("rl", lambda rast: rast.dataset != "aime24"),
    ),
    Statement(
        "RAST beats base in pass@k on amc23, math500, olympiadbench",
        "section 3.3",
        _rast_over("base", lambda rast: rast.dataset in {"amc23", "math500", "olympiadbench"}),
    ),
    Statement("A more similar ΔR recovers more", "section 4.1", _similar_deltas),
    Statement("The PCR of RAST is above that of the base model", "section 4.2", _path_of_rast),
    Statement("λ = 0.5 is the peak at τ = 1", "section 4.4", _peak(section="4.4 left")),
    Statement("τ = 1 is the peak at λ = 0.5", "section 4.4", _peak(section="4.4 right")),
    Statement(
        "λ = 0.5, τ = 1 is the peak, on the joint grid", "section 4.4", _peak(source="reply 3")
    ),
    Statement("The ensemble does not outperform ΔR 14B alone", "appendix E", _ensemble),
    Statement(
        "RAST improves on the base model on MMLU and GPQA",
        "reply to reviewer 1 (W1)",
        lambda records: _above_base(records, source="reply 1"),
    ),
    Statement(
        "Instruct models do not match RAST with the largest ΔR",
        "reply to reviewer 5 (W3)",
        _instruct_accuracy,
    ),
    Statement(
        "RAST shows every behaviour more often than the Instruct model",
        "reply to reviewer 5 (W3)",
        _instruct_behaviour,
    ),
)
"""Quotations are shortened; an ambiguous statement is taken in its milder reading."""
