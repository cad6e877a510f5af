"""The hub's data sets, with a `datasets.load_dataset` of our own in place of the hub."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import huggingface_hub
import pytest

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets import load_problems
from rast_bench.datasets.rows import Row
from rast_bench.datasets.sources import read_rows
from rast_bench.errors import DatasetError

COMMIT = "0123456789" * 4
ROWS = [{"question": "?", "answer": "1", "choices": ["a", "b"], "level": 3}]


class Hub:
    """Counts what it is asked; `commit` is the one whose files it serves, None while it is down."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.commit: str | None = COMMIT

    def load_dataset(self, path: str, **options: Any) -> datasets.Dataset:
        if self.commit is None:
            raise ConnectionError(f"no route to {path}\nmore")
        self.asked.append({"path": path, **options})
        table = datasets.Dataset.from_list(ROWS)
        table.info.download_checksums = {f"hf://datasets/{path}@{self.commit}/test.jsonl": {}}
        return table


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def answering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rast_bench.datasets.hub.hub_silence", lambda: None)


@pytest.fixture(autouse=True)
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr(datasets, "load_dataset", hub.load_dataset)
    return hub


def config(**options: Any) -> DatasetConfig:
    return DatasetConfig(**{"name": "set", "path": "org/set", "revision": COMMIT, **options})


def fields(cfg: DatasetConfig) -> list[dict[str, Any]]:
    return [row.fields for row in read_rows(cfg)]


def test_it_is_asked_for_what_the_configuration_says(hub: Hub) -> None:
    cfg = config(subset="main", split="train", revision="abc")
    assert list(read_rows(cfg)) == [Row("row 0", ROWS[0])]
    (asked,) = hub.asked
    assert asked == {"path": "org/set", "name": "main", "split": "train", "revision": "abc"}


def test_a_pinned_set_is_asked_for_once_a_machine(hub: Hub) -> None:
    first = fields(config())
    hub.commit = None
    assert fields(config()) == first == ROWS
    assert len(hub.asked) == 1


@pytest.mark.parametrize(
    "other", [{"subset": "b"}, {"split": "train"}, {"revision": COMMIT[::-1]}, {"path": "org/b"}]
)
def test_other_sets_are_not_mistaken_for_it(other: dict[str, str], hub: Hub) -> None:
    fields(config())
    fields(config(**other))
    assert len(hub.asked) == 2


@pytest.mark.parametrize("revision", [None, "main"])
def test_what_may_change_is_asked_for_again(revision: str | None, hub: Hub) -> None:
    for _ in range(2):
        assert fields(config(revision=revision)) == ROWS
    assert len(hub.asked) == 2


def test_a_cache_of_another_revision_is_used_and_not_kept(hub: Hub) -> None:
    """Without the hub, `datasets` takes whichever revision it has."""
    hub.commit = COMMIT[::-1]
    assert fields(config()) == ROWS
    hub.commit = COMMIT
    assert fields(config()) == ROWS
    assert len(hub.asked) == 2


def test_a_home_that_cannot_be_written_is_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file where the folder should be")
    assert fields(config()) == ROWS
    assert capsys.readouterr().err.startswith("note: data set set is not kept in ")


def test_nothing_is_left_of_a_copy_that_failed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_table: datasets.Dataset, path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(datasets.Dataset, "to_parquet", full)
    assert fields(config()) == ROWS
    assert not list(home.rglob("*.parquet*"))


@pytest.mark.parametrize("cached", [False, True])
def test_a_silent_hub_is_asked_for_nothing(
    cached: bool, hub: Hub, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rast_bench.datasets.hub.hub_silence", lambda: "the hub does not answer")
    if cached:
        (home / "datasets" / "org___set").mkdir(parents=True)
        assert fields(config()) == ROWS
        return
    for cfg in (config(), config(data_files=("a.jsonl",))):
        with pytest.raises(DatasetError, match="from the hub: the hub does not answer") as caught:
            fields(cfg)
        assert "dataset.data_dir=FOLDER" in str(caught.value.hint)
    assert hub.asked == []


def test_a_failure_keeps_its_reason(hub: Hub) -> None:
    hub.commit = None
    with pytest.raises(DatasetError, match=r"(?m)no route to org/set$") as caught:
        fields(config())
    assert "dataset.split" in str(caught.value.hint)


@pytest.mark.parametrize(
    "reason", ["Dataset 'org/set' is a gated dataset", "You must be authenticated to access it"]
)
def test_a_gated_set_says_how_to_get_in(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise datasets.exceptions.DatasetNotFoundError(reason)

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(DatasetError, match=reason) as caught:
        fields(config())
    assert "accept its terms at https://huggingface.co/datasets/org/set" in str(caught.value.hint)
    assert "HF_TOKEN" in str(caught.value.hint)


def test_files_of_a_repository_come_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(path: str, name: str, **options: Any) -> str:
        assert (path, options) == ("org/set", {"repo_type": "dataset", "revision": COMMIT})
        file = tmp_path / name
        file.write_text(f'{{"question": "{name}", "answer": "1"}}\n')
        return str(file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    problems = load_problems(config(data_files=("b.jsonl", "a.jsonl")))
    assert [problem.question for problem in problems] == ["b.jsonl", "a.jsonl"]


@pytest.mark.parametrize("dataset", ["math500", "livecodebench"])
def test_offline_and_not_in_the_cache_is_one_clear_line(dataset: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rast_bench", "show-prompt", f"dataset={dataset}"],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    error, hint = done.stderr.splitlines()[-2:]
    assert error.startswith(f"error: data set {dataset}: cannot load ")
    assert hint.startswith("hint: HF_HUB_OFFLINE is set and it is not in the cache")
