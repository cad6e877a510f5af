"""Would vLLM start? Its own configuration and cache sizing answer, without weights and a GPU.

Each model's config.json is written from the facts that ship, with a tokenizer of a few words. From
them the plugin's arguments become vLLM's configuration as in a run; the key-value cache of every
layer of all models, split over the devices, goes to vLLM's own `get_kv_cache_configs`, with the
memory that the planner says is left. So weights and activations are the planner's numbers; that the
models can be split, that the length is allowed and that it fits, is vLLM's word.
"""

import json
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rast_bench.config.engines import VllmConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef
from rast_bench.errors import RastBenchError
from rast_bench.known import KnownModel, known_model
from rast_bench.zoo.tokenizer import save_word_tokenizer

BLOCK_TOKENS = 16  # vLLM's default on GPUs; on CPUs it is another
_ARCHITECTURES = {"qwen2": "Qwen2ForCausalLM", "llama": "LlamaForCausalLM"}
_FEW_WORDS = ["<pad>", "<eos>", "<unk>", "one", "two"]


@dataclass(frozen=True)
class Judgement:
    """`rows`: requests of full length that vLLM's cache holds at once; `refusal`: its error."""

    rows: int
    refusal: str | None = None

    @property
    def starts(self) -> bool:
        return self.refusal is None


class Judge:
    """Writes each model's files once, into `folder`. Needs vLLM; of CPUs is enough."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        self._vllm_config = cache(self._make_vllm_config)
        self._model_config = cache(self._make_model_config)

    def judge(self, key: EngineKey, config: VllmConfig, available: int) -> Judgement:
        """Return what vLLM says of an engine with these settled settings.

        Args:
            config: `max_model_len` and `tensor_parallel_size` are numbers.
            available: bytes of each device that are left for the cache.
        """
        from vllm.v1.core.kv_cache_utils import (
            get_kv_cache_configs,
            get_max_concurrency_for_kv_cache_config,
        )

        try:
            vllm_config = self._vllm_config(key, config)
            # One worker stands for all: their shares are equal.
            specs = self._cache_specs(key, vllm_config)
            found = get_kv_cache_configs(vllm_config, [specs], [available])
        # What vLLM refuses it refuses with one of these; pydantic wraps them.
        except (ValueError, AssertionError, RastBenchError) as error:
            return Judgement(0, " ".join(str(error).split()))
        return Judgement(int(get_max_concurrency_for_kv_cache_config(vllm_config, found[0])))

    def _make_vllm_config(self, key: EngineKey, config: VllmConfig) -> Any:
        """As `rast_bench.engines.vllm_setup` makes it, on the blocks of a GPU."""
        from vllm import EngineArgs

        from rast_bench.engines.vllm_setup import engine_args

        local = replace(
            key,
            main=self._ref(key.main),
            pairs=tuple(
                pair.model_copy(update={"rl": self._ref(pair.rl), "base": self._ref(pair.base)})
                for pair in key.pairs
            ),
        )
        settings = {"block_size": BLOCK_TOKENS, "enforce_eager": True}
        made = EngineArgs(**engine_args(local, config) | settings).create_engine_config()
        if hasattr(made.cache_config, "kv_cache_layout"):
            # FlashAttention's; sizes are the same in all.
            made.cache_config.kv_cache_layout = "LBNHC"
        return made

    def _cache_specs(self, key: EngineKey, vllm_config: Any) -> dict[str, Any]:
        """One spec for each layer of each distinct model, as vLLM's attention layers make it."""
        from vllm.v1.kv_cache_interface import FullAttentionSpec

        specs: dict[str, Any] = {}
        for number, ref in enumerate(dict.fromkeys(key.roles)):
            model = self._model_config(self._ref(ref).path, vllm_config.model_config.max_model_len)
            model.verify_with_parallel_config(vllm_config.parallel_config)
            spec = FullAttentionSpec(
                block_size=vllm_config.cache_config.block_size,
                num_kv_heads=model.get_num_kv_heads(vllm_config.parallel_config),
                head_size=model.get_head_size(),
                dtype=vllm_config.model_config.dtype,
            )
            layers = model.get_num_layers(vllm_config.parallel_config)
            specs |= {f"models.{number}.layers.{layer}.attn": spec for layer in range(layers)}
        return specs

    def _make_model_config(self, path: str, max_model_len: int) -> Any:
        from vllm import EngineArgs

        return EngineArgs(
            model=path, max_model_len=max_model_len, dtype="bfloat16"
        ).create_model_config()

    def _ref(self, ref: ModelRef) -> ModelRef:
        """Return a folder that stands for the checkpoint.

        Raises:
            KeyError: no facts about it ship.
        """
        known = known_model(ref)
        if known is None:
            raise KeyError(f"no facts of {ref.path} ship")
        folder = self._folder / known.path.replace("/", "--")
        if not folder.is_dir():
            save_known(known, folder)
        return ModelRef(path=str(folder))


def save_known(known: KnownModel, folder: Path) -> None:
    """Save a folder with the configuration from the facts, and a tokenizer of a few words."""
    kind = known.shape["model_type"]
    save_word_tokenizer(
        folder,
        _FEW_WORDS,
        pad="<pad>",
        eos="<eos>",
        unknown="<unk>",
        max_length=known.positions,
        model_type=kind,
    )
    config = known.config | {
        "architectures": [_ARCHITECTURES[kind]],
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
