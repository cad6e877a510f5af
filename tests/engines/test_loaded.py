"""Checkpoints that load, and those that must not."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from random_checkpoints import LLAMA, QWEN2, Checkpoint, save_checkpoint
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, Qwen2ForCausalLM

from rast_bench.config.schema import ModelRef
from rast_bench.engines.loaded import PREFILL_STEP, LoadedModel
from rast_bench.errors import ModelError

CPU = torch.device("cpu")


def load(folder: str | Path, dtype: torch.dtype = torch.float32) -> LoadedModel:
    return LoadedModel(ModelRef(path=str(folder)), dtype, CPU, slots=2)


@pytest.mark.parametrize("recipe", [QWEN2, LLAMA], ids=["qwen2", "llama"])
@pytest.mark.parametrize("time", [1, PREFILL_STEP, PREFILL_STEP + 1, 50])
@torch.inference_mode()
def test_prefill_is_a_plain_forward_pass(checkpoint: Checkpoint, recipe: Any, time: int) -> None:
    ids = torch.randint(3, 48, (time,), generator=torch.Generator().manual_seed(time)).tolist()
    prefilled = load(checkpoint(recipe)).prefill(ids)
    plain = AutoModelForCausalLM.from_pretrained(
        checkpoint(recipe), attn_implementation="eager"
    ).eval()
    outputs = plain(torch.tensor([ids]), use_cache=True)
    torch.testing.assert_close(prefilled.logits, outputs.logits[0, -1], atol=1e-5, rtol=0)
    for (key, value), layer in zip(prefilled.layers, outputs.past_key_values.layers, strict=True):
        torch.testing.assert_close(key, layer.keys[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(value, layer.values[0], atol=1e-5, rtol=0)


def test_missing_weights_are_not_made_up(damaged: Path) -> None:
    """transformers would fill them with random numbers and a warning."""
    path = damaged / "model.safetensors"
    state = load_file(path)
    del state["model.layers.0.mlp.up_proj.weight"]
    save_file(state, path, metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 weights: model\.layers\.0\.mlp\.up_proj") as e:
        load(damaged)
    assert e.value.hint


def test_weights_of_another_shape(damaged: Path) -> None:
    path = damaged / "config.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"hidden_size": 2 * content["hidden_size"]}))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(damaged)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}},
            "rope type dynamic",
        ),
    ],
)
def test_models_that_would_come_out_wrong_are_refused(
    tmp_path: Path, config: dict[str, Any], named: str
) -> None:
    folder = save_checkpoint(tmp_path / "model", QWEN2)
    path = folder / "config.json"
    content = json.loads(path.read_text())
    content.pop("layer_types", None)
    path.write_text(json.dumps(content | config))
    with pytest.raises(ModelError, match=named):
        load(folder)


def test_a_model_beyond_the_gpus_memory_is_one_line(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_model: Any, _device: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nmore")

    folder = checkpoint(QWEN2)
    monkeypatch.setattr(Qwen2ForCausalLM, "to", full)
    with pytest.raises(ModelError) as caught:
        load(folder)
    line = f"model {folder} does not fit into the memory of cpu in float32: CUDA out of memory."
    assert caught.value.message.startswith(line)
    assert "\n" not in caught.value.message
    assert "engine.dtype=bfloat16" in str(caught.value.hint)
