"""Means and standard deviations over runs, from accuracies that can be checked on paper."""

from dataclasses import replace

import pytest
from measured_cells import cell

from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.results.build import build_results
from rast_bench.results.pooled import POOLED_MEAN, POOLED_SD, Pool, pooled_results, pools_of
from rast_bench.results.result import Result

RUNS = {"a": [[1, 1], [1, 1]], "b": [[1, 1], [0, 0]], "c": [[0, 0], [0, 0]]}
POOL = Pool("big", "all", ("a", "b", "c"))


def measured() -> list[Result]:
    cells = [
        cell(row, "rast", correct, dataset=dataset)
        for row, correct in RUNS.items()
        for dataset in ("easy", "hard")
    ]
    return build_results("test", cells, counter=SimplemmaCounter())


def test_mean_and_sample_standard_deviation_over_runs() -> None:
    found = {(one.dataset, one.measure): one.estimate for one in pooled_results(measured(), [POOL])}
    assert found == pytest.approx(
        {
            (dataset, measure): 0.5  # of 1, 0.5 and 0 both are a half
            for dataset in ("easy", "hard", None)
            for measure in (POOLED_MEAN, POOLED_SD)
        }
    )


def test_a_run_without_a_number_makes_no_mean() -> None:
    results = [
        replace(one, value=replace(one.value, estimate=None))
        if (one.row, one.dataset) == ("b", "easy")
        else one
        for one in measured()
    ]
    assert [one.dataset for one in pooled_results(results, [POOL])] == ["hard"] * 2 + [None] * 2


def test_one_row_alone_is_no_pool() -> None:
    rows = [("s", "a", "p"), ("s", "b", "p"), ("s", "c", "q"), ("s", "d", None), ("t", "a", "p")]
    assert pools_of(rows) == [Pool("s", "p", ("a", "b"))]
