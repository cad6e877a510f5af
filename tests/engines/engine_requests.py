"""Requests over the words of the random checkpoints, and engines for them."""

import random
from collections.abc import Iterable
from typing import Any

from rast_bench.config.engines import TransformersConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.schema import ModelRef, PairConfig
from rast_bench.domain import Request, Sample, SampleKey, SamplingParams
from rast_bench.engines.transformers_engine import TransformersEngine

PARAMS = SamplingParams(lambda_=1.0, temperature=1.0, top_p=0.95, max_tokens=24, greedy=False)


def key_of(
    main: str, *pairs: tuple[str, str, float], dtype: str = "float32", shuffle: int | None = None
) -> EngineKey:
    refs = tuple(
        PairConfig(rl=ModelRef(path=rl), base=ModelRef(path=base), weight=weight)
        for rl, base, weight in pairs
    )
    return EngineKey(ModelRef(path=main), refs, shuffle, "transformers", dtype)


def engine_of(key: EngineKey, max_num_seqs: int = 8, **options: Any) -> TransformersEngine:
    cfg = TransformersConfig(dtype=key.dtype, device="cpu", max_num_seqs=max_num_seqs, **options)
    return TransformersEngine(key, cfg)


def prompt_ids(index: int, length: int) -> list[int]:
    """`length` word ids that depend on `index` alone."""
    return random.Random(f"prompt {index}").choices(range(3, 48), k=length)


def prompt_text(ids: Iterable[int]) -> str:
    return " ".join(f"w{i}" for i in ids)


def request(index: int, prompt: list[int], params: SamplingParams = PARAMS) -> Request:
    seed = random.Random(f"seed {index}").randrange(2**63)
    return Request(SampleKey("cell", f"p{index}", 0), prompt_text(prompt), seed, params)


def by_problem(samples: Iterable[Sample]) -> dict[str, Sample]:
    """Samples by problem id; none may come twice."""
    found: dict[str, Sample] = {}
    for sample in samples:
        assert sample.key.problem_id not in found, "a sample came twice"
        found[sample.key.problem_id] = sample
    return found


def mixed_requests(count: int) -> list[Request]:
    """Ragged prompts (1 to 90 tokens) under many λ, τ, top-p, lengths, greedy among them."""
    rng = random.Random(count)
    requests = []
    for i in range(count):
        params = SamplingParams(
            lambda_=rng.choice([0.0, 0.3, 1.0, 1.7]),
            temperature=rng.choice([0.5, 1.0, 1.4]),
            top_p=rng.choice([0.7, 0.95, 1.0]),
            max_tokens=rng.choice([1, 2, 7, 30, 45]),
            greedy=rng.random() < 0.25,
        )
        requests.append(
            request(i, prompt_ids(i, rng.choice([1, 2, 5, 16, 17, 40, 63, 90])), params)
        )
    return requests
