"""Whether the tensors of a checkpoint have the sizes that its config.json says.

Only what is certain is held against each other: the layers and shapes of architectures whose
tensors are known by name, as far as config.json gives the sizes.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rast_bench.engines.config_check import is_count
from rast_bench.errors import ModelError

_KNOWN_TYPES = frozenset({"llama", "mistral", "qwen2", "qwen3"})
_LAYER = re.compile(r"layers\.(\d+)\.(.+)")
_WHOLE = frozenset({"F64", "F32", "F16", "BF16"})  # other tensors may be packed

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
}
"""Entries of config.json that give the sizes of a tensor; heads count head_dim numbers each."""


def refuse_other_shapes(
    name: str,
    path: Path,
    config: Mapping[str, Any],
    tensors: Mapping[str, tuple[str, Sequence[int]]],
) -> None:
    """Raise ModelError where the tensors contradict config.json.

    Of quantised checkpoints the number of layers alone is looked at: their weights are packed.

    Args:
        path: of config.json.
        tensors: (dtype, shape) by name, as the headers of all safetensors files have them.
    """
    if config.get("model_type") not in _KNOWN_TYPES:
        return
    # Checkpoints of the decoder alone lack the prefix.
    named = {tensor.removeprefix("model."): entry for tensor, entry in tensors.items()}
    quantised = config.get("quantization_config") is not None
    for said, found in (*_layers(config, named), *(() if quantised else _shapes(config, named))):
        raise ModelError(
            f"model {name}: {path} says {said}, its weights have {found}",
            hint="the configuration belongs to another checkpoint: download or save both again",
        )


def _layers(config: Mapping[str, Any], tensors: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    said = config.get("num_hidden_layers")
    found = {int(match[1]) for tensor in tensors if (match := _LAYER.match(tensor))}
    if is_count(said) and found and found != set(range(said)):
        yield f"num_hidden_layers={said}", f"{len(found)} layers, numbered up to {max(found)}"


def _shapes(
    config: Mapping[str, Any], tensors: Mapping[str, tuple[str, Sequence[int]]]
) -> Iterator[tuple[str, str]]:
    """Layers come last: what stands in them depends on more than one entry."""
    sizes = _sizes(config)
    tied = bool(config.get("tie_word_embeddings"))  # a head that is saved is not read
    for tensor in sorted(tensors, key=lambda one: _LAYER.match(one) is not None):
        dtype, shape = tensors[tensor]
        layer = _LAYER.match(tensor)
        part = layer[2] if layer else tensor
        entries = _SHAPES.get(part, ())
        if dtype not in _WHOLE or len(shape) != len(entries) or (tied and part == _HEAD):
            continue
        for entry, size in zip(entries, shape, strict=True):
            if size != sizes.get(entry, size):
                heads = f" of head_dim {sizes['head_dim']}" if entry in (_QUERIES, _KEYS) else ""
                found = " × ".join(map(str, shape))
                yield f"{entry}={config[entry]}{heads}", f"{found} in {tensor}"


def _sizes(config: Mapping[str, Any]) -> dict[str, int]:
    """What the entries of config.json amount to in a shape, without those that it leaves open.

    Defaults differ between architectures, so that what is absent is not guessed.
    """
    given = {entry: value for entry, value in config.items() if is_count(value)}
    sizes = {entry: given[entry] for entry in _WIDTHS if entry in given}
    if config["model_type"] != "qwen3" and "hidden_size" in given and _QUERIES in given:
        given.setdefault("head_dim", given["hidden_size"] // given[_QUERIES])
    if head_dim := given.get("head_dim"):
        sizes["head_dim"] = head_dim
        sizes |= {entry: given[entry] * head_dim for entry in (_QUERIES, _KEYS) if entry in given}
    return sizes
