"""Checkpoints that are missing, broken or do not fit together, told from their small files."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_requests import key_of
from family_recipes import FAMILIES
from random_checkpoints import (
    QWEN2,
    QWEN2_SMALL_BASE,
    QWEN2_SMALL_RL,
    WORDS,
    Checkpoint,
    save_checkpoint,
    save_words,
)
from safetensors.numpy import load_file, save_file

from rast_bench.config.frontend import job_of_overrides
from rast_bench.engines import check_engine, check_models, check_room
from rast_bench.errors import ConfigError, ModelError


def edit_json(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | changes))


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def overwrite(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_text(text)

    return change


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def cut_header(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:50])


def name_a_missing_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def shrink_embedding(folder: Path) -> None:
    edit_json(folder / "config.json", vocab_size=len(WORDS) - 1)


def forget_eos(folder: Path) -> None:
    for name in ("config.json", "generation_config.json"):
        edit_json(folder / name, eos_token_id=None)
    edit_json(folder / "tokenizer_config.json", eos_token=None)


def configured(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "config.json", **changes)


def with_eos(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "generation_config.json", **changes)


def rename_layers(folder: Path) -> None:
    """As of a checkpoint with one layer more in the middle."""
    path = folder / "model.safetensors"
    tensors = load_file(path)
    save_file({name.replace("layers.1.", "layers.2."): one for name, one in tensors.items()}, path)


FAULTS: dict[str, tuple[Callable[[Path], None], str]] = {
    "no folder": (shutil.rmtree, "no folder"),
    "no config": (remove("config.json"), r"config\.json"),
    "config is no JSON": (overwrite("config.json", "{"), r"cannot read .*config\.json"),
    "config is no object": (overwrite("config.json", "[]"), "not a JSON object"),
    "not a language model": (overwrite("config.json", "{}"), "no vocab_size"),
    "no weights": (remove("model.safetensors"), r"no \*\.safetensors"),
    "weights cut off": (cut_weights, r"model\.safetensors is broken"),
    "weights cut off in the header": (cut_header, r"model\.safetensors is broken"),
    "weights empty": (overwrite("model.safetensors", ""), r"model\.safetensors is broken"),
    "a page of HTML as weights": (
        overwrite("model.safetensors", "<!doctype html>" * 9),
        r"model\.safetensors is broken",
    ),
    "a shard missing": (name_a_missing_shard, r"model-00002-of-00002\.safetensors missing"),
    "an index of nothing": (overwrite("model.safetensors.index.json", "{}"), "no "),
    "no tokenizer": (remove("tokenizer.json"), r"no tokenizer\.json"),
    "tokenizer is no JSON": (overwrite("tokenizer.json", "?"), r"cannot read .*tokenizer\.json"),
    "embedding too small": (shrink_embedding, "id 47, its embedding only 47 rows"),
    "no EOS token": (forget_eos, "no EOS token"),
    "EOS is text": (with_eos(eos_token_id="x"), "eos_token_id='x', which is not an id"),
    "EOS is text in a list": (with_eos(eos_token_id=[1, "x"]), "which is not an id"),
    "no heads": (configured(num_attention_heads=0), "num_attention_heads=0, and it must be"),
    "fewer layers than none": (configured(num_hidden_layers=-3), "num_hidden_layers=-3"),
    "a width in words": (configured(hidden_size="wide"), "hidden_size='wide'"),
    "positions in words": (configured(max_position_embeddings="512"), "must be an integer"),
    "no positions": (configured(max_position_embeddings=-5), "max_position_embeddings=-5"),
    "heads that divide nothing": (configured(num_key_value_heads=3), "not a multiple of num_key"),
    "no such dtype": (configured(dtype="nonsense"), "dtype='nonsense', which is not a dtype"),
    "dtype is a number": (configured(dtype=16), "dtype=16"),
    "rope is text": (configured(rope_parameters="yarn"), "'yarn', and it must be an object"),
    "rope's kind is a list": (configured(rope_scaling={"type": ["yarn"]}), "must be text"),
    "rope's factor is none": (
        configured(rope_parameters={"rope_type": "linear", "factor": float("nan")}),
        "factor=nan, and it must be a number above 0",
    ),
    "fewer layers than in the weights": (
        configured(num_hidden_layers=1),
        "says num_hidden_layers=1, its weights have 2 layers",
    ),
    "more layers than in the weights": (configured(num_hidden_layers=3), "have 2 layers"),
    "a layer left out of the weights": (rename_layers, "have 2 layers, numbered up to 2"),
    "another width": (
        configured(hidden_size=64),
        r"says hidden_size=64, its weights have 50 × 32 in embed_tokens\.weight",
    ),
    "another vocabulary": (
        configured(vocab_size=128),
        r"says vocab_size=128, its weights have 50 × 32 in embed_tokens\.weight",
    ),
    "other heads": (
        configured(num_attention_heads=4),
        r"num_attention_heads=4 of head_dim 16, its weights have 32 × 32 in layers\.0\.self_attn",
    ),
    "other key-value heads": (
        configured(num_key_value_heads=1),
        r"num_key_value_heads=1 of head_dim 16, its weights have 32 × 32 in layers\.0\.self_attn",
    ),
    "another MLP": (configured(intermediate_size=99), "intermediate_size=99, its weights have"),
    "an index of numbers": (
        overwrite("model.safetensors.index.json", '{"weight_map": {"a": 5}}'),
        "5 missing",
    ),
    **{
        f"tokenizer is odd: {text}": (
            overwrite("tokenizer.json", text),
            "is not in the format of the tokenizers",
        )
        for text in (
            '{"model": null}',
            '{"model": {"vocab": {"a": "b"}}}',
            '{"model": {"vocab": {"a": 0}}, "added_tokens": [{"id": 1}]}',
        )
    },
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_checkpoint_is_one_clear_line(damaged: Path, name: str) -> None:
    key = key_of(str(damaged))
    check_models(key)
    fault, message = FAULTS[name]
    fault(damaged)
    with pytest.raises(ModelError, match=message) as error:
        check_models(key)
    assert str(damaged) in error.value.message
    assert "\n" not in error.value.message


def test_every_shard_is_held_against_the_configuration(damaged: Path) -> None:
    whole = damaged / "model.safetensors"
    tensors = load_file(whole)
    parts = {"model.layers.1.": "model-00002.safetensors", "model.": "model-00001.safetensors"}
    places = {
        name: next(parts[part] for part in parts if name.startswith(part)) for name in tensors
    }
    for file in set(places.values()):
        save_file(
            {name: one for name, one in tensors.items() if places[name] == file}, damaged / file
        )
    whole.unlink()
    index = {"weight_map": places}
    (damaged / "model.safetensors.index.json").write_text(json.dumps(index))
    check_models(key_of(str(damaged)))
    edit_json(damaged / "config.json", num_hidden_layers=1)
    with pytest.raises(ModelError, match="its weights have 2 layers"):
        check_models(key_of(str(damaged)))


def as_packed(folder: Path) -> None:
    """Four bits of a weight each, as bitsandbytes saves them."""
    edit_json(folder / "config.json", quantization_config={"load_in_4bit": True})
    path = folder / "model.safetensors"
    tensors = {
        name: one if "_proj.weight" not in name else np.zeros((one.size // 2, 1), np.uint8)
        for name, one in load_file(path).items()
    }
    save_file(tensors, path)


def as_packed_in_halves(folder: Path) -> None:
    """Packed weights whose dtype does not tell (bnb_4bit_quant_storage)."""
    path = folder / "model.safetensors"
    tensors = {
        name: one if "_proj.weight" not in name else np.zeros((one.size // 4, 1), np.float16)
        for name, one in load_file(path).items()
    }
    save_file(tensors, path)
    edit_json(folder / "config.json", quantization_config={"quant_method": "bitsandbytes"})


def with_a_head_of_its_own(folder: Path) -> None:
    """Tied embeddings: what is saved as the head is never read."""
    path = folder / "model.safetensors"
    save_file({**load_file(path), "lm_head.weight": np.zeros((60, 32), np.float32)}, path)


def without_prefix(folder: Path) -> None:
    path = folder / "model.safetensors"
    save_file({name.removeprefix("model."): one for name, one in load_file(path).items()}, path)


@pytest.mark.parametrize(
    "change",
    [
        as_packed,
        as_packed_in_halves,
        with_a_head_of_its_own,
        without_prefix,
        configured(model_type="deepseek_v3", num_hidden_layers=1, hidden_size=64, layer_types=None),
        configured(num_key_value_heads=None, intermediate_size=None),
    ],
    ids=["4 bits", "4 bits in float16", "tied", "decoder alone", "unknown kind", "left open"],
)
def test_what_is_not_certain_is_let_pass(damaged: Path, change: Callable[[Path], None]) -> None:
    change(damaged)
    check_models(replace(key_of(str(damaged)), engine="vllm"))  # it has every quantisation


def test_layers_of_a_quantised_checkpoint_are_counted(damaged: Path) -> None:
    as_packed_in_halves(damaged)
    edit_json(damaged / "config.json", num_hidden_layers=3)
    with pytest.raises(ModelError, match="its weights have 2 layers"):
        check_models(key_of(str(damaged)))


@pytest.mark.parametrize("place", ["rl", "base"])
def test_the_small_models_are_checked_too(
    checkpoint: Checkpoint, damaged: Path, place: str
) -> None:
    whole = checkpoint(QWEN2_SMALL_RL)
    cut_weights(damaged)
    pair = (str(damaged), whole, 1.0) if place == "rl" else (whole, str(damaged), 1.0)
    with pytest.raises(ModelError, match="is broken"):
        check_models(key_of(checkpoint(QWEN2), pair))


def test_models_that_fit(checkpoint: Checkpoint) -> None:
    """Embeddings of 64 and 50 rows over one tokenizer of 48 words."""
    pair = (checkpoint(QWEN2_SMALL_RL), checkpoint(QWEN2_SMALL_BASE), 1.0)
    check_models(key_of(checkpoint(QWEN2), pair))


def test_only_the_base_model_ends_generations(checkpoint: Checkpoint, damaged: Path) -> None:
    forget_eos(damaged)
    check_models(key_of(checkpoint(QWEN2), (str(damaged), checkpoint(QWEN2_SMALL_BASE), 1.0)))


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([*WORDS[:-2], WORDS[-1], WORDS[-2]], "'w46' is 46 and 47"),
        (WORDS[:-1], "'w47' is 47 and missing"),
        ([*WORDS, "more"], "'more' is missing and 48"),
        ([*WORDS[:5], "other", *WORDS[6:]], "'other' is missing and 5; 'w5' is 5 and missing"),
    ],
    ids=["two words swapped", "a word missing", "a word more", "another word"],
)
def test_a_tokenizer_that_does_not_match(
    checkpoint: Checkpoint, damaged: Path, words: list[str], named: str
) -> None:
    save_words(damaged, words)
    pair = (str(damaged), checkpoint(QWEN2_SMALL_BASE), 1.0)
    with pytest.raises(ModelError, match=r"tokenizers of .* differ") as error:
        check_models(key_of(checkpoint(QWEN2), pair))
    assert named in error.value.message
    assert error.value.hint


def test_added_tokens_belong_to_the_vocabulary(checkpoint: Checkpoint, damaged: Path) -> None:
    path = damaged / "tokenizer.json"
    added = json.loads(path.read_text())["added_tokens"]
    edit_json(path, added_tokens=[*added, {**added[0], "id": 48, "content": "<extra>"}])
    pair = (str(damaged), checkpoint(QWEN2_SMALL_BASE), 1.0)
    with pytest.raises(ModelError, match="<extra>"):
        check_models(key_of(checkpoint(QWEN2), pair))


def test_a_mended_tokenizer_is_read_again(tmp_path: Path) -> None:
    main = save_checkpoint(tmp_path / "main", QWEN2)
    other = save_checkpoint(tmp_path / "other", QWEN2_SMALL_RL, WORDS[:-1])
    key = key_of(str(main), (str(other), str(main), 1.0))
    with pytest.raises(ModelError, match="differ"):
        check_models(key)
    save_words(other, WORDS)
    check_models(key)


def test_no_weights_are_loaded(checkpoint: Checkpoint) -> None:
    """The check runs before anything else on the command line, so it must stay light."""
    code = f"""
import sys
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef
from rast_bench.engines import check_models, check_room
key = EngineKey(ModelRef(path={checkpoint(QWEN2)!r}), (), None, "transformers", "float32")
check_models(key)
check_room(key, 1)
assert not {{"torch", "transformers"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_room_for_the_answer(checkpoint: Checkpoint) -> None:
    key = key_of(
        checkpoint(QWEN2),
        (checkpoint(QWEN2_SMALL_RL.but(max_positions=100)), checkpoint(QWEN2_SMALL_BASE), 1.0),
    )
    check_room(key, 99)
    with pytest.raises(ConfigError, match=r"max_tokens=100: .* has 100 positions"):
        check_room(key, 100)


def test_room_within_a_sliding_window(checkpoint: Checkpoint) -> None:
    """vLLM has windows; engine=transformers attends to all, which is right within one."""
    folders = {name: checkpoint(FAMILIES[name]) for name in ("Mistral, window", "Mistral")}
    windowed = key_of(checkpoint(QWEN2), *[(path, path, 1.0) for path in folders.values()])
    check_room(windowed, 15)
    with pytest.raises(ConfigError) as refused:
        check_room(windowed, 16)
    assert refused.value.message.startswith(
        f"model {folders['Mistral, window']} has a sliding window of 16 tokens"
    )
    check_room(replace(windowed, engine="vllm"), 16)
    check_room(key_of(folders["Mistral"]), 16)


def test_room_within_the_engines_own_limit(checkpoint: Checkpoint) -> None:
    key = key_of(checkpoint(QWEN2.but(max_positions=100)))
    check_room(key, 59, 60)
    check_room(key, 99, 100)
    with pytest.raises(ConfigError, match=r"no room for a prompt in engine.max_model_len=60"):
        check_room(key, 60, 60)
    with pytest.raises(ConfigError, match=r"engine.max_model_len=101: .* has 100 positions"):
        check_room(key, 20, 101)


def test_rast_words_needs_a_behaviour_word(checkpoint: Checkpoint) -> None:
    words = ["base_model=tiny-l", "delta=tiny-s", "dataset=tiny-easy", "method=rast_words"]
    (cell,) = job_of_overrides(words).cells
    check_engine(cell)
    (cell,) = job_of_overrides([*words, f"base_model.base.path={checkpoint(QWEN2)}"]).cells
    with pytest.raises(ConfigError, match="has no behaviour word that is one token"):
        check_engine(cell)
