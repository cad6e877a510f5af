"""n-gram speculation: rows of drafts under verification have the right λ."""

from collections.abc import Iterator

import pytest
from goodness_of_fit import FALSE_ALARM, next_two_tokens, p_value
from plugin_engine import Served, assert_exact, assert_greedy, complete, count, running

from rast_bench.vllm_plugin import rast_sampling_params

SAMPLES = 3000
NGRAM = {
    "method": "ngram",
    "num_speculative_tokens": 3,
    "prompt_lookup_min": 1,
    "prompt_lookup_max": 2,
}


@pytest.fixture(scope="module")
def served(on_disk) -> Iterator[Served]:
    world = on_disk("ensemble")
    settings = {"speculative_config": NGRAM, "disable_log_stats": False}
    with running(world.engine_args(**settings)) as llm:
        yield Served(world, llm)


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_speculation_is_exact(served: Served, temperature: float):
    prompts = [prompt * 4 for prompt in served.world.prompts([5, 6, 7, 8, 9, 10], first=500)]
    lambdas = (0.0, 0.5, 1.0, 1.0, 0.5, 0.25)
    params = [
        rast_sampling_params(x, temperature=temperature, seed=i, max_tokens=60, logprobs=0)
        for i, x in enumerate(lambdas)
    ]
    before = count(served.llm, "vllm:spec_decode_num_accepted_tokens")
    completions = complete(served.llm, prompts, params)
    assert count(served.llm, "vllm:spec_decode_num_accepted_tokens") > before
    for prompt, lambda_, completion in zip(prompts, lambdas, completions, strict=True):
        assert_exact(served.world.reference, prompt, completion, lambda_)
        if temperature == 0:
            assert_greedy(served.world.reference, prompt, completion, lambda_)


def test_sampling_with_speculation_follows_the_composed_distribution(served: Served):
    """vLLM 0.32 on CPUs drew drafted tokens at a temperature from uninitialised memory."""
    prompt = [*range(3, served.world.vocabulary)]  # whatever is drawn first, a draft follows
    params = [
        rast_sampling_params(1.0, temperature=0.5, max_tokens=2, seed=seed, ignore_eos=True)
        for seed in range(SAMPLES)
    ]
    before = count(served.llm, "vllm:spec_decode_num_drafts")
    completions = complete(served.llm, [prompt] * SAMPLES, params)
    assert count(served.llm, "vllm:spec_decode_num_drafts") > before + SAMPLES / 2
    size = served.world.vocabulary
    codes = [first * size + second for first, second in (made.token_ids for made in completions)]
    right, wrong = (next_two_tokens(served.world.reference, prompt, x, 0.5) for x in (1.0, 1.3))
    assert p_value(codes, right) > FALSE_ALARM
    assert p_value(codes, wrong) < FALSE_ALARM
