"""Small checkpoints with random weights, whole folders in Hugging Face format.

Their logits are far from uniform and their attention is far from flat, so that a wrong position, a
neighbour's key or a missing mask changes tokens at once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, GenerationConfig

from rast_bench.engines.transformers_engine import TransformersEngine
from rast_bench.zoo.tokenizer import save_word_tokenizer

EOS_ID, PAD_ID, UNKNOWN_ID = 1, 0, 2
WORDS = ["<pad>", "<eos>", "<unk>", *(f"w{i}" for i in range(3, 48))]


@dataclass(frozen=True)
class Recipe:
    """What one random checkpoint is made of. The embedding may be larger than the vocabulary."""

    family: str = "qwen2"  # transformers' model_type
    seed: int = 0
    vocab_size: int = 64
    hidden_size: int = 48
    layers: int = 2
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 16
    tied: bool = True
    max_positions: int = 1024
    eos: tuple[int, ...] = (EOS_ID,)
    config: tuple[tuple[str, Any], ...] = ()  # further entries of config.json

    def but(self, **changes: Any) -> "Recipe":
        return replace(self, **changes)


Checkpoint = Callable[[Recipe], str]
"""The fixture `checkpoint`: the folder of a recipe's checkpoint."""

Trio = Callable[[str], tuple[str, list[tuple[str, str, float]]]]
"""The fixture `trio`: by name, the folder of M_base and (S_RL, S_base, weight) for each pair."""

LoadedEngine = Callable[..., TransformersEngine]
"""The fixture `loaded`: the engine of a trio's name and a number of rows."""

QWEN2 = Recipe(seed=1)  # grouped queries; main models are padded to 64 ids, small ones to 50
QWEN2_SMALL_RL = Recipe(seed=2, vocab_size=50, hidden_size=32, heads=2, kv_heads=2, layers=1)
QWEN2_SMALL_BASE = QWEN2_SMALL_RL.but(seed=3)
QWEN2_OTHER_RL = Recipe(seed=4, vocab_size=48, hidden_size=32, heads=4, kv_heads=1, tied=False)
QWEN2_OTHER_BASE = QWEN2_OTHER_RL.but(seed=5)
LLAMA = Recipe("llama", seed=6, vocab_size=56, heads=3, kv_heads=3)
LLAMA_SMALL_RL = Recipe("llama", seed=7, vocab_size=64, hidden_size=32, heads=4, kv_heads=4)
LLAMA_SMALL_BASE = LLAMA_SMALL_RL.but(seed=8)

TRIOS = {
    "qwen2": (QWEN2, [(QWEN2_SMALL_RL, QWEN2_SMALL_BASE, 1.0)]),
    "qwen2-ensemble": (
        QWEN2,
        [(QWEN2_SMALL_RL, QWEN2_SMALL_BASE, 0.6), (QWEN2_OTHER_RL, QWEN2_OTHER_BASE, 0.4)],
    ),
    "llama": (LLAMA, [(LLAMA_SMALL_RL, LLAMA_SMALL_BASE, 1.0)]),
}


def save_checkpoint(folder: Path, recipe: Recipe, words: list[str] | None = None) -> Path:
    """Write config, generation config, float32 weights and tokenizer."""
    config = CONFIG_MAPPING[recipe.family](
        vocab_size=recipe.vocab_size,
        hidden_size=recipe.hidden_size,
        intermediate_size=2 * recipe.hidden_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.kv_heads,
        head_dim=recipe.head_dim,
        max_position_embeddings=recipe.max_positions,
        tie_word_embeddings=recipe.tied,
        bos_token_id=None,
        eos_token_id=recipe.eos[0] if recipe.eos else None,
        pad_token_id=PAD_ID,
        **{key: list(x) if isinstance(x, tuple) else x for key, x in recipe.config},
    )
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    generator = torch.Generator().manual_seed(recipe.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim >= 2:  # experts lie side by side in one
                scale = 2.0 if "q_proj" in name or "k_proj" in name else 1.0
                parameter.copy_(noise * scale * parameter.shape[-1] ** -0.5)
            elif name.endswith("bias"):
                parameter.copy_(noise * 0.3)
    model.generation_config = GenerationConfig(
        eos_token_id=list(recipe.eos) or None, pad_token_id=PAD_ID
    )
    model.save_pretrained(folder)
    save_words(folder, WORDS if words is None else words, recipe.family)
    return folder


def save_words(folder: Path, words: list[str], family: str = "qwen2") -> None:
    """A word-level tokenizer; a word's id is its place."""
    save_word_tokenizer(
        folder,
        words,
        pad="<pad>",
        eos="<eos>",
        unknown="<unk>",
        max_length=10**9,
        model_type=family,
    )
