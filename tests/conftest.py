"""Made-up checkpoints, for tests that read a model's files but never its weights; a whole world."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import vllm_environment  # noqa: F401
from app_world import GOLD, World
from checkpoint_maker import MakeCheckpoint

if TYPE_CHECKING:
    from random_checkpoints import Checkpoint, Recipe

    from rast_bench.config.identity import EngineKey


# The longest, lest the others wait for them at the end.
_FIRST = ("test_on_slurm.py", "test_kill_and_resume.py", "test_local_launch.py")
_LAST = ("test_speculation.py",)  # it loads numba, after which vLLM 0.32 starts no other engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: (item.path.name in _LAST) - (item.path.name in _FIRST))


NO_WORDS = {"model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}


@pytest.fixture
def make_checkpoint(tmp_path: Path) -> MakeCheckpoint:
    """make_checkpoint(name, **files) writes a folder; files maps a name to its text."""

    def make(name: str, files: dict[str, str] | None = None) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        content = {
            "config.json": "{}",
            "generation_config.json": '{"eos_token_id": 2}',
            "tokenizer.json": "{}",
            "model.safetensors": f"weights of {name}",
        }
        for file, text in (content | (files or {})).items():
            (folder / file).write_text(text)
        return folder

    return make


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> "Checkpoint":
    """The folder of a recipe's checkpoint with random weights, made once.

    Shared: tests that damage one make their own.
    """
    from random_checkpoints import save_checkpoint
    from transformers.utils import logging

    logging.set_verbosity_error()
    root = tmp_path_factory.mktemp("checkpoints")
    made: dict[Recipe, str] = {}

    def folder(recipe: "Recipe") -> str:
        if recipe not in made:
            made[recipe] = str(save_checkpoint(root / str(len(made)), recipe))
        return made[recipe]

    return folder


@pytest.fixture
def checked_keys(monkeypatch: pytest.MonkeyPatch) -> "list[EngineKey]":
    """The engine keys that `plan_cells` had checked, in order; nothing is read for the check."""
    keys: list[EngineKey] = []
    monkeypatch.setattr("rast_bench.engines.check_models", keys.append, raising=False)
    return keys


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_checkpoint: MakeCheckpoint
) -> World:
    for name in ("l-base", "l-rl", "s-base", "s-rl"):
        make_checkpoint(name, {"tokenizer.json": json.dumps(NO_WORDS)})
    rows = ({"question": question, "answer": gold} for question, gold in GOLD.items())
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
    made = World(tmp_path)
    monkeypatch.setattr("rast_bench.engines.load_engine", made.load_engine)
    monkeypatch.setattr("rast_bench.engines.check_models", lambda _key: None)
    monkeypatch.chdir(tmp_path)
    return made
