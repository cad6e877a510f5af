"""A checkpoint in memory: one forward pass to prefill a prompt, one to advance all rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from inspect import signature
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, DynamicCache
from transformers.utils import logging

from rast_bench.compose.finite import check_finite
from rast_bench.compose.positions import model_positions
from rast_bench.config.paths import resolve_model
from rast_bench.engines import attention
from rast_bench.engines.families import supported_config, try_unknown_architecture
from rast_bench.engines.load_errors import load_error
from rast_bench.engines.slot_cache import SlotCache, round_up
from rast_bench.errors import EngineError, ModelError, first_line

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef

logging.disable_progress_bar()  # the run has its own; one bar per model would hide it

PREFILL_STEP = 16  # prompts are padded on the right to multiples of this


@dataclass(frozen=True, slots=True)
class Prefilled:
    """A prompt's last logits [vocab] (float32), and its keys and values per layer."""

    logits: Tensor
    layers: list[tuple[Tensor, Tensor]]

    @property
    def position_bytes(self) -> int:
        """Cache bytes per position of one row."""
        return sum(part[:, 0].nbytes for layer in self.layers for part in layer)


class SlottedModel:
    """A causal LM of transformers with its cache slots; it must use this package's attention.

    With `layers` all logits are [..., N + 1, vocab]: after the embedding and each of the N layers,
    every state through the final norm and the head.
    """

    layers = False

    def __init__(self, model: Any, slots: int) -> None:
        self.model = model.eval()
        self.device: torch.device = model.device
        self.cache = SlotCache(slots)
        self.window: int | None = None  # sequences up to this length are exact

    @cached_property
    def vocab_size(self) -> int:
        return int(self.model.get_output_embeddings().weight.shape[0])

    @cached_property
    def _cache_name(self) -> str:
        """Return what `forward` calls the cache: transformers renames it, one model at a time."""
        return "cache" if "cache" in signature(self.model.forward).parameters else "past_key_values"

    @cached_property
    def max_positions(self) -> int:
        positions = model_positions(self.model.config.to_dict()) or sys.maxsize
        return positions if self.window is None else min(positions, self.window)

    def prefill(self, ids: list[int]) -> Prefilled:
        """Run one prompt alone, so that its numbers cannot depend on its neighbours."""
        time = len(ids)
        padded = torch.zeros(1, round_up(time, PREFILL_STEP), dtype=torch.int64)
        padded[0, :time] = torch.tensor(ids)
        cache = DynamicCache(config=self.model.config)
        last = torch.tensor([time - 1], device=self.device)
        found = self.model(
            input_ids=padded.to(self.device),
            **{self._cache_name: cache},
            use_cache=True,
            logits_to_keep=last,
            output_hidden_states=self.layers,
        )
        logits = self._logits(found, last)[0, 0]
        layers = [(layer.keys[0, :, :time], layer.values[0, :, :time]) for layer in cache.layers]
        return Prefilled(logits.float(), layers)

    def step(self, tokens: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        """Return logits [rows, time, vocab] (float32) after `tokens` [rows, time] at `positions`
        [rows, time].

        `mask` is [rows, 1, time, length] float32: 0 where a token may attend, −inf elsewhere.
        """
        self.cache.begin_step(positions, mask.shape[-1])
        found = self.model(
            input_ids=tokens,
            position_ids=positions,
            attention_mask=mask,
            **{self._cache_name: self.cache},
            use_cache=True,
            output_hidden_states=self.layers,
        )
        return self._logits(found, slice(None)).float()

    def score(self, ids: list[int]) -> Tensor:
        """Return logits [time, vocab] (float32) of one teacher-forced pass."""
        tokens = torch.tensor([ids], device=self.device)
        found = self.model(tokens, output_hidden_states=self.layers)
        return self._logits(found, slice(None))[0].float()

    def read_layers(self) -> None:
        """Give the logits of all layers from now on.

        Raises:
            ModelError: the model's head is more than its final norm and a product.
        """
        with torch.inference_mode():
            tokens = torch.zeros(1, 1, dtype=torch.int64, device=self.device)
            found = self.model(tokens, output_hidden_states=True)
            head = self.model.get_output_embeddings()
            known = hasattr(self.model.base_model, "norm")
            if not known or not torch.allclose(head(found.hidden_states[-1]), found.logits):
                raise ModelError(
                    f"method=dola: the head of {type(self.model).__name__} is not a norm and a "
                    "product, so early layers cannot be read through it",
                    hint="choose another method, or a Llama- or Qwen-like model",
                )
        self.layers = True

    def _logits(self, found: Any, kept: Tensor | slice) -> Tensor:
        """Return logits [rows, kept, vocab] of a pass, or of all layers (see the class)."""
        logits: Tensor = found.logits
        if not self.layers:
            return logits
        norm, head = self.model.base_model.norm, self.model.get_output_embeddings()
        early = [head(norm(state[:, kept])) for state in found.hidden_states[:-1]]
        return torch.stack([*early, logits], dim=-2)


class LoadedModel(SlottedModel):
    """A checkpoint with its cache slots.

    Raises ModelError if the checkpoint cannot be loaded, does not fit into the device's memory,
    lacks weights, has NaN or infinite weights in this dtype, or is of a kind whose rows would not
    be independent of each other.
    """

    def __init__(self, ref: ModelRef, dtype: torch.dtype, device: torch.device, slots: int) -> None:
        self.ref = ref
        config, window = supported_config(ref)
        try:
            model, report = AutoModelForCausalLM.from_pretrained(
                resolve_model(ref),
                revision=ref.revision,
                config=config,
                dtype=dtype,
                attn_implementation=attention.NAME,
                output_loading_info=True,
                trust_remote_code=False,
                use_safetensors=True,  # pickled weights can contain code
                **_straight_to(device),
            )
            model.to(device)
        except torch.OutOfMemoryError as error:
            raise ModelError(
                f"model {ref.path} does not fit into the memory of {device} in "
                f"{str(dtype).removeprefix('torch.')}: {first_line(error)}",
                hint="engine.dtype=bfloat16 takes half of float32's; else choose another "
                "engine.device, smaller models, or engine=vllm on several GPUs",
            ) from None
        except Exception as error:  # transformers may raise anything for a broken config.json
            raise load_error(ref, f"model {ref.path}", error) from error
        check_complete(ref, report["missing_keys"])
        check_finite(ref.path, model.named_parameters())
        super().__init__(model, slots)
        self.window = window
        try_unknown_architecture(ref, self)


def _straight_to(device: torch.device) -> dict[str, Any]:
    """Return options that load weights without a full copy in host memory; these need
    accelerate.
    """
    if device.type == "cpu" or find_spec("accelerate") is None:
        return {}
    return {"device_map": {"": device}}


@contextmanager
def out_of_memory_errors(device: torch.device) -> Iterator[None]:
    """Turn a GPU's out-of-memory error in the body into an EngineError with a hint."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise EngineError(
            f"{device} is out of memory: {first_line(error)}",
            hint="lower engine.max_num_seqs or decoding.max_tokens, or set engine.dtype=bfloat16",
        ) from None


def check_complete(ref: ModelRef, missing: set[str]) -> None:
    """Raise ModelError for missing weights: transformers only warns and fills them with random
    numbers.
    """
    if missing:
        names = sorted(missing)
        raise ModelError(
            f"model {ref.path} lacks {len(names)} weights: {', '.join(names[:3])}",
            hint="download or save the checkpoint again",
        )
