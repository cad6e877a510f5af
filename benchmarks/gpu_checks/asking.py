"""Prompts, and what is asked of an engine and read off its answers."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import AutoTokenizer

from gpu_checks.engine_process import EngineProcess
from gpu_checks.reference import Reference
from rast_bench.config.schema import DatasetConfig, PromptConfig
from rast_bench.datasets.load import load_problems
from rast_bench.datasets.prompt import render_prompt


def random_prompts(count: int, vocabulary: int, longest: int) -> list[list[int]]:
    """Prompts of word ids, of 1 to `longest` tokens."""
    generator = random.Random(count)
    lengths = [1 + (longest - 1) * i // max(1, count - 1) for i in range(count)]
    return [generator.choices(range(3, vocabulary), k=length) for length in lengths]


def trained_prompts(model: str, count: int) -> list[list[int]]:
    """Problems that the tiny family was trained for, tokenised, other ones for each place."""
    dataset = DatasetConfig(name="tiny", path="zoo:tiny-hard-test.jsonl", id_field="problem_id")
    template = PromptConfig(name="tiny", template="Problem : {question} Solution :")
    tokenizer = AutoTokenizer.from_pretrained(model)
    return [
        tokenizer(render_prompt(template, problem))["input_ids"]
        for problem in load_problems(dataset)[:count]
    ]


def random_long_prompts(count: int, vocabulary: int, seed: int) -> list[list[int]]:
    """Longer than half of what one step takes, so that several do not fit into one."""
    generator = random.Random(seed)
    return [generator.choices(range(3, vocabulary), k=150 + 25 * i) for i in range(count)]


def widest(reference: Reference, prompts: Sequence[list[int]], lambda_: float) -> list[int]:
    """Return the prompt whose next token is the least certain: its frequencies tell the most."""

    def entropy(prompt: list[int]) -> float:
        row = reference.composed(prompt, [0], lambda_)[0]
        return float(-(np.exp(row) * row).sum())

    return max(prompts, key=entropy)


def greedy(tokens: int, **params: Any) -> dict[str, Any]:
    return {"temperature": 0.0, "max_tokens": tokens, "logprobs": 0, **params}


def complete(
    engine: EngineProcess,
    prompts: Sequence[list[int]],
    params: dict[str, Any] | Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    each = [params] * len(prompts) if isinstance(params, dict) else params
    outputs: list[dict[str, Any]] = engine.generate(prompts, each)["outputs"]
    return outputs


def zip_completions(found: list[dict[str, Any]]) -> tuple[list[list[int]], list[list[float]]]:
    """Tokens and log-probabilities of each request's only completion."""
    only = [output["completions"][0] for output in found]
    return [c["tokens"] for c in only], [c["logs"] for c in only]


def at(places: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """[tokens]: what `places` [tokens, ids] says of each token."""
    result: np.ndarray = places[np.arange(len(tokens)), list(tokens)]
    return result
