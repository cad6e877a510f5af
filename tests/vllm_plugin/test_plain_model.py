"""With λ = 0, or without pairs, the engine is plain vLLM on M_base."""

from typing import Any

import numpy as np
import pytest
from plugin_engine import complete, outputs, running, token_log_probabilities
from random_checkpoints import Checkpoint
from vllm import LLM, SamplingParams
from worlds import QWEN2, SMALL, World, WorldOnDisk

# No id of M_base is padding here: plain vLLM would draw padding, which RAST masks.
UNPADDED = World(QWEN2.but(vocab_size=48), ((SMALL, SMALL.but(seed=3), 1.0),))
LENGTHS = (1, 9, 40, 70)


def answers(llm: LLM, world: WorldOnDisk, **extra: Any) -> tuple[list, np.ndarray, np.ndarray]:
    """Greedy tokens, their log-probabilities, and those of the prompts."""
    prompts = world.prompts(LENGTHS)
    completions = complete(
        llm, prompts, SamplingParams(temperature=0, max_tokens=60, logprobs=0, **extra)
    )
    scored = outputs(llm, prompts, SamplingParams(max_tokens=1, prompt_logprobs=0, **extra))
    prompt_logs = [
        place[token].logprob
        for prompt, answer in zip(prompts, scored, strict=True)
        for token, place in zip(prompt[1:], answer.prompt_logprobs[1:], strict=True)
    ]
    return (
        [list(completion.token_ids) for completion in completions],
        np.concatenate([token_log_probabilities(completion) for completion in completions]),
        np.array(prompt_logs),
    )


@pytest.fixture(scope="module")
def unpadded(checkpoint: Checkpoint) -> WorldOnDisk:
    return WorldOnDisk(UNPADDED, checkpoint)


@pytest.fixture(scope="module")
def plain(unpadded: WorldOnDisk) -> tuple[list, np.ndarray, np.ndarray]:
    with running({"model": unpadded.main}) as llm:
        return answers(llm, unpadded)


def test_lambda_zero_is_plain_vllm(unpadded: WorldOnDisk, plain: tuple):
    with running(unpadded.engine_args()) as llm:
        found = answers(llm, unpadded, extra_args={"rast_lambda": 0.0})
        steered, *_ = answers(llm, unpadded, extra_args={"rast_lambda": 1.0})
    assert found[0] == plain[0]
    assert np.array_equal(found[1], plain[1])
    assert np.array_equal(found[2], plain[2])
    assert steered != plain[0]


def test_no_pairs_is_plain_vllm(checkpoint: Checkpoint, unpadded: WorldOnDisk, plain: tuple):
    alone = WorldOnDisk(World(UNPADDED.main, ()), checkpoint)
    with running(alone.engine_args()) as llm:
        found = answers(llm, unpadded)
    assert found[0] == plain[0]
    assert np.array_equal(found[1], plain[1])
    assert np.array_equal(found[2], plain[2])
