"""Rows beside the one that they are compared with: other graders, costs, equal bytes."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from measured_cells import cell, outcome

from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.schema import MethodConfig
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.reporting.charts import charts
from rast_bench.reporting.report import build_report
from rast_bench.results.build import build_results
from rast_bench.results.registry import (
    ACCURACY_BY_OTHERS,
    BESIDE_COSTS,
    BY_OTHERS,
    EQUAL_BYTES,
    MEAN_ACCURACY_BY_OTHERS,
    MEAN_EQUAL_BYTES,
    WEIGHTS_READ,
)
from rast_bench.results.result import Measure, Result
from rast_bench.results.token_cost import TokenCost, small_steps_share, token_cost

OURS = {"d": [[1, 0], [1, 1]], "e": [[0, 0], [1, 0]]}
SMALL = {"d": [[1, 1, 0, 0, 0], [1, 1, 1, 0, 0]], "e": [[0, 0, 0, 0, 0], [1, 1, 1, 1, 0]]}
SHARES = {("small", "d"): 0.0, ("small", "e"): 0.5, ("ours", "e"): 1.0}
LONG = " ".join(["again"] * 8)  # "wait , check again" has four words


@pytest.fixture(scope="module")
def results() -> list[Result]:
    cells = []
    for one in ("d", "e"):
        costs = {"base": 600, "ours": 700, "small": 100, "dear": 900}
        rows = [
            cell("base", "base", [[1], [0]], dataset=one),
            cell("ours", "rast", OURS[one], dataset=one),
            cell("small", "control", None, dataset=one, outcome=outcome(SMALL[one], LONG)),
            cell("dear", "control", OURS[one], dataset=one),
        ]
        boxless = {"robust-2": outcome([[1] * 2] * 2)}
        cells += [
            replace(
                row,
                cost=TokenCost(costs[row.row], 2.0 * costs[row.row]),
                also=boxless,
                small_share=SHARES.get((row.row, one)),
            )
            for row in rows
        ]
    return build_results(
        "test",
        cells,
        counter=SimplemmaCounter(),
        compare_with="ours",
        beside=(*BESIDE_COSTS, *BY_OTHERS),
    )


def found(results: list[Result], measure: Measure) -> dict[tuple[str, str | None], Result]:
    return {(one.row, one.dataset): one for one in results if one.measure == measure}


def test_majorities_of_as_many_samples_as_read_the_bytes_of_one(results: list[Result]) -> None:
    """700 bytes × 4 tokens against 100 × 8: three samples."""
    equal = found(results, EQUAL_BYTES)
    by_hand = {}
    for name, problems in SMALL.items():
        wins = [[sum(votes) > 1 for votes in combinations(one, 3)] for one in problems]
        by_hand[name] = sum(sum(one) / len(one) for one in wins) / len(wins)
        assert equal["small", name].k == 3
        assert equal["small", name].estimate == pytest.approx(by_hand[name])
        assert equal["ours", name].k == equal["base", name].k == 1
        assert ("dear", name) not in equal  # one sample reads more
    means = found(results, MEAN_EQUAL_BYTES)
    assert means["small", None].estimate == pytest.approx(sum(by_hand.values()) / 2)
    assert set(means) == {(row, None) for row in ("base", "ours", "small")}


def test_too_few_samples_give_no_number() -> None:
    rows = [
        replace(cell("ours", "rast", OURS["d"]), cost=TokenCost(900, 1.0)),
        replace(cell("small", "control", SMALL["d"]), cost=TokenCost(100, 1.0)),
    ]
    results = build_results(
        "test", rows, counter=SimplemmaCounter(), compare_with="ours", beside=BESIDE_COSTS
    )
    assert set(found(results, EQUAL_BYTES)) == {("ours", "easy")}  # nine of five


def test_one_table_has_both_graders_differences_and_costs(results: list[Result]) -> None:
    assert found(results, ACCURACY_BY_OTHERS)["small", "d"].estimate == 1.0
    assert found(results, MEAN_ACCURACY_BY_OTHERS)["ours", None].value.estimator == "robust-2"
    report = build_report("title", results)
    lines = report.texts["table.txt"].partition("Side by side")[2].splitlines()
    (small,) = [line.split() for line in lines if line.split()[:1] == ["small"]]
    assert (small[1], small[4]) == ("45.0", "100.0")
    assert small[-1] == "3"
    assert small[-7:-4] == ["0.0", "0.0", "25.0"]  # MB and MFLOPs of so little, steps with S
    (ours,) = [line.split() for line in lines if line.split()[:1] == ["ours"]]
    assert ours[-5] == "–"  # known on one data set only
    assert any("by robust-2" in line for line in lines)
    assert "by robust-2" in report.texts["details.txt"]
    assert "accuracy_and_cost-big" in report.figures
    axes = report.figures["accuracy_and_cost-big"].axes
    assert [axis.get_xlabel() for axis in axes] == ["B of weights per token", "kFLOPs per token"]


def test_the_chart_has_the_rows_of_the_figure(results: list[Result]) -> None:
    drawn = {one.id: one for one in charts(results)}
    chart = drawn["accuracy_and_cost-big-weights-read"]
    assert {row["row"]: (row["x"], row["value"]) for row in chart.rows} == {
        "base": (600.0, 50.0),
        "ours": (700.0, 50.0),
        "small": (100.0, 45.0),
        "dear": (700.0 + 200.0, 50.0),
    }
    assert "accuracy_and_cost-big-FLOPs" in drawn


def test_a_model_of_two_pairs_is_read_once() -> None:
    """As engines load it."""
    (one,) = job_of_overrides(["base_model=tiny-l", "delta=tiny-s", "dataset=tiny-easy"]).cells
    (pair,) = one.delta.pairs
    other = pair.model_copy(update={"rl": one.base_model.rl, "weight": 0.5})
    both = one.model_copy(update={"delta": one.delta.model_copy(update={"pairs": (pair, other)})})
    plain = one.model_copy(update={"method": MethodConfig(name="base")})
    base, with_one, with_both = (token_cost(cell).weights for cell in (plain, one, both))
    assert with_both - with_one == (with_one - base) // 2  # S_RL has the size of its S_base


@pytest.mark.parametrize(
    ("words", "share"),
    [
        (["method=rast"], 1.0),
        (["method=rast", "decoding.lambda=0"], 0.0),
        (["method=base"], 0.0),
        (["method=dola"], 0.0),
        (["method=mixture"], 1.0),
        (["method=mixture", "method.weight=0"], 0.0),
        (["method=rast_words"], 1.0),
        (["method=rast_first", "method.tokens=3"], (3 + 3 + 1 + 2) / (4 + 7 + 1 + 2)),
        (["method=rast_first", "decoding.lambda=0"], 0.0),
        (["method=rast_first", "prompt.forced_prefix='Step by'"], None),
        (["method=nudging"], 6 / 14),
        (["method=rast_gated"], 6 / 14),
    ],
)
def test_the_share_of_tokens_that_need_a_small_model(words: list[str], share: float) -> None:
    (one,) = job_of_overrides(
        ["base_model=tiny-l", "delta=tiny-s", "dataset=tiny-easy", *words]
    ).cells
    counts, steps = np.array([[4, 7], [1, 2]]), np.array([[3, 3], [0, 0]])
    counted = replace(outcome([[1, 1]] * 2), token_counts=counts, steps_source=lambda: steps)
    assert small_steps_share(one, counted) == share
    if one.method.composition is not None and one.method.name in ("nudging", "rast_gated"):
        assert small_steps_share(one, replace(counted, steps_source=lambda: None)) is None


def test_k_is_exact() -> None:
    """In floats three times as much, of 394 tokens in 24 responses, is 2.99… samples."""
    counts = np.array([[26], *[[16]] * 23], dtype=np.int64)
    rows = []
    for label, role, n, weights in (("ours", "rast", 1, 741), ("small", "control", 3, 247)):
        one = replace(outcome([[1] * n] * 24), token_counts=counts.repeat(n, axis=1))
        rows.append(replace(cell(label, role, None, outcome=one), cost=TokenCost(weights, 1.0)))
    results = build_results(
        "test", rows, counter=SimplemmaCounter(), compare_with="ours", beside=BESIDE_COSTS
    )
    assert found(results, EQUAL_BYTES)["small", "easy"].k == 3


def test_no_k_beside_no_mean() -> None:
    """On one data set a sample reads more than one of ours, on the other one as much."""
    rows = []
    for one, text in (("d", "four words as well"), ("e", LONG)):
        row = cell("small", "control", None, dataset=one, outcome=outcome(OURS[one], text))
        rows += [replace(row, cost=TokenCost(100, 1.0))]
        rows += [replace(cell("ours", "rast", OURS[one], dataset=one), cost=TokenCost(100, 1.0))]
    results = build_results(
        "test", rows, counter=SimplemmaCounter(), compare_with="ours", beside=BESIDE_COSTS
    )
    equal = found(results, EQUAL_BYTES)
    assert (equal["small", "d"].k, ("small", "e") in equal) == (1, False)
    lines = build_report("title", results).texts["table.txt"].partition("Side by side")[2]
    (small,) = [line.split() for line in lines.splitlines() if line.split()[:1] == ["small"]]
    assert small[-2:] == ["–", "–"]


@pytest.mark.parametrize("label", ["ours", "base"])
def test_one_row_alone_is_not_compared_yet(label: str) -> None:
    """As while an experiment runs."""
    rows = [
        replace(cell(one, role, OURS["d"] if one == label else None), cost=TokenCost(900, 1.0))
        for one, role in (("base", "base"), ("ours", "rast"))
    ]
    results = build_results(
        "test", rows, counter=SimplemmaCounter(), compare_with="ours", beside=BESIDE_COSTS
    )
    assert "Side by side" not in build_report("title", results).texts["table.txt"]


@pytest.mark.parametrize("judged", ["d", "e"])
def test_a_grader_of_one_data_set(judged: str) -> None:
    also = {"robust-2": outcome([[1] * 2] * 2)}
    rows = [
        replace(cell("ours", "rast", OURS[one], dataset=one), also=also if one == judged else {})
        for one in ("d", "e")
    ]
    results = build_results("test", rows, counter=SimplemmaCounter(), beside=BY_OTHERS)
    assert set(found(results, ACCURACY_BY_OTHERS)) == {("ours", judged)}
    assert not found(results, MEAN_ACCURACY_BY_OTHERS)  # not a mean of one
    assert "by robust-2" in build_report("title", results).texts["details.txt"]


def test_without_costs_nothing_is_added() -> None:
    results = build_results("test", [cell("ours", "rast", OURS["d"])], counter=SimplemmaCounter())
    assert not found(results, WEIGHTS_READ)
    report = build_report("title", results)
    assert "Side by side" not in report.texts["table.txt"]
    assert not any("cost" in stem for stem in report.figures)


def test_the_graders_of_an_experiment_replace_those_of_its_data_sets() -> None:
    job = job_of_overrides(["experiment=tiny_baselines"])
    assert {one.dataset.graders for one in job.cells} == {("boxed-1", "robust-2")}
    by_label = {one.label: token_cost(one) for one in job.cells}
    assert by_label["RAST"].weights == by_label["tiny-l at τ = 1"].weights + 2 * (
        by_label["tiny-s RL alone"].weights
    )
