"""engine=vllm against the reference engine in a method that depends on where a response begins, and
with repetition penalties.
"""

from dataclasses import replace

import numpy as np
from engine_requests import by_problem

from rast_bench.config.engines import TransformersConfig, VllmConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef, PairConfig
from rast_bench.domain import Request, SampleKey, SamplingParams
from rast_bench.engines import load_engine

MAIN = ModelRef(path="zoo:tiny-l/base")
PAIR = PairConfig(rl=ModelRef(path="zoo:tiny-s/rl-0"), base=ModelRef(path="zoo:tiny-s/base"))
TOLERANCE = 1e-4  # nats
TOKENS = (0.0, 1.0, 4.0, 30.0)
PENALTIES = (1.0, 1.2, 0.9)


def test_samples_and_scores_are_the_reference_engines() -> None:
    asked = [
        Request(
            SampleKey("cell", f"p{i}", 0),
            f"Problem : Max has {i} apples . Ann has {i + 3} apples . Solution :",
            i,
            SamplingParams(
                *(1.0, 1.0, 1.0, 60),
                greedy=True,
                parameters=(TOKENS[i % 4],),
                repetition_penalty=PENALTIES[i % 3],
            ),
        )
        for i in range(12)
    ]
    key = EngineKey(MAIN, (PAIR,), None, "transformers", "float32", "rast_first")
    reference = load_engine(key, TransformersConfig(device="cpu", max_num_seqs=16))
    config = VllmConfig(dtype="float32", kv_cache_gib=0.0625, max_num_seqs=16)
    engine = load_engine(key, config)
    try:
        made, expected = by_problem(engine.generate(asked)), by_problem(reference.generate(asked))
        assert made == {name: replace(one, small_steps=None) for name, one in expected.items()}
        assert all(one.small_steps is not None for one in expected.values())
        for item in asked[:4]:
            tokens, params = made[item.key.problem_id].token_ids, item.params
            scored, right = (
                one.score(item.prompt, tokens, 1.0, params.parameters)
                for one in (engine, reference)
            )
            difference = np.subtract(scored.log_probabilities, right.log_probabilities)
            assert np.abs(difference).max() < TOLERANCE
            assert scored.ranks == right.ranks
    finally:
        engine.close()
