"""Teacher forcing of random checkpoints against plain forward passes of transformers."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from composed_reference import model_logits
from random_checkpoints import LLAMA, QWEN2, QWEN2_SMALL_BASE, Checkpoint, Recipe, save_checkpoint

from rast_bench.analysis import teacher
from rast_bench.analysis.logit_store import LogitStore
from rast_bench.analysis.teacher import (
    check_unscaled_logits,
    encode_paths,
    score_paths,
    shared_tokenizer,
    torch_dtype,
)
from rast_bench.config.schema import ModelRef
from rast_bench.engines.loaded import LoadedModel
from rast_bench.errors import EngineError, LedgerError, ModelError

CPU = torch.device("cpu")
TEXTS = [("w5 w9 w20", (7, 30, 1)), ("w3", (4,)), ("w8 w8 w40 w13 w9", tuple(range(10, 40)))]
KNOWN = 48


def scored(folder: Path, refs: list[ModelRef], dtype: str = "float32") -> LogitStore:
    paths = encode_paths(shared_tokenizer(refs), TEXTS)
    store = LogitStore(folder, sum(len(path.token_ids) for path in paths))
    kind = torch_dtype(dtype, refs[0])
    score_paths(refs, paths, store, known_tokens=KNOWN, dtype=kind, device=CPU)
    return store


@pytest.mark.parametrize("recipe", [QWEN2, LLAMA], ids=["qwen2", "llama"])
def test_logits_are_those_of_one_plain_pass(
    tmp_path: Path, checkpoint: Checkpoint, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "POSITIONS_AT_ONCE", 4)
    folder = checkpoint(recipe)
    ref = ModelRef(path=folder)
    store = scored(tmp_path, [ref])
    tokenizer, start = shared_tokenizer([ref]), 0
    for prompt, tokens in TEXTS:
        prompt_ids = tokenizer(prompt)["input_ids"]
        expected = model_logits(folder, [*prompt_ids, *tokens])[len(prompt_ids) - 1 : -1, :KNOWN]
        found = store.read(ref, start, start + len(tokens), CPU)
        torch.testing.assert_close(found.double(), torch.tensor(expected), atol=2e-5, rtol=1e-5)
        start += len(tokens)


def test_one_model_is_in_memory_at_a_time(
    tmp_path: Path, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    living: weakref.WeakSet[torch.nn.Module] = weakref.WeakSet()
    most = []

    class Watched(LoadedModel):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            living.add(self.model)
            most.append(len(living))

    gc.collect()
    monkeypatch.setattr(teacher, "LoadedModel", Watched)
    refs = [ModelRef(path=checkpoint(recipe)) for recipe in (QWEN2, QWEN2_SMALL_BASE)]
    scored(tmp_path, refs)
    assert most == [1, 1]
    assert not living


def test_half_precision_is_kept_on_disk(tmp_path: Path, checkpoint: Checkpoint) -> None:
    ref = ModelRef(path=checkpoint(QWEN2))
    scored(tmp_path, [ref], "bfloat16")
    positions = sum(len(tokens) for _, tokens in TEXTS)
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [positions * KNOWN * 2]


def test_auto_is_the_checkpoints_own_precision(checkpoint: Checkpoint) -> None:
    assert torch_dtype("auto", ModelRef(path=checkpoint(QWEN2))) == torch.float32
    assert torch_dtype("auto", ModelRef(path="zoo:tiny-s/base")) == torch.bfloat16
    assert torch_dtype("float16", ModelRef(path="nowhere")) == torch.float16


def test_a_path_that_does_not_fit_is_refused(tmp_path: Path, checkpoint: Checkpoint) -> None:
    short = ModelRef(path=checkpoint(QWEN2.but(max_positions=34)))
    with pytest.raises(EngineError, match="35 tokens"):
        scored(tmp_path, [short])


def test_a_disk_without_room_is_told_before_any_model_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: Checkpoint
) -> None:
    ref = ModelRef(path=checkpoint(QWEN2))
    monkeypatch.setattr(teacher, "LoadedModel", None)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("usage", (), {"free": 10}))
    with pytest.raises(LedgerError, match="GiB free"):
        scored(tmp_path, [ref])


def test_other_vocabularies_are_refused(tmp_path: Path, checkpoint: Checkpoint) -> None:
    other = save_checkpoint(tmp_path, QWEN2, ["<pad>", "<eos>", "<unk>", "Step", "apples"])
    with pytest.raises(ModelError, match=r"tokenizers of .* differ"):
        shared_tokenizer([ModelRef(path=checkpoint(QWEN2)), ModelRef(path=str(other))])


def test_models_that_scale_their_logits_are_refused(checkpoint: Checkpoint) -> None:
    model = LoadedModel(ModelRef(path=checkpoint(QWEN2)), torch.float32, CPU, slots=1)
    check_unscaled_logits(model)
    model.model.config.final_logit_softcapping = 30.0
    with pytest.raises(ModelError, match="final_logit_softcapping"):
        check_unscaled_logits(model)
