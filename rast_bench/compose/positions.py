"""How many positions a model has, according to its configuration."""

from collections.abc import Mapping
from typing import Any, TypeGuard

_STRETCHED = ("linear", "dynamic")  # there max_position_embeddings is the length before scaling
_YARN = ("yarn", "deepseek_yarn")


def model_positions(config: Mapping[str, Any]) -> int | None:
    """Return the longest sequence by a config.json or transformers' `to_dict()`; None if not
    stated.

    Scaled rotary frequencies reach beyond `max_position_embeddings` if that is the length before
    scaling, which is how vLLM (`_get_and_verify_max_len`, and the length of its YaRN table) and
    transformers read it. YaRN checkpoints differ in whether `max_position_embeddings` already is
    the larger number, so there the larger one counts.
    """
    positions = config.get("max_position_embeddings")
    if not isinstance(positions, int):
        return None
    rope = config.get("rope_parameters") or config.get("rope_scaling")
    if not isinstance(rope, Mapping):
        return positions
    kind, factor = rope.get("rope_type") or rope.get("type"), rope.get("factor")
    if not _is_number(factor):
        return positions
    if kind in _YARN:
        original = rope.get("original_max_position_embeddings")
        return max(positions, int((original if _is_number(original) else positions) * factor))
    return int(positions * factor) if kind in _STRETCHED else positions


def default_length(config: Mapping[str, Any]) -> int | None:
    """Return the longest sequence of an engine without a setting, as vLLM derives it from M_base.

    At most `model_positions`. With YaRN `max_position_embeddings` counts as the length after
    scaling; with LongRoPE as the length before it, since longer engines use other frequencies
    throughout.
    """
    rope = config.get("rope_parameters") or config.get("rope_scaling")
    kind = (rope.get("rope_type") or rope.get("type")) if isinstance(rope, Mapping) else None
    positions = config.get("max_position_embeddings")
    if kind in _YARN and isinstance(positions, int):
        return positions
    if kind == "longrope" and isinstance(rope, Mapping):
        key = "original_max_position_embeddings"
        original = config.get(key) or rope.get(key)
        if isinstance(original, int):
            return original
    return model_positions(config)


def _is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether it is a usable number; other checks report a config.json where it is not."""
    return isinstance(value, int | float) and 0 < value < 2**40  # False for NaN
