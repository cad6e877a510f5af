"""Made-up checkpoints: `write_checkpoint`, and the type of the `make_checkpoint` fixture."""

from collections.abc import Callable, Mapping
from pathlib import Path

MakeCheckpoint = Callable[..., Path]


def write_checkpoint(folder: Path, files: Mapping[str, str] | None = None) -> Path:
    """Writes a folder; `files` maps a name to its text."""
    folder.mkdir(parents=True)
    content = {
        "config.json": "{}",
        "generation_config.json": '{"eos_token_id": 2}',
        "tokenizer.json": "{}",
        "model.safetensors": f"weights of {folder.name}",
    }
    for file, text in (content | dict(files or {})).items():
        (folder / file).write_text(text)
    return folder
