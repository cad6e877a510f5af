"""The findings on figure 4, table 4, figure 6, GPQA, speeds and swapped columns, one by one.

Each vanishes where the published number that it rests on is another.
"""

from collections.abc import Mapping, Sequence
from math import comb

import pytest
from changed_facts import with_value

from rast_bench.paper.audit import Finding, audit
from rast_bench.paper.audit.counts import check_runs
from rast_bench.paper.audit.repeats import check_repeats
from rast_bench.paper.published import MATH_SETS, Published, load_published, only, select

FACTS = load_published()
FINDINGS = audit(FACTS)

FIGURE_4 = {"source": "figure 4", "metric": "recovery rate", "model": "qwen2.5-32b"}
GPQA = {"source": "reply 1", "dataset": "gpqa", "metric": "accuracy", "method": "base"}
MEMORY = {"source": "table 4", "metric": "GPU memory"}
SPEED = {"source": "reply 4", "metric": "output speed", "method": "rl"}

Change = tuple[Mapping[str, object], str]


def changed(*changes: Change) -> Sequence[Published]:
    records: Sequence[Published] = FACTS
    for at, value in changes:
        _, records = with_value(records, at, value)
    return records


def finding(number: str, records: Sequence[Published] | None = None) -> Finding:
    findings = FINDINGS if records is None else audit(records)
    (found,) = [one for one in findings if one.number == number]
    return found


@pytest.mark.parametrize(
    ("number", "verdict", "changes"),
    [
        (
            "recovery rates on math500, in percent",
            "cannot be right",
            [
                (FIGURE_4 | {"delta": "qwen2.5-7b"}, "0.819"),
                (FIGURE_4 | {"delta": "qwen2.5-14b"}, "0.953"),
            ],
        ),
        (
            "samples per problem of figure 6",
            "unlikely",
            [({"source": "text", "section": "4.4", "metric": "samples"}, "10")],
        ),
        (
            "14B base, 32B base, gpqa: accuracy",
            "unlikely",
            [(GPQA | {"model": "qwen2.5-32b"}, "38.2")],  # 171 of 448, as 24.8 is 111 of 448
        ),
        (
            "memory saved",
            "cannot be right",
            [
                (MEMORY | {"model": "qwen2.5-32b", "delta": "qwen2.5-7b"}, "200"),
                (MEMORY | {"model": "qwen2.5-32b", "delta": "qwen2.5-14b"}, "200"),
            ],
        ),
        (
            "32B RL against 14B RL: output speed",
            "unlikely",
            [(SPEED | {"model": "qwen2.5-32b"}, "112.50")],
        ),
        (
            "λ is the same in all experiments",
            "cannot be right",
            [({"source": "text", "section": "3.1", "metric": "lambda"}, "0.5")],
        ),
    ],
)
def test_a_finding_vanishes_with_another_number(
    number: str, verdict: str, changes: list[Change]
) -> None:
    assert finding(number).verdict == verdict
    assert finding(number, changed(*changes)).verdict == "agrees"


def test_a_stronger_base_recovers_more_where_its_rates_say_so() -> None:
    """With ΔR 1.5B on 32B as good as RL everywhere, and ΔR 7B too, most comparisons turn round."""
    number = "with the same ΔR a stronger base recovers more"
    assert finding(number).verdict == "cannot be right"
    assert "7B 45.0 %, 14B 37.0 %, 32B 26.9 %" in finding(number).note
    cell = {"source": "table 1", "metric": "accuracy", "model": "qwen2.5-32b"}
    changes = []
    for data in MATH_SETS:
        rl = only(FACTS, method="rl", dataset=data, **cell)
        for delta in ("qwen2.5-1.5b", "qwen2.5-7b"):
            changes.append((cell | {"dataset": data, "delta": delta}, str(rl.value)))
    assert finding(number, changed(*changes)).verdict == "agrees"


def test_the_chance_of_figure_6_under_32_runs_is_that_of_fair_coins() -> None:
    """Under 32 runs the last printed digit is even for half of all counts."""
    (found,) = check_runs(FACTS)
    chance = sum(comb(25, count) for count in (23, 24, 25)) / 2**25
    assert found.recomputed == f"23 of 25 multiples of 0.02 %, p = {chance:.0e}"
    assert "79.77 and 80.39" in found.note


def test_figure_6_takes_ten_runs_where_they_fit() -> None:
    runs = {str(one.value): one.samples for one in select(FACTS, source="figure 6")}
    assert {value for value, samples in runs.items() if samples == 32} == {"79.77", "80.39"}
    assert set(runs.values()) == {10, 32}


def test_swapped_columns_are_one_finding_until_a_number_differs() -> None:
    name = "7B base, 14B base, 32B base: PCR of mmlu and gpqa"
    assert finding(name).verdict == "cannot be right"
    assert len(finding(name).records) == 12
    at = {"source": "reply 1", "section": "reply to reviewer 5 (W4)", "model": "qwen2.5-7b"}
    records = changed((at | {"dataset": "mmlu"}, "94.55"))
    alone = [one.number for one in check_repeats(records) if one.verdict == "cannot be right"]
    assert alone == [
        "7B base, mmlu: PCR",
        "7B base, gpqa: PCR",
        "14B base, 32B base: PCR of mmlu and gpqa",
    ]
    both = [("mmlu", "93.73"), ("gpqa", "94.54")]
    righted = changed(*((at | {"dataset": data}, value) for data, value in both))
    numbers = [one.number for one in check_repeats(righted) if one.verdict == "cannot be right"]
    assert numbers == ["14B base, 32B base: PCR of mmlu and gpqa"]


def test_the_hubs_rows_explain_one_share_of_olympiadbench_and_break_another() -> None:
    found = finding("32B base, olympiadbench: accuracy")
    assert found.verdict == "cannot be right"
    assert found.note.endswith(
        "of the 674 rows on the hub 223 would, but then no count prints as "
        "14B base, olympiadbench: accuracy"
    )


def test_a_bar_of_figure_10_is_found_in_reply_5_by_its_rounding() -> None:
    number = "self verify frequency in figure 10a"
    assert finding(number).verdict == "agrees"
    assert "32B + ΔR 14B, math500" in finding(number).note
    at = {"source": "reply 5", "metric": "self verify frequency", "method": "rast"}
    other = changed((at | {"model": "qwen2.5-32b", "dataset": "math500"}, "1.20"))
    assert finding(number, other).verdict == "cannot be checked"


def test_figure_4_and_table_4_overlap_with_table_1() -> None:
    """Table 4 prints the means of table 1's recovery rates; figure 4's first is table 1's own."""
    for mean in select(FACTS, source="table 4", metric="mean recovery rate", method="rast"):
        rates = [
            float(one.value)
            for one in select(
                FACTS,
                source="table 1",
                metric="recovery rate",
                model=mean.model,
                delta=mean.delta,
            )
        ]
        assert round(sum(rates) / len(MATH_SETS), 1) == float(mean.value)
    agreeing = {
        (one.model, one.delta): only(
            FACTS,
            source="table 1",
            metric="recovery rate",
            dataset="math500",
            model=one.model,
            delta=one.delta,
        ).value
        == one.in_percent().value
        for one in select(FACTS, source="figure 4", metric="recovery rate")
    }
    assert agreeing == {
        ("qwen2.5-14b", "qwen2.5-7b"): True,
        ("qwen2.5-32b", "qwen2.5-7b"): False,
        ("qwen2.5-32b", "qwen2.5-14b"): False,
    }
