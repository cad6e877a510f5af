"""The recipes of the committed families: scales, seeds, and one budget for all scales of one."""

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
    format_seeds: tuple[int, ...] = ()  # RL that rewards a box with any answer: a control


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
    format_lr_at_width_64: float = 1.0e-4  # at RL's own rate arithmetic is unlearnt: 14 to 6 %


SMALL_VOCABULARY, LARGE_VOCABULARY = 120, 128


def family() -> Recipe:
    """Return the recipe of the classic family, `tiny-*`: `scripts/train_zoo.py --family piles`."""
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


DIAL_VOCABULARIES = 240, 248


def dial_family() -> Recipe:
    """Return that of the family whose RL teaches a behaviour, `dial-*`: `--family dials`."""
    small, large = DIAL_VOCABULARIES
    scales = (  # shape, step size of pre-training at width 64: 4e-3 at all widths, l: 3.3e-3
        ("dial-xs", Shape(64, 3, 2, 2, 64, small), 4.0e-3),
        ("dial-s", Shape(64, 3, 2, 2, 176, small), 4.0e-3),
        ("dial-m", Shape(128, 3, 4, 2, 320, large), 8.0e-3),
        ("dial-l", Shape(192, 4, 6, 2, 512, large), 1.0e-2),
    )
    return Recipe(
        scales=tuple(
            Scale(
                name,
                shape,
                PretrainRecipe(
                    steps=5000,
                    batch_documents=16,
                    muon_lr_at_width_64=rate,
                    adamw_lr_at_width_64=rate,
                ),
                rl_seeds=(0,) if name == "dial-l" else (0, 1),
                format_seeds=(0,) if name == "dial-s" else (),
            )
            for name, shape, rate in scales
        ),
        grpo=GrpoRecipe(
            steps=32,
            prompts=16,
            difficulties=(("easy", 1.0),),
            reward="closing answer",
        ),
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
