from pathlib import Path
from typing import Any

import pytest

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import sources
from rast_bench.datasets.sources import Row, read_rows
from rast_bench.errors import DatasetError


def config(path: object, **options: Any) -> DatasetConfig:
    return DatasetConfig(name="set", path=str(path), **options)


@pytest.mark.parametrize("name", ["/no/such.jsonl", "no-such.jsonl", "./no-such.parquet"])
def test_a_missing_file_is_named(name: str) -> None:
    with pytest.raises(DatasetError, match=r"no file .*no.such"):
        read_rows(config(name))


def test_a_missing_zoo_set_lists_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "ZOO_DATA_DIR", tmp_path)
    (tmp_path / "tiny-easy-test.jsonl").touch()
    with pytest.raises(DatasetError) as caught:
        read_rows(config("zoo:tiny-esy-test.jsonl"))
    assert caught.value.hint == "the zoo has tiny-easy-test.jsonl"


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "set.csv").write_text("question,answer\n")
    with pytest.raises(DatasetError, match=r"neither \.jsonl nor \.parquet"):
        read_rows(config(tmp_path / "set.csv"))


def test_broken_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.parquet").write_text("no parquet")
    with pytest.raises(DatasetError, match="is not Parquet"):
        read_rows(config(tmp_path / "set.parquet"))


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_bytes(b'{"question": "\xff"}\n')
    with pytest.raises(DatasetError, match="is not UTF-8"):
        read_rows(config(tmp_path / "set.jsonl"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").mkdir()
    with pytest.raises(DatasetError, match="no file"):
        read_rows(config(tmp_path / "set.jsonl"))


def test_hub_sets_are_asked_for_what_the_configuration_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import datasets

    asked = {}

    def load_dataset(path: str, **options: Any) -> list[dict[str, str]]:
        asked.update(options, path=path)
        return [{"question": "?", "answer": "!"}]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    cfg = config("org/set", subset="main", split="train", revision="abc")
    assert read_rows(cfg) == [Row("row 0", {"question": "?", "answer": "!"})]
    assert asked == {"path": "org/set", "name": "main", "split": "train", "revision": "abc"}


def test_a_hub_failure_keeps_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    def load_dataset(path: str, **_: Any) -> None:
        raise ConnectionError(f"no route to {path}\nand much more")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(DatasetError, match=r"no route to org/set$") as caught:
        read_rows(config("org/set"))
    assert "dataset.split" in str(caught.value.hint)
