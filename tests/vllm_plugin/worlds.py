"""Sets of checkpoints that the plugin must compose: M_base, its pairs and what they demand."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from composed_reference import ComposedReference
from random_checkpoints import Checkpoint, Recipe

from rast_bench.config.paths import resolve_model
from rast_bench.config.schema import ModelRef
from rast_bench.vllm_plugin import Pair, rast_engine_args

# vLLM's attention on CPUs wants a head_dim of 32 or more; its Qwen2 takes hidden_size / heads.
QWEN2 = Recipe(seed=1, vocab_size=64, hidden_size=128, heads=4, kv_heads=2, head_dim=32)
QWEN2_UNTIED = QWEN2.but(seed=11, vocab_size=56, tied=False)
SMALL = Recipe(seed=2, vocab_size=50, hidden_size=64, heads=2, kv_heads=2, head_dim=32, layers=1)
WIDE = SMALL.but(seed=4, vocab_size=80, kv_heads=1, layers=3, tied=False)
LLAMA = QWEN2.but(family="llama", seed=6, vocab_size=56, hidden_size=96, heads=6, kv_heads=3)
LLAMA_SMALL = LLAMA.but(seed=7, vocab_size=40, hidden_size=48, heads=4, kv_heads=4, tied=False)
LLAMA_64 = LLAMA.but(seed=8, vocab_size=64, hidden_size=64, heads=2, kv_heads=1, head_dim=64)


@dataclass(frozen=True)
class World:
    """Recipes, or folders of the tiny family; a pair is (S_RL, S_base, weight).

    `vocabulary` counts the ids that every model and the tokenizer (48 words) know.
    """

    main: Recipe | str
    pairs: tuple[tuple[Recipe | str, Recipe | str, float], ...]
    vocabulary: int = 48
    shuffle: int | None = None


WORLDS = {
    "tiny": World(
        "zoo:tiny-l/base", (("zoo:tiny-s/rl-0", "zoo:tiny-s/base", 1.0),), vocabulary=115
    ),
    "qwen2": World(QWEN2, ((SMALL, SMALL.but(seed=3), 1.0),)),
    "llama with qwen2": World(LLAMA, ((WIDE, WIDE.but(seed=5), 1.0),)),
    "qwen2 with llama": World(
        QWEN2_UNTIED, ((LLAMA_SMALL, LLAMA_SMALL.but(seed=9), 1.0),), vocabulary=40
    ),
    "ensemble": World(
        QWEN2, ((SMALL, SMALL.but(seed=3), 0.7), (LLAMA_64, LLAMA_64.but(seed=10), -0.4))
    ),
    "several roles": World(
        QWEN2,
        (
            (SMALL, SMALL.but(seed=3), 0.6),
            (WIDE, SMALL.but(seed=3), 0.4),
            (SMALL, QWEN2, 0.2),
        ),
    ),
    "shuffled": World(QWEN2, ((SMALL, SMALL.but(seed=3), 1.0),), shuffle=5),
    "no pairs": World(QWEN2, ()),
    "one shape": World(SMALL.but(seed=12), ((SMALL, SMALL.but(seed=3), 1.0),)),
}


class WorldOnDisk:
    """A world's folders, its engine's arguments and its reference."""

    def __init__(self, world: World, checkpoint: Checkpoint) -> None:
        def folder(made_of: Recipe | str) -> str:
            if isinstance(made_of, Recipe):
                return checkpoint(made_of)
            return str(resolve_model(ModelRef(path=made_of)))

        self.vocabulary = world.vocabulary
        self.shuffle = world.shuffle
        self.main = folder(world.main)
        self.pairs = [(folder(rl), folder(base), weight) for rl, base, weight in world.pairs]

    def engine_args(self, **changes: object) -> dict[str, object]:
        return rast_engine_args(
            self.main,
            [Pair(*pair) for pair in self.pairs],
            shuffle_vocabulary_seed=self.shuffle,
            **changes,
        )

    def prompts(self, lengths: Sequence[int], first: int = 0) -> list[list[int]]:
        """Word ids; prompt i depends on `first + i` and its length. The ids below 3 are special."""
        words = range(3, self.vocabulary)
        return [
            random.Random(f"prompt {first + i}").choices(words, k=length)
            for i, length in enumerate(lengths)
        ]

    @property
    def reference(self) -> ComposedReference:
        order = None
        if self.shuffle is not None:
            generator = torch.Generator().manual_seed(self.shuffle)
            order = torch.randperm(self.vocabulary, generator=generator).tolist()
        return ComposedReference(self.main, self.pairs, self.vocabulary, order)
