"""Sampled tokens follow the composed distribution, by the G-test, with and without seeds.

That the test can fail is shown by the same tokens against another λ.
"""

import itertools
from collections.abc import Iterator

import pytest
from goodness_of_fit import FALSE_ALARM, next_token, next_two_tokens, p_value
from plugin_engine import Served, outputs, running

from rast_bench.vllm_plugin import rast_sampling_params

SAMPLES = 1500
CELLS = [(0.0, 1.0, 1.0), (0.5, 1.0, 0.9), (1.0, 0.7, 1.0), (1.0, 1.4, 0.8)]  # λ, τ, top-p


@pytest.fixture(scope="module")
def served(on_disk) -> Iterator[Served]:
    world = on_disk("qwen2")
    with running(world.engine_args(max_num_seqs=256, max_num_batched_tokens=8192)) as llm:
        yield Served(world, llm)


@pytest.mark.parametrize("seeded", [True, False], ids=["seeds", "no seeds"])
def test_next_tokens_follow_the_composed_distribution(served: Served, seeded: bool):
    """All cells share each batch, so that a neighbour's λ, τ or top-p would show."""
    (prompt,) = served.world.prompts([20], first=400)
    params = [
        rast_sampling_params(
            lambda_, temperature=temperature, top_p=top_p, max_tokens=1, seed=i if seeded else None
        )
        for i in range(SAMPLES)
        for lambda_, temperature, top_p in CELLS
    ]
    answers = outputs(served.llm, [prompt] * len(params), params)
    drawn = [answer.outputs[0].token_ids[0] for answer in answers]

    for cell, (lambda_, temperature, top_p) in enumerate(CELLS):
        tokens = drawn[cell :: len(CELLS)]
        right, wrong = (
            next_token(served.world.reference, prompt, x, temperature, top_p)
            for x in (lambda_, lambda_ + 0.3)
        )
        assert p_value(tokens, right) > FALSE_ALARM
        assert p_value(tokens, wrong) < FALSE_ALARM


def test_a_seeds_tokens_are_independent_of_each_other(served: Served):
    """Pairs of tokens of one sample follow p(first) · p(second | first)."""
    (prompt,) = served.world.prompts([20], first=401)
    params = [
        rast_sampling_params(1.0, temperature=0.5, max_tokens=2, seed=seed, ignore_eos=True)
        for seed in range(4 * SAMPLES)
    ]
    answers = outputs(served.llm, [prompt] * len(params), params)
    pairs = [tuple(answer.outputs[0].token_ids) for answer in answers]

    size = served.world.vocabulary
    right, wrong = (next_two_tokens(served.world.reference, prompt, x, 0.5) for x in (1.0, 1.3))
    codes = [first * size + second for first, second in pairs]
    assert p_value(codes, right) > FALSE_ALARM
    assert p_value(codes, wrong) < FALSE_ALARM
    torn = [first * size + second for (first, _), (_, second) in itertools.pairwise(pairs)]
    assert p_value(torn, right) < FALSE_ALARM
