"""vLLM's worker with our hooks around Model Runner V1 (V2 needs none: see runner_v2.py)."""

from typing import Any

from vllm.platforms import current_platform

from rast_bench.vllm_plugin.runner_v1 import RunnerHooks

if current_platform.is_cpu():
    from vllm.v1.worker.cpu_worker import CPUWorker as PlatformWorker
else:
    from vllm.v1.worker.gpu_worker import Worker as PlatformWorker


class RastWorker(PlatformWorker):
    """The worker of this platform, its V1 runner extended by RunnerHooks."""

    def init_device(self) -> None:
        super().init_device()
        runner: Any = self.model_runner
        if hasattr(runner, "_model_forward"):  # V1
            runner.__class__ = type("RastModelRunner", (RunnerHooks, type(runner)), {})
