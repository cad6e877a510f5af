"""Every method against its formula."""

import random
from dataclasses import replace

import numpy as np
import pytest
from composed_reference import inverse_cdf
from engine_requests import PARAMS, by_problem, engine_of, key_of, prompt_ids, prompt_text, request
from method_formulas import FORMULAS, VALUES, Row, composed, log_softmax
from random_checkpoints import Trio

from rast_bench.compose.methods import METHODS, SmallRole
from rast_bench.config.schema import ModelRef
from rast_bench.domain import Request, SamplingParams
from rast_bench.engines.transformers_engine import TransformersEngine

OTHER_ROLE: dict[SmallRole, SmallRole] = {"rl": "base", "base": "rl"}


@pytest.fixture(scope="module", params=list(FORMULAS))
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def engine(method: str, trio: Trio) -> TransformersEngine:
    """What the method does not read is not there."""
    main, pairs = trio("qwen2")
    key = key_of(main, *pairs)
    roles = METHODS[method].roles
    if len(roles) == 1:
        nowhere = {OTHER_ROLE[roles[0]]: ModelRef(path="/nowhere")}
        key = replace(key, pairs=(key.pairs[0].model_copy(update=nowhere),))
    return engine_of(replace(key, method=method))


def expected(
    method: str, trio: Trio, prompt: list[int], tokens: list[int], params: SamplingParams
) -> list[Row]:
    """The composed logits in each token's place."""
    main, ((rl, base, _),) = trio("qwen2")
    models = (main, rl, base)
    return composed(method, models, prompt, tokens, params.lambda_, params.parameters)


def mixed(method: str, count: int) -> list[Request]:
    rng = random.Random(method)
    names = [one.name for one in METHODS[method].parameters]
    return [
        request(
            i,
            prompt_ids(i, rng.choice([1, 5, 17, 40])),
            replace(
                PARAMS,
                lambda_=rng.choice([0.0, 0.5, 1.0]),
                temperature=rng.choice([0.7, 1.0]),
                max_tokens=rng.choice([1, 7, 24]),
                parameters=tuple(rng.choice(VALUES[name]) for name in names),
            ),
        )
        for i in range(count)
    ]


def test_scores_are_those_of_the_formula(
    method: str, engine: TransformersEngine, trio: Trio
) -> None:
    for item in mixed(method, 8):
        prompt, tokens = prompt_ids(90, 9), prompt_ids(91, 30)
        params = item.params
        scores = engine.score(prompt_text(prompt), tokens, params.lambda_, params.parameters)
        found = np.array(scores.log_probabilities)
        rows = expected(method, trio, prompt, tokens, params)
        right = [log_softmax(row)[token] for row, token in zip(rows, tokens, strict=True)]
        assert np.allclose(found, right, rtol=0, atol=1e-4)  # equal infinities are close


def test_a_batch_of_many_parameters_can_be_drawn_again_by_hand(
    method: str, engine: TransformersEngine, trio: Trio
) -> None:
    requests = mixed(method, 20)
    samples = by_problem(engine.generate(requests))
    drawn = 0
    for item in requests:
        params, tokens = item.params, list(samples[item.key.problem_id].token_ids)
        prompt = [int(word[1:]) for word in item.prompt.split()]
        uniform = np.random.Generator(np.random.Philox(key=item.seed)).random(len(tokens))
        again = [
            inverse_cdf(row / params.temperature, params.top_p, u)
            for row, u in zip(expected(method, trio, prompt, tokens, params), uniform, strict=True)
        ]
        assert tokens == again
        drawn += len(tokens)
    assert drawn > 80


def test_samples_do_not_depend_on_what_shares_the_batch(
    method: str, engine: TransformersEngine
) -> None:
    requests = mixed(method, 12)
    together = by_problem(engine.generate(requests))
    for item in requests[::4]:
        (alone,) = engine.generate([item])
        assert alone == together[item.key.problem_id]
