"""vLLM's worker with our hooks around Model Runner V1 (V2 needs none: see runner_v2.py)."""

from typing import Any

from vllm.config import VllmConfig
from vllm.platforms import current_platform

from rast_bench.errors import EngineError
from rast_bench.vllm_plugin.cpu_speculation import expand_batch_to_tokens
from rast_bench.vllm_plugin.runner_v1 import RunnerHooks
from rast_bench.vllm_plugin.settings import OVERRIDE

if current_platform.is_cpu():
    from vllm.v1.sample import rejection_sampler
    from vllm.v1.worker.cpu_worker import CPUWorker as PlatformWorker

    rejection_sampler.expand_batch_to_tokens = expand_batch_to_tokens
else:
    from vllm.v1.worker.gpu_worker import Worker as PlatformWorker


class RastWorker(PlatformWorker):
    """The worker of this platform, with its V1 runner extended by RunnerHooks."""

    def init_device(self) -> None:
        super().init_device()
        runner: Any = self.model_runner
        v1 = hasattr(runner, "_model_forward")
        if v1:
            runner.__class__ = type("RastModelRunner", (RunnerHooks, type(runner)), {})
        entry = getattr(self.model_config.hf_config, OVERRIDE, None) or {}
        if entry.get("draft_tokens"):
            if not v1:
                raise EngineError(
                    "draft_tokens: vLLM's Model Runner V2 takes no model that is loaded already",
                    hint="set VLLM_USE_V2_MODEL_RUNNER=0 in the environment",
                )
            from rast_bench.vllm_plugin.drafter import ResidentProposer

            runner.drafter.__class__ = ResidentProposer

    def initialize_from_config(self, *args: Any, **kwargs: Any) -> None:
        super().initialize_from_config(*args, **kwargs)
        runner: Any = self.model_runner
        drafting = getattr(getattr(runner, "drafter", None), "draft_attn_groups", [])
        for groups in (*runner.attn_groups, drafting):
            for group in groups:
                fit_schedule(group, self.vllm_config)


def fit_schedule(group: Any, vllm_config: VllmConfig) -> None:
    """Make FlashAttention 3 plan its work by the heads of the layers that it plans for.

    vLLM 0.26 plans by the heads of the whole model's config, M_base's, and V1 runners reuse one
    group's plan for every other group with the same key-value heads. Either can skip rows of a
    smaller model. `group` is vLLM's AttentionGroup: layers with equal heads.
    """
    layer = vllm_config.compilation_config.static_forward_context[group.layer_names[0]]
    for builder in group.metadata_builders:
        if getattr(builder, "aot_schedule", False):
            builder.num_heads_q = layer.impl.num_heads
            builder.num_heads_kv = layer.impl.num_kv_heads
            builder.headdim = layer.impl.head_size
            builder.supports_update_block_table = False
