"""The promise of the plugin: eq. 3 as plain forward passes give it, for every kind of models."""

from collections.abc import Iterator

import numpy as np
import pytest
from plugin_engine import (
    TOLERANCE,
    Served,
    assert_exact,
    assert_greedy,
    complete,
    outputs,
    running,
    token_log_probabilities,
)
from worlds import WORLDS

from rast_bench.config.engines import TransformersConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef, PairConfig
from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.vllm_plugin import model, rast_sampling_params

LAMBDAS = (0.0, 0.5, 1.0)
LENGTHS = (1, 5, 33, 70)
NEW_TOKENS = 32  # beyond the last block of 32 of every prompt


@pytest.fixture(scope="module", params=WORLDS)
def served(request: pytest.FixtureRequest, on_disk) -> Iterator[Served]:
    world = on_disk(request.param)
    with running(world.engine_args()) as llm:
        yield Served(world, llm)


@pytest.mark.parametrize("temperature", [0.0, 1.0], ids=["greedy", "sampled"])
@pytest.mark.parametrize("lambdas", [*((x,) for x in LAMBDAS), LAMBDAS], ids=str)
def test_trajectories_are_those_of_plain_forward_passes(
    served: Served, lambdas: tuple[float, ...], temperature: float
):
    cases = [(prompt, lambda_) for prompt in served.world.prompts(LENGTHS) for lambda_ in lambdas]
    params = [
        rast_sampling_params(
            lambda_, temperature=temperature, seed=i, max_tokens=NEW_TOKENS, logprobs=0
        )
        for i, (_, lambda_) in enumerate(cases)
    ]
    completions = complete(served.llm, [prompt for prompt, _ in cases], params)
    for (prompt, lambda_), completion in zip(cases, completions, strict=True):
        assert_exact(served.world.reference, prompt, completion, lambda_)
        if temperature == 0:
            assert_greedy(served.world.reference, prompt, completion, lambda_)


def test_every_id_has_its_probability_and_padding_has_none(served: Served):
    (prompt,) = served.world.prompts([20])
    params = [rast_sampling_params(x, seed=1, max_tokens=4, logprobs=-1) for x in LAMBDAS]
    completions = complete(served.llm, [prompt] * len(LAMBDAS), params)
    for lambda_, completion in zip(LAMBDAS, completions, strict=True):
        expected = served.world.reference.distributions(prompt, completion.token_ids, lambda_)
        for row, step in zip(expected, completion.logprobs, strict=True):
            found = np.array([step[i].logprob for i in range(len(step))])
            assert np.abs(found[: len(row)] - row).max() < TOLERANCE
            assert (found[len(row) :] == -np.inf).all()


def test_prompt_log_probabilities_are_steered_too(served: Served):
    assert_prompts_exact(served)


def test_in_parts_and_without_asking_which_rows_have_no_lambda(
    served: Served, monkeypatch: pytest.MonkeyPatch
):
    """As on a GPU: a long prompt's logits would fill it, and asking it would wait."""
    monkeypatch.setattr(model, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(model.RastForCausalLM, "selects", property(lambda _self: False), False)
    assert_prompts_exact(served)
    for lambdas in (LAMBDAS, (0.0,)):
        params = [rast_sampling_params(x, temperature=0, max_tokens=9, logprobs=0) for x in lambdas]
        prompts = served.world.prompts([12] * len(lambdas))
        for prompt, x, completion in zip(
            prompts, lambdas, complete(served.llm, prompts, params), strict=True
        ):
            assert_exact(served.world.reference, prompt, completion, x)


def assert_prompts_exact(served: Served) -> None:
    prompts = served.world.prompts([2, 40, 71] * len(LAMBDAS))
    lambdas = LAMBDAS * 3
    params = [rast_sampling_params(x, max_tokens=1, prompt_logprobs=1) for x in lambdas]
    answers = outputs(served.llm, prompts, params)
    for prompt, lambda_, answer in zip(prompts, lambdas, answers, strict=True):
        first, *places = answer.prompt_logprobs
        assert first is None
        expected = served.world.reference.distributions(prompt[:1], prompt[1:], lambda_)
        for token, row, place in zip(prompt[1:], expected, places, strict=True):
            assert abs(place[token].logprob - row[token]) < TOLERANCE
            best = next(i for i, found in place.items() if found.rank == 1)
            assert row[best] > row.max() - TOLERANCE


def test_what_is_cached_at_one_lambda_is_right_for_another(served: Served):
    prompts = served.world.prompts([40, 70, 100], first=50)
    rests = bool(served.world.pairs)  # small models do at λ = 0, so their part of the cache lacks
    for lambda_, cached in [(0.0, False), (1.0, not rests), (0.5, True), (0.0, True)]:
        params = rast_sampling_params(lambda_, temperature=0, max_tokens=10, logprobs=0)
        answers = outputs(served.llm, prompts, params)
        assert [answer.num_cached_tokens > 0 for answer in answers] == [cached] * len(prompts)
        for prompt, answer in zip(prompts, answers, strict=True):
            assert_exact(served.world.reference, prompt, answer.outputs[0], lambda_)
            assert_greedy(served.world.reference, prompt, answer.outputs[0], lambda_)


def test_many_samples_of_one_prompt(served: Served):
    (prompt,) = served.world.prompts([40], first=60)
    params = rast_sampling_params(0.5, n=8, seed=3, max_tokens=20, logprobs=0)
    (answer,) = outputs(served.llm, [prompt], params)
    assert len({tuple(completion.token_ids) for completion in answer.outputs}) == 8
    for completion in answer.outputs:
        assert_exact(served.world.reference, prompt, completion, 0.5)


@pytest.mark.parametrize("served", ["tiny", "shuffled"], indirect=True)
def test_the_transformers_engine_says_the_same(served: Served):
    world = served.world
    pairs = tuple(
        PairConfig(rl=ModelRef(path=rl), base=ModelRef(path=base), weight=weight)
        for rl, base, weight in world.pairs
    )
    key = EngineKey(ModelRef(path=world.main), pairs, world.shuffle, "transformers", "float32")
    engine = TransformersEngine(key, TransformersConfig(device="cpu", max_num_seqs=8))
    for lambda_ in LAMBDAS:
        params = rast_sampling_params(lambda_, seed=7, n=4, max_tokens=100, logprobs=0)
        prompt = engine.tokenizer.decode(world.prompts([30], first=70)[0])
        (answer,) = served.llm.generate([prompt], params, use_tqdm=False)
        for completion in answer.outputs:
            expected = engine.score(prompt, completion.token_ids, lambda_).log_probabilities
            assert np.abs(token_log_probabilities(completion) - expected).max() < TOLERANCE
