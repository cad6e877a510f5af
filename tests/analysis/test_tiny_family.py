"""The analyses of the family that ships here, from nothing to their files."""

from pathlib import Path

import pytest
from composed_reference import model_logits

from rast_bench.analysis.saved import load_records, load_summary
from rast_bench.cli import main
from rast_bench.config.paths import resolve_model
from rast_bench.config.schema import ModelRef
from rast_bench.datasets import load_problems, render_prompt
from rast_bench.engines.tokenizer import load_tokenizer

NAME = "tiny-l_tiny-s_tiny-olympiad"
WORDS = ["base_model=tiny-l", "delta=tiny-s", "dataset=tiny-olympiad", "dataset.limit=2"]
BASE = ModelRef(path="zoo:tiny-l/base")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    for analysis in ("pcr", "similarity", "kl"):
        words = [*WORDS, "engine.device=cpu", f"results_dir={folder}"]
        assert main(["analyse", analysis, *words, "--generate"]) == 0
    return folder


def test_pcr_of_the_base_model_is_a_plain_loops(results: Path) -> None:
    from rast_bench.config.frontend import job_of_overrides

    cell = job_of_overrides(WORDS).cells[0]
    problem = load_problems(cell.dataset)[0]
    records = load_records(results, NAME, "pcr")
    mine = records[(records["problem_id"] == problem.problem_id) & (records["policy"] == "base")]
    ids = load_tokenizer(BASE)(render_prompt(cell.prompt, problem))["input_ids"]
    path = mine["token_id"].tolist()
    folder = str(resolve_model(BASE))
    chosen = [
        int(model_logits(folder, [*ids, *path[:end]])[-1].argmax()) for end in range(len(path))
    ]
    assert mine["argmax_id"].tolist() == chosen
    assert chosen != path


def test_steering_brings_the_base_model_nearer_to_the_rl_trained_one(results: Path) -> None:
    kl = load_summary(results, NAME, "kl").set_index(["p", "q"])["kl"]
    assert kl["RL", "+ ΔR tiny-s"] < kl["RL", "base"]
    assert kl["+ ΔR tiny-s", "RL"] < kl["base", "RL"]
    first = load_summary(results, NAME, "pcr").set_index("policy")["first_followed"]
    assert first.to_dict() == {"base": 0.0, "+ ΔR tiny-s": 1.0}


def test_a_small_models_change_points_the_way_of_the_large_ones(results: Path) -> None:
    cosine = load_summary(results, NAME, "similarity").set_index("tokens")["cosine"]
    assert 0 < cosine["all"] < cosine["plausible"] < 1


def test_tokens_join_to_the_text_that_was_decoded(results: Path) -> None:
    records = load_records(results, NAME, "kl")
    for _, path in records.groupby(["problem_id", "p", "q"]):
        in_order = path.sort_values("position")
        text = load_tokenizer(BASE).decode(in_order["token_id"].tolist())
        assert "".join(in_order["token"]) == text


def test_figure_4_reads_every_pair_along_one_models_paths(tmp_path: Path) -> None:
    words = ["tiny_figure4", "engine.device=cpu", "--limit", "1", f"results_dir={tmp_path}"]
    assert main(["analyse", "similarity", *words, "--generate"]) == 0
    summary = load_summary(tmp_path, "tiny_figure4", "similarity")
    assert set(summary["base_model"]) == {"tiny-l"}
    pairs = {frozenset(pair) for pair in zip(summary["first"], summary["second"], strict=True)}
    assert frozenset(("tiny-m", "tiny-xs")) in pairs
    assert len(pairs) == 6  # of four ΔR
