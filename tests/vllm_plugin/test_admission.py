"""A request that cannot be served is the error of one request; the others and the engine go on."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from plugin_engine import complete, running
from vllm import LLM, SamplingParams
from vllm.exceptions import VLLMValidationError
from vllm.sampling_params import BeamSearchParams
from vllm.v1.engine.input_processor import InputProcessor
from worlds import WORLDS, WorldOnDisk

from rast_bench.vllm_plugin import Pair, register
from rast_bench.vllm_plugin.admission import cache_salt, check_session
from rast_bench.vllm_plugin.sampling import LAMBDA
from rast_bench.vllm_plugin.settings import RastSettings

CASES = json.loads(Path(__file__).with_name("request_cases.json").read_text())
"""For a world of 64, 50 and 50 ids, of which the tokenizer knows 48."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case))
def test_a_bad_request_ends_no_engine(small_engine: LLM, case: dict[str, Any]) -> None:
    bad = SamplingParams(max_tokens=2, **case["params"])
    with pytest.raises(VLLMValidationError, match=case["says"]):
        complete(small_engine, [case["prompt"]], bad)
    good = SamplingParams(
        extra_args={LAMBDA: 0.5, "other": "ignored"},
        max_tokens=2,
        ignore_eos=True,
        allowed_token_ids=[47, 48],
    )
    assert list(complete(small_engine, [[5, 47]], good)[0].token_ids) == [47, 47]


def test_beam_search_would_ignore_lambda(small_engine: LLM) -> None:
    params = BeamSearchParams(beam_width=2, max_tokens=2)
    with pytest.raises(ValueError, match="beam search is not supported"):
        small_engine.beam_search([{"prompt_token_ids": [5, 6]}], params)


@pytest.mark.usefixtures("small_engine")
def test_beam_search_of_other_engines_in_this_process_goes_on() -> None:
    plain = SimpleNamespace(model_config=SimpleNamespace(hf_config=SimpleNamespace()))
    with pytest.raises(AttributeError, match="llm_engine"):  # vLLM's own code has begun
        LLM.beam_search(plain, [], BeamSearchParams(beam_width=2, max_tokens=2))


def test_registering_twice_checks_once() -> None:
    register()
    once = InputProcessor.process_inputs
    register()
    assert InputProcessor.process_inputs is once


def test_blocks_of_requests_with_lambda_0_are_kept_apart() -> None:
    """No salt of a request's own leads to blocks of the other kind."""
    settings = RastSettings(("Qwen2ForCausalLM",), (Pair("rl", "base"),), 48)
    own = (None, "a", "0", "0a", "1a")
    salts = [cache_salt(salt, {LAMBDA: x}, settings) for salt in own for x in (0.0, 0.5)]
    assert len(set(salts)) == len(salts)
    assert cache_salt(None, None, settings) is None  # λ = 1
    assert cache_salt(None, None, replace(settings, default_lambda=0.0)) == cache_salt(
        None, {LAMBDA: 0}, settings
    )
    # The engine keeps λ as float32.
    assert cache_salt(None, {LAMBDA: 1e-50}, settings) == cache_salt(None, {LAMBDA: 0}, settings)
    for other in (replace(settings, pairs=()), replace(settings, method="rast_first")):
        assert [cache_salt(salt, {LAMBDA: 0.0}, other) for salt in own] == list(own)


@pytest.mark.parametrize(
    ("lambda_", "resumable", "fits"), [(0, True, 0), (0, False, 1), (1, True, 1)]
)
def test_a_prompt_in_parts_may_not_change_to_lambda_0(
    lambda_: float, resumable: bool, fits: bool
) -> None:
    settings = RastSettings(("Qwen2ForCausalLM",), (Pair("rl", "base"),), 48)
    params = SimpleNamespace(extra_args={LAMBDA: lambda_})
    request = SimpleNamespace(resumable=resumable, sampling_params=params)
    with nullcontext() if fits else pytest.raises(ValueError, match="in parts"):
        check_session(request, settings)


@pytest.fixture(scope="module")
def small_engine(checkpoint: Any) -> Any:
    world = WorldOnDisk(WORLDS["qwen2"], checkpoint)
    with running(world.engine_args(), max_model_len=64) as llm:
        yield llm
