"""Checkpoints made on the fly: small ones with random weights, large ones without any."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from transformers import (
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from rast_bench.known import known_shapes
from rast_bench.zoo.tokenizer import save_word_tokenizer

WORDS = 512  # of the random checkpoints; some pad their embeddings beyond
QWEN2_WORDS = 151_665  # that the tokenizer of Qwen2.5 knows
MINIATURE_WORDS = 2000
POSITIONS = 2048
_FAMILIES = {"qwen2": (Qwen2Config, Qwen2ForCausalLM), "llama": (LlamaConfig, LlamaForCausalLM)}


@dataclass(frozen=True)
class Recipe:
    """A small random model; its weights are a function of these numbers."""

    family: str
    seed: int
    hidden_size: int
    layers: int
    heads: int
    kv_heads: int
    vocab_size: int = WORDS
    tied: bool = False


@dataclass(frozen=True)
class Trio:
    """Folders of M_base, S_RL and S_base, and how many ids all of them know."""

    main: str
    rl: str
    base: str
    vocabulary: int

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return [(self.rl, self.base)]


# Head sizes of 64 and 128, more queries to a key in S than in M and the other way round.
_QWEN2 = (
    Recipe("qwen2", 1, hidden_size=512, layers=4, heads=8, kv_heads=4),
    Recipe("qwen2", 2, hidden_size=256, layers=3, heads=4, kv_heads=1, vocab_size=576, tied=True),
)
_LLAMA = (
    Recipe("llama", 4, hidden_size=768, layers=3, heads=6, kv_heads=2),
    Recipe("llama", 5, hidden_size=256, layers=2, heads=4, kv_heads=4, vocab_size=544),
)
_RANDOM = {"qwen2": _QWEN2, "llama": _LLAMA}
_ZOO = {"tiny": "tiny-s", "tiny-equal": "tiny-m"}  # -equal: vocabularies padded to one size


def make_trio(name: str, folder: Path) -> Trio:
    """By name: random `qwen2` or `llama`, or one of the trained tiny family.

    Raises ModelError if the tiny family is missing.
    """
    if name in _ZOO:
        from rast_bench.config.paths import resolve_model
        from rast_bench.config.schema import ModelRef

        small = _ZOO[name]
        main, rl, base = (
            str(resolve_model(ModelRef(path=f"zoo:{path}")))
            for path in ("tiny-l/base", f"{small}/rl-0", f"{small}/base")
        )
        return Trio(main, rl, base, _known_ids(main))
    main_recipe, small_recipe = _RANDOM[name]
    recipes = (main_recipe, small_recipe, replace(small_recipe, seed=small_recipe.seed + 100))
    main, rl, base = (
        str(save_random(folder / f"{name}-{role}", recipe))
        for role, recipe in zip(("main", "rl", "base"), recipes, strict=True)
    )
    return Trio(main, rl, base, WORDS)


def save_random(folder: Path, recipe: Recipe) -> Path:
    """Return a whole checkpoint in bfloat16, so that engines of every dtype hold the same weights.

    Logits spread over a few units: neither flat, where rounding decides, nor certain.
    """
    if folder.exists():
        return folder
    config_class, model_class = _FAMILIES[recipe.family]
    config = config_class(
        vocab_size=recipe.vocab_size,
        hidden_size=recipe.hidden_size,
        intermediate_size=2 * recipe.hidden_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.kv_heads,
        max_position_embeddings=POSITIONS,
        tie_word_embeddings=recipe.tied,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    model = model_class(config)
    generator = torch.Generator().manual_seed(recipe.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim == 2:
                head = "lm_head" in name or "embed" in name
                parameter.copy_(noise * (2.5 if head else 1.0) * parameter.shape[1] ** -0.5)
            elif name.endswith("bias"):
                parameter.copy_(noise * 0.3)
    model.generation_config = GenerationConfig(eos_token_id=1, pad_token_id=0)
    model.to(torch.bfloat16).save_pretrained(folder)
    save_tokenizer(folder, WORDS, recipe.family)
    return folder


def qwen2_shapes() -> dict[str, dict[str, Any]]:
    """Hyper-parameters of the Qwen2.5 models, by the facts that ship, and of two miniatures."""
    path = Path(__file__).with_name("miniature_shapes.json")
    shapes: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    for size in ("0.5B", "1.5B", "7B", "14B", "32B"):
        shape = known_shapes()[f"qwen2.5-{size.lower()}"]
        shapes[size] = {name: value for name, value in shape.items() if name != "model_type"}
    return shapes


def save_shape(root: Path, name: str, shape: Mapping[str, Any]) -> str:
    """Return a folder with a model's configuration and a tokenizer, for load_format='dummy'."""
    folder = root / f"shape-{name}"
    if not folder.exists():
        config = Qwen2Config(
            **shape,
            max_position_embeddings=32768,
            rope_theta=1_000_000.0,
            rms_norm_eps=1e-6,
            bos_token_id=None,
            eos_token_id=1,
            architectures=["Qwen2ForCausalLM"],
            dtype="bfloat16",
        )
        words = QWEN2_WORDS if shape["vocab_size"] > QWEN2_WORDS else MINIATURE_WORDS
        source = root / f"tokenizer-{words}"
        if not source.exists():
            save_tokenizer(source, words)
        shutil.copytree(source, folder)
        config.save_pretrained(folder)
    return str(folder)


def save_tokenizer(folder: Path, words: int, family: str = "qwen2") -> None:
    """Save a word-level tokenizer of `words` words; a word's id is its position."""
    names = ["<pad>", "<eos>", "<unk>", *(f"w{i}" for i in range(3, words))]
    save_word_tokenizer(
        folder,
        names,
        pad="<pad>",
        eos="<eos>",
        unknown="<unk>",
        max_length=POSITIONS,
        model_type=family,
    )


def _known_ids(folder: str) -> int:
    from transformers import AutoTokenizer

    return int(max(AutoTokenizer.from_pretrained(folder).get_vocab().values())) + 1
