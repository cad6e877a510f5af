"""One line of the report: what is measured, where, and what came out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_checks.engine_process import EngineProcess, EngineSpec


@dataclass(frozen=True)
class Job:
    """A measurement with one configuration. `minutes` is what it takes on a current card."""

    part: str
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    minutes: float = 3.0


@dataclass
class Outcome:
    """Checks are promises that hold or do not; data are measurements."""

    checks: list[dict[str, Any]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    def check(self, name: str, value: float, bound: float, *, at_least: bool = False) -> None:
        """Note whether `value` keeps to its bound, by default an upper one."""
        passed = value >= bound if at_least else value <= bound
        sign = ">=" if at_least else "<="
        self.checks.append(
            {"name": name, "value": value, "bound": f"{sign} {bound:g}", "passed": bool(passed)}
        )

    @property
    def passed(self) -> bool:
        return all(check["passed"] for check in self.checks)


@dataclass(frozen=True)
class Place:
    """Where a job runs: the device, how large it may be, its folder and the time it must end."""

    device: str
    quick: bool
    folder: Path
    logs: Path
    deadline: float
    memory_gib: float = 0.0
    bandwidth: float = 0.0

    @property
    def on_cpu(self) -> bool:
        return self.device == "cpu"

    def engine(self, job: Job, role: str, spec: EngineSpec) -> EngineProcess:
        """Return a process for `spec` with what this device needs; it logs to its own file."""
        common: dict[str, Any] = {"seed": 0}
        if self.on_cpu:
            common |= {"enforce_eager": True, "block_size": 32}
        else:  # vLLM wants this share free even where kv_cache_memory_bytes is what counts
            common["gpu_memory_utilization"] = 0.05
        return EngineProcess(
            EngineSpec(
                spec.model,
                spec.pairs,
                common | spec.engine_args,
                self.environment(job.settings) | spec.environment,
            ),
            self.logs / f"{job.name}-{role}.log",
            self.deadline,
        )

    def environment(self, settings: dict[str, Any]) -> dict[str, str]:
        variables = {
            "HF_HUB_OFFLINE": "1",
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_LOGGING_LEVEL": "INFO",  # the report reads the attention backend off the log
        }
        if (runner := settings.get("runner", "default")) != "default":
            variables["VLLM_USE_V2_MODEL_RUNNER"] = "1" if runner == "v2" else "0"
        if settings.get("dtype") == "float32":  # no TF32, neither in cuBLAS nor in Triton
            variables |= {"NVIDIA_TF32_OVERRIDE": "0", "TRITON_F32_DEFAULT": "ieee"}
        if self.on_cpu:
            variables |= {
                "OMP_NUM_THREADS": "1",
                "TORCH_COMPILE_DISABLE": "1",
                "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
                "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            }
        return variables

    def graphs(self, largest: int) -> dict[str, Any]:
        """Engine arguments: CUDA graphs of powers of two up to `largest` tokens, few to record."""
        if self.on_cpu:
            return {}
        sizes = [2**i for i in range(largest.bit_length()) if 2**i <= largest]
        return {"compilation_config": {"cudagraph_capture_sizes": sizes}}
