"""Figure 4 from saved analyses, and what figure 5 needs."""

import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from measured_cells import cells, published, requested

from rast_bench.config.experiment import ExperimentConfig
from rast_bench.errors import LedgerError
from rast_bench.paper.published import Published
from rast_bench.reporting.analysis_figures import (
    analysis_figures,
    check_tokens,
    similarity_figure,
    similarity_points,
)
from rast_bench.reporting.ours import ours_of
from rast_bench.results.cells import PathMean
from rast_bench.results.published import published_of
from rast_bench.results.registry import measures_of
from rast_bench.results.result import Result

SIMILARITIES = {"cosine similarity": {("big", "easy", "+ ΔR small"): PathMean(0.7, 0.01, 50)}}
RATE = published("0.450", metric="recovery rate", unit="fraction", source="figure 4")
COSINE = published("0.650", metric="cosine similarity", unit="", source="figure 4")
MEASURES = ("accuracy", "recovery rate", "cosine similarity")


def _results(*numbers: Published, run: bool) -> list[Result]:
    missing = {} if run else {"outcome": None}
    chosen = [replace(one, policy=f"{one.row} small", **missing) for one in cells()]
    numbers = tuple(published_of(numbers, ["figure 4"], measures_of(MEASURES)))
    return requested(chosen, MEASURES, *numbers, paths=SIMILARITIES if run else {})


def test_a_point_joins_similarity_and_recovery() -> None:
    (point,) = similarity_points(_results(run=True))
    assert point.label == "ΔR big v. ΔR small"
    assert point.published is None
    assert point.ours is not None
    assert [one.value for one in point.ours] == [0.7, pytest.approx(100 / 3)]
    (axis,) = similarity_figure("title", [point]).axes
    assert axis.lines[0].get_xdata().tolist() == [0.7]


def test_published_points_are_hollow_and_in_percent() -> None:
    (point,) = similarity_points(_results(RATE, COSINE, run=True))
    assert point.published == (0.65, 45.0)
    (axis,) = similarity_figure("title", [point]).axes
    drawn = [line for line in axis.lines if list(line.get_xdata()) == [0.65]]
    assert [line.get_markerfacecolor() for line in drawn] == ["white"]
    assert list(drawn[0].get_ydata()) == [45.0]


def test_without_samples_of_ours_the_published_points_are_drawn(tmp_path: Path) -> None:
    results = _results(RATE, COSINE, run=False)
    (point,) = similarity_points(results)
    assert (point.ours, point.published) == (None, (0.65, 45.0))
    assert list(analysis_figures(_experiment("similarity"), results, tmp_path)) == ["similarity"]
    assert similarity_points(_results(run=False)) == ()


def test_a_similarity_has_its_range_and_verdict() -> None:
    near = replace(COSINE, value=Decimal("0.675"))
    results = _results(RATE, COSINE, near, run=True)
    (result,) = [one for one in results if one.measure.name == "cosine similarity"]
    ours = ours_of(result)
    assert ours is not None
    reach = 1.959964 * 0.01 * math.sqrt(2)  # 50 published paths, 50 of ours
    assert (ours.low, ours.high) == pytest.approx((0.7 - reach, 0.7 + reach))
    assert result.verdicts == ("differs", "agrees")


def _experiment(kind: str) -> ExperimentConfig:
    rows = [{"label": "x", "base_model": "tiny-l"}]
    return ExperimentConfig.model_validate(
        {"name": "case", "datasets": ["tiny-easy"], "rows": rows, "figures": [kind]}
    )


@pytest.mark.parametrize("kind", ["pcr", "similarity"])
def test_a_missing_analysis_names_its_command(kind: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as refusal:
        analysis_figures(_experiment(kind), [], tmp_path)
    assert refusal.value.hint is not None
    assert f"rast-bench analyse {kind} case" in refusal.value.hint


def test_a_missing_kl_names_its_command(tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as refusal:
        check_tokens(_experiment("kl"), tmp_path)
    assert refusal.value.hint is not None
    assert "rast-bench analyse kl case --path rast" in refusal.value.hint
