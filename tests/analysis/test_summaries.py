"""Summaries of small frames, by hand and by loops."""

import math

import numpy as np
import pandas as pd
import pytest

from rast_bench.analysis.summaries import (
    STUDY,
    kl_summary,
    path_coverage_summary,
    similarity_summary,
)

IDENTITY = {"dataset": "sums", "base_model": "m", "path": "RL", "cell_id": "c"}


def frame(paths: dict[str, list[float]], column: str, **labels: str) -> pd.DataFrame:
    rows = [
        {**IDENTITY, **labels, "problem_id": problem, "position": position, column: value}
        for problem, values in paths.items()
        for position, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_pcr_is_the_mean_over_paths_not_over_tokens() -> None:
    paths = {"a": [0, 1, 1, 1, 1], "b": [1, 1, 0], "alone": [1]}  # 1, 0.5, no rate
    records = frame(paths, "followed", policy="base").astype({"followed": bool})
    (row,) = path_coverage_summary(records.sample(frac=1, random_state=0)).to_dict("records")
    assert [row[key] for key in STUDY] == ["sums", "m", "RL", "c"]
    assert (row["trajectories"], row["positions"], row["pcr"]) == (2, 8, 0.75)
    assert row["first_followed"] == 0.5
    assert row["standard_error"] == pytest.approx(np.std([1, 0.5], ddof=1) / math.sqrt(2))
    reach = 12.706204736 * row["standard_error"]  # Student's t, one degree of freedom
    assert (row["low"], row["high"]) == pytest.approx((0.75 - reach, 0.75 + reach))


def test_one_path_has_no_interval() -> None:
    records = frame({"a": [1, 1]}, "followed", policy="base").astype({"followed": bool})
    (row,) = path_coverage_summary(records).to_dict("records")
    assert row["pcr"] == 1
    assert all(math.isnan(row[key]) for key in ("standard_error", "low", "high"))


def test_policies_and_cells_are_kept_apart() -> None:
    base = frame({"a": [1, 1], "b": [1, 0]}, "followed", policy="base")
    steered = frame({"a": [1, 1], "b": [1, 1]}, "followed", policy="+ ΔR s")
    other = base.assign(cell_id="d", followed=0)
    records = pd.concat([base, steered, other]).astype({"followed": bool})
    summary = path_coverage_summary(records)
    assert summary[["cell_id", "policy", "pcr"]].to_numpy().tolist() == [
        ["c", "base", 0.5],
        ["c", "+ ΔR s", 1.0],
        ["d", "base", 0.0],
    ]


def test_similarity_leaves_out_and_counts_what_is_undefined() -> None:
    labels = {"first": "m", "second": "s", "tokens": "all"}
    records = frame({"a": [0.5, math.nan, 0.7], "b": [0.2]}, "cosine", **labels)
    (row,) = similarity_summary(records).to_dict("records")
    assert row["cosine"] == pytest.approx((0.6 + 0.2) / 2)
    assert (row["trajectories"], row["positions"], row["undefined"]) == (2, 3, 1)


def test_kl_and_its_spread() -> None:
    values = {"a": [0.0] * 37 + [1.0, 3.0], "b": [4.0]}
    (row,) = kl_summary(frame(values, "kl", p="base", q="RL")).to_dict("records")
    everything = [value for path in values.values() for value in path]
    assert row["kl"] == pytest.approx((4 / 39 + 4.0) / 2)
    assert row["positions"] == 40
    assert row["median"] == np.median(everything)
    assert row["q99"] == pytest.approx(np.quantile(everything, 0.99))
    assert row["max"] == 4.0
    assert row["share_above_1"] == 2 / 40  # 1 itself is not beyond 1
    assert row["top_5_share"] == 7 / 8  # the two largest of 40


def test_equal_models_have_no_top_share() -> None:
    (row,) = kl_summary(frame({"a": [0.0, 0.0]}, "kl", p="base", q="RL")).to_dict("records")
    assert row["kl"] == 0
    assert math.isnan(row["top_5_share"])
