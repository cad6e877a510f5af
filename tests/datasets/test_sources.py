from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import sources
from rast_bench.datasets.rows import Row
from rast_bench.datasets.sources import read_rows
from rast_bench.errors import DatasetError


def config(path: object, **options: Any) -> DatasetConfig:
    return DatasetConfig(name="set", path=str(path), **options)


@pytest.mark.parametrize("name", ["/no/such.jsonl", "no-such.jsonl", "./no-such.parquet"])
def test_a_missing_file_is_named(name: str) -> None:
    with pytest.raises(DatasetError, match=r"no file .*no.such"):
        list(read_rows(config(name)))


def test_a_missing_zoo_set_lists_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "ZOO_DATA_DIR", tmp_path)
    (tmp_path / "tiny-easy-test.jsonl").touch()
    with pytest.raises(DatasetError) as caught:
        list(read_rows(config("zoo:tiny-esy-test.jsonl")))
    assert caught.value.hint == "the zoo has tiny-easy-test.jsonl"


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("question,answer\n")
    with pytest.raises(DatasetError, match=r"neither \.jsonl nor \.parquet"):
        list(read_rows(config(tmp_path / "set.csv")))


def test_broken_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.parquet").write_text("no parquet")
    with pytest.raises(DatasetError, match="is not Parquet"):
        list(read_rows(config(tmp_path / "set.parquet")))


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_bytes(b'{"question": "\xff"}\n')
    with pytest.raises(DatasetError, match="is not UTF-8"):
        list(read_rows(config(tmp_path / "set.jsonl")))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").mkdir()
    with pytest.raises(DatasetError, match="no file"):
        list(read_rows(config(tmp_path / "set.jsonl")))


def test_a_folder_stands_in_for_the_hub(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_text('{"question": "?"}\n')
    (row,) = read_rows(config("org/set", data_dir=str(tmp_path)))
    assert row == Row("set.jsonl line 1", {"question": "?"})


def test_its_file_may_be_parquet(tmp_path: Path) -> None:
    pd.DataFrame([{"question": "?", "choices": ["a", "b"]}]).to_parquet(tmp_path / "set.parquet")
    (row,) = read_rows(config("org/set", data_dir=str(tmp_path)))
    assert row == Row("set.parquet row 0", {"question": "?", "choices": ["a", "b"]})


def test_a_folder_without_the_set_is_no_reason_to_ask_the_hub(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no set\.jsonl or set\.parquet in ") as caught:
        list(read_rows(config("org/set", data_dir=str(tmp_path))))
    assert "leave dataset.data_dir out" in str(caught.value.hint)


def test_a_local_file_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"question": "?"}\n')
    cfg = config(tmp_path / "mine.jsonl", data_dir="/no/such/folder")
    assert len(list(read_rows(cfg))) == 1
