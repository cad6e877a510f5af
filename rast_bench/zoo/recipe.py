"""The recipe of the committed family: scales, seeds, and one budget for all of them."""

from dataclasses import dataclass, field

from rast_bench.zoo.corpus import Mixture
from rast_bench.zoo.dial_corpus import DialMixture
from rast_bench.zoo.grpo import GrpoRecipe
from rast_bench.zoo.model import Shape
from rast_bench.zoo.pretrain import PretrainRecipe


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    shape: Shape
    pretrain: PretrainRecipe
    rl_seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The whole family. Small and large embeddings are padded differently, as in Qwen2.5."""

    scales: tuple[Scale, ...]
    grpo: GrpoRecipe
    mixture: Mixture | DialMixture = field(default_factory=Mixture)
    task: str = "piles"  # a name of tasks.TASKS
    seed: int = 0
    test_problems: int = 200
    dev_problems: int = 100


SMALL_VOCABULARY, LARGE_VOCABULARY = 120, 128


def family() -> Recipe:
    """Return the shipped recipe: `python scripts/train_zoo.py`."""
    return Recipe(
        scales=(
            Scale(
                "tiny-xs",
                Shape(64, 3, 2, 1, 64, SMALL_VOCABULARY),
                PretrainRecipe(steps=1600),
                rl_seeds=(0, 1),
            ),
            Scale(
                "tiny-s",
                Shape(64, 3, 2, 1, 176, SMALL_VOCABULARY),
                PretrainRecipe(steps=1600),
                rl_seeds=(0, 1),
            ),
            Scale(
                "tiny-m",
                Shape(128, 3, 4, 2, 320, LARGE_VOCABULARY),
                PretrainRecipe(steps=1600),
                rl_seeds=(0, 1),
            ),
            Scale(
                "tiny-l",
                Shape(192, 4, 6, 2, 512, LARGE_VOCABULARY),
                PretrainRecipe(steps=1600),
                rl_seeds=(0,),
            ),
        ),
        grpo=GrpoRecipe(steps=100),
    )


DIAL_VOCABULARIES = 160, 168


def dial_family() -> Recipe:
    """Return a draft for the next family: `python scripts/train_zoo.py --family dials`.

    Design 15 in docs/tiny_family.md, of which only the first 800 steps of one scale were tried.
    """
    small, large = DIAL_VOCABULARIES
    shapes = {
        "dial-xs": Shape(64, 3, 2, 2, 64, small),
        "dial-s": Shape(64, 3, 2, 2, 176, small),
        "dial-m": Shape(128, 3, 4, 2, 320, large),
        "dial-l": Shape(192, 4, 6, 2, 512, large),
    }
    return Recipe(
        scales=tuple(
            Scale(
                name,
                shape,
                PretrainRecipe(steps=3200, batch_documents=16),
                rl_seeds=(0,) if name == "dial-l" else (0, 1),
            )
            for name, shape in shapes.items()
        ),
        grpo=GrpoRecipe(steps=80, difficulties=(("easy", 0.50), ("medium", 0.35), ("hard", 0.15))),
        mixture=DialMixture(),
        task="dials",
    )


FAMILIES = {"piles": family, "dials": dial_family}


def smoke(task: str = "piles") -> Recipe:
    """Return a recipe for tests: the same code in seconds, too short to learn anything."""
    full = FAMILIES[task]()
    shape = Shape(32, 1, 1, 1, 32, full.scales[0].shape.vocab_size)
    return Recipe(
        scales=(
            Scale(
                full.scales[0].name,
                shape,
                PretrainRecipe(steps=2, batch_documents=4),
                rl_seeds=(0,),
            ),
        ),
        grpo=GrpoRecipe(steps=1, prompts=2, group=2, max_tokens=8),
        mixture=full.mixture,
        task=task,
        test_problems=4,
        dev_problems=4,
    )
