"""`rast-bench analyse` on random checkpoints of both architectures, against the plain way."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from random_checkpoints import Checkpoint
from random_study import QUESTIONS, RandomStudy, make_random_study

from rast_bench.analysis.saved import load_provenance, load_records, load_summary
from rast_bench.cli import main

NAME = "m_s_made-up"


@pytest.fixture(params=["qwen2", "llama"])
def study(request: pytest.FixtureRequest, tmp_path: Path, checkpoint: Checkpoint) -> RandomStudy:
    return make_random_study(tmp_path, request.param, checkpoint)


@pytest.fixture
def qwen2_study(tmp_path: Path, checkpoint: Checkpoint) -> RandomStudy:
    return make_random_study(tmp_path, "qwen2", checkpoint)


def paths_of(records: pd.DataFrame) -> list[list[int]]:
    """Token ids of each path, in the order of the questions."""
    one = records.drop_duplicates(["problem_id", "position"])
    grouped = one.groupby("problem_id", sort=True)["token_id"]
    return [ids.tolist() for _, ids in grouped]


def test_pcr_equals_greedy_decoding_token_by_token(
    study: RandomStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyse", "pcr", *study.overrides, "--generate"]) == 0
    records = load_records(study.results, NAME, "pcr")
    summary = load_summary(study.results, NAME, "pcr").set_index("policy")
    for policy, steered in (("base", False), ("+ ΔR s, λ = 0.7", True)):
        rates = []
        for place, path in enumerate(paths_of(records)):
            expected = study.next_tokens(place, path, steered=steered)
            chosen = records[(records["policy"] == policy)].groupby("problem_id", sort=True)
            (_, found) = list(chosen)[place]
            assert found["argmax_id"].tolist() == expected
            matches = [a == b for a, b in zip(expected, path, strict=True)]
            assert found["followed"].tolist() == matches
            logits = study.logits(study.base, place, path)
            if steered:
                logits = logits + 0.7 * study.delta(place, path, own=False)
            logs = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
            own = logs[np.arange(len(path)), path]
            assert found["log_probability"].tolist() == pytest.approx(own.tolist(), abs=1e-4)
            assert found["rank"].tolist() == (1 + (logs > own[:, None]).sum(-1)).tolist()
            rates.append(np.mean(matches[1:]))
        assert summary["pcr"][policy] == pytest.approx(np.mean(rates), abs=1e-12)
    assert 0 < summary["pcr"]["base"] < 1  # a test that could tell
    out = capsys.readouterr().out
    assert f"{100 * summary['pcr']['base']:.2f}" in out
    assert "m on made-up, 4 greedy paths of RL" in out


def test_models_read_with_the_threads_that_are_asked_for(qwen2_study: RandomStudy) -> None:
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            words = [*qwen2_study.overrides, "--limit", "1", f"engine.threads={threads}"]
            assert main(["analyse", "kl", *words, "--generate"]) == 0
            torch.set_num_threads(3)  # generating has set them too
            assert main(["analyse", "kl", *words]) == 0
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_kl_equals_pytorchs(study: RandomStudy) -> None:
    assert main(["analyse", "kl", *study.overrides, "--generate"]) == 0
    records = load_records(study.results, NAME, "kl")
    for place, path in enumerate(paths_of(records)):
        base = study.logits(study.base, place, path)
        logits = {
            "base": base,
            "RL": study.logits(study.rl, place, path),
            "+ ΔR s, λ = 0.7": base + 0.7 * study.delta(place, path, own=False),
        }
        logs = {name: torch.tensor(value).log_softmax(-1) for name, value in logits.items()}
        mine = records[records["problem_id"] == sorted(records["problem_id"].unique())[place]]
        compared = list(mine.groupby(["p", "q"], sort=False))
        assert len(compared) == 6
        for (p, q), found in compared:
            expected = F.kl_div(logs[q], logs[p], reduction="none", log_target=True).sum(-1)
            assert found["kl"].tolist() == pytest.approx(expected.tolist(), abs=2e-4, rel=1e-4)


def test_similarity_equals_numpys(study: RandomStudy) -> None:
    assert main(["analyse", "similarity", *study.overrides, "--generate"]) == 0
    records = load_records(study.results, NAME, "similarity")
    by_path = records.groupby("problem_id", sort=True)
    for place, (path, (_, mine)) in enumerate(zip(paths_of(records), by_path, strict=True)):
        own, small = (study.delta(place, path, own=own) for own in (True, False))
        judges = [study.logits(model, place, path) for model in (study.base, study.rl)]
        plausible = np.any(
            [np.exp(one - one.max(-1, keepdims=True)) >= 0.1 for one in judges], axis=0
        )
        for tokens, among in (("all", np.ones_like(plausible)), ("plausible", plausible)):
            found = mine[mine["tokens"] == tokens]
            assert found["token_count"].tolist() == among.sum(-1).tolist()
            expected = [
                a[keep] @ b[keep] / np.linalg.norm(a[keep]) / np.linalg.norm(b[keep])
                for a, b, keep in zip(own, small, among, strict=True)
            ]
            assert found["cosine"].tolist() == pytest.approx(expected, abs=2e-3)


def test_without_samples_it_says_how_to_make_them(
    qwen2_study: RandomStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyse", "pcr", *qwen2_study.overrides, "--limit", "3"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 2
    assert "no sample of 3 of 3 problems" in err
    assert "hint: `rast-bench analyse pcr base_model.name=m " in err
    assert "--limit 3 --generate` makes them first" in err


def test_only_the_drawn_paths_are_generated_and_they_are_reused(
    qwen2_study: RandomStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*qwen2_study.overrides, "--limit", "2", "--seed", "3"]
    assert main(["analyse", "pcr", *words, "--generate"]) == 0
    assert "2/2 samples" in capsys.readouterr().err
    assert main(["analyse", "kl", "--limit", "2", *qwen2_study.overrides, "--seed", "3"]) == 0
    pcr, kl = (load_records(qwen2_study.results, NAME, kind) for kind in ("pcr", "kl"))
    assert pcr["problem_id"].nunique() == 2
    assert paths_of(pcr) == paths_of(kl)


def test_a_stored_cell_is_named_by_its_id(
    qwen2_study: RandomStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyse", "kl", *qwen2_study.overrides, "--generate"]) == 0
    (cell_id,) = load_records(qwen2_study.results, NAME, "kl")["cell_id"].unique()
    place = f"results_dir={qwen2_study.results}"
    assert main(["analyse", "kl", cell_id, place, "--name", "by-id"]) == 0
    found = load_summary(qwen2_study.results, "by-id", "kl")
    assert found[["p", "q"]].to_numpy().tolist() == [["base", "RL"], ["RL", "base"]]
    capsys.readouterr()
    assert main(["analyse", "kl", "0" * 16, place]) == 2
    assert "cell 0000000000000000 is not in" in capsys.readouterr().err


def test_along_rasts_own_path_it_follows_itself(qwen2_study: RandomStudy) -> None:
    words = [*qwen2_study.overrides, "--path", "rast"]
    assert main(["analyse", "pcr", *words, "--generate"]) == 0
    summary = load_summary(qwen2_study.results, NAME, "pcr", "rast")
    assert summary["path"].unique().tolist() == ["+ ΔR s, λ = 0.7"]
    assert summary["policy"].tolist() == ["base", "RL"]
    records = load_records(qwen2_study.results, NAME, "pcr", "rast")
    path = paths_of(records)[0]
    assert qwen2_study.next_tokens(0, path, steered=True) == path


def test_provenance_says_what_was_read(qwen2_study: RandomStudy) -> None:
    assert main(["analyse", "similarity", *qwen2_study.overrides, "--generate"]) == 0
    found = load_provenance(qwen2_study.results, NAME, "similarity")
    (read,) = found["studies"]
    assert read["dataset"] == "made-up"
    assert len(read["problems"]) == len(QUESTIONS)
    models = {qwen2_study.base, qwen2_study.rl, *qwen2_study.pair}
    assert read["models"].keys() == models
    assert all(value.startswith("sha256:") for value in read["models"].values())
    assert found["settings"]["plausible_share"] == 0.1
    assert {"versions", "git", "host", "started", "ended", "seconds"} <= found.keys()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["similarity", "base_model=tiny-l"], "a similarity is between two ΔR, there is one"),
        (["pcr", "base_model=tiny-l", "base_model.rl=null"], "has no RL-trained checkpoint"),
        (["pcr", "demo", "tiny_table1"], "either one experiment or ids of cells"),
        (["pcr", "0" * 16, "base_model=tiny-l"], "a stored cell cannot be changed"),
        (["pcr", "base_model=tiny-l", "--name", "../up"], "--name ../up"),
    ],
)
def test_mistakes_are_one_line_and_a_hint(
    words: list[str],
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["analyse", *words]) == 2
    err = capsys.readouterr().err
    assert complaint in err
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "hint"]


@pytest.mark.parametrize("flag", [("--limit", "-1"), ("--plausible", "0"), ("--seed", "x")])
def test_flags_out_of_range_are_refused(
    flag: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyse", "pcr", "demo", *flag]) == 2
    assert f"argument {flag[0]}" in capsys.readouterr().err
