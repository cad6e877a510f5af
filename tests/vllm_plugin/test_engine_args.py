"""What an engine is started with, and what is refused before any weights are read."""

import json
from pathlib import Path
from typing import Any

import pytest
from plugin_engine import running
from random_checkpoints import WORDS, Checkpoint, save_checkpoint
from vllm import EngineArgs
from worlds import LLAMA_SMALL, QWEN2, SMALL

from rast_bench.errors import EngineError, ModelError
from rast_bench.vllm_plugin import Pair, rast_engine_args
from rast_bench.vllm_plugin.settings import ARCHITECTURE, OVERRIDE

CASES = json.loads(Path(__file__).with_name("refusal_cases.json").read_text())


@pytest.fixture(scope="module")
def without_weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Three checkpoints that have everything but weights: S is short in ids and in positions."""
    root = tmp_path_factory.mktemp("no weights")
    recipes = {
        "main": QWEN2.but(max_positions=2048),
        "rl": SMALL.but(vocab_size=40),
        "base": SMALL.but(max_positions=1536),
    }
    for name, recipe in recipes.items():
        save_checkpoint(root / name, recipe)
        (root / name / "model.safetensors").unlink()
    return {name: str(root / name) for name in recipes}


def edited(folder: Path, **entries: Any) -> str:
    """A checkpoint whose config.json has further entries."""
    path = save_checkpoint(folder, SMALL) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))
    return str(folder)


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["args"]))
def test_what_is_not_supported_is_refused(case: dict[str, Any], without_weights: dict[str, str]):
    pair = Pair(without_weights["rl"], without_weights["base"])
    with pytest.raises(EngineError, match=case["says"]) as refused:
        rast_engine_args(without_weights["main"], [pair], **case["args"])
    assert refused.value.hint


def test_compiled_code_with_fixed_layer_names_is_refused(
    without_weights: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VLLM_USE_LAYERNAME", "0")
    with pytest.raises(EngineError, match="VLLM_USE_LAYERNAME=0"):
        rast_engine_args(without_weights["main"])


def test_arguments_need_no_weights(without_weights: dict[str, str]):
    main, pair = without_weights["main"], Pair(without_weights["rl"], without_weights["base"], 0.5)
    args = rast_engine_args(
        main, [pair], default_lambda=0.3, dtype=None, max_num_seqs=7, hf_overrides={"other": 1}
    )
    assert args["model"] == main
    assert args["max_model_len"] == 1024  # the shortest model's positions
    assert args["max_num_seqs"] == 7
    assert "dtype" not in args  # None leaves vLLM's default
    assert args["hf_overrides"]["other"] == 1
    assert args["hf_overrides"]["architectures"] == [ARCHITECTURE]
    settings = args["hf_overrides"][OVERRIDE]
    assert settings["vocabulary"] == 40  # the smallest of the tokenizer's and the models'
    assert settings["architectures"] == ["Qwen2ForCausalLM"]
    assert settings["default_lambda"] == 0.3


ORIGINAL = {"original_max_position_embeddings": 1024}
FACTORS = {"short_factor": [1.0] * 16, "long_factor": [2.0] * 16}


@pytest.mark.parametrize(
    ("rope", "alone", "longest"),
    [
        ({"rope_type": "yarn", "factor": 4.0, **ORIGINAL}, 1024, 4096),
        ({"rope_type": "linear", "factor": 4.0}, 4096, 4096),
        ({"rope_type": "longrope", "original_max_position_embeddings": 256, **FACTORS}, 256, 1024),
    ],
    ids=lambda value: value["rope_type"] if isinstance(value, dict) else str(value),
)
def test_the_length_of_scaled_rotary_frequencies_is_vllms(
    rope: dict[str, Any], alone: int, longest: int, tmp_path: Path, checkpoint: Checkpoint
):
    """The default is what plain vLLM derives; as S it may go to the end of its table."""
    entries = {key: value for key, value in rope.items() if key in ORIGINAL}  # as Phi-3 has it
    scaled = edited(tmp_path / "scaled", rope_scaling={**rope, "rope_theta": 10_000.0}, **entries)
    assert rast_engine_args(scaled)["max_model_len"] == alone
    assert EngineArgs(model=scaled).create_model_config().max_model_len == alone
    assert rast_engine_args(scaled, max_model_len=longest)["max_model_len"] == longest
    with pytest.raises(EngineError, match=rf"max_model_len={longest + 1}: .* has {longest} pos"):
        rast_engine_args(scaled, max_model_len=longest + 1)
    main = checkpoint(QWEN2.but(max_positions=5000))
    assert rast_engine_args(main, [Pair(scaled, scaled)])["max_model_len"] == longest


def test_a_shorter_max_model_len_is_kept(without_weights: dict[str, str]):
    assert rast_engine_args(without_weights["main"], max_model_len=100)["max_model_len"] == 100


@pytest.mark.parametrize("lambda_", [-1.0, float("nan"), "much"])
def test_a_bad_default_lambda_is_refused(lambda_: Any, without_weights: dict[str, str]):
    with pytest.raises(ValueError, match="λ must be a finite number"):
        rast_engine_args(without_weights["main"], default_lambda=lambda_)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -1.1e6, 10**400, "1", True])
def test_a_weight_that_float32_cannot_bear_is_refused(weight: Any):
    with pytest.raises(ValueError, match=r"weight=.* of the pair rl, base must be a number from"):
        Pair("rl", "base", weight)


def test_code_of_checkpoints_is_never_run_unasked(without_weights: dict[str, str]):
    assert rast_engine_args(without_weights["main"])["trust_remote_code"] is False


def test_another_tokenizer_is_refused(tmp_path: Path, checkpoint: Checkpoint):
    words = [*WORDS[:-2], WORDS[-1], WORDS[-2]]
    other = str(save_checkpoint(tmp_path / "other", SMALL, words))
    with pytest.raises(ModelError, match=r"tokenizers of .* differ in 2 tokens: 'w46'"):
        rast_engine_args(checkpoint(QWEN2), [Pair(checkpoint(SMALL), other)])


def test_mixed_quantisation_is_refused(tmp_path: Path, checkpoint: Checkpoint):
    other = edited(tmp_path / "other", quantization_config={"quant_method": "fp8"})
    with pytest.raises(ModelError, match=r"is not quantised and .* quantised with fp8"):
        rast_engine_args(checkpoint(QWEN2), [Pair(other, checkpoint(SMALL))])
    with pytest.raises(ModelError, match=r"quantised with fp8 and .* not quantised"):
        rast_engine_args(other, [Pair(checkpoint(SMALL), checkpoint(LLAMA_SMALL))])


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json"])
def test_an_unreadable_checkpoint_is_named(missing: str, tmp_path: Path, checkpoint: Checkpoint):
    broken = save_checkpoint(tmp_path / "broken", SMALL)
    (broken / missing).write_text("{")
    with pytest.raises(ModelError, match=f"of {broken} cannot be read"):
        rast_engine_args(checkpoint(QWEN2), [Pair(str(broken), checkpoint(SMALL))])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"enable_lora": True}, "LoRA adapters are not supported"),
        ({"worker_cls": "auto"}, "vLLM's own worker does not pass λ to the model"),
        ({"max_model_len": None}, r"max_model_len=2048: model .*rl has 1024 positions"),
    ],
    ids=["LoRA", "without --worker-cls", "the length of M_base alone, as vllm serve takes it"],
)
def test_an_engine_made_without_rast_engine_args_refuses_before_weights_are_read(
    settings: dict[str, Any], says: str, without_weights: dict[str, str]
):
    """There are none: what reads weights would fail for the lack of them."""
    pair = Pair(without_weights["rl"], without_weights["base"])
    args = rast_engine_args(without_weights["main"], [pair])
    with pytest.raises(EngineError, match=says), running(args, **settings):
        pass


def test_settings_of_other_checkpoints_are_refused(without_weights: dict[str, str]):
    pair = Pair(without_weights["rl"], without_weights["base"])
    args = rast_engine_args(without_weights["main"], [pair])
    args["hf_overrides"][OVERRIDE]["vocabulary"] = 48
    with pytest.raises(EngineError, match="share 48 ids, but one of them has 40"), running(args):
        pass
