"""Every method against its formula."""

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from composed_reference import inverse_cdf, model_logits
from engine_requests import PARAMS, by_problem, engine_of, key_of, prompt_ids, prompt_text, request
from method_formulas import (
    BEHAVIOUR_WORDS,
    FORMULAS,
    VALUES,
    VOCABULARY,
    Place,
    Row,
    composed,
    dola,
    log_softmax,
)
from random_checkpoints import Trio

from rast_bench.compose import behaviour_words
from rast_bench.compose.combine import Step, combine
from rast_bench.compose.methods import METHODS, SmallRole
from rast_bench.config.frontend import job_of_overrides
from rast_bench.config.schema import ModelRef
from rast_bench.domain import Request, SamplingParams
from rast_bench.engines import check_engine
from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.errors import ConfigError

OTHER_ROLE: dict[SmallRole, SmallRole] = {"rl": "base", "base": "rl"}


@pytest.fixture(scope="module", params=list(FORMULAS))
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", autouse=True)
def words() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(behaviour_words, "WORDS", frozenset(BEHAVIOUR_WORDS))
        yield


@pytest.fixture(scope="module")
def engine(method: str, trio: Trio) -> TransformersEngine:
    """What the method does not read is not there."""
    main, pairs = trio("qwen2")
    key = key_of(main, *pairs)
    roles = METHODS[method].roles
    if len(roles) == 1:
        nowhere = {OTHER_ROLE[roles[0]]: ModelRef(path="/nowhere")}
        key = replace(key, pairs=(key.pairs[0].model_copy(update=nowhere),))
    if not roles:
        key = replace(key, pairs=())
    return engine_of(replace(key, method=method))


def expected(
    method: str, trio: Trio, prompt: list[int], tokens: list[int], params: SamplingParams
) -> list[Row]:
    """The composed logits in each token's place."""
    main, ((rl, base, _),) = trio("qwen2")
    models = (main, rl, base)
    return composed(method, models, prompt, tokens, params.lambda_, params.parameters)


def changed(rows: list[Row], trio: Trio, prompt: list[int], tokens: list[int]) -> int:
    """In how many places a row is not M_base's own."""
    main = model_logits(trio("qwen2")[0], [*prompt, *tokens])[len(prompt) - 1 :, :VOCABULARY]
    return sum(not np.array_equal(row, own) for row, own in zip(rows, main, strict=False))


def penalised(row: Row, seen: list[int], penalty: float) -> Row:
    row = row.copy()
    for i in set(seen):
        row[i] = row[i] / penalty if row[i] > 0 else row[i] * penalty
    return row


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
                repetition_penalty=rng.choice([1.0, 1.0, 1.2, 0.8]),
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
    gated = METHODS[method].gated
    for item in requests:
        params, tokens = item.params, list(samples[item.key.problem_id].token_ids)
        prompt = [int(word[1:]) for word in item.prompt.split()]
        uniform = np.random.Generator(np.random.Philox(key=item.seed)).random(len(tokens))
        rows = expected(method, trio, prompt, tokens, params)
        again = [
            inverse_cdf(
                penalised(row, [*prompt, *tokens[:place]], params.repetition_penalty)
                / params.temperature,
                params.top_p,
                u,
            )
            for place, (row, u) in enumerate(zip(rows, uniform, strict=True))
        ]
        assert tokens == again
        assert samples[item.key.problem_id].small_steps == (
            changed(rows, trio, prompt, tokens) if gated else None
        )
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


def test_dola_takes_each_rows_own_layer() -> None:
    rng = np.random.default_rng(0)
    main, layers = rng.normal(size=(16, 48)), rng.normal(size=(16, 5, 48))
    step = Step(
        main=torch.tensor(main, dtype=torch.float32),
        rl=(),
        base=(),
        weights=(),
        lambda_=torch.ones(16),
        drawn=torch.zeros(16, dtype=torch.int64),
        parameters={"layer": torch.full((16,), -1.0), "alpha": torch.full((16,), 0.1)},
        layers=torch.tensor(layers, dtype=torch.float32),
    )
    found = combine(METHODS["dola"], step).numpy()
    own = {"layer": -1.0, "alpha": 0.1}
    for row, m, early in zip(found, main, layers, strict=True):
        expected = dola(Place(m, m, m, 1.0, own, 0, early))
        assert np.allclose(row, expected, rtol=0, atol=1e-4)


def test_dola_refuses_a_layer_that_is_not_there() -> None:
    words = ("base_model=tiny-l", "dataset=tiny-easy", "method=dola")
    (cell,) = job_of_overrides([*words, "method.layer=3"]).cells
    check_engine(cell)
    (cell,) = job_of_overrides([*words, "method.layer=4"]).cells
    with pytest.raises(ConfigError, match="tiny-l has 4 layers"):
        check_engine(cell)
