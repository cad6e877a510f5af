"""Accuracy of one model on the dev sets, with the trainer's own sampler, for the manifest.

The test sets are never touched here: their numbers come from the harness.
"""

from collections.abc import Sequence
from typing import TypedDict

from rast_bench.zoo.corpus import PROMPT_TEMPLATE
from rast_bench.zoo.grpo import reward
from rast_bench.zoo.model import TinyQwen2
from rast_bench.zoo.problems import Problem
from rast_bench.zoo.sampling import rollout
from rast_bench.zoo.tokenizer import WordCodec


class DevScore(TypedDict):
    """Shares in [0, 1] at τ = 1, and the mean response length in tokens."""

    sampled: float
    greedy: float
    mean_tokens: float


def evaluate(
    model: TinyQwen2,
    codec: WordCodec,
    problems: Sequence[Problem],
    samples: int = 4,
    max_tokens: int = 192,
) -> DevScore:
    model.eval()
    prompts = [codec.encode(PROMPT_TEMPLATE.format(question=p.question)) for p in problems]
    vocabulary = len(codec.words)
    drawn = rollout(
        model,
        [prompt for prompt in prompts for _ in range(samples)],
        max_tokens,
        codec.eos_id,
        0,
        vocabulary,
    )
    greedy = rollout(model, prompts, max_tokens, codec.eos_id, 0, vocabulary, temperature=0.0)
    golds = [problem.gold for problem in problems]
    return DevScore(
        sampled=mean([reward(ids, golds[i // samples], codec) for i, ids in enumerate(drawn)]),
        greedy=mean([reward(ids, gold, codec) for ids, gold in zip(greedy, golds, strict=True)]),
        mean_tokens=mean([float(len(ids)) for ids in drawn]),
    )


def mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 4)
