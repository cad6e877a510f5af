"""Teacher forcing: each model reads every path once, one model in memory at a time."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rast_bench.analysis.logit_store import LogitStore
from rast_bench.compose.vocabulary import check_same_vocabulary
from rast_bench.config.schema import ModelRef
from rast_bench.engines.check import checkpoint_dtype
from rast_bench.engines.loaded import LoadedModel
from rast_bench.engines.requests import check_text_length
from rast_bench.engines.tokenizer import load_tokenizer
from rast_bench.errors import ModelError

POSITIONS_AT_ONCE = 256  # per call of the output layer: a long path's logits would not fit

_SCALED = ("logit_scale", "logits_scaling", "final_logit_softcapping")  # in other model families


@dataclass(frozen=True)
class EncodedPath:
    """A path as ids; its logits are at `start` … `start + len(token_ids)` of the store."""

    prompt_ids: tuple[int, ...]
    token_ids: tuple[int, ...]
    start: int


def encode_paths(
    tokenizer: Any, prompts_and_tokens: Sequence[tuple[str, Sequence[int]]]
) -> list[EncodedPath]:
    """Return prompts as encoded by the engines, with paths side by side in the store."""
    encoded = []
    start = 0
    for prompt, token_ids in prompts_and_tokens:
        prompt_ids = tuple(tokenizer(prompt)["input_ids"])
        encoded.append(EncodedPath(prompt_ids, tuple(token_ids), start))
        start += len(token_ids)
    return encoded


def shared_tokenizer(refs: Sequence[ModelRef]) -> Any:
    """Return the tokenizer of the first model.

    Raises:
        ModelError: another model's vocabulary differs.
    """
    main, *others = refs
    tokenizer = load_tokenizer(main)
    for ref in others:
        theirs = load_tokenizer(ref).get_vocab()
        check_same_vocabulary(main.path, tokenizer.get_vocab(), ref.path, theirs)
    return tokenizer


def torch_dtype(name: str, ref: ModelRef) -> torch.dtype:
    """Return an engine's dtype; `auto` is the checkpoint's own."""
    dtype: torch.dtype = getattr(torch, checkpoint_dtype(ref) if name == "auto" else name)
    return dtype


def score_paths(
    refs: Sequence[ModelRef],
    paths: Sequence[EncodedPath],
    store: LogitStore,
    *,
    known_tokens: int,
    dtype: torch.dtype,
    device: torch.device,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Put every model's logits at every position of every path into the store.

    Each model is loaded, reads all paths and is freed before the next one. A lack of room is
    reported before the first is loaded.

    Args:
        known_tokens: 1 + the highest id of the tokenizer: logits beyond it are padding.
        tell: called with each model's name as it is loaded.

    Raises:
        ModelError: a checkpoint cannot be loaded or is of an unsupported kind.
        EngineError: a path does not fit a model's positions.
        LedgerError: the disk has no room for the logits.
    """
    store.check_disk_space(len(refs), known_tokens, dtype)
    for ref in refs:
        tell(ref.path)
        model = LoadedModel(ref, dtype, device, slots=1)
        check_unscaled_logits(model)
        room = store.add(ref, min(known_tokens, model.vocab_size), dtype)
        for path in paths:
            check_text_length(len(path.prompt_ids) + len(path.token_ids), model.max_positions)
            write_logits(model, path, room[path.start : path.start + len(path.token_ids)])
        del model
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


@torch.inference_mode()
def write_logits(model: LoadedModel, path: EncodedPath, room: Tensor) -> None:
    """Write logits before each token of the path: one pass of layers, the output layer in pieces.

    Args:
        room: [tokens of the path, width], written to.
    """
    ids = torch.tensor([[*path.prompt_ids, *path.token_ids[:-1]]], device=model.device)
    hidden = model.model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0]
    hidden = hidden[len(path.prompt_ids) - 1 :]
    head = model.model.get_output_embeddings()
    for start in range(0, len(hidden), POSITIONS_AT_ONCE):
        part = slice(start, start + POSITIONS_AT_ONCE)
        room[part].copy_(head(hidden[part])[:, : room.shape[1]])


def check_unscaled_logits(model: LoadedModel) -> None:
    """Raise ModelError if logits are more than the output layer's product."""
    scaled = [name for name in _SCALED if getattr(model.model.config, name, None) is not None]
    if scaled:
        raise ModelError(
            f"model {model.ref.path} has {', '.join(scaled)}, which the analyses do not support",
            hint="use models whose logits are the output layer's product (Qwen2, Llama)",
        )
