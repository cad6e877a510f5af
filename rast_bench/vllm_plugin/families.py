"""Which architectures can be M_base and S inside vLLM; the source of the table in docs/vllm.md."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from rast_bench.compose.windows import FULL, SLIDING
from rast_bench.errors import ModelError

Role = Literal["M_base", "S"]

EXACT: dict[Role, frozenset[str]] = {
    "M_base": frozenset(
        {
            "Gemma2ForCausalLM",
            "Gemma3ForCausalLM",
            "LlamaForCausalLM",
            "MistralForCausalLM",
            "Qwen2ForCausalLM",
            "Qwen3MoeForCausalLM",
        }
    ),
    "S": frozenset(
        {
            "CohereForCausalLM",
            "Gemma2ForCausalLM",
            "Gemma3ForCausalLM",
            "GemmaForCausalLM",
            "Glm4ForCausalLM",
            "GraniteForCausalLM",
            "LlamaForCausalLM",
            "MistralForCausalLM",
            "Phi3ForCausalLM",
            "Qwen2ForCausalLM",
            "Qwen3ForCausalLM",
            "StableLmForCausalLM",
        }
    ),
}
"""Tested: log-probabilities equal those of plain transformers passes (tests/vllm_plugin)."""

MEASURED: dict[Role, frozenset[str]] = {
    "M_base": frozenset(
        {
            "CohereForCausalLM",
            "GemmaForCausalLM",
            "Glm4ForCausalLM",
            "GraniteForCausalLM",
            "MixtralForCausalLM",
            "Olmo2ForCausalLM",
            "Olmo3ForCausalLM",
            "Phi3ForCausalLM",
            "PhiForCausalLM",
            "Qwen3ForCausalLM",
            "SmolLM3ForCausalLM",
            "StableLmForCausalLM",
        }
    ),
    "S": frozenset(),
}
"""Found exact once, with vLLM 0.32 (tests/vllm_plugin/families.py)."""

EARLY_LAYERS = frozenset(
    {
        "LlamaForCausalLM",
        "MistralForCausalLM",
        "Qwen2ForCausalLM",
        "Qwen3ForCausalLM",
        "Qwen3MoeForCausalLM",
    }
)
"""M_base whose states before the last layer can be read: tested (tests/vllm_plugin)."""

_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")


def check_architecture(path: str, config: Any, architectures: Sequence[str], role: Role) -> None:
    """Raise ModelError for a model that cannot run inside this engine in its role.

    Args:
        config: transformers' configuration.
        architectures: its own; an engine replaces those of M_base's config.
    """
    if len(architectures) != 1:
        raise ModelError(
            f"model {path}: its config.json names {len(architectures)} architectures, not one",
            hint="only causal language models in Hugging Face format can be used",
        )
    for reason in _reasons(architectures[0], config, role):
        raise ModelError(
            f"model {path}, a {architectures[0]}, cannot be {role}: {reason}",
            hint="docs/vllm.md lists what can be used",
        )


def check_early_layers(path: str, architecture: str, layers: int) -> None:
    """Raise ModelError unless a method can read this M_base's early layers."""
    if layers < 2:
        raise ModelError(
            f"model {path} has {layers} layer, none of which is an early one",
            hint="choose another method",
        )
    if architecture not in EARLY_LAYERS:
        raise ModelError(
            f"model {path} is a {architecture}, whose early layers vLLM does not give",
            hint=f"it does for {', '.join(sorted(EARLY_LAYERS))}; try engine=transformers",
        )


def warn_if_not_tried(path: str, architecture: str, role: Role) -> None:
    """Print one line on stderr, unless the application configures logging otherwise."""
    if architecture not in EXACT[role] | MEASURED[role]:
        logging.getLogger(__name__).warning(
            "note: model %s is a %s, which was not tried as %s: compare its log-probabilities "
            "with those of transformers before you rely on it",
            path,
            architecture,
            role,
        )


def _reasons(architecture: str, config: Any, role: Role) -> Iterator[str]:
    """Yield why it cannot be used."""
    kinds = set(getattr(config, "layer_types", None) or ())
    if odd := kinds - {FULL, SLIDING}:
        yield f"it has layers of {', '.join(sorted(odd))}, which keep no key-value cache"
    if architecture == "Qwen2ForCausalLM" and len(kinds) > 1:
        yield "some of its layers have a sliding window, and vLLM's Qwen2 has one for all or none"
    if getattr(config, "is_encoder_decoder", False):
        yield "it is an encoder and a decoder, and eq. 3 is for decoders"
    if role == "S" and any(getattr(config, key, None) for key in _EXPERTS):
        yield "it is a mixture of experts, which vLLM sets up for M_base only"
    if role == "S" and architecture not in EXACT["S"] and not _has_own_class(architecture):
        yield "vLLM has no class of its own for it"


def _has_own_class(architecture: str) -> bool:
    """Return whether vLLM runs it with its own code, not with transformers'."""
    from vllm import ModelRegistry

    found = ModelRegistry.models.get(architecture)
    module = getattr(found, "module_name", "")
    return found is not None and ".transformers" not in module
