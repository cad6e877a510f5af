"""Engines turn requests into samples. Importing this package imports no model library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rast_bench.compose.behaviour_words import is_behaviour_word
from rast_bench.config.identity import EngineKey, engine_key
from rast_bench.engines.base import Engine
from rast_bench.engines.check import check_models, check_room
from rast_bench.engines.lasting import lasting_imports
from rast_bench.errors import ConfigError, ModelError
from rast_bench.hardware import engine_threads

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from rast_bench.config.engines import EngineConfig
    from rast_bench.config.schema import CellConfig

__all__ = ["Engine", "check_engine", "check_models", "check_room", "layer_count", "load_engine"]


def load_engine(key: EngineKey, cfg: EngineConfig) -> Engine:
    """Load the models of `key`; the engine uses all cores of the process if `threads` is null.

    Raises:
        EngineError: the engine's package or device is missing, or it does not start.
        ModelError: a checkpoint cannot be loaded.
    """
    cfg = cfg.model_copy(update={"threads": cfg.threads or engine_threads()})
    if cfg.name == "vllm":
        from rast_bench.engines.vllm_engine import VllmEngine

        return VllmEngine(key, cfg)
    with lasting_imports("rast_bench.engines.transformers_engine"):
        from rast_bench.engines.transformers_engine import TransformersEngine
    return TransformersEngine(key, cfg)


def check_engine(cell: CellConfig) -> None:
    """Raise EngineError or ConfigError if the cell's engine cannot serve it; load nothing."""
    method = cell.method.composition
    if cell.engine.name == "vllm":
        from rast_bench.engines.vllm_setup import check_vllm

        check_vllm(cell.decoding)
        key = engine_key(cell)
        if key.draft_tokens and key.pairs[0].rl == key.main:
            raise ConfigError(
                f"engine.draft_tokens={key.draft_tokens}: {key.main.path} would draft for itself",
                hint="set it to 0",
            )
        if method is not None and method.layers:
            _check_early_layers(cell)
    if method is not None and method.layers and "layer" in cell.method.parameters:
        _check_layer(cell)
    if method is not None and method.words:
        _check_words(cell)
    if cell.prompt.forced_prefix is not None:
        _check_forced_prefix(cell, cell.prompt.forced_prefix)


def _check_forced_prefix(cell: CellConfig, prefix: str) -> None:
    """Raise ConfigError unless the tokenizer has tokens for the prefix, fewer than `max_tokens`."""
    tokenizer, path = _tokenizer(cell), engine_key(cell).main.path
    if tokenizer is None:
        return
    ids = tokenizer.encode(prefix, add_special_tokens=False).ids
    read = tokenizer.decode(ids)  # without special tokens, the unknown one among them
    if not ids or read.strip() != prefix.strip():
        raise ConfigError(
            f"prompt.forced_prefix={prefix!r}: the tokenizer of {path} reads it as {read!r}",
            hint="use words that it has, and no special tokens",
        )
    if len(ids) >= cell.decoding.max_tokens:
        raise ConfigError(
            f"prompt.forced_prefix={prefix!r} has {len(ids)} tokens: "
            f"decoding.max_tokens={cell.decoding.max_tokens} leaves none to draw",
            hint=f"set decoding.max_tokens to {len(ids) + 1} or more",
        )


def _check_words(cell: CellConfig) -> None:
    """Raise ConfigError if no token of M_base is a behaviour word."""
    tokenizer = _tokenizer(cell)
    if tokenizer is None:
        return
    tokens = (tokenizer.decode([i]) for i in range(tokenizer.get_vocab_size()))
    if not any(map(is_behaviour_word, tokens)):
        raise ConfigError(
            f"method={cell.method.name}: the tokenizer of {engine_key(cell).main.path} has no "
            "behaviour word that is one token",
            hint="choose another method",
        )


def _tokenizer(cell: CellConfig) -> Tokenizer | None:
    """Return M_base's tokenizer; None if it has no file, which `check_models` reports."""
    from rast_bench.engines.hub_models import model_files
    from rast_bench.engines.tokenizer_file import read_tokenizer, tokenizer_digest

    main = engine_key(cell).main
    folder = model_files(main)
    digest = tokenizer_digest(folder)
    if digest is None:
        return None
    return read_tokenizer(main.path, folder / "tokenizer.json", digest)


def _check_early_layers(cell: CellConfig) -> None:
    """Raise ModelError unless vLLM gives the early layers of this M_base."""
    from rast_bench.engines.check import read_configuration
    from rast_bench.vllm_plugin.families import check_early_layers

    base = cell.base_model.base
    named = read_configuration(base).get("architectures")
    if isinstance(named, list) and named:
        check_early_layers(base.path, str(named[0]), layer_count(cell))


def _check_layer(cell: CellConfig) -> None:
    """Raise ConfigError if M_base has no such early layer."""
    layer, count = int(cell.method.parameters["layer"]), layer_count(cell)
    if layer >= count or (layer < 0 and count < 2):
        raise ConfigError(
            f"method.layer={layer}: {cell.base_model.name} has {count} layers, the last of which "
            "is the other side of the contrast",
            hint=f"choose 0 (the embedding) to {count - 1}"
            + (", or -1 for the one that differs most" if count > 1 else ""),
        )


def layer_count(cell: CellConfig) -> int:
    """Return the number of M_base's layers. Raise ModelError if its configuration does not say."""
    from rast_bench.engines.check import read_configuration

    base = cell.base_model.base
    count = read_configuration(base).get("num_hidden_layers")
    if not isinstance(count, int):
        raise ModelError(
            f"model {base.path}: its config.json has no num_hidden_layers",
            hint="choose another method, or a checkpoint in Hugging Face format",
        )
    return count
