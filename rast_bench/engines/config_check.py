"""Whether the entries of a config.json that placing and sizing rest on make sense."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from rast_bench.errors import ModelError

_COUNTS = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
    "max_position_embeddings",
)
_DTYPE = re.compile(r"(torch\.)?(bfloat16|float\d*(_\w+)?|half|double|u?int\d+|auto)")
_ROPE = ("rope_parameters", "rope_scaling")  # of transformers 5 and 4


def refuse_odd_config(name: str, path: Path, config: Mapping[str, Any]) -> None:
    """Raise ModelError for entries that no model can have. Absent ones, and lists, are let pass."""
    for what in _odd(config):
        raise ModelError(
            f"model {name}: {path} says {what}",
            hint="download or save the checkpoint again, or mend the file",
        )


def _odd(config: Mapping[str, Any]) -> Iterator[str]:
    for key in _COUNTS:
        value = config.get(key)
        if value is not None and not isinstance(value, list) and not is_count(value):
            yield f"{key}={value!r}, and it must be a whole number above 0"
    heads, kv_heads = config.get("num_attention_heads"), config.get("num_key_value_heads")
    if is_count(heads) and is_count(kv_heads) and heads % kv_heads:
        yield f"num_attention_heads={heads}, which is no multiple of num_key_value_heads={kv_heads}"
    for key in ("dtype", "torch_dtype"):
        value = config.get(key)
        if value is not None and not (isinstance(value, str) and _DTYPE.fullmatch(value)):
            yield f"{key}={value!r}, which is no dtype"
    for key in _ROPE:
        if (rope := config.get(key)) is not None:
            yield from _odd_rope(key, rope)


def _odd_rope(key: str, rope: Any) -> Iterator[str]:
    if not isinstance(rope, dict):
        yield f"{key}={rope!r}, and it must be an object"
        return
    for entry in ("rope_type", "type"):
        if not isinstance(rope.get(entry, ""), str):
            yield f"{key}.{entry}={rope[entry]!r}, and it must be text"
    for entry in ("factor", "original_max_position_embeddings"):
        value = rope.get(entry)
        if value is not None and not _is_positive(value):
            yield f"{key}.{entry}={value!r}, and it must be a number above 0"


def is_count(value: Any) -> TypeGuard[int]:
    """A whole number above 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value > 0
