"""A study of random checkpoints for the command line, and its numbers the plain way."""

import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from composed_reference import ComposedReference, model_logits
from random_checkpoints import TRIOS, Checkpoint
from transformers import AutoModelForCausalLM, AutoTokenizer

MAX_TOKENS = 24
KNOWN = 48  # words of the tokenizer; the models' vocabularies are padded beyond
QUESTIONS = ("w5 w9 w20", "w8 w40 w13 w9", "w3", "w44 w30 w31")


@dataclass(frozen=True)
class RandomStudy:
    """M_base, its RL-trained sibling (M_base with noise) and one ΔR, on made-up questions.

    `overrides` point a command at it. Everything else is computed with plain passes of
    transformers in float64, cut to the tokenizer's words.
    """

    folder: Path
    base: str
    rl: str
    pair: tuple[str, str]
    lambda_: float = 0.7

    @property
    def results(self) -> Path:
        return self.folder / "results"

    @property
    def overrides(self) -> list[str]:
        small_rl, small_base = self.pair
        return [
            "base_model.name=m",
            f"base_model.base.path={self.base}",
            f"base_model.rl.path={self.rl}",
            "delta.name=s",
            f"delta.pairs=[{{rl:{{path:{small_rl}}},base:{{path:{small_base}}}}}]",
            "method=rast",
            "dataset.name=made-up",
            f"dataset.path={self.folder}/set.jsonl",
            "dataset.id_field=null",
            f"decoding.lambda={self.lambda_}",
            f"decoding.max_tokens={MAX_TOKENS}",
            f"results_dir={self.results}",
        ]

    def prompt_ids(self, place: int) -> list[int]:
        text = f"Problem : {QUESTIONS[place]} Solution :"
        ids: list[int] = plain_tokenizer(self.base)(text)["input_ids"]
        return ids

    def next_tokens(self, place: int, path: list[int], *, steered: bool) -> list[int]:
        """Greedy decoding's choice before each token: one pass a token, from the prompt on."""
        reference = ComposedReference(self.base, [(*self.pair, 1.0)], KNOWN)
        prompt, chosen = self.prompt_ids(place), []
        for end in range(len(path)):
            logits = reference.logits([*prompt, *path[:end]], self.lambda_ if steered else 0.0)
            chosen.append(int(logits[-1].argmax()))
        return chosen

    def logits(self, folder: str, place: int, path: list[int]) -> np.ndarray:
        """[tokens, KNOWN]: one model's logits before each token of the path."""
        prompt = self.prompt_ids(place)
        return model_logits(folder, [*prompt, *path])[len(prompt) - 1 : -1, :KNOWN]

    def delta(self, place: int, path: list[int], *, own: bool) -> np.ndarray:
        """[tokens, KNOWN]: ΔR of M itself or of the small pair."""
        rl, base = (self.rl, self.base) if own else self.pair
        return self.logits(rl, place, path) - self.logits(base, place, path)


@cache
def plain_tokenizer(folder: str) -> Any:
    return AutoTokenizer.from_pretrained(folder)


def make_random_study(folder: Path, family: str, checkpoint: Checkpoint) -> RandomStudy:
    """`family` names a trio of random checkpoints."""
    main, ((small_rl, small_base, _),) = TRIOS[family]
    rows = ({"question": question, "answer": "1"} for question in QUESTIONS)
    (folder / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))
    base = checkpoint(main)
    rl = with_noise(base, folder / "m-rl")
    return RandomStudy(folder, base, rl, (checkpoint(small_rl), checkpoint(small_base)))


def with_noise(source: str, target: Path) -> str:
    """A copy of a checkpoint whose weights were moved a little, as training would."""
    shutil.copytree(source, target)
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32)
    generator = torch.Generator().manual_seed(99)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.add_(0.1 * parameter.std() * noise)
    model.save_pretrained(target)
    return str(target)
