"""vLLM engines for the tests, one at a time in this process, and what is read off their answers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
import torch
from composed_reference import ComposedReference
from vllm import LLM, SamplingParams
from vllm.outputs import CompletionOutput, RequestOutput
from vllm.platforms import current_platform
from vllm_environment import one_collection
from worlds import WorldOnDisk

TOLERANCE = 1e-4  # nats, the promise of issue 3
SETTINGS: dict[str, Any] = {
    "dtype": "float32",
    "enforce_eager": True,
    "kv_cache_memory_bytes": 16 << 20,
    "block_size": 32,
    "max_num_seqs": 64,
    "max_logprobs": -1,
}

REPLACE_KERNELS = "register_triton_kernel_overrides"
replace_kernels = cache(getattr(current_platform, REPLACE_KERNELS))
"""Triton's kernels by those for CPUs: vLLM does so for each engine, after a look at all modules."""


@contextmanager
def running(engine_args: dict[str, Any], **settings: Any) -> Iterator[LLM]:
    """An engine that leaves nothing behind; vLLM's CPU worker puts no-ops into torch for good."""
    threads = torch.get_num_threads()
    replaced = [
        (torch, "set_num_threads"),
        (torch.accelerator, "synchronize"),
        (torch.accelerator, "empty_cache"),
    ]
    originals = [getattr(module, name) for module, name in replaced]
    try:
        with (
            one_collection(),
            mock.patch.object(current_platform, REPLACE_KERNELS, replace_kernels),
        ):
            llm = LLM(**{**SETTINGS, **engine_args, **settings})
        try:
            yield llm
        finally:
            with one_collection():
                llm.llm_engine.engine_core.shutdown()
    finally:
        for (module, name), original in zip(replaced, originals, strict=True):
            setattr(module, name, original)
        torch.set_num_threads(threads)


@dataclass(frozen=True)
class Served:
    """A world and the engine that runs it."""

    world: WorldOnDisk
    llm: LLM


def complete(
    llm: LLM, prompts: Sequence[list[int]], params: Sequence[SamplingParams] | SamplingParams
) -> list[CompletionOutput]:
    """The first completion of every prompt, in order."""
    return [output.outputs[0] for output in outputs(llm, prompts, params)]


def outputs(
    llm: LLM, prompts: Sequence[list[int]], params: Sequence[SamplingParams] | SamplingParams
) -> list[RequestOutput]:
    tokens = [{"prompt_token_ids": prompt} for prompt in prompts]
    return llm.generate(tokens, params, use_tqdm=False)


def count(llm: LLM, metric: str) -> int:
    """A counter of an engine that was started with `disable_log_stats=False`."""
    return sum(found.value for found in llm.get_metrics() if found.name == metric)


def token_log_probabilities(completion: CompletionOutput) -> np.ndarray:
    """[tokens]: what the engine says of the tokens it chose, with `logprobs` asked for."""
    steps = zip(completion.token_ids, completion.logprobs, strict=True)
    return np.array([step[token].logprob for token, step in steps])


def assert_exact(
    reference: ComposedReference, prompt: list[int], completion: CompletionOutput, lambda_: float
) -> None:
    """The log-probabilities of a whole trajectory are the reference's."""
    expected = reference.log_probabilities(prompt, completion.token_ids, lambda_)
    difference = np.abs(token_log_probabilities(completion) - expected)
    assert difference.max() < TOLERANCE


def assert_greedy(
    reference: ComposedReference, prompt: list[int], completion: CompletionOutput, lambda_: float
) -> None:
    """Every token is the reference's best after the tokens before it, and by more than rounding."""
    places = reference.distributions(prompt, completion.token_ids, lambda_)
    second, first = np.sort(places, axis=-1)[:, -2:].T
    assert (first - second).min() > TOLERANCE, "a near tie: take another prompt"
    assert list(completion.token_ids) == places.argmax(-1).tolist()
