"""Families of models in engine=transformers: exact, or refused in one line before weights load."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from composed_reference import ComposedReference
from engine_requests import PARAMS, engine_of, key_of, prompt_ids, prompt_text, request
from family_recipes import FAMILIES, WINDOW
from random_checkpoints import EOS_ID, LLAMA, QWEN2, Checkpoint, Recipe, save_checkpoint
from transformers import AutoModelForCausalLM

from rast_bench.domain import SamplingParams
from rast_bench.engines import families
from rast_bench.errors import EngineError, ModelError

REFUSED = {
    "Gemma 2": "has attn_logit_softcapping",
    "Gemma 3": "has rotary frequencies that differ by layer",
    "OLMo 3": "has rotary frequencies that differ by layer",
}
WINDOWED = ("Mistral, window", "Phi-3, window", "Qwen2, window", "Qwen2, some layers with a window")
EXACT = [name for name in FAMILIES if "window" not in name and name not in (*REFUSED, "Mixtral")]
GREEDY = SamplingParams(lambda_=0.7, temperature=1.0, top_p=1.0, max_tokens=8, greedy=True)


def reference_and_engine(main: str, small: Recipe, checkpoint: Checkpoint) -> tuple[Any, Any]:
    pair = (checkpoint(small), checkpoint(small.but(seed=small.seed + 500)), 0.8)
    return ComposedReference(main, [pair]), engine_of(key_of(main, pair))


def assert_exact(reference: ComposedReference, engine: Any, length: int) -> None:
    """Greedy tokens by a plain loop, and the log-probabilities of the whole text."""
    prompt = prompt_ids(length, length)
    (sample,) = engine.generate([request(length, prompt, GREEDY)])
    assert list(sample.token_ids) == reference.greedy(prompt, 0.7, 8, EOS_ID)
    scored = engine.score(prompt_text(prompt[:1]), prompt[1:], 0.7)
    expected = reference.log_probabilities(prompt[:1], prompt[1:], 0.7)
    assert np.abs(np.array(scored.log_probabilities) - expected).max() < 1e-4


@pytest.mark.parametrize("name", EXACT)
def test_a_family_is_exact_in_all_roles(name: str, checkpoint: Checkpoint) -> None:
    assert_exact(
        *reference_and_engine(checkpoint(FAMILIES[name]), FAMILIES[name], checkpoint), length=21
    )


def test_the_list_is_what_was_tested(checkpoint: Checkpoint) -> None:
    tested = {
        type(AutoModelForCausalLM.from_pretrained(checkpoint(FAMILIES[name]))).__name__
        for name in EXACT
    }
    assert tested == families.EXACT


@pytest.mark.parametrize("name", WINDOWED)
def test_within_its_window_a_model_is_exact_and_beyond_it_refused(
    name: str, checkpoint: Checkpoint
) -> None:
    """The window is 16 tokens; a prompt of 8 and 8 new ones fill it."""
    reference, engine = reference_and_engine(checkpoint(LLAMA), FAMILIES[name], checkpoint)
    assert_exact(reference, engine, WINDOW - GREEDY.max_tokens)
    with pytest.raises(EngineError, match=rf"17 positions, the models have {WINDOW}"):
        list(engine.generate([request(0, prompt_ids(0, 9), GREEDY)]))
    with pytest.raises(EngineError, match="text to be scored has 17 tokens"):
        engine.score(prompt_text(prompt_ids(0, 1)), prompt_ids(1, WINDOW), 1.0)


@pytest.mark.parametrize("name", REFUSED)
def test_a_family_that_would_come_out_wrong_is_refused_before_weights_load(
    name: str, tmp_path: Path, checkpoint: Checkpoint
) -> None:
    odd = save_checkpoint(tmp_path / "odd", FAMILIES[name])
    (odd / "model.safetensors").unlink()
    main = save_checkpoint(tmp_path / "main", QWEN2)
    (main / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=f"model {odd} .*{REFUSED[name]}"):
        engine_of(key_of(str(main), (str(odd), checkpoint(LLAMA), 1.0)))


def test_a_family_that_nobody_tried_is_tried_and_told(
    checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    main = checkpoint(FAMILIES["Mixtral"])
    assert_exact(*reference_and_engine(main, LLAMA, checkpoint), length=21)
    assert f"note: model {main} is a MixtralForCausalLM, which was tried" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("family", "entries"),
    [("mamba", {"state_size": 8}), ("gpt_oss", {"num_local_experts": 4, "sliding_window": None})],
)
def test_a_family_that_fails_when_tried_is_one_line(
    family: str, entries: dict[str, Any], checkpoint: Checkpoint
) -> None:
    """No attention at all, and attention of another kind."""
    odd = checkpoint(LLAMA.but(family=family, config=tuple(entries.items())))
    with pytest.raises(ModelError, match=f"model {odd}.*(cannot run in|lacks)"):
        engine_of(key_of(odd))


def test_ids_that_some_model_lacks_are_refused(checkpoint: Checkpoint) -> None:
    """The tokenizer knows 48; a smaller embedding of S would end in an IndexError."""
    _, engine = reference_and_engine(
        checkpoint(QWEN2), LLAMA.but(vocab_size=40, seed=70), checkpoint
    )
    with pytest.raises(EngineError, match="problem p0: token id 40 is unknown to some model"):
        list(engine.generate([request(0, [5, 40], PARAMS)]))
    for odd in (40, 47, 63, -1):
        with pytest.raises(EngineError, match=f"to be scored: token id {odd} is unknown"):
            engine.score("w5", [6, odd], 1.0)
    assert len(engine.score("w5", [6, 39], 1.0).ranks) == 2
