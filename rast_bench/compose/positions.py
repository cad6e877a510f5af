"""How many positions a model has, by its configuration."""

from collections.abc import Mapping
from typing import Any

_STRETCHED = frozenset(
    {"linear", "dynamic"}
)  # there max_position_embeddings is the length before scaling
_YARN = frozenset({"yarn", "deepseek_yarn"})


def model_positions(config: Mapping[str, Any]) -> int | None:
    """The longest sequence by a config.json, or by `to_dict()` of transformers; None if not said.

    Rotary frequencies that are scaled reach further than `max_position_embeddings` where that is
    the length before scaling, which is how vLLM (`_get_and_verify_max_len`, and the length of its
    YaRN table) and transformers read it. Whether the larger number is in `max_position_embeddings`
    already differs between YaRN checkpoints, so there the larger one counts.
    """
    positions = config.get("max_position_embeddings")
    if not isinstance(positions, int):
        return None
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    kind = rope.get("rope_type") or rope.get("type")
    factor = rope.get("factor")
    if not isinstance(factor, int | float):
        return positions
    if kind in _STRETCHED:
        return int(positions * factor)
    if kind in _YARN:
        original = rope.get("original_max_position_embeddings") or positions
        return max(positions, int(original * factor))
    return positions
