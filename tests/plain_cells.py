"""A cell as plain data, and changes to it by dotted key."""

import copy
from pathlib import Path
from typing import Any

from rast_bench.config.schema import CellConfig


def plain_cell(models: Path) -> dict[str, Any]:
    """M_base l with one pair s, sampled; checkpoints lie below `models`."""
    return {
        "base_model": {
            "name": "l",
            "base": {"path": str(models / "l-base")},
            "rl": {"path": str(models / "l-rl")},
        },
        "method": {"name": "rast"},
        "delta": {
            "name": "s",
            "pairs": [
                {"rl": {"path": str(models / "s-rl")}, "base": {"path": str(models / "s-base")}}
            ],
        },
        "dataset": {"name": "easy", "path": "easy.jsonl"},
        "prompt": {"name": "tiny", "template": "Problem : {question} Solution :"},
        "decoding": {"lambda": 1.0, "temperature": 1.0, "top_p": 0.95, "n": 4, "max_tokens": 9},
        "engine": {"name": "transformers"},
    }


def changed(data: dict[str, Any], changes: dict[str, Any], models: Path) -> CellConfig:
    """The cell with some dotted keys set; `@name` means the checkpoint of that name."""
    data = copy.deepcopy(data)
    for key, value in changes.items():
        *path, last = key.split(".")
        node: Any = data
        for part in path:
            node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
        node[last] = _with_paths(value, models)
    return CellConfig.model_validate(data)


def _with_paths(value: Any, models: Path) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return str(models / value[1:])
    if isinstance(value, list):
        return [_with_paths(item, models) for item in value]
    if isinstance(value, dict):
        return {key: _with_paths(item, models) for key, item in value.items()}
    return value
