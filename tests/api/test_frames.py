"""`rast_bench.open_results` on the folder of a small run, whole, partial and damaged."""

import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from finished_run import Finished

import rast_bench
from rast_bench.api import columns
from rast_bench.api.folder import ResultsWarning
from rast_bench.cli import main
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.ledger import shards

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
DOCUMENTED = {
    name: re.findall(r"^\| `([^`]+)` \| (.+?) \| (.*?) \| (.+?) \|$", table, re.MULTILINE)
    for name, table in re.findall(r"### `(\w+)\(\)`\n(.*?)(?=\n###|\Z)", PAGE, re.DOTALL)
}
FRAMES = {
    "experiments": columns.EXPERIMENTS,
    "cells": columns.CELLS,
    "results": columns.RESULTS,
    "samples": columns.SAMPLES,
}


def dtypes(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return [(name, str(dtype)) for name, dtype in frame.dtypes.items()]


@pytest.mark.parametrize("name", FRAMES)
def test_the_page_documents_the_columns_of_the_frames(name: str, finished: Finished) -> None:
    """Full frames and those of no rows alike."""
    assert [tuple(row) for row in DOCUMENTED[name]] == [
        (one.name, one.dtype, one.unit, one.meaning) for one in FRAMES[name]
    ]
    documented = [(row[0], row[1]) for row in DOCUMENTED[name]]
    folder = rast_bench.open_results(finished.results)
    chosen = {"columns": [row[0] for row in documented]} if name == "samples" else {}
    frame = getattr(folder, name)(**chosen)
    assert len(frame) > 0
    assert dtypes(frame) == documented
    assert dtypes(columns.empty(FRAMES[name])) == documented


def test_samples_hold_what_was_asked_and_answered(finished: Finished) -> None:
    folder = rast_bench.open_results(finished.results)
    samples = folder.samples(experiment="small")
    assert len(samples) == 3 + 12 + 12 + 6
    assert samples.attrs["notes"] == []
    cells = folder.cells().set_index("cell_id")
    (greedy,) = cells.index[cells["temperature"] == 0.0]
    assert pd.isna(cells.loc[greedy, "lambda"])
    first = samples[(samples["cell_id"] == greedy) & (samples["problem_id"] == "00000")].iloc[0]
    assert first["question"] == "q0"
    assert first["prompt"] == "Problem : q0 Solution :"
    assert first["response"] == "\\boxed{10}"
    assert (first["gold"], first["extracted"], first["verdict"]) == ("10", "10", "correct")
    assert (first["method"], first["dataset"], first["finish_reason"]) == ("base", "made-up", "eos")
    assert (first["grader"], first["token_count"], first["sample_index"]) == ("boxed-1", 3, 0)
    steered = samples[samples["method"] == "rast"]
    assert set(steered["lambda"]) == {0.5, 1.0}
    assert set(samples.loc[samples["method"] == "rl", "lambda"].isna()) == {True}
    assert samples["seed"].nunique() == len(samples)


def test_every_grader_has_columns_of_its_own_where_several_judged(finished: Finished) -> None:
    folder = rast_bench.open_results(finished.results)
    samples = folder.samples()
    for name in columns.VERDICT_NAMES:
        pd.testing.assert_series_equal(samples[name], samples[f"{name}:boxed-1"], check_names=False)
    assert set(samples["verdict:simplerl-1"]) == {"correct", "wrong"}
    chosen = folder.samples(grader="simplerl-1")
    assert not any(":" in name for name in chosen)
    assert set(chosen["grader"]) == {"simplerl-1"}
    pd.testing.assert_series_equal(
        chosen["verdict"], samples["verdict:simplerl-1"], check_names=False
    )
    few = folder.samples(columns=["verdict:simplerl-1", "problem_id"])
    assert list(few) == ["problem_id", "verdict:simplerl-1"]


def test_results_are_those_of_the_samples(finished: Finished) -> None:
    folder = rast_bench.open_results(finished.results)
    results = folder.results("small")
    assert set(results["experiment"]) == {"small"}
    accuracy = results[(results["measure"] == "accuracy")].dropna(subset="cell_id")
    assert len(accuracy) == 5
    samples = folder.samples(columns=["cell_id", "sample_index", "verdict"])
    for one in accuracy.itertuples():
        own = samples[(samples["cell_id"] == one.cell_id) & (samples["sample_index"] < one.samples)]
        assert (own["verdict"] == "correct").mean() == one.estimate
    assert set(accuracy["unit"]) == {"fraction"}
    grid = accuracy[accuracy["grid"] == "grid"]
    assert set(grid["lambda"]) == {0.5, 1.0}
    saved = folder.experiments().iloc[0]
    assert (saved["experiment"], saved["rows"], saved["cells"]) == ("small", 3, 4)
    pd.testing.assert_frame_equal(results, folder.results())


def test_only_what_is_chosen_is_opened(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    read = shards.read_file

    def noted(path: Path) -> bytes | None:
        opened.append(path)
        return read(path)

    monkeypatch.setattr(shards, "read_file", noted)
    monkeypatch.setattr("rast_bench.ledger.store.read_file", noted)
    folder = rast_bench.open_results(finished.results)
    cell = folder.ledger.cells()[0]
    folder.samples(cell=cell, columns=["response"])
    assert {path.parent.name for path in opened} == {cell}
    assert not any(path.name.startswith("verdicts-") for path in opened)
    opened.clear()
    finished.dataset.unlink()  # nobody asks for it
    folder.samples(cell=[cell], grader="simplerl-1", columns=["verdict", "token_count"])
    assert {path.parent.name for path in opened} == {cell}
    assert any(path.name.startswith("verdicts-simplerl-1") for path in opened)
    assert not any(path.name.startswith("verdicts-boxed-1") for path in opened)
    opened.clear()
    assert len(folder.samples(experiment="small", dataset="made-up", columns=["response"])) == 33
    opened.clear()
    folder.results("small")
    folder.experiments()
    assert opened == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.unlink(), "no file "),
        (
            lambda path: path.write_text(path.read_text().replace("10", "11")),
            "its content differs from that used for the samples",
        ),
    ],
)
def test_a_data_set_that_is_not_at_hand_leaves_its_columns_empty(
    change: object, reason: str, finished: Finished
) -> None:
    assert callable(change)
    change(finished.dataset)
    folder = rast_bench.open_results(finished.results)
    with pytest.warns(ResultsWarning, match="question, prompt and gold are left empty"):
        samples = folder.samples()
    assert samples[["question", "prompt", "gold"]].isna().all(axis=None)
    assert samples["response"].notna().all()
    assert reason in samples.attrs["notes"][0]
    assert len(samples.attrs["notes"]) == 1


def test_a_run_that_was_interrupted_is_partial(finished: Finished) -> None:
    shutil.rmtree(finished.results)
    finished.world.requests = 0
    finished.world.interrupt_after = 5
    assert main(["run", *finished.words]) == 130
    folder = rast_bench.open_results(finished.results)
    cells = folder.cells()
    assert "partial" in set(cells["status"])
    assert cells["samples"].sum() == 5
    with pytest.warns(ResultsWarning) as caught:
        samples = folder.samples()
    assert len(samples) == 5
    told = " ".join(str(one.message) for one in caught)
    assert "is partial: " in told
    assert "no sample has been graded" in told
    assert samples["verdict"].isna().all()
    assert len(folder.experiments()) == 0
    with pytest.raises(ConfigError, match="there is no experiment 'small'") as missing:
        folder.samples(experiment="small")
    assert "are saved when its run ends" in str(missing.value.hint)
    with pytest.raises(ConfigError, match="there is no verdicts of grader 'boxed-1'"):
        folder.samples(grader="boxed-1")


def test_samples_that_the_results_were_not_made_of_are_told(finished: Finished) -> None:
    assert main(["run", *finished.words, "+experiment.limit=2"]) == 0
    folder = rast_bench.open_results(finished.results)
    with pytest.warns(
        ResultsWarning, match="has 12 samples, of which 8 are in the results of small/2-problems"
    ):
        assert len(folder.samples(experiment="small/2-problems")) == 33


def test_results_in_a_folder_of_an_experiment_have_a_name_of_their_own(finished: Finished) -> None:
    shutil.copytree(finished.results / "small", finished.results / "small" / "limit-2")
    folder = rast_bench.open_results(finished.results)
    assert list(folder.experiments()["experiment"]) == ["small", "small/limit-2"]
    pd.testing.assert_frame_equal(folder.results("small/limit-2"), folder.results("small"))


def test_results_of_an_older_version_are_told(finished: Finished) -> None:
    (finished.results / "small" / "results.parquet").unlink()
    folder = rast_bench.open_results(finished.results)
    with pytest.warns(ResultsWarning, match="saved by an older version, without results.parquet"):
        assert list(folder.experiments()["experiment"]) == ["small"]
    with pytest.warns(ResultsWarning, match="it is left out"):
        assert len(folder.results()) == 0
    with pytest.raises(LedgerError, match="saved by an older version") as error:
        folder.results("small")
    assert "rast-bench table small" in str(error.value.hint)
    assert main(["run", *finished.words]) == 0
    assert len(folder.results("small")) > 0


def test_a_results_file_that_is_none_of_ours_is_told(finished: Finished) -> None:
    file = finished.results / "small" / "results.parquet"
    whole = file.read_bytes()
    folder = rast_bench.open_results(finished.results)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LedgerError, match="not a complete Parquet file"):
        folder.results("small")
    pq.write_table(pa.table({"a": [1]}), file)
    with pytest.raises(LedgerError, match="has no schema of rast-bench, not 1"):
        folder.results("small")
    table = pq.read_table(pa.BufferReader(whole))
    pq.write_table(table.replace_schema_metadata({"rast_bench_results": "2"}), file)
    with pytest.raises(LedgerError, match="has schema 2, not 1"):
        folder.results()


def test_cells_without_a_record_or_a_manifest(finished: Finished) -> None:
    folder = rast_bench.open_results(finished.results)
    first, second, *_ = folder.ledger.cells()
    (folder.ledger.cell_folder(first) / "cell.json").unlink()
    for manifest in folder.ledger.cell_folder(second).glob("manifest-*.json"):
        manifest.unlink()
    with pytest.warns(ResultsWarning, match=f"1 cells without cell.json are left out .{first}"):
        cells = folder.cells().set_index("cell_id")
    assert first not in cells.index
    assert cells.loc[second, "status"] == "unknown"
    with pytest.warns(ResultsWarning) as caught:
        samples = folder.samples(cell=second)
    told = " ".join(str(one.message) for one in caught)
    assert "choose one of its graders; there are those of boxed-1, simplerl-1" in told
    assert "no run left a manifest" in told
    assert samples["verdict"].isna().all()
    assert samples["question"].isna().all()
    assert samples["response"].notna().all()
    with pytest.warns(ResultsWarning, match="1 of 4 cells of experiment small are not in"):
        folder.cells(experiment="small")


def test_a_cell_of_a_later_version_is_refused(finished: Finished) -> None:
    from rast_bench.config.identity import cell_id

    folder = rast_bench.open_results(finished.results)
    record = folder.ledger.cell(folder.ledger.cells()[0])
    assert record is not None
    identity = {**record["identity"], "version": 2}
    folder.ledger.register(cell_id(identity), identity, record["display"])
    with pytest.raises(LedgerError, match="has version 2 of a cell's identity, not 1"):
        folder.cells()


def test_folders_that_are_none(tmp_path: Path, finished: Finished) -> None:
    with pytest.raises(ConfigError, match="there is no results folder"):
        rast_bench.open_results(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="is not a results folder") as error:
        rast_bench.open_results(tmp_path / "empty")
    assert "rast-bench run" in str(error.value.hint)
    with pytest.raises(ConfigError, match="is not a results folder") as error:
        rast_bench.open_results(finished.results / "small")
    assert error.value.hint == f"did you mean {finished.results}?"
    assert f"hint: did you mean {finished.results}?" in "".join(
        traceback.format_exception(error.value)
    )


@pytest.mark.parametrize(
    ("chosen", "message", "hint"),
    [
        ({"experiment": "smal"}, "there is no experiment 'smal'", "did you mean small?"),
        ({"cell": "0" * 16}, "there is no cell '0000000000000000'", "the cells here are"),
        ({"dataset": "made-down"}, "there is no data set 'made-down'", "did you mean made-up?"),
        ({"grader": "boxed"}, "there is no verdicts of grader 'boxed'", "did you mean boxed-1?"),
        ({"columns": ["verdict", "txt"]}, "samples have no column 'txt'", "columns"),
    ],
)
def test_names_that_do_not_exist(
    chosen: dict[str, object], message: str, hint: str, finished: Finished
) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        rast_bench.open_results(finished.results).samples(**chosen)  # type: ignore[arg-type]
    assert hint in str(error.value.hint)


def test_one_cell_at_a_time_is_all_of_them(finished: Finished) -> None:
    folder = rast_bench.open_results(finished.results)
    frames = list(folder.iter_samples())
    assert len(frames) == len(folder.ledger.cells())
    assert all(frame["cell_id"].nunique() == 1 for frame in frames)
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), folder.samples())


def test_importing_the_package_is_light() -> None:
    code = (
        "import sys, json, rast_bench; rast_bench.__version__; "
        "print(json.dumps([n for n in sys.modules if n.startswith('rast_bench')])); "
        "heavy = ('numpy', 'pandas', 'pyarrow', 'pydantic', 'torch'); "
        "print([name for name in heavy if name in sys.modules]); "
        "rast_bench.open_results"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules, heavy = out.stdout.splitlines()
    assert json.loads(modules) == ["rast_bench"]
    assert heavy == "[]"
    with pytest.raises(AttributeError, match="no attribute 'open_result'"):
        _ = rast_bench.open_result


def test_the_example_runs_on_a_small_folder(finished: Finished) -> None:
    script = str(ROOT / "examples" / "results_notebook.py")
    out = subprocess.run(  # pyplot would stay in this process
        [sys.executable, script, str(finished.results)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
    ).stdout
    assert "\\boxed{0}" in out
    assert re.search(r"^correct +17\nwrong +16$", out, re.MULTILINE)
    assert out.rstrip().endswith("nothing")
