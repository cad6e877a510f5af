from pathlib import Path

import pytest

from rast_bench.config.files import CheckedFiles, checked_path
from rast_bench.config.options import OptionReader
from rast_bench.errors import ConfigError

FILES = {
    "a/decoding/one.yaml": "n: 1\nname: one\n",
    "a/decoding/two.yaml": "defaults: [one, _self_]\nname: two\n",
    "a/decoding/last.yaml": "defaults: [_self_, one]\nname: last\n",
    "a/decoding/plain.yaml": "defaults: [one]\nn: 3\n",
    "a/decoding/self.yaml": "defaults: [other]\n",
    "a/decoding/other.yaml": "defaults: [self]\n",
    "a/decoding/group.yaml": "defaults:\n  - prompt: tiny\n",
    "a/decoding/list.yaml": "- 1\n",
    "a/decoding/empty.yaml": "",
    "b/decoding/one.yaml": "n: 99\n",
    "b/decoding/mine.yaml": "defaults: [two]\nn: 7\nm: ${decoding.n}\n",
}


@pytest.fixture
def reader(tmp_path: Path) -> OptionReader:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "missing"]
    return OptionReader([CheckedFiles("test", checked_path(str(folder))) for folder in folders])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("one", {"n": 1, "name": "one"}),
        ("two", {"n": 1, "name": "two"}),
        ("last", {"n": 1, "name": "one"}),
        ("plain", {"n": 3, "name": "one"}),
        ("mine", {"n": 7, "name": "two", "m": "${decoding.n}"}),
        ("empty", {}),
    ],
)
def test_defaults_are_merged_as_hydra_merges_them(
    name: str, content: dict[str, object], reader: OptionReader
) -> None:
    assert reader.read("decoding", name) == content


def test_what_is_read_may_be_changed(reader: OptionReader) -> None:
    reader.read("decoding", "one")["n"] = 5
    assert reader.read("decoding", "one")["n"] == 1


def test_names_come_from_the_whole_search_path(reader: OptionReader) -> None:
    assert {"one", "mine"} <= set(reader.names("decoding"))
    assert reader.names("prompt") == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("on", "decoding has no option 'on'"),
        ("self", "self.yaml includes itself"),
        ("group", "is not a plain name"),
        ("list", "is a list"),
    ],
)
def test_options_that_cannot_be_read(name: str, message: str, reader: OptionReader) -> None:
    with pytest.raises(ConfigError, match=message):
        reader.read("decoding", name)


def test_the_nearest_name_is_suggested(reader: OptionReader) -> None:
    with pytest.raises(ConfigError) as caught:
        reader.read("decoding", "onee")
    assert str(caught.value.hint).startswith("did you mean one?")
