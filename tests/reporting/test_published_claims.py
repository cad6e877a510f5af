"""Which published number stands where, and whether ours agrees with it."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from claimed_cells import HALF, fact, slot, slots

from rast_bench.reporting.claim_numbers import PathMean, build_claims
from rast_bench.reporting.claims import claims_slot, facts_of, unclaimed


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({}, True),
        ({"strength": None, "temperature": None}, True),
        ({"strength": 0.5}, False),
        ({"temperature": 0.7}, False),
        ({"model": "bigger"}, False),
        ({"method": "rl"}, False),
        ({"delta": None}, False),
        ({"dataset": "easy"}, False),
        ({"dataset": None}, False),
        ({"metric": "PCR"}, False),
        ({"k": 4}, False),
    ],
)
def test_a_fact_fits_only_the_cell_it_speaks_of(changed: dict, fits: bool) -> None:
    assert claims_slot(fact("50.0", **changed), slots()[1], "accuracy", None) is fits


def test_the_parts_of_an_ensemble_have_no_order() -> None:
    ours = slot("both", "rast", HALF, delta="a+b")
    assert claims_slot(fact("50.0", delta="b+a"), ours, "accuracy", None)
    assert not claims_slot(fact("50.0", delta="b"), ours, "accuracy", None)


def test_sources_are_chosen_by_name_section_and_measure() -> None:
    facts = [
        fact("1.0"),
        fact("2.0", source="text", section="3.4"),
        fact("3.0", source="text", section="4.2"),
        fact("4.0", metric="PCR"),
    ]
    found = facts_of(facts, ["table 1", "text 3.4"], ["accuracy"])
    assert [str(one.value) for one in found] == ["1.0", "2.0"]


@pytest.mark.parametrize(
    ("value", "sense", "verdict"),
    [
        ("50.0", "equal", "agrees"),
        ("95.0", "equal", "differs"),
        ("5.0", "equal", "differs"),
        ("95.0", "below", "agrees"),
        ("95.0", "above", "differs"),
        ("5.0", "at least", "agrees"),
        ("5.0", "up to", "differs"),
    ],
)
def test_the_verdict_takes_the_sense_into_account(value: str, sense: str, verdict: str) -> None:
    """σ̂² = 7/24 (p̂ = ½, ½, ¾, ¼): the range is ½ ± 1.96 · √(σ̂²/4 · (1/4 + 1/4)) = ½ ± 0.37."""
    (claim,) = build_claims(slots()[1:2], ["accuracy"], [fact(value, sense=sense)])
    assert claim.ours is not None
    reach = 1.959964 * math.sqrt(7 / 24 / 4 * (1 / 4 + 1 / 4))
    assert claim.ours.value == 50.0
    assert claim.ours.low == pytest.approx(100 * (0.5 - reach))
    assert claim.ours.high == pytest.approx(100 * (0.5 + reach))
    assert claim.verdict(claim.published[0]) == verdict


def test_rounding_of_the_published_number_counts() -> None:
    """The range ends at 87.42; "about 87.5" may have been cut off from 87.4."""
    (claim,) = build_claims(slots()[1:2], ["accuracy"], [fact("87.5")])
    about = fact("87.5", sense="about")
    assert [claim.verdict(one) for one in (fact("87.5"), about)] == ["differs", "agrees"]


def test_recovery_and_gain_are_over_the_base_of_the_same_section() -> None:
    claims = build_claims(slots(), ["recovery rate", "gain"], [])
    recovery, gain = claims
    assert recovery.ours is not None
    assert gain.ours is not None
    assert recovery.ours.value == pytest.approx(100 * (0.5 - 0.25) / 0.75)
    assert gain.ours.value == pytest.approx(25.0)
    assert [claim.label for claim in claims] == ["+ ΔR", "+ ΔR"]


def test_what_is_missing_says_so() -> None:
    base, rast, _ = slots()
    nothing = slot("RL", "ceiling", None)
    (claim,) = build_claims([base, rast, nothing], ["recovery rate"], [])
    assert (claim.ours, claim.missing) == (None, "not run")
    partial = slot("+ ΔR", "rast", None, missing="3 of 16")
    (claim,) = build_claims([partial], ["accuracy"], [fact("50.0")])
    assert claim.missing == "3 of 16"
    assert claim.verdict(claim.published[0]) == "open"
    equal = slot("RL", "ceiling", [[1], [0], [0], [0]])
    (claim,) = build_claims([base, rast, equal], ["recovery rate"], [])
    assert claim.missing == "undefined"


def test_a_rate_that_is_not_identified_is_printed_flagged_and_judged() -> None:
    """Ceiling and base: 9 and 8 of 16 samples. The paper prints such rates."""
    unsure = [
        slot("base", "base", HALF),
        slot("+ ΔR", "rast", [[1, 1, 1, 1], *HALF[1:]]),
        slot("RL", "ceiling", [[1, 1, 1, 0], *HALF[1:]]),
    ]
    rates: dict = {"metric": "recovery rate"}
    means: dict = {"metric": "mean recovery rate", "dataset": None}
    for measure, fact_of in (("recovery rate", rates), ("mean recovery rate", means)):
        near, far = fact("210", **fact_of), fact("99999", **fact_of)
        (claim,) = build_claims(unsure, [measure], [near, far])
        assert claim.ours is not None
        assert claim.ours.value == pytest.approx(200)
        assert not claim.ours.identified
        assert [claim.verdict(one) for one in (near, far)] == ["agrees", "differs"]


def test_a_row_that_the_paper_has_not_gets_no_published_number() -> None:
    ours = slot("+ ΔR", "rast", HALF, compared=False)
    (claim,) = build_claims([ours], ["accuracy"], [fact("50.0")])
    assert claim.published == ()


def test_the_spread_over_runs_is_of_the_accuracy_of_a_run() -> None:
    """The runs of HALF have 3, 2, 3 and 0 of 4 right: sd of ¾, ½, ¾, 0."""
    grid = [slot("big + ΔR small", "rast", HALF, grid="g")]
    (claim,) = build_claims(grid, ["standard deviation over runs"], [])
    assert claim.ours is not None
    assert claim.ours.value == pytest.approx(100 * np.std([0.75, 0.5, 0.75, 0], ddof=1))
    assert claim.ours.standard_error == pytest.approx(claim.ours.value / math.sqrt(6))
    greedy = slot("base", "base", [[1], [0]])
    (claim,) = build_claims([greedy], ["standard deviation over runs"], [])
    assert claim.missing == "n = 1"


def test_fewer_published_samples_make_a_wider_range() -> None:
    wide, narrow = (
        build_claims(slots()[1:2], ["accuracy"], [fact("50.0", samples=samples)])[0].ours
        for samples in (10, 32)
    )
    assert wide is not None
    assert narrow is not None
    reach = [1 / 4 + 1 / 10, 1 / 4 + 1 / 32]  # ours has 4 samples
    assert (wide.high - 50) / (narrow.high - 50) == pytest.approx(math.sqrt(reach[0] / reach[1]))


class FixedCounter:
    def __init__(self, name: str) -> None:
        self.name = name

    def counts(self, texts: Sequence[str], wanted: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), len(wanted)), dtype=np.int64)


def test_frequencies_are_held_against_the_papers_by_its_lemmatizer_alone() -> None:
    published = fact("0.001", metric="self verify frequency")
    verdicts = {}
    for name in ("simplemma 1.1.2", "spaCy en_core_web_sm 3.8.0"):
        measures = ["self verify frequency"]
        (claim,) = build_claims(slots()[1:2], measures, [published], counter=FixedCounter(name))
        verdicts[name] = claim.verdict(published)
    assert list(verdicts.values()) == ["not comparable", "differs"]


def test_a_mean_is_over_the_data_sets_of_the_row() -> None:
    other = [
        slot("base", "base", [[0]] * 4, dataset="hard", named="hard"),
        slot("+ ΔR", "rast", HALF, dataset="hard", named="hard"),
    ]
    (claim,) = build_claims([*slots(), *other], ["mean gain"], [])
    assert claim.ours is not None
    assert claim.dataset is None
    assert claim.ours.value == pytest.approx((25 + 50) / 2)


def test_pass_at_k_stands_at_the_published_k() -> None:
    facts = [fact("90.0", metric="pass@k", k=4), fact("90.0", metric="pass@k", k=8)]
    four, eight = build_claims(slots()[1:2], ["pass@k"], facts)
    assert (four.k, eight.k) == (4, 8)
    assert four.ours is not None
    assert four.ours.value == 100.0
    assert eight.missing == "n = 4"


def test_behaviours_and_lengths_are_a_response() -> None:
    claims = build_claims(slots()[1:2], ["self verify frequency", "response length"], [])
    assert [claim.ours and claim.ours.value for claim in claims] == [1.0, 4.0]


def test_a_path_coverage_comes_from_the_analysis() -> None:
    rl = slot("7B", "ceiling", None, method="base", policy="base")
    pcr = fact("90.0", metric="PCR", method="base", delta=None, strength=None, temperature=None)
    found = {("big", "easy", "base"): PathMean(0.9, 0.01, 50)}
    (claim,) = build_claims([rl], ["PCR"], [pcr], found)
    assert claim.ours is not None
    assert claim.ours.low == pytest.approx(100 * (0.9 - 1.959964 * 0.01 * math.sqrt(2)))
    assert claim.verdict(pcr) == "agrees"
    (claim,) = build_claims([rl], ["PCR"], [pcr])
    assert claim.verdict(pcr) == "not run"


def test_facts_that_stand_nowhere_are_found() -> None:
    placed, lost = fact("50.0"), fact("50.0", model="other")
    claims = build_claims(slots(), ["accuracy"], [placed, lost])
    assert unclaimed([placed, lost], claims) == [lost]
