"""Responses that start with given words, which count as the response."""

from dataclasses import replace

import numpy as np
import pytest
from composed_reference import inverse_cdf
from engine_requests import PARAMS, by_problem, engine_of, key_of, prompt_ids, prompt_text, request
from method_formulas import composed
from random_checkpoints import LoadedEngine, Trio

from rast_bench.config.frontend import job_of_overrides
from rast_bench.engines import check_engine
from rast_bench.errors import ConfigError, EngineError

FORCED = [7, 11, 13]
GREEDY = replace(PARAMS, greedy=True, max_tokens=20)


def test_the_rest_is_what_follows_prompt_and_prefix(loaded: LoadedEngine) -> None:
    """Mixed with others in one batch."""
    plain = [request(i, prompt_ids(i, 9), GREEDY) for i in range(6)]
    forced = [replace(one, forced_prefix=prompt_text(FORCED)) for one in plain[:4]]
    made = by_problem(loaded("qwen2").generate([*forced, *plain[4:]]))
    rest = replace(GREEDY, max_tokens=GREEDY.max_tokens - len(FORCED))
    after = [request(i, [*prompt_ids(i, 9), *FORCED], rest) for i in range(4)]
    for name, sample in by_problem(loaded("qwen2").generate(after)).items():
        own = made[name]
        assert own.token_ids == (*FORCED, *sample.token_ids)
        assert own.text == f"{prompt_text(FORCED)} {sample.text}".strip()
        assert own.finish_reason == sample.finish_reason
        assert own.prompt_sha256 != sample.prompt_sha256
    assert all(made[f"p{i}"].token_ids[:3] != tuple(FORCED) for i in (4, 5))


def test_a_sampled_token_is_drawn_with_the_number_of_its_place(trio: Trio) -> None:
    """The method counts the forced tokens as drawn: ΔR acts on the first five, three are forced."""
    main, pairs = trio("qwen2")
    engine = engine_of(replace(key_of(main, *pairs), method="rast_first"))
    params = replace(PARAMS, parameters=(5.0,))
    requests = [
        replace(request(i, prompt_ids(i, 9), params), forced_prefix=prompt_text(FORCED))
        for i in range(8)
    ]
    ((rl, base, _),) = pairs
    samples = by_problem(engine.generate(requests))
    for item in requests:
        tokens = list(samples[item.key.problem_id].token_ids)
        assert tokens[:3] == FORCED and len(tokens) <= params.max_tokens
        prompt = [int(word[1:]) for word in item.prompt.split()]
        rows = composed("rast_first", (main, rl, base), prompt, tokens, 1.0, params.parameters)
        uniform = np.random.Generator(np.random.Philox(key=item.seed)).random(len(tokens))
        again = [inverse_cdf(row, params.top_p, u) for row, u in zip(rows, uniform, strict=True)]
        assert tokens[3:] == again[3:]


def test_a_prefix_that_leaves_no_token_is_refused(loaded: LoadedEngine) -> None:
    item = request(0, prompt_ids(0, 9), replace(GREEDY, max_tokens=3))
    with pytest.raises(EngineError, match="max_tokens=3 leaves no token after the 3"):
        list(loaded("qwen2").generate([replace(item, forced_prefix=prompt_text(FORCED))]))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["prompt.forced_prefix='Step by foo :'"], "reads it as 'Step by :'"),
        (["prompt.forced_prefix='Step <|endoftext|>'"], "reads it as 'Step'"),
        (["prompt.forced_prefix=' '"], "reads it as ''"),
        (["prompt.forced_prefix=''"], "prompt.forced_prefix"),
        (["prompt=tiny-forced", "decoding.max_tokens=4"], "has 4 tokens: decoding.max_tokens=4"),
        (["prompt=tiny-forced", "prompt.stop=['step :']"], "'step :' begins in forced_prefix"),
        (["prompt=tiny-forced", "prompt.stop=[': 5']"], "': 5' begins in forced_prefix"),
    ],
)
def test_what_makes_no_sense_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        (cell,) = job_of_overrides(["dataset=tiny-easy", *overrides]).cells
        check_engine(cell)
    assert message in raised.value.render()


def test_enough_tokens_are_enough() -> None:
    words = ["dataset=tiny-easy", "prompt=tiny-forced", "decoding.max_tokens=5"]
    (cell,) = job_of_overrides(words).cells
    check_engine(cell)
