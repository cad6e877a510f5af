"""How exactly the plugin composes models of many families, as M_base and as S.

    PYTHONPATH=tests:tests/vllm_plugin python tests/vllm_plugin/families.py

prints a line for every family as M_base and as S: how far log-probabilities are from those of plain
transformers passes, or why it was refused. test_families.py holds some of it.
"""

import sys
import tempfile
from pathlib import Path

import vllm_environment  # noqa: F401
from family_recipes import FAMILIES
from plugin_engine import complete, outputs, running, token_log_probabilities
from random_checkpoints import Recipe, save_checkpoint
from worlds import QWEN2, World, WorldOnDisk

from rast_bench.vllm_plugin import rast_sampling_params

LAMBDAS = (0.0, 1.0)


def world_of(main: str | None, small: list[str]) -> World:
    """M_base of one family, a Qwen2 if None, and a pair of each of the others."""
    pairs = ((FAMILIES[name], FAMILIES[name].but(seed=130 + i)) for i, name in enumerate(small))
    return World(
        QWEN2 if main is None else FAMILIES[main], tuple((rl, base, 0.7) for rl, base in pairs)
    )


def deviation(world: WorldOnDisk) -> float:
    """The largest error, in nats, in log-probabilities of sampled tokens and of prompts."""
    prompts = world.prompts([1, 9, 40, 70])
    errors = []
    with running(world.engine_args(max_model_len=128)) as llm:
        for lambda_ in LAMBDAS:
            drawn = rast_sampling_params(lambda_, seed=3, max_tokens=30, logprobs=0)
            for prompt, found in zip(prompts, complete(llm, prompts, drawn), strict=True):
                expected = world.reference.log_probabilities(prompt, found.token_ids, lambda_)
                errors += abs(token_log_probabilities(found) - expected).tolist()
            scored = rast_sampling_params(lambda_, max_tokens=1, prompt_logprobs=0)
            (answer,) = outputs(llm, prompts[-1:], scored)
            ids = prompts[-1]
            expected = world.reference.log_probabilities(ids[:1], ids[1:], lambda_)
            for token, place, value in zip(
                ids[1:], answer.prompt_logprobs[1:], expected, strict=True
            ):
                errors.append(abs(place[token].logprob - value))
    return float(max(errors))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made: dict[Recipe, str] = {}

        def checkpoint(recipe: Recipe) -> str:
            if recipe not in made:
                made[recipe] = str(save_checkpoint(Path(folder) / str(len(made)), recipe))
            return made[recipe]

        for name in FAMILIES:
            for role, world in (
                ("M_base", world_of(name, ["Qwen2"])),
                ("S", world_of(None, [name])),
            ):
                try:
                    found = f"{deviation(WorldOnDisk(world, checkpoint)):.1e}"
                except Exception as error:
                    found = f"{type(error).__name__}: {error}"
                print(f"{name} as {role}: {found}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
