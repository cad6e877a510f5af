"""What the scheduler does must not show: in numbers, in greedy tokens, in what a seed draws."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from plugin_engine import (
    Served,
    assert_exact,
    assert_greedy,
    complete,
    count,
    outputs,
    running,
)
from vllm import LLM, SamplingParams
from worlds import WorldOnDisk

from rast_bench.vllm_plugin import rast_sampling_params

BLOCKS = 10  # of 32 tokens each, less than half of what the requests below fill
SITUATIONS: dict[str, dict[str, Any]] = {
    "roomy": {"max_num_seqs": 128},
    "chunked": {"max_num_batched_tokens": 16, "max_num_seqs": 4, "enable_prefix_caching": False},
    "preempted": {"num_gpu_blocks_override": BLOCKS, "max_num_seqs": 8},
    "preempted in chunks": {
        "num_gpu_blocks_override": BLOCKS,
        "max_num_seqs": 8,
        "max_num_batched_tokens": 24,
        "enable_prefix_caching": False,
    },
}
LENGTHS = (1, 3, 17, 33, 40, 64, 65, 90)
LAMBDAS = (0.0, 0.5, 1.0, 0.25)
NEW_TOKENS = 40
SEEDS = (0, 7, 2**31 + 1, 2**63 - 1)


def seeded(lambda_: float, seed: int, **params: Any) -> SamplingParams:
    return rast_sampling_params(lambda_, seed=seed, max_tokens=NEW_TOKENS, logprobs=0, **params)


def requests(world: WorldOnDisk) -> list[tuple[list[int], SamplingParams]]:
    """Ragged prompts under mixed λ, drawn with seeds."""
    prompts = world.prompts(LENGTHS)
    return [
        (prompt, seeded(LAMBDAS[i % 4], SEEDS[i % 3], top_p=(1.0, 0.9)[i % 2]))
        for i, prompt in enumerate(prompts)
    ]


def tokens(llm: LLM, cases: Sequence[tuple[list[int], SamplingParams]]) -> list[list[int]]:
    prompts, params = zip(*cases, strict=True)
    return [list(completion.token_ids) for completion in complete(llm, prompts, params)]


@pytest.fixture(scope="package", params=["ensemble", "no pairs"])
def models(request: pytest.FixtureRequest, on_disk) -> WorldOnDisk:
    return on_disk(request.param)


@pytest.fixture(scope="package")
def alone(models: WorldOnDisk) -> list[list[int]]:
    """The tokens of `requests`, one after another in an engine that has room for one."""
    with running(models.engine_args(max_num_seqs=1, enable_prefix_caching=False)) as llm:
        return [tokens(llm, [case])[0] for case in requests(models)]


@pytest.fixture(scope="module", params=SITUATIONS)
def situated(
    request: pytest.FixtureRequest,
    models: WorldOnDisk,
    alone: list[list[int]],  # noqa: ARG001 - one engine at a time, and this one comes first
) -> Iterator[Served]:
    settings = {"max_model_len": 256, "disable_log_stats": False, **SITUATIONS[request.param]}
    with running(models.engine_args(**settings)) as llm:
        yield Served(models, llm)


@pytest.fixture
def preempts(situated: Served) -> Iterator[None]:
    """Requests were preempted during the test exactly where the cache is too small for them."""
    before = count(situated.llm, "vllm:num_preemptions")
    yield
    preempted = count(situated.llm, "vllm:num_preemptions") > before
    assert preempted == (situated.llm.llm_engine.vllm_config.cache_config.num_gpu_blocks == BLOCKS)


@pytest.mark.usefixtures("preempts")
def test_greedy_trajectories(situated: Served):
    prompts = situated.world.prompts(LENGTHS, first=100)
    lambdas = [LAMBDAS[i % 4] for i in range(len(prompts))]
    params = [
        rast_sampling_params(x, temperature=0, max_tokens=NEW_TOKENS, logprobs=0) for x in lambdas
    ]
    completions = complete(situated.llm, prompts, params)
    for prompt, lambda_, completion in zip(prompts, lambdas, completions, strict=True):
        assert_exact(situated.world.reference, prompt, completion, lambda_)
        assert_greedy(situated.world.reference, prompt, completion, lambda_)


@pytest.mark.usefixtures("preempts")
def test_a_seed_draws_what_it_draws_alone(situated: Served, alone: list[list[int]]):
    assert tokens(situated.llm, requests(situated.world)) == alone


def test_a_seed_beside_neighbours_without_one(situated: Served, alone: list[list[int]]):
    """vllm#51226: a seed was ignored on CPUs when a neighbour in the batch had none."""
    neighbours = [
        (prompt, rast_sampling_params(1.0, max_tokens=10))
        for prompt in situated.world.prompts([9] * 8, first=200)
    ]
    mixed = [
        case for pair in zip(neighbours, requests(situated.world), strict=True) for case in pair
    ]
    assert tokens(situated.llm, mixed)[1::2] == alone


@pytest.mark.parametrize("situated", ["roomy"], indirect=True)
def test_a_seed_after_its_prompt_was_cached(situated: Served, alone: list[list[int]]):
    prompts, params = zip(*requests(situated.world), strict=True)
    for _ in range(2):
        answers = outputs(situated.llm, prompts, params)
        assert [list(answer.outputs[0].token_ids) for answer in answers] == alone
    cached = [answer.num_cached_tokens > 0 for answer in answers]
    assert cached == [length > 32 for length in LENGTHS]


def test_small_models_rest_while_every_request_has_lambda_0(situated: Served):
    """Nothing that they did not compute is read later: not from the cache, not in a mixed batch."""
    world, llm = situated.world, situated.llm
    prompts = world.prompts((70, 40, 90), first=400)
    caches = llm.llm_engine.vllm_config.cache_config.enable_prefix_caching
    with small_passes(llm) as passes:

        def answer(*lambdas: float) -> list[bool]:
            """Whether parts of the prompts, one for each λ, were in the cache; all are exact."""
            params = [
                rast_sampling_params(x, temperature=0, max_tokens=20, logprobs=0) for x in lambdas
            ]
            found = outputs(llm, prompts[: len(lambdas)], params)
            for prompt, lambda_, output in zip(prompts, lambdas, found, strict=False):
                assert_exact(world.reference, prompt, output.outputs[0], lambda_)
                assert_greedy(world.reference, prompt, output.outputs[0], lambda_)
            return [output.num_cached_tokens > 0 for output in found]

        answer(0.0, 0.0, 0.0)
        assert not passes
        if not world.pairs:
            return
        assert answer(1.0) == [False]
        assert passes
        assert answer(0.5) == [caches]
        assert answer(0.0) == [caches]
        answer(1.0, 0.5, 0.25)
        answer(0.0, 1.0, 0.5)
        answer(1.0, 0.0, 0.0)
        assert answer(0.25) == [caches]


@contextmanager
def small_passes(llm: LLM) -> Iterator[list[str]]:
    """A list that grows with every pass of a small model."""
    made: list[str] = []

    def watch(model: Any) -> list[Any]:
        return [
            one.register_forward_pre_hook(lambda *_: made.append("pass"))
            for one in model.models[1:]
        ]

    (handles,) = llm.apply_model(watch)
    try:
        yield made
    finally:
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize("situated", ["roomy"], indirect=True)
def test_other_seeds_draw_other_tokens(situated: Served):
    """CPU generators keep 32 bits of a seed; ours tell seeds apart by all of them."""
    (prompt,) = situated.world.prompts([12])
    seeds = (5, 6, 5 + 2**32, 5 + 2**40, 2**63 - 1)
    drawn = tokens(situated.llm, [(prompt, seeded(1.0, seed)) for seed in seeds])
    assert len({tuple(ids[:20]) for ids in drawn}) == len(seeds)


@pytest.mark.parametrize("situated", ["roomy"], indirect=True)
def test_a_hundred_requests_at_once(situated: Served):
    prompts = situated.world.prompts([1 + i % 50 for i in range(100)], first=300)
    lambdas = [LAMBDAS[i % 4] if i % 8 < 4 else 0.75 for i in range(len(prompts))]
    params = [
        rast_sampling_params(x, temperature=i % 2, seed=i, max_tokens=20, logprobs=0)
        for i, x in enumerate(lambdas)
    ]
    completions = complete(situated.llm, prompts, params)
    for i, (prompt, lambda_, completion) in enumerate(
        zip(prompts, lambdas, completions, strict=True)
    ):
        assert_exact(situated.world.reference, prompt, completion, lambda_)
        if i % 2 == 0:
            assert_greedy(situated.world.reference, prompt, completion, lambda_)
