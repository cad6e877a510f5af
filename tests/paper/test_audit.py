"""The audit of the published numbers, and that it notices numbers which are wrong."""

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from changed_facts import with_value

from rast_bench.errors import DatasetError
from rast_bench.paper.audit import Finding, audit
from rast_bench.paper.audit.counts import check_pools, check_shares, graded
from rast_bench.paper.audit.recovery import (
    accuracies,
    check_mean_recovery_rates,
    check_recovery_rates,
    recovery_interval,
)
from rast_bench.paper.audit.statements import STATEMENTS, check_statements
from rast_bench.paper.intervals import Interval
from rast_bench.paper.published import MATH_SETS, Published, load_published, only, select

HERE = Path(__file__).parent
FACTS = load_published()
FINDINGS = audit(FACTS)
WRONG = json.loads((HERE / "wrong_numbers.json").read_text())
KNOWN_FAULTS = [tuple(fault) for fault in json.loads((HERE / "known_faults.json").read_text())]

NEVER_DERIVED = {
    # Settings, and primaries that nothing published follows from.
    *(("text", metric) for metric in ("trajectories", "temperature", "top-p", "lambda")),
    *(("text", metric) for metric in ("longest response", "samples", "draws", "problems")),
    *(("text", metric) for metric in ("GPUs", "run time", "test inputs", "context")),
    ("reply 1", "accuracy"),  # of the RL models on MMLU and GPQA
    ("reply 2", "PCR"),
    ("figure 4", "cosine similarity"),  # they order its recovery rates
    ("table 4", "mean recovery rate"),  # the RL models' own 100 %
}


def faults(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict == "cannot be right"]


def test_the_faults_of_the_paper_are_found_and_no_others() -> None:
    """Ten that follow from its numbers alone, then the seven of figure 4, table 4 and its words."""
    assert [(fault.number, fault.source) for fault in faults(FINDINGS)] == KNOWN_FAULTS
    assert len(KNOWN_FAULTS) == 10 + 7


def test_what_is_unlikely_is_told_apart_from_what_cannot_be() -> None:
    assert [one.number for one in FINDINGS if one.verdict == "unlikely"] == [
        "14B base, 32B base, gpqa: accuracy",
        "samples per problem of figure 6",
        "32B RL against 14B RL: output speed",
    ]


def test_every_published_number_is_judged_or_a_primary_of_nothing() -> None:
    used = {record for finding in FINDINGS for record in finding.records}
    left = {(record.source, record.metric) for record in FACTS if record not in used}
    assert left == NEVER_DERIVED


def test_every_derived_number_of_table_1_has_one_verdict() -> None:
    rates = select(FACTS, source="table 1", metric="recovery rate")
    assert len(rates) == 36
    assert [finding.records[0] for finding in check_recovery_rates(FACTS)] == rates


def test_what_cannot_be_checked_says_why() -> None:
    unchecked = [finding for finding in FINDINGS if finding.verdict == "cannot be checked"]
    assert len(unchecked) == 13
    assert all(finding.note and not finding.recomputed for finding in unchecked)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: " ".join(map(str, case["at"].values())))
def test_a_wrong_number_is_caught(case: Mapping[str, object]) -> None:
    at, value = case["at"], str(case["value"])
    assert isinstance(at, dict)
    wrong, records = with_value(FACTS, at, value)
    known = {(fault.rule, fault.recomputed, fault.note) for fault in faults(FINDINGS)}
    caught = [
        fault
        for fault in faults(audit(records))
        if wrong in fault.records and (fault.rule, fault.recomputed, fault.note) not in known
    ]
    assert caught


def test_every_recovery_rate_is_held_to_its_interval() -> None:
    for rate in select(FACTS, source="table 1", metric="recovery rate"):
        three = accuracies(FACTS, rate.model, rate.delta, rate.dataset)
        interval = recovery_interval(three)
        assert interval is not None
        for bound, beyond in ((interval.low, -1), (interval.high, 1)):
            inside = Decimal(round(float(bound) * 10)) / 10
            for value, expected in ((inside, "agrees"), (inside + beyond, "cannot be right")):
                changed = replace(rate, value=Decimal(f"{value:.1f}"))
                (finding,) = check_recovery_rates([changed, *three])
                assert finding.verdict == expected


@pytest.mark.parametrize("dataset", MATH_SETS)
def test_a_recovery_interval_is_the_span_of_all_roundings(dataset: str) -> None:
    three = accuracies(FACTS, "qwen2.5-14b", "qwen2.5-7b", dataset)
    unrounded = [
        [Fraction(one.value) + Fraction(hundredths, 100) for hundredths in range(-5, 6)]
        for one in three
    ]
    rates = [100 * (rast - base) / (rl - base) for base, rast, rl in product(*unrounded)]
    assert recovery_interval(three) == Interval(min(rates), max(rates))
    at = {"source": "table 1", "metric": "recovery rate", "dataset": dataset}
    printed = only(FACTS, delta="qwen2.5-7b", model="qwen2.5-14b", **at)
    assert any(round(float(rate), 1) == float(printed.value) for rate in rates)


def test_no_rounding_gives_the_published_minerva_recovery() -> None:
    three = accuracies(FACTS, "qwen2.5-32b", "qwen2.5-1.5b", "minerva")
    interval = recovery_interval(three)
    assert interval is not None
    assert 31 < interval.low < Fraction("32.5") < interval.high < 34


def test_a_recovery_rate_without_a_certain_gap_cannot_be_checked() -> None:
    at = {"source": "table 1", "metric": "accuracy", "model": "qwen2.5-7b", "method": "rl"}
    _, records = with_value(FACTS, at | {"dataset": "gsm8k"}, "87.8")
    findings = [one for one in check_recovery_rates(records) if one.verdict == "cannot be checked"]
    assert [one.number for one in findings] == ["7B + ΔR 1.5B, gsm8k: recovery rate"]
    assert findings[0].note == "RL and base may be equal"


def test_a_mean_recovery_without_a_certain_gap_cannot_be_checked() -> None:
    at = {"source": "table 1", "metric": "accuracy", "model": "qwen2.5-32b", "method": "rl"}
    _, records = with_value(FACTS, at | {"dataset": "gsm8k"}, "93.1")
    verdicts = {one.records[0]: one.verdict for one in check_mean_recovery_rates(records)}
    of_32b = {verdict for mean, verdict in verdicts.items() if mean.model != "qwen2.5-14b"}
    assert of_32b == {"cannot be checked"}
    (compared,) = [one for one in audit(records) if one.number.startswith("ΔR 7B recovers more")]
    assert compared.verdict == "cannot be checked"


def share(value: str, **fields: object) -> Published:
    record = only(
        FACTS,
        source="table 1",
        metric="accuracy",
        model="qwen2.5-7b",
        method="base",
        dataset="amc23",
    )
    return replace(record, value=Decimal(value), **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "total"),
    [
        ({"samples": 1}, 40),
        ({"samples": 32}, 1280),
        ({"samples": 32, "metric": "pass@k", "k": 4}, 400),
        ({"samples": 32, "metric": "pass@k", "k": 32}, 40),
    ],
)
def test_the_possible_shares_are_those_of_all_counts(fields: dict[str, object], total: int) -> None:
    assert graded(share("0.0", **fields), 40) == total
    problems = only(FACTS, metric="problems", dataset="amc23")
    for tenths in range(1001):
        record = share(f"{tenths / 10:.1f}", **fields)
        (finding,) = check_shares([problems, record])
        # |100 · count/total − tenths/10| ≤ 1/20, in whole numbers
        within = any(abs(2000 * count - 2 * tenths * total) <= total for count in range(total + 1))
        assert finding.verdict == ("agrees" if within else "cannot be right")


def test_shares_say_which_counts_they_may_be() -> None:
    problems = only(FACTS, metric="problems", dataset="amc23")

    def found(value: str, samples: int) -> tuple[str, str]:
        (finding,) = check_shares([problems, share(value, samples=samples)])
        return finding.recomputed, finding.note

    assert found("52.5", 1) == ("21 of 40", "")
    assert found("52.5", 32) == ("672 of 1,280", "")
    assert found("47.6", 1) == (
        "47.500 or 50.000",
        "neither 19 nor 20 of 40 in one greedy run prints as it",
    )


@pytest.mark.parametrize(
    ("mean", "verdict"),
    [
        ("56.7", "agrees"),  # the same problems solved in every sample
        ("56.9", "cannot be right"),
        ("1.8", "agrees"),  # 56.7/32 = 1.77: each problem solved once
        ("1.7", "cannot be right"),
    ],
)
def test_pass_at_32_is_bounded_by_the_mean_of_the_same_samples(mean: str, verdict: str) -> None:
    at = {"source": "table 1", "metric": "accuracy", "model": "qwen2.5-32b", "method": "rl"}
    changed, records = with_value(FACTS, at | {"dataset": "aime24"}, mean)
    (finding,) = [one for one in check_pools(records) if changed in one.records]
    assert (finding.published, finding.verdict) == ("56.7 %", verdict)


def test_a_statement_names_what_refutes_it() -> None:
    (finding,) = [one for one in check_statements(FACTS) if "is always above RL" in one.number]
    assert (finding.published, finding.recomputed) == ("all 20", "16 of 20")
    assert "83.3 < 85.0 of 32B RL, amc23: pass@4" in finding.note
    assert finding.note.count("<") == 4


def test_numbers_within_each_others_rounding_refute_nothing() -> None:
    at = {"source": "figure 3", "dataset": "math500", "k": 16}
    for value, verdict in (("90.2", "agrees"), ("90.3", "cannot be right")):
        _, rl = with_value(FACTS, at | {"method": "rl"}, value)
        _, records = with_value(rl, at | {"method": "rast"}, "90.1")
        (finding,) = [
            one for one in check_statements(records) if "is always above RL" in one.number
        ]
        assert ("of 32B RL, math500: pass@16" in finding.note) == (verdict == "cannot be right")


def test_statements_order_the_numbers_they_speak_of() -> None:
    pairs = {statement.words: list(statement.pairs(FACTS)) for statement in STATEMENTS}
    assert all(pairs.values())
    for lesser, greater in pairs["pass@k rises monotonically with k"]:
        assert greater.k is not None
        assert lesser == only(
            FACTS,
            source="figure 3",
            method=greater.method,
            dataset=greater.dataset,
            k=greater.k // 2,
        )
    for base, rast in pairs["RAST improves on the base model across all settings"]:
        assert (base.method, rast.method) == ("base", "rast")
        assert (base.model, base.dataset) == (rast.model, rast.dataset)


def test_without_its_numbers_a_statement_cannot_be_checked() -> None:
    records = [record for record in FACTS if record.source != "figure 3"]
    verdicts = {one.number: one.verdict for one in check_statements(records)}
    assert verdicts["pass@k rises monotonically with k"] == "cannot be checked"
    assert verdicts["λ = 0.5 is the peak at τ = 1"] == "agrees"


def test_a_missing_primary_is_an_error() -> None:
    records = [one for one in FACTS if (one.source, one.method) != ("table 1", "rl")]
    with pytest.raises(DatasetError, match="0 published numbers have method=rl, source=table 1"):
        audit(records)
