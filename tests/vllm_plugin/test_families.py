"""What docs/vllm.md says of architectures: exact, or refused in one line before weights load."""

import json
import re
from pathlib import Path

import pytest
from families import largest_error, scored, world_of
from family_recipes import FAMILIES
from plugin_engine import TOLERANCE
from random_checkpoints import Checkpoint, save_checkpoint
from worlds import QWEN2, SMALL, WorldOnDisk

from rast_bench.errors import ModelError
from rast_bench.vllm_plugin import Pair, rast_engine_args
from rast_bench.vllm_plugin.families import EXACT, MEASURED
from rast_bench.vllm_plugin.model import check_windows

COMPOSED = {
    "Mistral, window": ["Qwen2", "Qwen3", "Gemma", "Phi-3, window", "Granite"],
    "Gemma 2": ["Mistral, window", "Gemma 2", "Gemma 3, all layers with a window"],
    "Gemma 3, all layers with a window": ["Qwen2, window", "Llama", "Gemma 3"],
    "Qwen3-MoE": ["Cohere", "GLM-4", "StableLM", "Phi-3"],
}
"""As M_base, and the pairs of its ΔR: an engine takes seconds to start, so each has several."""

REFUSED = {
    "Qwen3-MoE": ("S", "a Qwen3MoeForCausalLM, cannot be S: it is a mixture of experts"),
    "Phi-1, Phi-2": ("S", "a PhiForCausalLM, cannot be S: vLLM has no class of its own for it"),
    "OLMo 2": ("S", "a Olmo2ForCausalLM, cannot be S: vLLM has no class"),
    "Qwen2, some layers with a window": ("both", "a Qwen2ForCausalLM, cannot be .*: some of its"),
}


@pytest.mark.parametrize("main", COMPOSED)
def test_families_are_exact(main: str, checkpoint: Checkpoint):
    """Windows too: the prompts are far longer than those, and every model has its own."""
    world = WorldOnDisk(world_of(main, COMPOSED[main]), checkpoint)
    assert largest_error(world, scored(world)) < TOLERANCE


@pytest.mark.parametrize("name", REFUSED)
def test_families_that_do_not_work_are_refused_before_weights_load(name: str, tmp_path: Path):
    roles, says = REFUSED[name]
    odd, plain = (
        str(save_checkpoint(tmp_path / name, recipe))
        for name, recipe in {"odd": FAMILIES[name], "plain": SMALL}.items()
    )
    for folder in (odd, plain):
        (Path(folder) / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=f"model {odd}, {says}"):
        rast_engine_args(plain, [Pair(plain, odd)])
    if roles == "both":
        with pytest.raises(ModelError, match=f"model {odd}, {says}"):
            rast_engine_args(odd, [])


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"architectures": None}, "names 0 architectures, not one"),
        ({"layer_types": ["linear_attention", "full_attention"]}, "layers of linear_attention"),
    ],
    ids=["no architecture", "no attention"],
)
def test_odd_configurations(entries: dict, says: str, tmp_path: Path):
    folder = save_checkpoint(tmp_path / "odd", QWEN2)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))
    with pytest.raises(ModelError, match=says):
        rast_engine_args(str(folder))


def test_an_architecture_that_nobody_tried_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    odd = str(save_checkpoint(tmp_path / "odd", FAMILIES["Qwen3"].but(family="arcee")))
    rast_engine_args(odd)
    (line,) = caplog.messages
    assert re.match(f"note: model {odd} is a ArceeForCausalLM, which was not tried as M_", line)
    rast_engine_args(str(save_checkpoint(tmp_path / "tried", SMALL)))
    assert caplog.messages == [line]


def test_layers_with_another_window_than_the_configs_are_refused():
    check_windows("m", (16, None), [None, 16], 128)
    check_windows("m", (128, None), [None, None], 128)
    check_windows("m", (None, None), [], 128)
    for expected, found, says in (
        ((16, 16), [], r"\[16, 16\] tokens, vLLM to \[128\]"),
        ((16, None), [None, None], r"\[16, 128\] tokens, vLLM to \[128, 128\]"),
        ((16, None, None), [16, 16, None], r"\[16, 128, 128\] tokens, vLLM to \[16, 16, 128\]"),
    ):
        with pytest.raises(ModelError, match=f"model m: its config.json has layers .* {says}"):
            check_windows("m", expected, found, 128)


def test_the_documents_table_names_every_architecture():
    page = (Path(__file__).parents[2] / "docs" / "vllm.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)`.*? \| (.*?) \| (.*?) \|", page, re.MULTILINE)
    table = {name: (main, small) for name, main, small in rows}
    for place, role in enumerate(("M_base", "S")):
        for word, known in (("exact", EXACT), ("measured", MEASURED)):
            said = {name for name, cells in table.items() if cells[place] == word}
            assert said == known[role]
