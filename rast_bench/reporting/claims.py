"""Every number of a table or figure of the paper beside ours: what a claim is, and its verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rast_bench.paper.published import Published
from rast_bench.reporting.records import Role

if TYPE_CHECKING:
    from rast_bench.config.experiment import Measure
    from rast_bench.metrics.outcomes import CellOutcome

Verdict = Literal["agrees", "differs", "not comparable", "not run", "open"]
"""`open`: there are samples of ours, but no number that could agree (`Claim.missing` says why).
`not comparable`: ours was counted by another lemmatizer than the published one."""

NOT_RUN = "not run"
UNDEFINED = "undefined"  # a recovery rate without any gap
PERCENT = frozenset(
    {
        *("accuracy", "standard deviation over runs"),
        *("recovery rate", "mean recovery rate", "gain", "mean gain"),
        *("pass@k", "majority@k", "PCR"),
    }
)
"""Measures that are printed in percent or points; the others are in tokens or occurrences."""

MEANS: dict[str, "Measure"] = {
    "mean recovery rate": "recovery rate",
    "mean gain": "gain",
}
"""Measures over all data sets of a row, and what they are the mean of."""


@dataclass(frozen=True)
class Slot:
    """One cell of the experiment and what it stands for in the paper.

    `model`, `method`, `delta` and `named` (the data set) are the words of results/paper/.
    `temperature` is 0 for greedy decoding. `policy` is what an analysis calls the models whose
    choices count for a PCR. Nothing published stands beside a slot that is not `compared`. Without
    an outcome `missing` says why, in a few words.
    """

    section: str
    label: str
    role: Role
    model: str
    method: str
    delta: str | None
    dataset: str
    named: str
    lambda_: float | None
    temperature: float
    base_model: str
    policy: str = ""
    grid: str | None = None
    compared: bool = True
    outcome: "CellOutcome | None" = None
    missing: str = NOT_RUN


@dataclass(frozen=True)
class Number:
    """Ours, in the unit of the published one.

    [low, high] holds 95 % of published numbers if both runs measure the same (metrics/replication.py);
    None where no such range is known. `standard_error` is over problems or paths. A recovery rate
    is not `identified` where ceiling and base differ by no more than the luck of sampling.
    `counted_by` names the lemmatizer of a frequency where it is not the paper's.
    """

    value: float
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    identified: bool = True
    counted_by: str = ""


@dataclass(frozen=True)
class Claim:
    """One place of a table: the published numbers that stand there (mostly one, or none), and ours.

    `delta` is in the words of results/paper/; `dataset` is None for a mean over all data sets,
    `grid` for a row.
    """

    section: str
    label: str
    role: Role
    delta: str | None
    dataset: str | None
    measure: "Measure"
    k: int | None
    lambda_: float | None
    temperature: float | None
    grid: str | None
    published: tuple[Published, ...]
    ours: Number | None
    missing: str = ""

    def verdict(self, fact: Published) -> Verdict:
        """Of one published number."""
        if self.ours is None:
            return "not run" if self.missing == NOT_RUN else "open"
        if self.ours.counted_by:
            return "not comparable"
        if self.ours.low is None or self.ours.high is None:
            return "open"
        return "agrees" if _may_be(fact, self.ours.low, self.ours.high) else "differs"


def _may_be(fact: Published, low: float, high: float) -> bool:
    """Could what is printed be a number in [low, high]? Rounding is taken into account."""
    printed = fact.interval
    if fact.sense in ("above", "at least"):
        return high >= printed.low
    if fact.sense in ("below", "up to"):
        return low <= printed.high
    return printed.low <= high and low <= printed.high


def facts_of(
    facts: Iterable[Published], sources: Sequence[str], measures: Sequence["Measure"]
) -> list[Published]:
    """The facts of the named sources that are about one of the measures.

    `text 3.4` is section 3.4 of the source `text`. Rates printed as fractions are in percent.
    """
    wanted = set(sources)
    return [
        one.in_percent()
        for one in facts
        if one.metric in measures
        and (one.source in wanted or f"{one.source} {one.section}" in wanted)
    ]


def claims_slot(fact: Published, slot: Slot, measure: str, k: int | None) -> bool:
    """Does the fact speak of this cell? What it leaves open (λ, τ) fits every value."""
    return (
        slot.compared
        and fact.metric == measure
        and fact.k == k
        and (fact.model, fact.method, _parts(fact.delta))
        == (slot.model, slot.method, _parts(slot.delta))
        and fact.dataset == (None if measure in MEANS else slot.named)
        and fact.strength in (None, slot.lambda_)
        and fact.temperature in (None, slot.temperature)
    )


def _parts(delta: str | None) -> frozenset[str]:
    return frozenset(delta.split("+")) if delta else frozenset()


def unclaimed(facts: Iterable[Published], claims: Iterable[Claim]) -> list[Published]:
    """The facts that stand at no place."""
    placed = {fact for claim in claims for fact in claim.published}
    return [fact for fact in facts if fact not in placed]
