"""Figures 4 and 5 from saved analyses."""

from pathlib import Path

import pandas as pd
import pytest
from claimed_cells import slots

from rast_bench.config.experiment import ExperimentConfig
from rast_bench.errors import LedgerError
from rast_bench.reporting.analysis_figures import (
    analysis_figures,
    analysis_pages,
    similarity_figure,
    similarity_points,
)
from rast_bench.reporting.claim_numbers import build_claims
from rast_bench.reporting.kl_page import kl_page, shade


def _summary() -> pd.DataFrame:
    rows = [
        ("big", "easy", "big", "small", "all", 0.7),
        ("big", "easy", "big", "small", "plausible", 0.9),
        ("big", "easy", "small", "other", "all", 0.1),
    ]
    columns = ["base_model", "dataset", "first", "second", "tokens", "cosine"]
    return pd.DataFrame(rows, columns=columns).assign(standard_error=0.01)


def test_a_point_joins_similarity_and_recovery() -> None:
    claims = build_claims(slots(), ["recovery rate"], [])
    (point,) = similarity_points(_summary(), claims)
    assert (point.cosine, point.recovery) == (0.7, pytest.approx(100 / 3))
    (axis,) = similarity_figure([point]).axes
    assert axis.lines[0].get_xdata().tolist() == [0.7]


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
        analysis_pages(_experiment("kl"), tmp_path)
    assert refusal.value.hint is not None
    assert "rast-bench analyse kl case --path rast" in refusal.value.hint


def test_tokens_are_escaped_and_shaded() -> None:
    records = pd.DataFrame(
        {
            "dataset": "easy",
            "base_model": "big",
            "path": "rast",
            "problem_id": "p0",
            "position": [1, 0, 0],
            "token": [" <b>", "1 &", "left out"],
            "p": ["base", "base", "RL"],
            "q": "RL",
            "kl": [0.0, 5.0, 1.0],
        }
    )
    page = kl_page("a < b", records)
    assert "<title>a &lt; b</title>" in page
    first = '<span class="t" style="background:rgba(213,94,0,1.000)" title="5.000 nats">1 &amp;'
    second = '<span class="t" style="background:rgba(213,94,0,0.000)" title="0.000 nats"> &lt;b&gt;'
    assert page.index(first) < page.index(second)
    assert "left out" not in page


def test_the_shade_grows_and_ends() -> None:
    values = [shade(kl) for kl in (0.0, 0.1, 1.0, 5.0, 50.0)]
    assert values[0] == 0.0
    assert values[:4] == sorted(set(values[:4]))
    assert values[3:] == [1.0, 1.0]
