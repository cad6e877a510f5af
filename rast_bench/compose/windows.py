"""How far the layers of a model look back, according to its configuration."""

from collections.abc import Mapping
from typing import Any

SLIDING, FULL = "sliding_attention", "full_attention"  # values of `layer_types`


def layer_windows(config: Any) -> tuple[int | None, ...]:
    """Return for each layer how many tokens it attends to at most; None: all.

    `config` is transformers', which knows the defaults of its family: the config.json of Qwen2.5
    names a window that `use_sliding_window` switches off. Layers without a type of their own have
    the model's window (Mistral, Phi-3), as in vLLM and transformers.
    """
    window = getattr(config, "sliding_window", None) or None  # some say 0 for none
    kinds = getattr(config, "layer_types", None) or [SLIDING] * config.num_hidden_layers
    return tuple(window if kind == SLIDING else None for kind in kinds)


def shortest_window(config: Any) -> int | None:
    """Return the length up to which every layer attends to the whole sequence; None: any length."""
    return min((window for window in layer_windows(config) if window is not None), default=None)


def stated_window(config: Mapping[str, Any]) -> int | None:
    """Return `shortest_window` of a config.json; imports transformers only if it names a window."""
    if not config.get("sliding_window") or config.get("use_sliding_window") is False:
        return None
    from transformers import CONFIG_MAPPING

    family = config.get("model_type")
    return shortest_window(CONFIG_MAPPING[family](**config)) if family in CONFIG_MAPPING else None
