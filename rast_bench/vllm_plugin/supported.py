"""What RAST inside vLLM does not support, checked before any weights are loaded."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rast_bench.compose.positions import model_positions
from rast_bench.errors import EngineError
from rast_bench.vllm_plugin.settings import WORKER

if TYPE_CHECKING:
    from vllm.config import VllmConfig

LOAD_FORMATS = ("auto", "hf", "safetensors", "dummy")  # others would leave the small models empty


@dataclass(frozen=True)
class EngineFeatures:
    """The relevant settings of an engine, whether they came as arguments or as a config."""

    pipeline_parallel_size: int = 1
    prefill_context_parallel_size: int = 1
    microbatches: bool = False
    lora: bool = False
    runner: str = "auto"
    prompt_embeds: bool = False
    load_format: str = "auto"
    speculation: str | None = None
    adaptive_verification: bool = False
    layer_names: bool = True
    on_cpu: bool = False
    resident: bool = False  # the drafter is the composite's own S_RL
    worker: bool = True  # is ours


def check_supported(features: EngineFeatures) -> None:
    """Raise EngineError for the first setting that would fail later or give wrong numbers."""
    cases = (
        (
            features.pipeline_parallel_size > 1,
            "pipeline parallelism is not supported: the models of eq. 3 differ in depth",
            "use tensor_parallel_size instead of pipeline_parallel_size",
        ),
        (
            features.prefill_context_parallel_size > 1 or features.microbatches,
            "λ is kept by token, so tokens cannot be split over devices or microbatches",
            "leave prefill_context_parallel_size, enable_dbo and ubatch_size out",
        ),
        (features.lora, "LoRA adapters are not supported", "merge the adapter into a checkpoint"),
        (
            features.runner not in ("auto", "generate"),
            f"runner={features.runner}: pooling has no logits to compose",
            "use runner='generate'",
        ),
        (
            features.prompt_embeds,
            "prompt embeddings are not supported: each model embeds tokens in its own way",
            "leave enable_prompt_embeds out",
        ),
        (
            features.load_format not in LOAD_FORMATS,
            f"load_format={features.load_format} loads one checkpoint only",
            f"choose one of {', '.join(LOAD_FORMATS)}",
        ),
        (
            features.adaptive_verification,
            "adaptive verification drops draft tokens on the GPU, unknown to λ",
            "leave enable_adaptive_verification out of speculative_config",
        ),
        (
            not features.layer_names,
            "VLLM_USE_LAYERNAME=0: S_RL and S_base would run one compiled code on one cache",
            "remove it from the environment",
        ),
        (
            not features.worker,
            "vLLM's own worker does not pass λ to the model: every request would be M_base's",
            f"start the engine with worker_cls={WORKER} (--worker-cls), or with rast_engine_args",
        ),
        (
            features.on_cpu
            and not features.resident
            and features.speculation not in (None, "ngram"),
            f"speculation with {features.speculation}: vLLM on CPUs samples from a wrong "
            "distribution",
            "leave speculative_config out (S_RL can draft: draft_tokens of rast_engine_args)",
        ),
    )
    for found, message, hint in cases:
        if found:
            raise EngineError(message, hint=hint)


def check_supported_args(args: Mapping[str, Any], resident: bool = False) -> None:
    """Check keyword arguments of vLLM's LLM or EngineArgs (`check_supported`)."""
    speculative = args.get("speculative_config") or {}
    speculation = speculative.get("method") or ("draft_model" if speculative else None)
    check_supported(
        EngineFeatures(
            pipeline_parallel_size=args.get("pipeline_parallel_size", 1),
            prefill_context_parallel_size=args.get("prefill_context_parallel_size", 1),
            microbatches=bool(args.get("enable_dbo")) or args.get("ubatch_size", 0) > 1,
            lora=bool(args.get("enable_lora")),
            runner=args.get("runner", "auto"),
            prompt_embeds=bool(args.get("enable_prompt_embeds")),
            load_format=str(args.get("load_format", "auto")),
            speculation=speculation,
            adaptive_verification=bool(speculative.get("enable_adaptive_verification")),
            layer_names=_layer_names(),
            on_cpu=speculation is not None and _on_cpu(),
            resident=resident,
            worker=_is_ours(args.get("worker_cls") or WORKER),
        )
    )


def check_supported_config(config: "VllmConfig", resident: bool = False) -> None:
    """Check an engine that was not made with `rast_engine_args` (`check_supported`)."""
    parallel = config.parallel_config
    speculative = config.speculative_config
    check_supported(
        EngineFeatures(
            pipeline_parallel_size=parallel.pipeline_parallel_size,
            prefill_context_parallel_size=getattr(parallel, "prefill_context_parallel_size", 1),
            microbatches=bool(getattr(parallel, "use_ubatching", False)),
            lora=config.lora_config is not None,
            runner=config.model_config.runner_type,
            prompt_embeds=config.model_config.enable_prompt_embeds,
            load_format=str(config.load_config.load_format),
            speculation=None if speculative is None else str(speculative.method),
            adaptive_verification=bool(getattr(speculative, "enable_adaptive_verification", False)),
            layer_names=_layer_names(),
            on_cpu=_on_cpu(),
            resident=resident,
            worker=_is_ours(parallel.worker_cls),
        )
    )


def check_positions(max_model_len: int, configs: Mapping[str, Any]) -> None:
    """Raise EngineError if sequences may exceed the positions of a model.

    Its rotary table would be read past its end, and its logits would be meaningless.

    Args:
        max_model_len: the engine's limit.
        configs: transformers' configurations by checkpoint, of M_base and every S.
    """
    for path, config in configs.items():
        positions = model_positions(config.to_dict())
        if positions is not None and max_model_len > positions:
            raise EngineError(
                f"max_model_len={max_model_len}: model {path} has {positions} positions",
                hint=f"set max_model_len (--max-model-len of `vllm serve`) to at most {positions}",
            )


def _layer_names() -> bool:
    """Return whether compiled code reads layer names from the module, not from constants."""
    return os.environ.get("VLLM_USE_LAYERNAME", "1") != "0"


def _is_ours(worker: str | type) -> bool:
    """Return whether it is RastWorker or a subclass of it."""
    if worker == WORKER:
        return True
    from rast_bench.vllm_plugin.worker import RastWorker

    if isinstance(worker, str):
        module, _, name = worker.rpartition(".")
        try:
            worker = getattr(import_module(module), name)
        except (ImportError, AttributeError, ValueError):  # vLLM reports these
            return False
    return isinstance(worker, type) and issubclass(worker, RastWorker)


def _on_cpu() -> bool:
    from vllm.platforms import current_platform

    return bool(current_platform.is_cpu())
