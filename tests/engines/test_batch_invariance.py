"""A sample's bits depend on its request and the models alone, never on what shares its batch.

The requests mix prompts of 1 to 90 tokens and every parameter; compared are the samples and the
composed logits of each of their steps.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
import torch
from engine_requests import PARAMS, engine_of, key_of, mixed_requests, prompt_ids, request

from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, Sample, SampleKey
from rast_bench.engines.rows import Row, SlotState

Trace = dict[SampleKey, tuple[Sample, torch.Tensor]]

COUNT = 40


def trace(key: EngineKey, requests: Iterable[Request], slots: int, threads: int = 1) -> Trace:
    """Each sample with its composed logits [tokens, vocab]."""
    engine = engine_of(key, slots, threads=threads)
    compose, collect = engine._compose, engine._collect
    composed: list[torch.Tensor] = []
    steps: dict[SampleKey, list[torch.Tensor]] = {}

    def observed_compose(logits: list[torch.Tensor], *of_rows: torch.Tensor) -> torch.Tensor:
        composed[:] = [compose(logits, *of_rows)]
        return composed[0]

    def observed_collect(
        rows: list[Row], state: SlotState, tokens: list[list[int]], opened: torch.Tensor, first: int
    ) -> list[Sample]:
        for row, logits in zip(rows[first:], composed[0], strict=True):
            steps.setdefault(row.request.key, []).append(logits.clone())
        return collect(rows, state, tokens, opened, first)

    engine._compose, engine._collect = observed_compose, observed_collect  # type: ignore[method-assign]
    try:
        return {s.key: (s, torch.stack(steps[s.key])) for s in engine.generate(requests)}
    finally:
        engine.close()
        torch.set_num_threads(1)


def assert_same_bits(one: Trace, other: Trace) -> None:
    assert one.keys() == other.keys()
    for key, (sample, logits) in one.items():
        assert sample == other[key][0]
        assert torch.equal(logits, other[key][1]), key


@pytest.fixture(scope="module", params=["qwen2", "llama"])
def key(
    request: pytest.FixtureRequest,
    trio: Callable[[str], tuple[str, list[tuple[str, str, float]]]],
) -> EngineKey:
    main, pairs = trio(request.param)
    return key_of(main, *pairs)


@pytest.fixture(scope="module")
def undisturbed(key: EngineKey) -> Trace:
    return trace(key, mixed_requests(COUNT), slots=64)


@pytest.mark.parametrize("slots", [1, 3, 8, 13])
def test_batch_size(key: EngineKey, undisturbed: Trace, slots: int) -> None:
    assert_same_bits(trace(key, mixed_requests(COUNT), slots), undisturbed)


@pytest.mark.parametrize("seed", [0, 1])
def test_order(key: EngineKey, undisturbed: Trace, seed: int) -> None:
    requests = mixed_requests(COUNT)
    random.Random(seed).shuffle(requests)
    assert_same_bits(trace(key, requests, slots=16), undisturbed)


def test_what_is_left_after_an_interruption(key: EngineKey, undisturbed: Trace) -> None:
    requests = random.Random(3).sample(mixed_requests(COUNT), 9)
    left = {request.key: undisturbed[request.key] for request in requests}
    assert_same_bits(trace(key, requests, slots=64), left)


def test_a_much_longer_neighbour(key: EngineKey, undisturbed: Trace) -> None:
    """It stretches what every row attends to (masked) and makes the caches grow."""
    long = request(-1, prompt_ids(-1, 700), replace(PARAMS, max_tokens=60))
    requests = mixed_requests(COUNT)[:7]
    both = trace(key, [requests[0], long, *requests[1:]], slots=8)
    assert_same_bits(
        {r.key: both[r.key] for r in requests}, {r.key: undisturbed[r.key] for r in requests}
    )


def test_threads(key: EngineKey, undisturbed: Trace) -> None:
    """A run with worker processes (one thread each) may be resumed without them."""
    # Few steps: threads that wait for a busy core are slow.
    requests = [r for r in mixed_requests(COUNT) if r.params.max_tokens == 7][:5]
    left = {request.key: undisturbed[request.key] for request in requests}
    assert_same_bits(trace(key, requests, slots=5, threads=2), left)


def test_the_global_generator_plays_no_part(key: EngineKey, undisturbed: Trace) -> None:
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert_same_bits(trace(key, mixed_requests(COUNT), slots=64), undisturbed)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_samples_differ_from_each_other(undisturbed: Trace) -> None:
    long = [sample for sample, _ in undisturbed.values() if sample.token_count >= 7]
    assert len({sample.token_ids for sample in long}) == len(long) > 10
