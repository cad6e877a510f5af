"""RAST inside vLLM: one model that holds M_base and any number of (S_RL, S_base) pairs.

Usable without the rest of rast-bench; docs/vllm.md shows how. vLLM finds the model through the
entry point `vllm.general_plugins`, in every one of its processes. Importing this package is cheap
and needs no vLLM.
"""

from rast_bench.vllm_plugin.engine_args import rast_engine_args
from rast_bench.vllm_plugin.sampling import rast_sampling_params
from rast_bench.vllm_plugin.settings import ARCHITECTURE, Pair

__all__ = ["Pair", "rast_engine_args", "rast_sampling_params", "register"]


def register() -> None:
    """Tell vLLM where the model is (the entry point); its class is imported when needed."""
    from vllm import ModelRegistry

    from rast_bench.vllm_plugin.admission import check_at_admission

    if ARCHITECTURE not in ModelRegistry.get_supported_archs():
        ModelRegistry.register_model(ARCHITECTURE, f"rast_bench.vllm_plugin.model:{ARCHITECTURE}")
    check_at_admission()
