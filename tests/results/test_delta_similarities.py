"""Which saved similarity of ΔR stands in which row of figure 4."""

from pathlib import Path

import pandas as pd
import pytest

from rast_bench.analysis.saved import save_analysis
from rast_bench.config.experiment import ExperimentCell, ExperimentConfig
from rast_bench.config.frontend import job_of_overrides
from rast_bench.errors import ConfigError
from rast_bench.results.experiment import delta_similarities


@pytest.fixture(scope="module")
def figure_4() -> tuple[ExperimentConfig, list[ExperimentCell]]:
    job = job_of_overrides(["experiment=tiny_figure4"])
    assert job.options.experiment is not None
    return job.options.experiment, list(job.experiment_cells)


def save(results: Path, *rows: tuple[str, str, str, float]) -> None:
    """Records of two paths for each (base model, first ΔR, second ΔR, cosine)."""
    records = [
        {
            "dataset": "tiny-hard",
            "base_model": base,
            "path": "RL",
            "cell_id": base,
            "problem_id": problem,
            "first": first,
            "second": second,
            "tokens": tokens,
            "cosine": cosine + shift + (tokens == "plausible"),
        }
        for base, first, second, cosine in rows
        for problem, shift in (("p0", -0.01), ("p1", 0.01))
        for tokens in ("all", "plausible")
    ]
    save_analysis(results, "tiny_figure4", "similarity", "rl", pd.DataFrame(records), {})


def test_all_pairs_are_read_along_the_paths_of_one_model(
    tmp_path: Path, figure_4: tuple[ExperimentConfig, list[ExperimentCell]]
) -> None:
    save(
        tmp_path,
        ("tiny-l", "tiny-l", "tiny-m", 0.5),
        ("tiny-l", "tiny-xs", "tiny-m", 0.3),  # of tiny-m with ΔR tiny-xs, the other way round
        ("tiny-l", "tiny-xs", "tiny-s", 0.1),  # no row transfers between these
        ("tiny-m", "tiny-m", "tiny-s", 0.9),  # along tiny-m's own paths
    )
    found = delta_similarities(tmp_path, *figure_4)
    assert {(base, policy): one.value for (base, _, policy), one in found.items()} == {
        ("tiny-l", "+ ΔR tiny-m"): pytest.approx(0.5),
        ("tiny-m", "+ ΔR tiny-xs"): pytest.approx(0.3),
    }
    assert {one.paths for one in found.values()} == {2}
    assert {round(one.standard_error or 0, 6) for one in found.values()} == {0.01}


def test_without_such_a_model_each_base_model_has_its_own_paths(
    tmp_path: Path, figure_4: tuple[ExperimentConfig, list[ExperimentCell]]
) -> None:
    experiment, entries = figure_4
    save(tmp_path, ("tiny-l", "tiny-xs", "tiny-m", 0.3), ("tiny-m", "tiny-m", "tiny-xs", 0.9))
    found = delta_similarities(tmp_path, experiment.model_copy(update={"paths_of": None}), entries)
    assert {key[0]: one.value for key, one in found.items()} == {"tiny-m": pytest.approx(0.9)}


def test_without_an_analysis_there_is_none_and_a_misspelt_model_is_refused(
    tmp_path: Path, figure_4: tuple[ExperimentConfig, list[ExperimentCell]]
) -> None:
    experiment, entries = figure_4
    assert delta_similarities(tmp_path, experiment, entries) == {}
    with pytest.raises(ConfigError, match="tiny-xl"):
        delta_similarities(tmp_path, experiment.model_copy(update={"paths_of": "tiny-xl"}), entries)
