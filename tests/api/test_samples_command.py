"""`rast-bench samples` on a small finished run: which samples are shown, and how."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from finished_run import Finished

import rast_bench
from rast_bench.cli import main
from rast_bench.domain import SampleKey, Verdict
from rast_bench.ledger import Ledger

Samples = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def samples(finished: Finished, capsys: pytest.CaptureFixture[str]) -> Samples:
    """The samples that `rast-bench samples WORDS --json` shows."""

    def shown(*words: str, limit: int = 0) -> list[dict[str, Any]]:
        place = f"results_dir={finished.results}"
        assert main(["samples", *words, "--json", "--limit", str(limit), place]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return shown


def test_filters_choose_what_the_frames_hold(finished: Finished, samples: Samples) -> None:
    frame = rast_bench.open_results(finished.results).samples(experiment="small")
    assert len(samples("small")) == len(frame)
    wrong = samples("small", "--wrong")
    assert len(wrong) == (frame["verdict"] == "wrong").sum() > 0
    assert {one["verdict"] for one in wrong} == {"wrong"}
    assert {one["problem_id"] for one in samples("small", "--problem", "00001")} == {"00001"}
    assert {one["method"] for one in samples("small", "--method", "rl")} == {"rl"}
    assert len(samples("small", "--text", "BOXED{10}")) == frame["response"].eq("\\boxed{10}").sum()
    assert samples("small", "--finish", "length") == []
    ceiling = samples("small:ceil")  # part of a label
    assert ceiling == samples("small", "--row", "ceiling")
    by_id = samples(ceiling[0]["cell_id"])
    assert [one["seed"] for one in by_id] == [one["seed"] for one in ceiling]
    assert len(ceiling) == 12
    first = ceiling[0]
    assert (first["question"], first["gold"], first["extracted"]) == ("q0", "10", "10")
    assert set(first["verdicts"]) == {"boxed-1", "simplerl-1"}
    assert first["prompt"] == "Problem : q0 Solution :"


def test_some_are_drawn_at_random_the_same_ones_each_time(samples: Samples) -> None:
    drawn = samples("small", "--seed", "3", limit=4)
    assert len(drawn) == 4
    assert drawn == samples("small", "--seed", "3", limit=4)
    assert drawn != samples("small", limit=4)
    assert drawn != samples("small", "--seed", "4", limit=4)


def test_graders_that_disagree_are_found(finished: Finished, samples: Samples) -> None:
    assert samples("small", "--disagree") == []
    ledger = Ledger(finished.results)
    (cell,) = {one["cell_id"] for one in samples("small:ceiling")}
    key = ("00000", 0)
    rows = ledger.samples(cell, ["problem_id", "sample_index"])
    verdicts = [
        Verdict(
            SampleKey(cell, problem, index), "wrong" if (problem, index) == key else "correct", "x"
        )
        for problem, index in zip(rows["problem_id"], rows["sample_index"].tolist(), strict=True)
    ]
    ledger.write_verdicts(cell, "third-1", verdicts)
    found = samples("small", "--disagree")
    assert ("00000", 0) in {(one["problem_id"], one["sample_index"]) for one in found}
    assert {one["cell_id"] for one in found} == {cell}
    assert all(
        one["verdict"] == "wrong" for one in samples("small", "--grader", "third-1", "--wrong")
    )


def test_the_terminal_shows_all_of_a_sample(
    finished: Finished, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = "\x1b[31mred\u202e " + "long words " * 30
    monkeypatch.setattr("rast_bench.cli.samples.stdout_width", lambda: 60)
    place = f"results_dir={finished.results}"
    assert main(["samples", "small:with", "--wrong", "--limit", "2", place]) == 0
    out, err = capsys.readouterr()
    assert "problem 00001, sample 1; λ = 1, τ = 1, seed" in " ".join(out.split())
    for line in ("question", "  q1", "response (3 tokens, eos)", "gold       11", "extracted  0"):
        assert line in out.splitlines()
    assert "verdict    wrong (boxed-1)" in out
    assert "also       wrong (simplerl-1, extracted 0)" in out
    assert "6 of 12 samples of 1 cell match, 2 are shown; --seed 0 draws some at random" in err

    from rast_bench.cli.samples import _body

    lines = _body(hostile * 3, 60, 4)
    assert max(map(len, lines)) <= 60
    assert "\\x1b[31mred\\u202e" in lines[0]
    assert "lines are left out" in lines[2]


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["smal"], "has no experiment and no cell 'smal'", "did you mean small?"),
        (["small:ceeling"], "experiment small has no row 'ceeling'", "did you mean ceiling?"),
        (["small:i"], "experiment small has 3 rows with 'i' in their label", "with delta, ceil"),
        (["0123456789abcdef"], "there is no cell '0123456789abcdef'", "the cells here are"),
        (["small", "--dataset", "made-down"], "has the data set 'made-down'", "mean made-up?"),
        (["small", "--problem", "0"], "has a problem '0'", "did you mean 00000?"),
        (["small", "--grader", "boxed"], "verdicts of grader 'boxed'", "did you mean boxed-1?"),
        (["small", "--verdict", "rong"], "there is no verdict 'rong'", "did you mean wrong?"),
        (["small", "--wrong", "--correct"], "not allowed with argument", "--help"),
    ],
)
def test_what_does_not_exist_is_one_error(
    words: list[str],
    message: str,
    hint: str,
    finished: Finished,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["samples", *words, f"results_dir={finished.results}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.splitlines()[0]
    assert hint in err.splitlines()[1]
    assert len(err.splitlines()) == 2
