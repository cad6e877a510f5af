"""Sizes and shapes of checkpoints, from config.json and the headers of the weight files."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rast_bench.compose.positions import model_positions
from rast_bench.config.paths import local_model_dir, resolve_model
from rast_bench.engines.check import config_dtype, weight_files
from rast_bench.engines.hub_models import cached_files
from rast_bench.engines.model_folder import read_json
from rast_bench.errors import ModelError
from rast_bench.known import known_model

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef

_FLOATING = {"F64", "F32", "F16", "BF16"}  # cast to the engine's dtype when they are loaded
_HEAD = "lm_head.weight"
_MAX_HEADER_BYTES = 100_000_000  # of the safetensors format


Source = Literal["weights", "config", "facts"]
"""Whether the parameters were counted, or computed from config.json or the shipped facts."""


@dataclass(frozen=True)
class CheckpointSize:
    """What a model needs memory for."""

    path: str
    source: Source
    floating: int  # parameters kept in the engine's dtype
    packed_bytes: int  # of quantised and integer tensors, which are not cast
    dtype: str  # as saved, "float32" where the config names none
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden: int  # width of the residual stream
    vocabulary: int  # rows of the embedding, padding included
    positions: int | None = None  # prompt and new tokens; None if the config does not say
    intermediate: int | None = None  # width of the MLP


def checkpoint_folder(ref: ModelRef) -> Path | None:
    """Return where a checkpoint's files are: its folder or the hub's cache; None if they are not
    here.

    Raises:
        ModelError: a local folder is missing.
    """
    if local_model_dir(ref) is not None:
        return Path(resolve_model(ref))
    return cached_files(ref)


def configuration(ref: ModelRef) -> Mapping[str, Any]:
    """Return the content of config.json; the shipped facts if it is not here, else nothing.

    Raises:
        ModelError: it cannot be read.
    """
    folder = checkpoint_folder(ref)
    if folder is not None:
        return read_json(ref.path, folder / "config.json")
    known = known_model(ref)
    return {} if known is None else known.config


def read_checkpoint(ref: ModelRef) -> CheckpointSize | None:
    """Return the checkpoint's sizes, from the shipped facts if it is not on this machine.

    None if nothing is known about it, or if it is of an unknown kind.

    Raises:
        ModelError: its config.json or its weights are broken.
    """
    folder, config = checkpoint_folder(ref), configuration(ref)
    if folder is None:
        return sized(ref.path, config, "facts")
    try:
        return sized(ref.path, config, "weights", count_weights(ref.path, folder, config))
    except ModelError:
        if local_model_dir(ref) is not None:
            raise
    return sized(ref.path, config, "config")  # the hub's cache may hold the configuration alone


def sized(
    path: str, config: Mapping[str, Any], source: Source, counted: tuple[int, int] | None = None
) -> CheckpointSize | None:
    """Return the sizes given by a config.json; None if it is of an unknown kind.

    Args:
        counted: the result of `count_weights`; None computes the parameters from `config`.
    """
    try:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        inner = config.get("intermediate_size")
        floating, packed = counted or (config_parameters(config), 0)
        return CheckpointSize(
            path=path,
            source=source,
            floating=floating,
            packed_bytes=packed,
            dtype=config_dtype(config),
            layers=int(config["num_hidden_layers"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or hidden // heads),
            hidden=hidden,
            vocabulary=int(config["vocab_size"]),
            positions=model_positions(config),
            intermediate=None if inner is None else int(inner),
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def count_weights(name: str, folder: Path, config: Mapping[str, Any]) -> tuple[int, int]:
    """Return (floating-point parameters, bytes of all other tensors) from the files' headers.

    An output layer that is saved although it is tied to the embedding counts once.

    Raises:
        ModelError: a file is broken.
    """
    floating = packed = 0
    tied = bool(config.get("tie_word_embeddings"))
    for file in weight_files(name, folder):
        for tensor, entry in safetensors_entries(name, file):
            if tied and tensor == _HEAD:
                continue
            if entry["dtype"] in _FLOATING:
                floating += math.prod(entry["shape"])
            else:
                begin, end = entry["data_offsets"]
                packed += end - begin
    return floating, packed


def safetensors_entries(name: str, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each tensor's name with its dtype, shape and offsets. Raise ModelError for a broken
    file.
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, _MAX_HEADER_BYTES)))
            entries = {tensor: header[tensor] for tensor in header if tensor != "__metadata__"}
    except (OSError, struct.error, ValueError, TypeError) as error:
        raise ModelError(
            f"model {name}: {path} is broken: {error}",
            hint="download or save the checkpoint again",
        ) from None
    yield from entries.items()


def config_parameters(config: Mapping[str, Any]) -> int:
    """Return the parameters of a Llama- or Qwen2-like decoder, norms and biases included.

    Raises:
        KeyError, TypeError, ValueError: the config is of another kind.
    """
    hidden, layers = int(config["hidden_size"]), int(config["num_hidden_layers"])
    heads, inner = int(config["num_attention_heads"]), int(config["intermediate_size"])
    head_dim = int(config.get("head_dim") or hidden // heads)
    queries = heads * head_dim
    keys = int(config.get("num_key_value_heads") or heads) * head_dim
    biased = config.get("attention_bias", config.get("model_type") == "qwen2")
    attention = hidden * (2 * queries + 2 * keys) + (queries + 2 * keys if biased else 0)
    embeddings = (
        int(config["vocab_size"]) * hidden * (1 if config.get("tie_word_embeddings") else 2)
    )
    return embeddings + layers * (attention + 3 * hidden * inner + 2 * hidden) + hidden
