import json
from pathlib import Path

import pytest
import torch
from planned_models import KNOWN
from random_checkpoints import LLAMA, QWEN2, QWEN2_OTHER_RL, Recipe, save_checkpoint
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from rast_bench.config.schema import ModelRef
from rast_bench.errors import ModelError
from rast_bench.planning.checkpoints import CheckpointSize, config_parameters, read_checkpoint


def read(folder: Path) -> CheckpointSize:
    found = read_checkpoint(ModelRef(path=str(folder)))
    assert found is not None
    return found


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["name"])
def test_published_sizes_follow_from_the_configuration(known: dict[str, object]) -> None:
    assert config_parameters(known["config"]) == known["parameters"]


@pytest.mark.parametrize("recipe", [QWEN2, QWEN2_OTHER_RL, LLAMA, LLAMA.but(tied=False)])
def test_headers_and_configuration_agree_with_the_loaded_model(
    recipe: Recipe, tmp_path: Path
) -> None:
    folder = save_checkpoint(tmp_path / "model", recipe)
    model = AutoModelForCausalLM.from_pretrained(folder)
    found = read(folder)
    assert (found.source, found.packed_bytes, found.dtype) == ("weights", 0, "float32")
    assert found.floating == model.num_parameters()
    assert config_parameters(json.loads((folder / "config.json").read_text())) == found.floating
    with torch.no_grad():
        cache = model(torch.tensor([[3, 4, 5]])).past_key_values
    numbers = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert numbers == 3 * 2 * found.layers * found.kv_heads * found.head_dim


def test_a_tied_head_that_is_saved_twice_counts_once(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "model", QWEN2)
    before = read(folder).floating
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert read(folder).floating == before


def test_whole_numbers_keep_their_bytes(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "model", QWEN2)
    weights = load_file(folder / "model.safetensors")
    packed = {**weights, "packed": torch.zeros(10, dtype=torch.int32)}
    save_file(packed, folder / "model.safetensors", metadata={"format": "pt"})
    assert read(folder).packed_bytes == 40


def test_shards_are_added_up(tmp_path: Path) -> None:
    whole = save_checkpoint(tmp_path / "whole", QWEN2)
    AutoModelForCausalLM.from_pretrained(whole).save_pretrained(
        tmp_path / "split", max_shard_size="20KB"
    )
    assert len(list((tmp_path / "split").glob("*.safetensors"))) > 1
    assert read(tmp_path / "split").floating == read(whole).floating


def test_the_hubs_cache_is_read_where_it_holds_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0" * 40
    snapshot = tmp_path / "models--org--name" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text(json.dumps(KNOWN[0]["config"]))
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs/main").write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    found = read_checkpoint(ModelRef(path="org/name"))
    assert found is not None
    assert (found.source, found.floating, found.dtype) == (
        "config",
        KNOWN[0]["parameters"],
        "bfloat16",
    )
    assert read_checkpoint(ModelRef(path="org/other")) is None


def test_a_configuration_of_another_kind_has_no_size(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "model", QWEN2)
    (folder / "config.json").write_text('{"vocab_size": 64}')
    assert read_checkpoint(ModelRef(path=str(folder))) is None


@pytest.mark.parametrize("content", [b"", b"<html>" * 9, (2**40).to_bytes(8, "little") + b"{"])
def test_broken_headers_are_one_line(content: bytes, tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "model", QWEN2)
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors is broken"):
        read(folder)
