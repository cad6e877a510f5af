"""Models of the hub, whose cache is filled here as the hub would fill it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from engine_requests import key_of
from huggingface_hub import HfApi
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from random_checkpoints import QWEN2, QWEN2_SMALL_BASE, WORDS, Checkpoint, save_words

from rast_bench.config.schema import ModelRef
from rast_bench.engines import check_models, check_room, hub_models
from rast_bench.engines.check import check_model
from rast_bench.engines.hub_models import SMALL_FILES, model_files
from rast_bench.errors import ConfigError, ModelError
from rast_bench.known import known_models

COMMIT = "0123456789" * 4

Cached = Callable[[str, str], Path]
"""The fixture `cached`: puts a checkpoint's small files into the cache under a hub id."""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    hub_models._hub_files.cache_clear()
    yield tmp_path / "hub"
    hub_models._hub_files.cache_clear()


@pytest.fixture
def cached(cache: Path) -> Cached:
    def put(name: str, source: str) -> Path:
        repository = cache / f"models--{name.replace('/', '--')}"
        snapshot = repository / "snapshots" / COMMIT
        snapshot.mkdir(parents=True)
        for file in SMALL_FILES:
            shutil.copy(Path(source) / file, snapshot)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(COMMIT)
        return snapshot

    return put


def answer(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[str]:
    """The hub is there, and this is all that it says; the ids that it is asked for."""
    asked = []

    def model_info(_: HfApi, path: str, **__: Any) -> None:
        asked.append(path)
        raise error

    monkeypatch.setattr(hub_models, "hub_silence", lambda: None)
    monkeypatch.setattr(HfApi, "model_info", model_info)
    return asked


@pytest.mark.parametrize("revision", [None, COMMIT])
def test_the_cache_serves_without_the_hub(
    cached: Cached, checkpoint: Checkpoint, revision: str | None
) -> None:
    snapshot = cached("org/base", checkpoint(QWEN2))
    assert model_files(ModelRef(path="org/base", revision=revision)) == snapshot


def test_a_pinned_model_is_not_asked_for_again(
    cached: Cached, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached("org/base", checkpoint(QWEN2))
    asked = answer(monkeypatch, AssertionError())
    model_files(ModelRef(path="org/base", revision=COMMIT))
    assert asked == []


def test_a_local_folder_is_not_looked_for_on_the_hub(checkpoint: Checkpoint) -> None:
    assert model_files(ModelRef(path=checkpoint(QWEN2))) == Path(checkpoint(QWEN2))


def test_without_hub_and_cache_is_one_line_with_a_mend() -> None:
    with pytest.raises(
        ModelError, match="model org/base cannot be downloaded from the hub: "
    ) as error:
        check_models(key_of("org/base"))
    assert "\n" not in error.value.message
    assert error.value.hint is not None
    assert error.value.hint.startswith("HF_HUB_OFFLINE is set")


def test_facts_that_the_cached_configuration_contradicts_stop_a_run(
    cached: Cached, checkpoint: Checkpoint
) -> None:
    shipped = next(known for known in known_models() if known.path == "Qwen/Qwen2.5-7B")
    folder = cached(shipped.path, checkpoint(QWEN2))
    (folder.parent / str(shipped.revision)).symlink_to(folder)
    for revision, refused in ((None, False), (shipped.revision, True)):
        ref = ModelRef(path=shipped.path, revision=revision)
        if not refused:
            check_model(ref)
            continue
        with pytest.raises(ModelError, match=r"its config\.json says hidden_size") as error:
            check_model(ref)
        assert "name its folder" in str(error.value.hint)


RESPONSE: Any = SimpleNamespace(headers={}, request=None, status_code=401)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (GatedRepoError("gated", response=RESPONSE), "accept its terms at https://huggingface.co/"),
        (RepositoryNotFoundError("no such model", response=RESPONSE), "check the id"),
        (ConnectionError("no route"), "check the network, or name a folder"),
    ],
)
def test_why_the_hub_does_not_give_it(
    error: Exception, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answer(monkeypatch, error)
    for _ in range(2):
        with pytest.raises(ModelError) as told:
            model_files(ModelRef(path="org/base"))
        assert told.value.hint is not None
        assert told.value.hint.startswith(hint)
    assert asked == ["org/base"]


def test_a_cache_without_a_configuration_is_no_model(
    cached: Cached, checkpoint: Checkpoint
) -> None:
    (cached("org/base", checkpoint(QWEN2)) / "config.json").unlink()
    with pytest.raises(ModelError, match="cannot be downloaded from the hub"):
        check_models(key_of("org/base"))


def test_a_model_that_moves_is_asked_for_and_the_cache_serves_while_the_hub_is_down(
    cached: Cached,
    checkpoint: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    snapshot = cached("org/base", checkpoint(QWEN2))
    asked = answer(monkeypatch, ConnectionError("no route"))
    assert model_files(ModelRef(path="org/base")) == snapshot
    assert asked == ["org/base"]
    assert capsys.readouterr().err.startswith("note: model org/base cannot be downloaded")


def test_tokenizers_are_compared_before_weights_are_fetched(
    cached: Cached, checkpoint: Checkpoint
) -> None:
    cached("org/base", checkpoint(QWEN2))
    cached("org/small", checkpoint(QWEN2_SMALL_BASE))
    other = cached("org/small-rl", checkpoint(QWEN2_SMALL_BASE))
    key = key_of("org/base", ("org/small-rl", "org/small", 1.0))
    check_models(key)
    save_words(other, WORDS[:-1])
    with pytest.raises(ModelError, match="org/small-rl"):
        check_models(key)


def test_room_for_the_answer_is_known(cached: Cached, checkpoint: Checkpoint) -> None:
    cached("org/base", checkpoint(QWEN2))
    with pytest.raises(ConfigError, match="org/base has 1024 positions"):
        check_room(key_of("org/base"), 1024)
