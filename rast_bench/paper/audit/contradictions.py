"""Pairs of statements by the authors that cannot both be right."""

from collections.abc import Sequence
from dataclasses import dataclass

from rast_bench.paper.audit.finding import Finding
from rast_bench.paper.published import Published, only, select

RULE = "Statements that contradict each other"


@dataclass(frozen=True)
class Contradiction:
    """A statement in one place and its denial in another; no number decides between them."""

    words: str
    source: str
    denial: str
    denied_in: str


CONTRADICTIONS = (
    Contradiction(
        "S_RL is trained with problems from MATH500 and GSM8K",
        "section 3.4",
        "MATH500 is not incorporated in the training of S_RL, which took MATH's training problems",
        "reply to reviewer 5 (W2)",
    ),
    Contradiction(
        "The prompt of † rows does not match the training of S_RL",
        "table 1",
        "for ΔR 1.5B prompt (b) is used, following the training and inference setting of S_RL",
        "appendix A.2",
    ),
    Contradiction(
        "Figure 5 compares outputs of M_base and of RAST",
        "caption of figure 5",
        "the picture itself is headed: Generated output from M_RL",
        "figure 5",
    ),
)
"""Quotations are shortened."""


def check_contradictions(records: Sequence[Published]) -> list[Finding]:
    """Return all of CONTRADICTIONS, and figure 6 against "λ = 1.0 for all experiments"."""
    return [*map(_finding, CONTRADICTIONS), _one_lambda(records)]


def _finding(one: Contradiction) -> Finding:
    return Finding(
        rule=RULE,
        number=one.words,
        source=f"{one.source}; {one.denied_in}",
        published="stated",
        recomputed="denied",
        verdict="cannot be right",
        note=f"{one.denied_in}: {one.denial}; either may be the wrong one",
        interval=None,
        records=(),
    )


def _one_lambda(records: Sequence[Published]) -> Finding:
    """Check section 3.1 against 4.4, which varies τ at λ = 0.5 as "the peak performance"."""
    stated = only(records, source="text", section="3.1", metric="lambda")
    fixed = select(records, source="figure 6", section="4.4 right")
    lambdas = {one.lambda_ for one in fixed if one.lambda_ is not None}
    others = sorted(lambdas - {float(stated.value)})
    panel = select(records, source="figure 6", section="4.4 left")
    peak = max(panel, key=lambda one: one.value, default=None)
    at_stated = [one for one in panel if one.lambda_ == float(stated.value)]
    note = ""
    if others and peak is not None and at_stated:
        note = (
            f"figure 6 has {peak.value} % at λ = {peak.lambda_:g} and {at_stated[0].value} % at "
            f"λ = {stated.value}"
        )
    return Finding(
        rule=RULE,
        number="λ is the same in all experiments",
        source="section 3.1; section 4.4",
        published=str(stated.value),
        recomputed=", ".join(f"{one:g}" for one in others) or str(stated.value),
        verdict="cannot be right" if others else "agrees",
        note=note,
        interval=None,
        records=(stated, *fixed, *at_stated),
    )
