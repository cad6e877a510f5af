"""`rast-bench export`: what is in the files, how they appear, and what is refused."""

import csv
import gc
import json
import weakref
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from finished_run import Finished

import rast_bench
from rast_bench import cli
from rast_bench.api.columns import SAMPLES, Column, typed
from rast_bench.api.export import FORMATS, Format, export
from rast_bench.errors import ConfigError


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_holds_the_frame(
    kind: Format, finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    target = finished.world.folder / f"out.{kind}"
    words = ["samples", str(target), f"results_dir={finished.results}", "--experiment", "small"]
    words += ["--columns", "cell_id,lambda,sample_index,response,question,extracted,token_ids"]
    assert cli.main(["export", *words]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == f"33 rows of 7 columns: {target}"
    frame = rast_bench.open_results(finished.results).samples(columns=words[-1].split(","))
    expected = [
        {name: None if _missing(value) else value for name, value in row.items()}
        for row in frame.assign(token_ids=frame["token_ids"].map(list)).to_dict("records")
    ]
    if kind == "parquet":
        assert pq.read_table(target).to_pylist() == expected
    elif kind == "jsonl":
        assert [json.loads(line) for line in target.read_text().splitlines()] == expected
    else:
        with target.open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        assert [row["response"] for row in rows] == [row["response"] for row in expected]
        assert [row["lambda"] for row in rows] == [
            "" if row["lambda"] is None else repr(row["lambda"]) for row in expected
        ]
        assert {row["token_ids"] for row in rows} == {"[1, 2, 3]"}


def _missing(value: object) -> bool:
    return not isinstance(value, list) and bool(pd.isna(value))


@pytest.mark.parametrize("what", ["results", "cells"])
@pytest.mark.parametrize("kind", FORMATS)
def test_results_and_cells(what: str, kind: Format, finished: Finished) -> None:
    target = finished.world.folder / "out"
    words = [what, str(target), "--format", kind, "--results-dir", str(finished.results)]
    assert cli.main(["export", *words, "--experiment", "small"]) == 0
    frame = getattr(rast_bench.open_results(finished.results), what)()
    if kind == "parquet":
        table = pq.read_table(target)
        assert table.num_rows == len(frame)
        assert table.column_names == list(frame)
    elif kind == "jsonl":
        rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
        assert [row["cell_id"] for row in rows] == frame["cell_id"].astype(object).where(
            frame["cell_id"].notna(), None
        ).tolist()
    else:
        with target.open(newline="", encoding="utf-8") as stream:
            assert len(list(csv.DictReader(stream))) == len(frame)


def test_nothing_is_replaced_in_silence(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    target = finished.world.folder / "out.jsonl"
    target.write_text("mine")
    words = ["export", "samples", str(target), f"results_dir={finished.results}"]
    assert cli.main(words) == 2
    assert "already exists\nhint: choose another name, or replace it with --overwrite" in (
        capsys.readouterr().err
    )
    assert target.read_text() == "mine"
    assert cli.main([*words, "--overwrite"]) == 0
    assert len(target.read_text().splitlines()) == 33


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["samples", "out.txt"], "out.txt: its extension names no format"),
        (["samples", "out.csv", "--format", "cvs"], "there is no format 'cvs'"),
        (["sample", "out.csv"], "there is no thing to export 'sample'"),
        (["samples", "nowhere/out.csv"], "there is no folder nowhere"),
        (["samples", "."], "cannot write .: it is a folder"),
        (["results", "out.csv", "--grader", "boxed-1"], "--grader is not for results"),
        (["cells", "out.csv", "--columns", "a"], "--columns is not for cells"),
        (["samples", "out.csv", "limit=2"], "unrecognized arguments: limit=2"),
        (["samples", "out.csv", "--columns", "a"], "samples have no column 'a'"),
        (["samples", "out.csv", "--cell", "ff"], "there is no cell 'ff'"),
        (["samples", "out.csv", "--results-dir", "nowhere"], "there is no results folder nowhere"),
        (["samples"], "the following arguments are required: FILE"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], message: str, finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["export", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "\nhint: " in error
    assert not list(finished.world.folder.glob("out*"))


def test_what_is_missing_is_told(finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    finished.dataset.unlink()
    target = finished.world.folder / "out.jsonl"
    assert cli.main(["export", "samples", str(target)]) == 0
    assert "note: data set made-up: question, prompt and gold are left" in capsys.readouterr().err
    assert {json.loads(line)["gold"] for line in target.read_text().splitlines()} == {None}


def frame_of(*responses: str) -> pd.DataFrame:
    return typed(pd.DataFrame({"response": list(responses)}), RESPONSE)


RESPONSE: list[Column] = [one for one in SAMPLES if one.name == "response"]


def test_no_spreadsheet_executes_a_response(tmp_path: Path) -> None:
    texts = ["=1+1", "-2", "+cmd()", "@x", 'a,b\n"c"', "λ = 1", ""]
    export([frame_of(*texts)], RESPONSE, tmp_path / "out.csv", "csv")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as stream:
        found = [row["response"] for row in csv.DictReader(stream)]
    assert found == ["'=1+1", "-2", "'+cmd()", "'@x", 'a,b\n"c"', "λ = 1", ""]
    for kind in ("jsonl", "parquet"):
        export([frame_of(*texts)], RESPONSE, tmp_path / f"out.{kind}", kind)
    assert pq.read_table(tmp_path / "out.parquet")["response"].to_pylist() == texts
    lines = (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["response"] for line in lines] == texts


@pytest.mark.parametrize("kind", FORMATS)
def test_one_frame_is_held_at_a_time(kind: Format, tmp_path: Path) -> None:
    alive: list[weakref.ref[pd.DataFrame]] = []

    def frames() -> Iterator[pd.DataFrame]:
        for text in ("a", "b", "c"):
            gc.collect()
            assert [one() for one in alive[:-1]] == [None] * len(alive[:-1])
            frame = frame_of(text)
            alive.append(weakref.ref(frame))
            yield frame
            del frame

    assert export(frames(), RESPONSE, tmp_path / "out", kind) == 3
    assert len(alive) == 3


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_file_is_whole_or_not_there(kind: Format, error: BaseException, tmp_path: Path) -> None:
    def frames() -> Iterator[pd.DataFrame]:
        yield frame_of("a")
        raise error

    raised = ConfigError if isinstance(error, OSError) else type(error)
    with pytest.raises(raised):
        export(frames(), RESPONSE, tmp_path / "out", kind)
    assert list(tmp_path.iterdir()) == []
