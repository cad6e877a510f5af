import json

import pytest

from rast_bench.vllm_plugin.settings import Checkpoint, Pair, RastSettings, distinct_checkpoints

PAIRS = (Pair("a", "b", 0.7), Pair("c", "b", -0.3, rl_revision="r1"), Pair("b", "a"))
SETTINGS = RastSettings(
    ("Qwen2ForCausalLM",), PAIRS, 48, 0.5, shuffle_vocabulary_seed=7, method="dexperts"
)


@pytest.mark.parametrize("settings", [SETTINGS, RastSettings(("LlamaForCausalLM",), (), 5)])
def test_settings_survive_json(settings: RastSettings):
    travelled = json.loads(json.dumps(settings.to_override()))
    assert RastSettings.from_override(travelled) == settings


def test_unknown_keys_are_refused():
    with pytest.raises(TypeError, match="lamda"):
        RastSettings.from_override(SETTINGS.to_override() | {"lamda": 1})


def test_a_checkpoint_in_several_roles_is_loaded_once():
    pairs = (*PAIRS, Pair("c", "main"), Pair("main", "c", rl_revision="r2"))
    assert distinct_checkpoints(Checkpoint("main"), pairs) == [
        Checkpoint("main"),
        Checkpoint("a"),
        Checkpoint("b"),
        Checkpoint("c", "r1"),
        Checkpoint("c"),
        Checkpoint("main", "r2"),
    ]


def test_only_what_a_method_reads_is_loaded():
    found = distinct_checkpoints(Checkpoint("main"), PAIRS, ("base",))
    assert found == [Checkpoint("main"), Checkpoint("b"), Checkpoint("a")]
