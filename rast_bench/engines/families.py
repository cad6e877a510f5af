"""Which models engine=transformers runs exactly, by their configurations, before they load."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoConfig

from rast_bench.compose.windows import FULL, SLIDING, shortest_window
from rast_bench.config.paths import resolve_model
from rast_bench.engines.load_errors import load_error
from rast_bench.engines.slot_cache import MIN_LENGTH
from rast_bench.errors import ModelError, first_line

if TYPE_CHECKING:
    from rast_bench.config.schema import ModelRef
    from rast_bench.engines.loaded import SlottedModel

EXACT = frozenset(
    {
        "CohereForCausalLM",
        "GemmaForCausalLM",
        "Glm4ForCausalLM",
        "GraniteForCausalLM",
        "LlamaForCausalLM",
        "MistralForCausalLM",
        "Olmo2ForCausalLM",
        "Phi3ForCausalLM",
        "PhiForCausalLM",
        "Qwen2ForCausalLM",
        "Qwen3ForCausalLM",
        "Qwen3MoeForCausalLM",
        "SmolLM3ForCausalLM",
        "StableLmForCausalLM",
    }
)
"""Verified by tests/engines/test_model_families.py."""

BATCH_DEPENDENT_ROPE = frozenset({"dynamic", "longrope"})
_TRIED_TOKENS, _TRIED_ROWS = 6, 8
_TOLERANCE = 0.02  # of the largest logit: bfloat16 deviates less, a different attention much more


def supported_config(ref: ModelRef) -> tuple[Any, int | None]:
    """Return a model's configuration for loading it, and the sequence length up to which it is
    exact.

    A sliding window changes nothing within its length: it is removed from the configuration, and
    its length is the second value, None if there is no window.

    Raises:
        ModelError: this engine would compute wrong logits.
    """
    try:
        config = AutoConfig.from_pretrained(
            resolve_model(ref), revision=ref.revision, trust_remote_code=False
        )
    except Exception as error:  # transformers may raise anything for a broken config.json
        raise load_error(ref, f"model {ref.path}", error) from error
    if odd := sorted(_unsupported(config)):
        raise ModelError(
            f"model {ref.path} has {', '.join(odd)}, which engine=transformers lacks",
            hint="use models with full attention and fixed rotary frequencies (Qwen2, Llama), "
            "or engine=vllm (docs/vllm.md lists what it can run)",
        )
    window = shortest_window(config)
    if window is not None:
        config.sliding_window = None
        if getattr(config, "layer_types", None):
            config.layer_types = [FULL] * config.num_hidden_layers
    return config, window


def _unsupported(config: Any) -> Iterator[str]:
    """Yield what is unsupported; dynamic frequencies depend on the longest row of a batch."""
    for kind in set(getattr(config, "layer_types", None) or ()) - {FULL, SLIDING}:
        yield f"layers of {kind}"
    if getattr(config, "attn_logit_softcapping", None):
        yield "attn_logit_softcapping"
    rope = getattr(config, "rope_parameters", None) or {}
    if any(isinstance(value, dict) for value in rope.values()):
        yield "rotary frequencies that differ by layer"
    elif (kind := rope.get("rope_type", "default")) in BATCH_DEPENDENT_ROPE:
        yield f"rope type {kind}"


def try_unknown_architecture(ref: ModelRef, model: SlottedModel) -> None:
    """Run a model of an untested architecture on a few tokens, and say so.

    Raises:
        ModelError: it fails, or a token after a cached prompt has different logits than in one
            pass.
    """
    architecture = type(model.model).__name__
    if architecture in EXACT:
        return
    try:
        error = _error_of_a_step(model)
    except (
        Exception
    ) as failure:  # models without attention, or with another kind, may raise anything
        raise _cannot_run(ref, architecture, first_line(failure)) from failure
    if not error < _TOLERANCE:
        raise _cannot_run(ref, architecture, "its logits change after a cached prompt")
    print(
        f"note: model {ref.path} is a {architecture}, which was tried with engine=transformers "
        "on a few tokens only",
        file=sys.stderr,
    )


def _cannot_run(ref: ModelRef, architecture: str, reason: str) -> ModelError:
    return ModelError(
        f"model {ref.path}, a {architecture}, cannot run in engine=transformers: {reason}",
        hint="docs/vllm.md lists what both engines can run",
    )


@torch.inference_mode()
def _error_of_a_step(model: SlottedModel) -> float:
    """Return the deviation of the last logits from those of one pass, over the largest logit."""
    ids = list(range(_TRIED_TOKENS))
    expected = model.score(ids)[-1]
    cache = model.cache
    model.cache = type(cache)(_TRIED_ROWS)
    try:
        model.cache.reserve(_TRIED_ROWS, MIN_LENGTH, MIN_LENGTH)
        model.cache.fill(0, model.prefill(ids[:-1]).layers)
        tokens = torch.full((_TRIED_ROWS,), ids[-1], device=model.device)
        positions = torch.full((_TRIED_ROWS,), len(ids) - 1, device=model.device)
        beyond = torch.arange(MIN_LENGTH, device=model.device) > positions[:, None]
        mask = torch.zeros(beyond.shape, device=model.device).masked_fill_(beyond, -torch.inf)
        found = model.step(tokens[:, None], positions[:, None], mask[:, None, None, :])[0, 0]
    finally:
        model.cache = cache
    return float((found - expected).abs().max() / expected.abs().max())
