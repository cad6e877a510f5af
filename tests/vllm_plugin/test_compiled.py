"""Compiled instead of eager. Slow (half a minute), so one small world and one engine.

All models have one shape, so some of their code is compiled once; only the weights tell them apart.
"""

import pytest
import torch
from plugin_engine import assert_exact, assert_greedy, complete, running
from torch._dynamo.utils import counters

from rast_bench.vllm_plugin import rast_sampling_params


def test_compiled_models_are_exact(on_disk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TORCH_COMPILE_DISABLE", raising=False)
    world = on_disk("one shape")
    cases = [(prompt, x) for prompt in world.prompts([1, 33, 70]) for x in (0.0, 0.5, 1.0)]
    params = [
        rast_sampling_params(lambda_, temperature=i % 2, seed=i, max_tokens=32, logprobs=0)
        for i, (_, lambda_) in enumerate(cases)
    ]
    counters.clear()
    with (
        torch._dynamo.config.patch(disable=False),
        running(world.engine_args(enforce_eager=False)) as llm,
    ):
        completions = complete(llm, [prompt for prompt, _ in cases], params)
        for lambda_ in (0.0, 1.0):  # M_base alone, then all models on the same prompt
            own = rast_sampling_params(lambda_, temperature=0, max_tokens=8, logprobs=0)
            cases += [(prompt, lambda_) for prompt in world.prompts([70], first=9)]
            completions += complete(llm, [cases[-1][0]], own)
    assert counters["stats"]["unique_graphs"] >= 3  # M_base, S_RL and S_base
    for i, ((prompt, lambda_), completion) in enumerate(zip(cases, completions, strict=True)):
        assert_exact(world.reference, prompt, completion, lambda_)
        if i % 2 == 0 or i >= len(params):
            assert_greedy(world.reference, prompt, completion, lambda_)
