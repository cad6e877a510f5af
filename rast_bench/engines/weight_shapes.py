"""Check that the tensors of a checkpoint have the sizes that its config.json says.

Only what is certain is compared: the layers and shapes of architectures with known tensor names, as
far as config.json gives the sizes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rast_bench.engines.config_check import KNOWN_TYPES, is_count
from rast_bench.errors import ModelError

_LAYER = re.compile(r"layers\.(\d+)\.(.+)")
_WHOLE = frozenset({"F64", "F32", "F16", "BF16"})  # other tensors are packed

_WIDTHS = ("vocab_size", "hidden_size", "intermediate_size")
_HEAD = "lm_head.weight"
_QUERIES, _KEYS = "num_attention_heads", "num_key_value_heads"
_SHAPES: Mapping[str, tuple[str, ...]] = {
    "embed_tokens.weight": ("vocab_size", "hidden_size"),
    _HEAD: ("vocab_size", "hidden_size"),
    "norm.weight": ("hidden_size",),
    "self_attn.q_proj.weight": (_QUERIES, "hidden_size"),
    "self_attn.k_proj.weight": (_KEYS, "hidden_size"),
    "self_attn.v_proj.weight": (_KEYS, "hidden_size"),
    "self_attn.o_proj.weight": ("hidden_size", _QUERIES),
    "mlp.gate_proj.weight": ("intermediate_size", "hidden_size"),
    "mlp.up_proj.weight": ("intermediate_size", "hidden_size"),
    "mlp.down_proj.weight": ("hidden_size", "intermediate_size"),
    "input_layernorm.weight": ("hidden_size",),
    "post_attention_layernorm.weight": ("hidden_size",),
    "self_attn.q_norm.weight": ("head_dim",),
    "self_attn.k_norm.weight": ("head_dim",),
    "self_attn.q_proj.bias": (_QUERIES,),
    "self_attn.k_proj.bias": (_KEYS,),
    "self_attn.v_proj.bias": (_KEYS,),
    "self_attn.o_proj.bias": ("hidden_size",),
    "mlp.gate_proj.bias": ("intermediate_size",),
    "mlp.up_proj.bias": ("intermediate_size",),
    "mlp.down_proj.bias": ("hidden_size",),
}
"""Entries of config.json that give the sizes of a tensor; a head has head_dim numbers."""

_OF_LAYERS = tuple(part for part in _SHAPES if part.count(".") == 2 or "layernorm" in part)
_COMPUTED = "rotary_emb.inv_freq"  # saved by old releases of transformers, and not read


def check_shapes(
    name: str,
    path: Path,
    config: Mapping[str, Any],
    tensors: Mapping[str, tuple[str, Sequence[int]]],
) -> None:
    """Raise ModelError if the tensors contradict config.json.

    For quantised checkpoints only the number of layers is checked: their weights are packed.

    Args:
        path: the path of config.json.
        tensors: (dtype, shape) by name, from the headers of all safetensors files.
    """
    if config.get("model_type") not in KNOWN_TYPES:
        return
    # Checkpoints of the decoder alone lack the prefix.
    named = {tensor.removeprefix("model."): entry for tensor, entry in tensors.items()}
    for what in _contradictions(config, named, path):
        raise ModelError(
            f"model {name}: {what}",
            hint="the configuration belongs to another checkpoint, or the checkpoint is not "
            "complete: download or save both again",
        )


def _contradictions(
    config: Mapping[str, Any], tensors: Mapping[str, tuple[str, Sequence[int]]], path: Path
) -> Iterator[str]:
    for said, found in _layers(config, tensors):
        yield f"{path} says {said}, its weights have {found}"
    kinds = config.get("layer_types")
    if kinds is not None and len(kinds) != config["num_hidden_layers"]:
        layers = config["num_hidden_layers"]
        yield f"{path} says num_hidden_layers={layers}, and it has {len(kinds)} layer_types"
    if config.get("quantization_config") is not None:
        return
    for tensor, (dtype, _) in tensors.items():
        if dtype not in _WHOLE and not tensor.endswith(_COMPUTED):
            yield f"its weights have {dtype} in {tensor}, and {path} says no quantization_config"
    for said, found in _shapes(config, tensors):
        yield f"{path} says {said}, its weights have {found}"
    for what in _names(config, tensors):
        yield f"its weights {what}, by {path}"


def _names(config: Mapping[str, Any], tensors: Mapping[str, Any]) -> Iterator[str]:
    """Yield missing tensors, and those in the layers that the architecture does not read."""
    parts = _layer_parts(config)
    expected = ["embed_tokens.weight", "norm.weight"]
    expected += [] if config.get("tie_word_embeddings") else [_HEAD]
    layers = range(config["num_hidden_layers"])  # as many as the tensors have: `_layers`
    expected += [f"layers.{layer}.{part}" for layer in layers for part in parts]
    if missing := [tensor for tensor in expected if tensor not in tensors]:
        yield f"lack {len(missing)} tensors, such as {missing[0]}"
    for tensor in tensors:
        layer = _LAYER.match(tensor)
        if layer and layer[2] not in parts and not tensor.endswith(_COMPUTED):
            yield f"have {tensor}, which is not read"


def _layer_parts(config: Mapping[str, Any]) -> list[str]:
    """Return the tensors of a layer, as in transformers' `modeling_*.py`."""
    family, biased = config["model_type"], bool(config.get("attention_bias"))
    optional = {
        "self_attn.q_norm.weight": family == "qwen3",
        "self_attn.k_norm.weight": family == "qwen3",
        "self_attn.o_proj.bias": biased and family in ("llama", "qwen3"),
    }
    for part in ("q", "k", "v"):
        with_bias = family == "qwen2" or (biased and family in ("llama", "qwen3"))
        optional[f"self_attn.{part}_proj.bias"] = with_bias
    for part in ("gate", "up", "down"):
        optional[f"mlp.{part}_proj.bias"] = family == "llama" and bool(config.get("mlp_bias"))
    return [part for part in _OF_LAYERS if optional.get(part, True)]


def _layers(config: Mapping[str, Any], tensors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    said = config.get("num_hidden_layers")
    found = {int(match[1]) for tensor in tensors if (match := _LAYER.match(tensor))}
    if not is_count(said) or len(found) != said or max(found) != said - 1:
        last = f", numbered up to {max(found)}" if found else ""
        yield f"num_hidden_layers={said}", f"{len(found)} layers{last}"


def _shapes(
    config: Mapping[str, Any], tensors: Mapping[str, tuple[str, Sequence[int]]]
) -> Iterator[tuple[str, str]]:
    """Yield (expected, found) sizes; layers come last, as their shapes depend on several
    entries.
    """
    sizes = _sizes(config)
    tied = bool(config.get("tie_word_embeddings"))  # a saved head is not read
    order = {one: (_LAYER.match(one) is not None, -len(tensors[one][1])) for one in tensors}
    for tensor in sorted(tensors, key=order.__getitem__):
        shape = tensors[tensor][1]
        layer = _LAYER.match(tensor)
        part = layer[2] if layer else tensor
        entries = _SHAPES.get(part, ())
        if not entries or (tied and part == _HEAD):
            continue
        if len(shape) != len(entries):
            yield f"{len(entries)} dimensions of {tensor}", f"{len(shape)}"
            continue
        for entry, size in zip(entries, shape, strict=True):
            if size != sizes.get(entry, size):
                heads = f" of head_dim {sizes['head_dim']}" if entry in (_QUERIES, _KEYS) else ""
                found = " × ".join(map(str, shape))
                yield f"{entry}={config[entry]}{heads}", f"{found} in {tensor}"


def _sizes(config: Mapping[str, Any]) -> dict[str, int]:
    """Return the sizes that config.json determines.

    Defaults differ between architectures, so missing entries are not guessed.
    """
    given = {entry: value for entry, value in config.items() if is_count(value)}
    sizes = {entry: given[entry] for entry in _WIDTHS if entry in given}
    if config["model_type"] != "qwen3" and "hidden_size" in given and _QUERIES in given:
        given.setdefault("head_dim", given["hidden_size"] // given[_QUERIES])
    if head_dim := given.get("head_dim"):
        sizes["head_dim"] = head_dim
        sizes |= {entry: given[entry] * head_dim for entry in (_QUERIES, _KEYS) if entry in given}
    return sizes
