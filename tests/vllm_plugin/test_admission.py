"""A bad λ is the error of one request; the others and the engine go on."""

from typing import Any

import pytest
from plugin_engine import complete, running
from vllm import SamplingParams
from vllm.exceptions import VLLMValidationError
from worlds import WORLDS, WorldOnDisk

from rast_bench.vllm_plugin import register
from rast_bench.vllm_plugin.sampling import LAMBDA


@pytest.mark.parametrize("value", [-1, "x", None, True, float("nan"), [1.0]])
def test_a_bad_lambda_ends_no_engine(small_engine: Any, value: Any) -> None:
    bad = SamplingParams(extra_args={LAMBDA: value}, max_tokens=2)
    with pytest.raises(VLLMValidationError, match="λ must be a finite number ≥ 0"):
        complete(small_engine, [[5, 6, 7]], bad)
    good = SamplingParams(extra_args={LAMBDA: 0.5, "other": "ignored"}, max_tokens=2)
    assert len(complete(small_engine, [[5, 6, 7]], good)[0].token_ids) == 2


def test_registering_twice_checks_once() -> None:
    register()
    once = SamplingParams.verify
    register()
    assert SamplingParams.verify is once


@pytest.fixture(scope="module")
def small_engine(checkpoint: Any) -> Any:
    world = WorldOnDisk(WORLDS["qwen2"], checkpoint)
    with running(world.engine_args(), max_model_len=64) as llm:
        yield llm
