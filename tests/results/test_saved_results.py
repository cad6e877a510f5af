"""Results read back from results.parquet are those that were saved."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from measured_cells import HALF, cell, cells, published

from rast_bench.errors import LedgerError
from rast_bench.metrics.lemmas import SimplemmaCounter
from rast_bench.reporting.charts import charts
from rast_bench.results import CellSamples, Measure, Value, per_sample
from rast_bench.results.build import build_results
from rast_bench.results.registry import ACCURACY, measures_of
from rast_bench.results.result import Result
from rast_bench.results.saved import RESULTS_FILE, read_result_list, results_bytes


def _wrong(samples: CellSamples) -> Sequence[Value]:
    return per_sample(1.0 - samples.correct)


ERRORS = Measure("error rate", _wrong, direction="lower", decimals=2)


@pytest.fixture
def results() -> list[Result]:
    grid = [cell("p", "rast", HALF, grid="g", lambda_=one) for one in (0.5, 1.0)]
    return build_results(
        "test",
        [*cells(), cell("not run", "rast", None), *grid],
        requested=[*measures_of(["accuracy", "recovery rate"]), ERRORS],
        published=[published("61.0"), published("12.0", metric="recovery rate")],
        counter=SimplemmaCounter(),
    )


def test_read_back_they_are_saved_as_the_same_bytes(tmp_path: Path, results: list[Result]) -> None:
    path = tmp_path / RESULTS_FILE
    path.write_bytes(results_bytes(results))
    again = read_result_list(path)
    assert results_bytes(again) == path.read_bytes()
    assert next(one.measure for one in again if one.measure.name == "accuracy") is ACCURACY
    assert charts(again) == charts(results)


def test_no_results_are_a_file_without_rows(tmp_path: Path) -> None:
    (tmp_path / RESULTS_FILE).write_bytes(results_bytes([]))
    assert read_result_list(tmp_path / RESULTS_FILE) == []


def test_a_measure_of_the_users_own_is_a_definition_by_its_name(
    tmp_path: Path, results: list[Result]
) -> None:
    path = tmp_path / RESULTS_FILE
    path.write_bytes(results_bytes(results))
    own = [one for one in read_result_list(path) if one.measure.name == "error rate"]
    assert len({id(one.measure) for one in own}) == 1
    assert own[0].measure.direction == "lower"
    assert own[0].estimate == 0.75


def test_a_file_of_another_kind_is_one_error(tmp_path: Path) -> None:
    (tmp_path / RESULTS_FILE).write_bytes(b"no table")
    with pytest.raises(LedgerError, match="not a complete Parquet file"):
        read_result_list(tmp_path / RESULTS_FILE)
