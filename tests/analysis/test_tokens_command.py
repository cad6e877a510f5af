"""`rast-bench analyse tokens` on random checkpoints, against plain passes of the same models."""

from pathlib import Path

import numpy as np
import pytest
from random_checkpoints import Checkpoint
from random_study import RandomStudy, make_random_study

from rast_bench.analysis.token_files import read_tokens, save_tokens, token_files
from rast_bench.cli import main
from rast_bench.ledger import Ledger

SAMPLED = ("decoding.n=2", "workers=1")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, checkpoint: Checkpoint) -> RandomStudy:
    """A RAST cell of two samples per problem, and the base's own."""
    made = make_random_study(tmp_path_factory.mktemp("tokens"), "qwen2", checkpoint)
    assert main(["run", *made.overrides, *SAMPLED]) == 0
    base = [word for word in made.overrides if not word.startswith(("method=", "delta"))]
    assert main(["run", *base, "method=base", *SAMPLED]) == 0
    return made


def cell_ids(study: RandomStudy) -> dict[str, str]:
    """By method."""
    ledger = Ledger(study.results)
    found = {}
    for cell_id in ledger.cells():
        record = ledger.cell(cell_id)
        assert record is not None
        found[record["display"]["method"]] = cell_id
    return found


def log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def test_the_measures_are_those_of_plain_passes(
    study: RandomStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    cells, place = cell_ids(study), f"results_dir={study.results}"
    words = ["analyse", "tokens", cells["rast"], cells["base"], place]
    assert main([*words, "--sample", "1", "--limit", "2", "--seed", "5"]) == 0
    out, err = capsys.readouterr()
    assert "wrote 4 files" in err
    assert cells["base"] in out
    files = token_files(study.results)
    assert {one.cell_id for one in files} == set(cells.values())
    for file in files:
        samples = Ledger(study.results).samples(file.cell_id)
        of_problem = samples[samples["problem_id"] == file.problem_id]
        (row,) = of_problem[of_problem["sample_index"] == 1].to_dict("records")
        ids, question = row["token_ids"].tolist(), int(file.problem_id)
        found = read_tokens(file.path)
        assert (found["sample"], len(found["tokens"])) == (1, len(ids))
        words = "".join(found["tokens"]).split()
        assert [word for word in words if word not in ("<pad>", "<eos>")] == row["text"].split()

        base = study.logits(study.base, question, ids)
        delta = study.delta(question, ids, own=False)
        main_logs, logs = log_softmax(base), log_softmax(base + study.lambda_ * delta)
        own = np.arange(len(ids)), ids
        kl = (np.exp(main_logs) * (main_logs - logs)).sum(-1)
        ranks = [(one > one[own][:, None]).sum(-1) for one in (main_logs, logs)]
        expected = {
            "delta": np.linalg.norm(delta, axis=-1),
            "chosen": delta[own],
            "kl": kl,
            "rank": ranks[0] - ranks[1],
            "entropy": -(np.exp(main_logs) * main_logs).sum(-1),
        }
        assert set(found["measures"]) == set(expected)
        for name, values in expected.items():
            measured = found["measures"][name]["values"]
            assert measured == pytest.approx(values.tolist(), rel=2e-3, abs=2e-4), name
        for name, wanted in (("M", main_logs), ("composition", logs)):
            shares = [[share for _, share in token] for token in found["top"][name]]
            best = -np.sort(-np.exp(wanted), axis=-1)[:, :5]
            assert np.array(shares) == pytest.approx(best, abs=2e-4)
        assert list(found["top"]) == ["M", "S_RL", "S_base", "composition"]


def test_a_named_problem_is_read_in_each_cell(study: RandomStudy) -> None:
    cells, place = cell_ids(study), f"results_dir={study.results}"
    assert main(["analyse", "tokens", *cells.values(), place, "--problem", "00003"]) == 0
    read = {
        (one.cell_id, one.sample_index)
        for one in token_files(study.results)
        if one.problem_id == "00003"
    }
    assert {(cell_id, 0) for cell_id in cells.values()} <= read


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["base", "--problem", "00000"], "no RAST cell is among", "name a RAST cell"),
        (["rast", "--problem", "7"], "the samples of a problem '7'", "00000, 00001"),
        (["rast", "--sample", "2"], "has a sample 2", "numbered from 0 to 1"),
        (["rast", "--path", "rl"], "--path is not for analyse tokens", "leave it out"),
        (["decoding.lambda=2"], "stored cells, which cannot be changed", "by id"),
        (["demmo"], "no experiment and no cell 'demmo'", "lists ids"),
    ],
)
def test_what_cannot_be_read_is_one_error(
    words: list[str],
    message: str,
    hint: str,
    study: RandomStudy,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells = cell_ids(study)
    named = [cells.get(word, word) for word in words]
    assert main(["analyse", "tokens", *named, f"results_dir={study.results}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.splitlines()[0]
    assert hint in err.splitlines()[1]
    assert len(err.splitlines()) == 2


def test_files_are_found_by_any_problem_id(tmp_path: Path) -> None:
    ids = ["a/b c", "~x", ".hidden", "q" * 300, "Ω-1", "12"]
    for number, problem in enumerate(ids):
        save_tokens(tmp_path, "0123456789abcdef", {"problem_id": problem, "sample": number})
    found = token_files(tmp_path, ["0123456789abcdef"])
    assert {(one.problem_id, one.sample_index) for one in found} == {
        (problem, number) for number, problem in enumerate(ids)
    }
    assert token_files(tmp_path, ["fedcba9876543210"]) == []
    assert token_files(tmp_path / "nowhere") == []
