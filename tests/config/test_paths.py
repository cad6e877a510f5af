from pathlib import Path

import pytest
from checkpoint_maker import MakeCheckpoint

from rast_bench.config import paths
from rast_bench.config.paths import config_dir, local_model_dir, resolve_model
from rast_bench.config.schema import ModelRef
from rast_bench.errors import ConfigError, ModelError


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_checkpoint: MakeCheckpoint) -> Path:
    make_checkpoint("zoo/tiny-s/base")
    monkeypatch.setattr(paths, "ZOO_WEIGHTS_DIR", tmp_path / "zoo")
    return tmp_path / "zoo"


def test_zoo_names_are_folders_of_the_package(zoo: Path) -> None:
    assert resolve_model(ModelRef(path="zoo:tiny-s/base")) == str(zoo / "tiny-s/base")


@pytest.mark.usefixtures("zoo")
def test_a_missing_zoo_model_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match="zoo:tiny-s/rl-9") as caught:
        resolve_model(ModelRef(path="zoo:tiny-s/rl-9"))
    assert caught.value.hint == "the zoo has tiny-s/base"


def test_an_empty_zoo_says_how_to_make_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ZOO_WEIGHTS_DIR", tmp_path)
    with pytest.raises(ModelError) as caught:
        resolve_model(ModelRef(path="zoo:tiny-s/base"))
    assert "train_zoo.py" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["zoo:../secret", "zoo:/etc", "zoo:"])
def test_zoo_names_stay_in_the_zoo(name: str) -> None:
    with pytest.raises(ModelError, match="not a name in the zoo"):
        local_model_dir(ModelRef(path=name))


def test_a_relative_folder_that_exists_is_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_checkpoint: MakeCheckpoint
) -> None:
    make_checkpoint("org/model")
    monkeypatch.chdir(tmp_path)
    assert local_model_dir(ModelRef(path="org/model")) == Path("org/model")


@pytest.mark.parametrize("hub_id", ["Qwen/Qwen2.5-7B", "gpt2"])
def test_hub_ids_pass_through(hub_id: str) -> None:
    assert local_model_dir(ModelRef(path=hub_id)) is None
    assert resolve_model(ModelRef(path=hub_id)) == hub_id


@pytest.mark.parametrize("path", ["/no/such/folder", "./nowhere", "~/nowhere-at-all"])
def test_a_missing_folder_is_an_error(path: str) -> None:
    with pytest.raises(ModelError, match="no folder"):
        resolve_model(ModelRef(path=path))


@pytest.mark.parametrize("path", ["a/b/c", "no such model"])
def test_what_is_neither_path_nor_hub_id_is_an_error(path: str) -> None:
    with pytest.raises(ModelError, match="neither a folder that exists nor a hub id"):
        local_model_dir(ModelRef(path=path))


def test_the_configuration_is_found_in_a_checkout_and_in_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "rast_bench"
    monkeypatch.setattr(paths, "PACKAGE_DIR", package)
    with pytest.raises(ConfigError, match="no configuration folder"):
        config_dir()
    for folder in (tmp_path / "conf", package / "conf"):
        folder.mkdir(parents=True)
        (folder / "config.yaml").touch()
        assert config_dir() == folder
