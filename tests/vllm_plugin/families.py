"""How exactly the plugin composes models of many families, as M_base and as S.

    PYTHONPATH=tests:tests/vllm_plugin python tests/vllm_plugin/families.py "OLMo 2" M_base

prints how far log-probabilities are from those of plain transformers passes, or why it was refused.
test_families.py holds what docs/vllm.md calls exact; what it calls measured comes from here. vLLM
runs in a process of its own: where it uses transformers' code it changes that code for good.
"""

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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


Scored = tuple[list[int], list[int], float, list[float]]
"""What comes before, tokens, λ, and the tokens' log-probabilities in nats."""


def scored(world: WorldOnDisk) -> list[Scored]:
    """Sampled tokens and prompts, as the plugin scores them."""
    prompts, found = world.prompts([1, 9, 40, 70]), []
    with running(world.engine_args(max_model_len=128)) as llm:
        for lambda_ in LAMBDAS:
            drawn = rast_sampling_params(lambda_, seed=3, max_tokens=30, logprobs=0)
            for prompt, answer in zip(prompts, complete(llm, prompts, drawn), strict=True):
                logs = token_log_probabilities(answer).tolist()
                found.append((prompt, list(answer.token_ids), lambda_, logs))
            params = rast_sampling_params(lambda_, max_tokens=1, prompt_logprobs=0)
            first, *ids = prompts[-1]
            (answer,) = outputs(llm, prompts[-1:], params)
            places = zip(ids, answer.prompt_logprobs[1:], strict=True)
            found.append(([first], ids, lambda_, [place[i].logprob for i, place in places]))
    return found


def largest_error(world: WorldOnDisk, found: list[Scored]) -> float:
    """In nats, beside plain passes of transformers."""
    errors = [
        abs(world.reference.log_probabilities(before, ids, lambda_) - logs).max()
        for before, ids, lambda_, logs in found
    ]
    return float(max(errors))


def main(name: str, role: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made: dict[Recipe, str] = {}

        def checkpoint(recipe: Recipe) -> str:
            if recipe not in made:
                made[recipe] = str(save_checkpoint(Path(folder) / str(len(made)), recipe))
            return made[recipe]

        world = world_of(name, ["Qwen2"]) if role == "M_base" else world_of(None, [name])
        try:
            on_disk = WorldOnDisk(world, checkpoint)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                answers = pool.submit(scored, on_disk).result()
            found = f"{largest_error(on_disk, answers):.1e} nats"
        except Exception as error:
            found = f"{type(error).__name__}: {error}"
        print(f"{name} as {role}: {found}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
