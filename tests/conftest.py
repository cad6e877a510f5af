"""Made-up checkpoints, for tests that read a model's files but never its weights; a whole world."""

import json
from pathlib import Path

import pytest
import vllm_environment  # noqa: F401
from app_world import GOLD, World
from checkpoint_maker import MakeCheckpoint


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


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_checkpoint: MakeCheckpoint
) -> World:
    for name in ("l-base", "l-rl", "s-base", "s-rl"):
        make_checkpoint(name)
    rows = ({"question": question, "answer": gold} for question, gold in GOLD.items())
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
    made = World(tmp_path)
    monkeypatch.setattr("rast_bench.engines.load_engine", made.load_engine)
    monkeypatch.setattr("rast_bench.engines.check_models", lambda _key: None)
    monkeypatch.chdir(tmp_path)
    return made
