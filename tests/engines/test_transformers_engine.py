"""The engine against plain forward passes composed by hand, and its continuous batch."""

import shutil
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from composed_reference import ComposedReference, plain_model
from engine_requests import (
    PARAMS,
    by_problem,
    engine_of,
    key_of,
    mixed_requests,
    prompt_ids,
    prompt_text,
    request,
)
from random_checkpoints import (
    EOS_ID,
    QWEN2,
    QWEN2_SMALL_BASE,
    QWEN2_SMALL_RL,
    TRIOS,
    WORDS,
    Checkpoint,
    LoadedEngine,
    Recipe,
    Trio,
)

from rast_bench.config.engines import TransformersConfig
from rast_bench.domain import Request
from rast_bench.engines import load_engine
from rast_bench.engines.transformers_engine import free_for_caches
from rast_bench.errors import EngineError
from rast_bench.hardware import GIB

Reference = Callable[[str], ComposedReference]
GREEDY = replace(PARAMS, greedy=True)
TRIO_NAMES = ["qwen2", "qwen2-ensemble", "llama"]


def prompt_of(item: Request) -> list[int]:
    return [int(word[1:]) for word in item.prompt.split()]


@pytest.mark.parametrize("name", TRIO_NAMES)
@pytest.mark.parametrize("lambda_", [0.0, 0.5, 1.0, 2.0])
def test_score_is_eq_3_over_a_whole_trajectory(
    loaded: LoadedEngine, reference: Reference, name: str, lambda_: float
) -> None:
    prompt, tokens = prompt_ids(0, 21), prompt_ids(1, 80)
    scores = loaded(name).score(prompt_text(prompt), tokens, lambda_)
    expected = reference(name).log_probabilities(prompt, tokens, lambda_)
    assert np.abs(np.array(scores.log_probabilities) - expected).max() < 1e-5
    logits = reference(name).logits([*prompt, *tokens], lambda_)[len(prompt) - 1 : -1]
    places = (-logits).argsort(axis=-1).argsort(axis=-1)  # 0 for the largest of a row
    assert list(scores.ranks) == [1 + row[token] for row, token in zip(places, tokens, strict=True)]


@pytest.mark.parametrize("name", TRIO_NAMES)
def test_greedy_equals_full_forward_passes(
    loaded: LoadedEngine, reference: Reference, name: str
) -> None:
    requests = [
        request(i, prompt_ids(i, length), replace(GREEDY, lambda_=lambda_))
        for i, (length, lambda_) in enumerate([(1, 0.0), (7, 1.0), (16, 1.0), (33, 0.5), (64, 2.0)])
    ]
    samples = by_problem(loaded(name).generate(requests))
    for item in requests:
        params = item.params
        expected = reference(name).greedy(
            prompt_of(item), params.lambda_, params.max_tokens, EOS_ID
        )
        assert list(samples[item.key.problem_id].token_ids) == expected


@pytest.mark.parametrize("name", ["qwen2", "llama"])
def test_base_model_alone_equals_generate(trio: Trio, name: str) -> None:
    """transformers' own loop, kept from padding, which it would draw."""
    folder, _ = trio(name)
    padding = list(range(len(WORDS), TRIOS[name][0].vocab_size))
    requests = [request(i, prompt_ids(i, 3 + 9 * i), GREEDY) for i in range(4)]
    samples = by_problem(engine_of(key_of(folder)).generate(requests))
    for item in requests:
        prompt = torch.tensor([prompt_of(item)])
        made = plain_model(folder).generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=GREEDY.max_tokens,
            do_sample=False,
            suppress_tokens=padding,
        )
        expected = made[0, prompt.shape[1] :].tolist()
        assert list(samples[item.key.problem_id].token_ids) == expected


@pytest.mark.parametrize("name", TRIO_NAMES)
def test_sampled_tokens_can_be_drawn_again_by_hand(
    loaded: LoadedEngine, reference: Reference, name: str
) -> None:
    """Every token follows from its predecessors, the models and the row's Philox numbers."""
    requests = [item for item in mixed_requests(24) if not item.params.greedy]
    samples = by_problem(loaded(name).generate(requests))
    drawn = 0
    for item in requests:
        tokens = samples[item.key.problem_id].token_ids
        assert reference(name).redraw(prompt_of(item), tokens, item) == list(tokens)
        drawn += len(tokens)
    assert drawn > 150


def test_padding_is_never_drawn(loaded: LoadedEngine) -> None:
    hot = replace(PARAMS, temperature=50.0, top_p=1.0, max_tokens=60)
    samples = loaded("qwen2").generate(request(i, prompt_ids(i, 4), hot) for i in range(8))
    tokens = {token for sample in samples for token in sample.token_ids}
    assert max(tokens) < 48 and len(tokens) > 40


@pytest.mark.parametrize("greedy", [True, False])
def test_lambda_0_is_the_base_model(
    loaded: LoadedEngine, checkpoint: Checkpoint, greedy: bool
) -> None:
    params = replace(PARAMS, lambda_=0.0, greedy=greedy)
    requests = [request(i, prompt_ids(i, 1 + 5 * i), params) for i in range(10)]
    alone = by_problem(engine_of(key_of(checkpoint(QWEN2))).generate(requests))
    assert by_problem(loaded("qwen2-ensemble").generate(requests)) == alone
    ours = [replace(item, params=replace(item.params, lambda_=1.0)) for item in requests]
    assert by_problem(loaded("qwen2-ensemble").generate(ours)) != alone


def test_equal_small_models_are_the_base_model(checkpoint: Checkpoint, tmp_path: Path) -> None:
    """S_RL = S_base, once as one folder in both roles and once as two equal copies."""
    requests = [
        request(i, prompt_ids(i, 1 + 5 * i), replace(PARAMS, lambda_=1.5)) for i in range(10)
    ]
    base, small = checkpoint(QWEN2), checkpoint(QWEN2_SMALL_BASE)
    copy = shutil.copytree(small, tmp_path / "copy")
    alone = by_problem(engine_of(key_of(base)).generate(requests))
    for other in (small, copy):
        engine = engine_of(key_of(base, (small, str(other), 1.0)))
        assert by_problem(engine.generate(requests)) == alone


def test_delta_of_the_base_model_itself(checkpoint: Checkpoint) -> None:
    """M + 1·(R − M) is R: one checkpoint in two roles."""
    base, rl = checkpoint(QWEN2), checkpoint(QWEN2.but(seed=9))
    requests = [request(i, prompt_ids(i, 6), GREEDY) for i in range(6)]
    ceiling = by_problem(engine_of(key_of(rl)).generate(requests))
    assert by_problem(engine_of(key_of(base, (rl, base, 1.0))).generate(requests)) == ceiling


def test_shuffled_control_differs_and_is_seeded(checkpoint: Checkpoint) -> None:
    base = checkpoint(QWEN2)
    pair = (checkpoint(QWEN2_SMALL_RL), checkpoint(QWEN2_SMALL_BASE), 1.0)
    requests = [request(i, prompt_ids(i, 6), GREEDY) for i in range(6)]

    def tokens(shuffle: int | None) -> list[tuple[int, ...]]:
        samples = by_problem(engine_of(key_of(base, pair, shuffle=shuffle)).generate(requests))
        return [samples[item.key.problem_id].token_ids for item in requests]

    assert tokens(0) == tokens(0)
    assert len({tuple(tokens(shuffle)) for shuffle in (None, 0, 1)}) == 3


def test_continuous_refill_serves_every_request_once(loaded: LoadedEngine) -> None:
    requests = mixed_requests(40)
    samples = by_problem(loaded("qwen2", 3).generate(requests))
    assert samples.keys() == {item.key.problem_id for item in requests}
    for item in requests:
        sample = samples[item.key.problem_id]
        assert sample.key == item.key and sample.seed == item.seed
        assert 1 <= sample.token_count <= item.params.max_tokens


def test_a_row_that_ends_where_the_cache_does(checkpoint: Checkpoint) -> None:
    """Its slot is stepped over while a shorter row goes on, and must stay within bounds.

    The first prompt makes room for 64 positions; when it has ended, `full` stands in the last slot.
    """
    key = key_of(checkpoint(QWEN2.but(eos=(QWEN2.vocab_size - 1,))))
    first = request(0, prompt_ids(0, 64), replace(PARAMS, max_tokens=1))
    full = request(1, prompt_ids(1, 60), replace(PARAMS, max_tokens=5))
    short = request(2, prompt_ids(2, 2))
    (alone,) = engine_of(key).generate([short])
    assert by_problem(engine_of(key).generate([first, full, short]))["p2"] == alone


def test_requests_are_pulled_as_rows_become_free(loaded: LoadedEngine) -> None:
    pulled, done = 0, 0

    def lazily() -> Iterator[Request]:
        nonlocal pulled
        for i in range(30):
            pulled += 1
            yield request(i, prompt_ids(i, 3), replace(PARAMS, max_tokens=1 + i % 7))

    for _ in loaded("qwen2", 3).generate(lazily()):
        assert pulled - done <= 3
        done += 1
    assert pulled == done == 30


def test_short_rows_are_yielded_before_long_ones_end(loaded: LoadedEngine) -> None:
    long = request(0, prompt_ids(0, 3), replace(PARAMS, max_tokens=900))
    short = request(1, prompt_ids(1, 3), replace(PARAMS, max_tokens=1))
    first = next(iter(loaded("llama").generate([long, short])))
    assert first.key == short.key


def test_no_requests(loaded: LoadedEngine) -> None:
    assert list(loaded("qwen2").generate([])) == []


def test_engine_is_good_for_many_streams(loaded: LoadedEngine) -> None:
    """An abandoned stream leaves nothing behind."""
    requests = mixed_requests(12)
    engine = loaded("qwen2", 3)
    first = by_problem(engine.generate(requests))
    abandoned = engine.generate(mixed_requests(9))
    next(abandoned)
    assert by_problem(engine.generate(requests)) == first


def test_a_stream_leaves_its_caller_out_of_inference_mode(loaded: LoadedEngine) -> None:
    for _ in loaded("qwen2").generate(mixed_requests(4)):
        assert not torch.is_inference_mode_enabled()


def test_too_long_a_request_names_its_numbers(checkpoint: Checkpoint) -> None:
    engine = engine_of(key_of(checkpoint(Recipe(seed=1, max_positions=32))))
    fits = request(0, prompt_ids(0, 20), replace(PARAMS, max_tokens=12))
    assert len(list(engine.generate([fits]))) == 1
    too_long = request(1, prompt_ids(1, 21), replace(PARAMS, max_tokens=12))
    with pytest.raises(EngineError) as error:
        list(engine.generate([fits, too_long]))
    for part in ("p1", "21 prompt tokens", "max_tokens=12", "33 positions", "have 32"):
        assert part in error.value.message
    assert error.value.hint == "set decoding.max_tokens to at most 11"


def test_a_prompt_longer_than_the_models_gets_another_hint(checkpoint: Checkpoint) -> None:
    engine = engine_of(key_of(checkpoint(Recipe(seed=1, max_positions=32))))
    with pytest.raises(EngineError, match="40 prompt tokens") as error:
        list(engine.generate([request(0, prompt_ids(0, 40))]))
    assert error.value.hint is not None and "at most -" not in error.value.hint


def test_the_last_position_can_be_used(checkpoint: Checkpoint) -> None:
    recipe = Recipe(seed=1, max_positions=32, eos=(47,))
    engine = engine_of(key_of(checkpoint(recipe)))
    item = request(0, prompt_ids(0, 2), replace(GREEDY, max_tokens=30))
    (sample,) = engine.generate([item])
    expected = ComposedReference(checkpoint(recipe)).greedy(prompt_of(item), 0.0, 30, 47)
    assert list(sample.token_ids) == expected and len(expected) == 30


@pytest.mark.parametrize("prompt", ["", "   "])
def test_empty_prompt(loaded: LoadedEngine, prompt: str) -> None:
    item = replace(request(7, []), prompt=prompt)
    with pytest.raises(EngineError, match=r"p7.*no tokens") as error:
        list(loaded("qwen2").generate([item]))
    assert error.value.hint


@pytest.mark.parametrize("device", ["cuda:99", "nonsense", ""])
def test_device_that_is_not_there(checkpoint: Checkpoint, device: str) -> None:
    with pytest.raises(EngineError, match=f"engine.device={device} ") as error:
        load_engine(key_of(checkpoint(QWEN2)), TransformersConfig(device=device))
    assert error.value.hint


def test_not_a_number_is_an_error_not_a_token(checkpoint: Checkpoint) -> None:
    engine = engine_of(key_of(checkpoint(QWEN2)))
    with torch.no_grad():
        engine.models[0].model.model.norm.weight[0] = torch.nan
    with pytest.raises(EngineError, match=r"p3.*not finite"):
        list(engine.generate([request(3, prompt_ids(3, 5))]))


def test_bfloat16(checkpoint: Checkpoint) -> None:
    pair = (checkpoint(QWEN2_SMALL_RL), checkpoint(QWEN2_SMALL_BASE), 1.0)
    engine = engine_of(key_of(checkpoint(QWEN2), pair, dtype="bfloat16"))
    assert engine.models[0].model.dtype == torch.bfloat16
    requests = mixed_requests(10)
    samples = by_problem(engine.generate(requests))
    assert len(samples) == 10
    prompt, tokens = prompt_ids(0, 9), prompt_ids(1, 20)
    scores = np.array(engine.score(prompt_text(prompt), tokens, 1.0).log_probabilities)
    exact = ComposedReference(checkpoint(QWEN2), [pair]).log_probabilities(prompt, tokens, 1.0)
    assert 1e-4 < np.abs(scores - exact).max() < 0.5


def test_rows_wait_for_room_in_the_caches(checkpoint: Checkpoint) -> None:
    """With memory for 8 rows of 96 positions; the tokens are those of a run with room for all."""
    key = key_of(checkpoint(QWEN2), (checkpoint(QWEN2_SMALL_RL), checkpoint(QWEN2_SMALL_BASE), 1.0))
    requests = [
        request(i, prompt_ids(i, 1 + 5 * (i % 7)), replace(PARAMS, max_tokens=20 + i % 40))
        for i in range(30)
    ]
    roomy = by_problem(engine_of(key, 32).generate(requests))
    narrow = engine_of(key, 32)
    with torch.inference_mode():
        parts = [model.prefill([3]) for model in narrow.models]
    # Two layers of 2 key-value heads of 16 in M_base, one in each small model; float32.
    assert [part.position_bytes for part in parts] == [512, 256, 256]
    narrow.cache_bytes = 1024 * 8 * 96
    assert by_problem(narrow.generate(requests)) == roomy
    for model in narrow.models:
        assert 8 <= model.cache.rows < 32
        assert model.cache.rows * model.cache.length <= 8 * 96


def test_a_request_without_room_names_its_numbers(checkpoint: Checkpoint) -> None:
    engine = engine_of(key_of(checkpoint(QWEN2)))
    engine.cache_bytes = 2**20
    long = request(3, prompt_ids(3, 100), replace(PARAMS, max_tokens=600))
    with pytest.raises(EngineError, match=r"problem p3: its 700 positions need 0\.0 GiB") as caught:
        list(engine.generate([long]))
    assert "decoding.max_tokens" in str(caught.value.hint)


def test_memory_that_ran_out_is_one_line(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(key_of(checkpoint(QWEN2)))

    def full(*_args: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.\nSee the documentation")

    monkeypatch.setattr(engine, "_step", full)
    with pytest.raises(
        EngineError, match=r"(?m)^cpu is out of memory: CUDA out of memory\.$"
    ) as caught:
        list(engine.generate(mixed_requests(3)))
    assert "engine.max_num_seqs" in str(caught.value.hint)


def test_closing_gives_the_gpus_memory_back(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyTorch would keep it, and an engine in another process would find none."""
    engine = engine_of(key_of(checkpoint(QWEN2)))
    weights = weakref.ref(engine.models[0].model)
    alive: list[bool] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: alive.append(weights() is not None))
    engine.device = torch.device("cuda")
    engine.close()
    assert alive == [False]  # once, after the weights were freed


@pytest.mark.parametrize(("free", "kept", "step", "expected"), [(80, 10, 20, 63), (5, 0, 20, 0)])
def test_what_weights_and_a_step_leave_is_for_the_caches(
    free: int, kept: int, step: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (free * GIB, 96 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: (30 + kept) * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _device: 30 * GIB)
    assert free_for_caches(torch.device("cuda"), step * GIB) == expected * GIB
    assert free_for_caches(torch.device("cpu"), step * GIB) is None
