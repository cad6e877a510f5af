"""Methods besides equation 3 inside vLLM, against their formulas over plain forward passes."""

import math
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from every_method import NAMES
from goodness_of_fit import FALSE_ALARM, p_value
from method_formulas import BEHAVIOUR_WORDS, VALUES, composed, log_softmax
from plugin_engine import TOLERANCE, Served, complete, outputs, running
from vllm import SamplingParams
from vllm.exceptions import VLLMValidationError
from worlds import SMALL, WORLDS, World, WorldOnDisk

from rast_bench.compose import behaviour_words
from rast_bench.compose.methods import METHODS, find_method
from rast_bench.errors import ConfigError, EngineError
from rast_bench.vllm_plugin import Pair, model, rast_engine_args, rast_sampling_params
from rast_bench.vllm_plugin.entrypoints import check_body
from rast_bench.vllm_plugin.sampling import check_keys, keys_of

SAMPLES = 1500


def folders(world: WorldOnDisk) -> tuple[str, str, str]:
    ((rl, base, _),) = world.pairs
    return world.main, rl, base


@pytest.fixture(scope="module")
def served(on_disk) -> Iterator[Served]:
    """One engine for every method: mixed in one batch, whose prompts come in chunks."""
    world = on_disk("qwen2")
    args = world.engine_args(method="every_method:EVERY", max_num_batched_tokens=64)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(behaviour_words, "WORDS", frozenset(BEHAVIOUR_WORDS))
        with running(args) as llm:
            yield Served(world, llm)


def mixed(count: int) -> list[tuple[str, float, tuple[float, ...]]]:
    """Method, λ and parameters of each request."""
    rng = random.Random(count)
    return [
        (
            name,
            rng.choice([0.0, 0.5, 1.0]),
            tuple(rng.choice(VALUES[one.name]) for one in METHODS[name].parameters),
        )
        for name in NAMES
        for _ in range(count)
    ]


def params_of(name: str, lambda_: float, values: tuple[float, ...], **own: Any) -> SamplingParams:
    parameters = dict(zip([one.name for one in METHODS[name].parameters], values, strict=True))
    return rast_sampling_params(
        lambda_, parameters={"which": NAMES.index(name), **parameters}, **own
    )


def test_every_method_in_one_batch(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "COMBINED_AT_ONCE", 7)
    cases = mixed(6)
    prompts = served.world.prompts([(1, 5, 33, 70)[i % 4] for i in range(len(cases))])
    params = [params_of(*case, seed=i, max_tokens=12, logprobs=-1) for i, case in enumerate(cases)]
    for case, prompt, made in zip(
        cases, prompts, complete(served.llm, prompts, params), strict=True
    ):
        rows = composed(case[0], folders(served.world), prompt, made.token_ids, *case[1:])
        for row, token, step in zip(rows, made.token_ids, made.logprobs, strict=True):
            found = np.array([step[i].logprob for i in range(len(step))])
            assert np.allclose(found[: len(row)], log_softmax(row), rtol=0, atol=TOLERANCE)
            assert (found[len(row) :] == -np.inf).all()
            assert row[token] > -np.inf


def test_a_given_response_is_scored_from_where_it_begins(served: Served) -> None:
    cases = mixed(3)
    first = 9
    prompts = served.world.prompts([first + 70] * len(cases), first=30)
    params = []
    for case in cases:
        made = params_of(*case, max_tokens=1, prompt_logprobs=0)
        params.append(made)
        made.extra_args["rast_prompt_tokens"] = first
    for case, prompt, answer in zip(
        cases, prompts, outputs(served.llm, prompts, params), strict=True
    ):
        tokens = prompt[first:]
        places = zip(tokens, answer.prompt_logprobs[first:], strict=True)
        found = [place[token].logprob for token, place in places]
        rows = composed(case[0], folders(served.world), prompt[:first], tokens, *case[1:])
        right = [log_softmax(row)[token] for row, token in zip(rows, tokens, strict=True)]
        assert np.allclose(found, right, rtol=0, atol=TOLERANCE)


@pytest.fixture(scope="module")
def contrastive(checkpoint) -> Iterator[Served]:
    """S_RL is nowhere: the method does not read it."""
    world = WorldOnDisk(World(WORLDS["qwen2"].main, ((SMALL, SMALL.but(seed=3), 1.0),)), checkpoint)
    pair = Pair("/nowhere", world.pairs[0][1])
    args = rast_engine_args(world.main, [pair], method="contrastive", max_num_seqs=256)
    with running(args) as llm:
        yield Served(world, llm)


def test_what_a_method_does_not_read_is_not_loaded(contrastive: Served) -> None:
    runner = contrastive.llm.llm_engine.model_executor.driver_worker.worker.model_runner
    assert len(runner.model.models) == 2
    layers = {
        layer for group in runner.kv_cache_config.kv_cache_groups for layer in group.layer_names
    }
    assert len(layers) == WORLDS["qwen2"].main.layers + SMALL.layers


def test_sampled_tokens_follow_a_distribution_that_excludes_ids(contrastive: Served) -> None:
    """Two sets of parameters share each batch."""
    (prompt,) = contrastive.world.prompts([20], first=400)
    cells = [(0.5, 0.6), (2.0, 0.3)]
    params = [
        rast_sampling_params(parameters={"beta": beta, "alpha": alpha}, max_tokens=1, seed=i)
        for i in range(SAMPLES)
        for beta, alpha in cells
    ]
    answers = outputs(contrastive.llm, [prompt] * len(params), params)
    drawn = [answer.outputs[0].token_ids[0] for answer in answers]
    models = folders(contrastive.world)
    rows = [composed("contrastive", models, prompt, [3], 0.0, cell)[0] for cell in cells]
    rights = [np.exp(log_softmax(row)) for row in rows]
    for i in range(2):
        assert 1 < (rights[i] > 0).sum() < 40
        assert p_value(drawn[i::2], rights[i]) > FALSE_ALARM
        assert p_value(drawn[i::2], rights[1 - i]) < FALSE_ALARM


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"extra_args": {"rast_alpha": 1.5}}, "rast_alpha must be a number from 0 to 1, not 1.5"),
        ({"extra_args": {"rast_alpha": math.nan}}, "rast_alpha must be a number"),
        ({"extra_args": {"rast_beta": "much"}}, "rast_beta must be a number from 0 to 100"),
        ({"extra_args": {"rast_beta": True}}, "rast_beta must be a number"),
        ({"extra_args": {"rast_beta": None}}, "rast_beta must be a number"),
        ({"extra_args": {"rast_prompt_tokens": 3}}, "must be a whole number from 0 to 2, not 3"),
        ({"extra_args": {"rast_lambda": 1.0}}, "rast_lambda is not a key of a request"),
        ({"extra_args": {"rast_weight": 1.0}}, "rast_weight is not a key of a request"),
        ({"extra_args": {"beta": 1.0}}, "did you mean rast_beta"),
        ({"allowed_token_ids": [5]}, "allowed_token_ids is not supported with method=contrastive"),
        ({"min_tokens": 1}, "min_tokens is not supported with method=contrastive"),
    ],
    ids=str,
)
def test_bad_requests_are_refused_and_the_engine_goes_on(
    contrastive: Served, params: dict[str, Any], says: str
) -> None:
    with pytest.raises(VLLMValidationError, match=says):
        complete(contrastive.llm, [[5, 47]], SamplingParams(max_tokens=2, **params))
    good = rast_sampling_params(parameters={"beta": 0.3}, max_tokens=2, extra_args={"other": 1})
    assert complete(contrastive.llm, [[5, 47]], good)[0].token_ids


@pytest.mark.parametrize(
    ("outside", "inside", "says"),
    [
        ({"rast_beta": 1}, {}, "rast_beta belongs in vllm_xargs"),
        ({"rast_betta": 1}, {}, "did you mean rast_beta"),
        ({}, {"rast_beta": True}, "rast_beta must be a number, not True"),
    ],
)
def test_what_the_engine_would_not_be_told_is_refused_in_the_body(
    outside: dict[str, Any], inside: dict[str, Any], says: str
) -> None:
    request = SimpleNamespace(model_extra=outside)
    with pytest.raises(ValueError, match=says):
        check_body(request, {"vllm_xargs": inside}, METHODS["contrastive"])


@pytest.mark.parametrize("name", METHODS)
def test_vllms_own_keys_are_nobodys_misspelling(name: str) -> None:
    check_keys(
        ["kv_transfer_params", "other", "truncate_prompt_tokens"], keys_of(find_method(name))
    )


@pytest.mark.parametrize(
    ("error", "pairs", "changes", "says"),
    [
        (ConfigError, 1, {"method": "mixtur"}, "did you mean mixture"),
        (EngineError, 1, {"method": "dola"}, "method=dola reads no small model"),
        (EngineError, 0, {"method": "mixture"}, "needs a pair of models"),
        (EngineError, 2, {"method": "mixture"}, "takes one pair of models, not 2"),
        (EngineError, 1, {"method": "mixture", "shuffle_vocabulary_seed": 1}, "no ΔR whose values"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_read(
    error: type[Exception], pairs: int, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(error) as raised:
        rast_engine_args("/nowhere", [Pair("/rl", "/base")] * pairs, **changes)
    assert says in raised.value.render()
