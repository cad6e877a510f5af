"""DoLa inside vLLM, which reads M_base's early layers and no small model."""

from pathlib import Path

import numpy as np
import pytest
from family_recipes import FAMILIES
from method_formulas import composed, log_softmax
from plugin_engine import TOLERANCE, complete, running
from random_checkpoints import Checkpoint, save_checkpoint
from vllm.exceptions import VLLMValidationError

from rast_bench.errors import ModelError
from rast_bench.vllm_plugin import rast_engine_args, rast_sampling_params


@pytest.mark.parametrize("family", ["Llama", "Qwen3-MoE"])
def test_it_is_exact(family: str, checkpoint: Checkpoint) -> None:
    folder = checkpoint(FAMILIES[family].but(layers=3, tied=False))
    prompts = [[5, 9, 5, 40], [7] * 33]
    cells = [(-1.0, 0.1), (0.0, 0.5), (2.0, 0.1)]
    asked = [(prompt, cell) for prompt in prompts for cell in cells]
    params = [
        rast_sampling_params(
            parameters={"layer": layer, "alpha": alpha}, seed=i, max_tokens=12, logprobs=-1
        )
        for i, (_, (layer, alpha)) in enumerate(asked)
    ]
    with running(rast_engine_args(folder, method="dola", max_model_len=128)) as llm:
        for layer in (3.0, 0.5, -2.0):
            late = rast_sampling_params(parameters={"layer": layer}, max_tokens=1)
            with pytest.raises(VLLMValidationError, match="must be a whole number from -1 to 2"):
                complete(llm, [[5, 47]], late)
        made = complete(llm, [prompt for prompt, _ in asked], params)
    for (prompt, cell), one in zip(asked, made, strict=True):
        rows = composed("dola", (folder,) * 3, prompt, one.token_ids, 0.0, cell)
        for row, step in zip(rows, one.logprobs, strict=True):
            found = np.array([step[i].logprob for i in range(len(row))])
            assert np.allclose(found, log_softmax(row), rtol=0, atol=TOLERANCE)


def test_models_whose_early_layers_cannot_be_read_are_refused(tmp_path: Path) -> None:
    for recipe, says in (
        (FAMILIES["Gemma 2"], "is a Gemma2ForCausalLM, whose early layers vLLM does not give"),
        (FAMILIES["Llama"].but(layers=1), "has 1 layer, none of which is an early one"),
    ):
        folder = save_checkpoint(tmp_path / recipe.family, recipe)
        (folder / "model.safetensors").unlink()
        with pytest.raises(ModelError, match=says):
            rast_engine_args(str(folder), method="dola")
