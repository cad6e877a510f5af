"""Drafts by the composite's own S_RL: exact, seeded, and without a second copy."""

from collections import Counter
from collections.abc import Iterator

import pytest
import torch
from goodness_of_fit import FALSE_ALARM, next_token, p_value
from plugin_engine import Served, assert_exact, assert_greedy, complete, count, running

from rast_bench.errors import EngineError
from rast_bench.vllm_plugin import rast_sampling_params

SAMPLES = 1500
LAMBDAS = (0.0, 0.5, 1.0, 1.0, 0.5, 0.25, 1.0, 1.0)


@pytest.fixture(scope="module")
def served(on_disk) -> Iterator[Served]:
    world = on_disk("ensemble")
    settings = {"draft_tokens": 3, "disable_log_stats": False, "max_num_seqs": 256}
    with running(world.engine_args(**settings)) as llm:
        yield Served(world, llm)


def counted(served: Served) -> Counter[str]:
    names = ("drafts", "draft_tokens", "accepted_tokens")
    return Counter({n: count(served.llm, f"vllm:spec_decode_num_{n}") for n in names})


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_tokens_are_exact_seeded_and_drafted(served: Served, temperature: float):
    """With prompts of several lengths and another λ in every row."""
    prompts = served.world.prompts([5, 6, 7, 8, 9, 10, 40, 3], first=500)
    params = [
        rast_sampling_params(x, temperature=temperature, seed=i, max_tokens=40, logprobs=0)
        for i, x in enumerate(LAMBDAS)
    ]
    before = counted(served)
    completions = complete(served.llm, prompts, params)
    counts = counted(served) - before
    assert 20 < counts["accepted_tokens"] < counts["draft_tokens"] - 20
    for prompt, lambda_, completion in zip(prompts, LAMBDAS, completions, strict=True):
        assert_exact(served.world.reference, prompt, completion, lambda_)
        if temperature == 0:
            assert_greedy(served.world.reference, prompt, completion, lambda_)
    again = complete(served.llm, prompts[::-1], params[::-1])[::-1]
    assert [made.token_ids for made in again] == [made.token_ids for made in completions]


@pytest.mark.parametrize("seeded", [True, False], ids=["seeds", "no seeds"])
def test_samples_follow_the_composed_distribution(served: Served, seeded: bool):
    """Of every token after its beginning, with top-p; greedy rows beside them."""
    (prompt,) = served.world.prompts([12], first=900)
    params = [
        rast_sampling_params(
            1.0,
            temperature=0.7,
            top_p=0.8,
            max_tokens=3,
            seed=seed if seeded else None,
            ignore_eos=True,
        )
        for seed in range(SAMPLES)
    ]
    params[::10] = [rast_sampling_params(0.5, temperature=0.0, max_tokens=3)] * (SAMPLES // 10)
    before = counted(served)
    completions = complete(served.llm, [prompt] * SAMPLES, params)
    assert (counted(served) - before)["accepted_tokens"] > 100
    drawn = [made.token_ids for i, made in enumerate(completions) if i % 10]
    right, wrong = [], []
    for length in range(3):
        beginnings = Counter(tuple(ids[:length]) for ids in drawn)
        for beginning, common in beginnings.items():
            if common < 100:
                continue
            after = [ids[length] for ids in drawn if tuple(ids[:length]) == beginning]
            context = [*prompt, *beginning]
            for found, lambda_ in ((right, 1.0), (wrong, 1.3)):
                law = next_token(served.world.reference, context, lambda_, 0.7, 0.8)
                found.append(p_value(after, law))
    assert len(right) >= 5
    assert min(right) > FALSE_ALARM
    assert min(wrong) < FALSE_ALARM


def test_the_drafter_is_a_model_of_the_composite(served: Served):
    """Its weights are there once, and its layers have the cache of the verification."""
    core = served.llm.llm_engine.engine_core.engine_core
    runner = core.model_executor.driver_worker.worker.model_runner
    composite, drafter = runner.model, runner.drafter
    assert drafter.model.model is composite.models[composite.rl[0]]
    layers = set(runner.vllm_config.compilation_config.static_forward_context)
    assert len(layers) == sum(len(model.model.layers) for model in composite.models)
    assert drafter._draft_attn_layer_names == {one for one in layers if one.startswith("s0_model.")}
    loaded = {tensor.data_ptr() for tensor in composite.parameters()}
    assert {tensor.data_ptr() for tensor in drafter.model.parameters()} <= loaded
    assert isinstance(drafter.hidden_states, torch.Tensor)
    assert drafter.hidden_states.shape[1] == composite.columns[composite.rl[0]]


def test_what_cannot_draft_is_refused(on_disk):
    world = on_disk("ensemble")
    with pytest.raises(EngineError, match="no S_RL is loaded"):
        on_disk("no pairs").engine_args(draft_tokens=2)
    with pytest.raises(EngineError, match="two speculations"):
        world.engine_args(draft_tokens=2, speculative_config={"method": "ngram"})
    alone = on_disk("qwen2")
    alone.pairs = [(alone.main, alone.pairs[0][1], 1.0)]
    with pytest.raises(EngineError, match="S_RL is M_base itself"):
        alone.engine_args(draft_tokens=2)
