"""Engine settings, conf/engine/*. Only `name`, `dtype` and `draft_tokens` change tokens."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from rast_bench.config.bounds import MAX_DEVICES, DraftTokens, Rows, Threads, Tokens
from rast_bench.config.strict import Strict


def _size(value: Any) -> Any:
    """Return the value; report one error where a pydantic union would report several."""
    if value == "auto" or (isinstance(value, int) and 1 <= value <= MAX_DEVICES):
        return value
    raise ValueError(f"must be auto or a number of GPUs, from 1 to {MAX_DEVICES:,}")


class TransformersConfig(Strict):
    """The reference engine: plain PyTorch."""

    name: Literal["transformers"] = "transformers"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    device: str = "auto"
    max_num_seqs: Rows = 256
    threads: Threads | None = None  # on CPUs; None: the cores that a worker may use
    draft_tokens: DraftTokens = 0  # by S_RL, verified in one pass; 0: no speculation

    @property
    def devices(self) -> int:
        return 1


class VllmConfig(Strict):
    """RAST inside vLLM. None and `auto` leave a choice open, as commented on each field.

    A run settles dtype, tensor_parallel_size and max_model_len before it loads anything
    (planning/settled.py); the manifests hold the settled values.
    """

    name: Literal["vllm"] = "vllm"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"  # auto: M_base's own
    tensor_parallel_size: Annotated[Literal["auto"] | int, BeforeValidator(_size)] = "auto"
    distributed_executor_backend: Literal["mp", "ray"] | None = None  # None: vLLM's choice
    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] = 0.9  # weights, cache and all
    kv_cache_gib: Annotated[float, Field(gt=0, le=1e6)] | None = None  # None: the rest; CPUs 1 GiB
    max_model_len: Tokens | None = None  # prompt and new tokens; None: as needed
    max_num_seqs: Rows = 256
    compile: bool | None = None  # torch.compile and CUDA graphs; None: on GPUs only
    threads: Threads | None = None  # on CPUs; None: the cores that a worker may use
    draft_tokens: DraftTokens = 0  # by S_RL, verified in one pass; 0: no speculation

    @property
    def devices(self) -> int:
        """The number of devices that the engine runs on; 1 while the size is not settled."""
        return 1 if self.tensor_parallel_size == "auto" else self.tensor_parallel_size


def _engine_name(value: Any) -> Any:
    return value.get("name") if isinstance(value, dict) else getattr(value, "name", None)


EngineConfig = Annotated[
    Annotated[TransformersConfig, Tag("transformers")] | Annotated[VllmConfig, Tag("vllm")],
    Discriminator(_engine_name),
]
