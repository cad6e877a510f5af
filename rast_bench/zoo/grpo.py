"""Zero-RL with GRPO: no supervised start, no KL term, reward 1 for a correct boxed answer.

On-policy with one update per batch, so the importance ratio is 1 and no clipping is needed; groups
whose rewards are all equal carry no gradient and are left out of the update.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from rast_bench.zoo.corpus import PROMPT_TEMPLATE
from rast_bench.zoo.model import TinyQwen2
from rast_bench.zoo.problems import Problem, Shares
from rast_bench.zoo.sampling import rollout
from rast_bench.zoo.tasks import draw_piles
from rast_bench.zoo.tokenizer import WordCodec

BOX = re.compile(r"\\boxed\{ ([^{}]*) \}")
CLOSING_BOX = re.compile(BOX.pattern + r" \.$")
NOMINAL_TOKENS = 40  # constant normaliser of a response's loss, so length is not rewarded


@dataclass(frozen=True, slots=True)
class GrpoRecipe:
    """One budget for every scale: scales differ only in the model.

    The step size falls with the width (`lr_at_width_64 · 64 / width`), as muP has it for Adam, so
    that one rate fits all scales.
    """

    steps: int
    prompts: int = 32
    group: int = 8
    max_tokens: int = 160
    lr_at_width_64: float = 1.0e-3
    warmup_steps: int = 5
    difficulties: Shares = (("easy", 0.45), ("medium", 0.35), ("hard", 0.20))
    reward: str = "answer"  # a name of REWARDS


def reward(ids: list[int], gold: str, codec: WordCodec) -> float:
    """Return 1 if the response ends by itself and its last box contains the answer, else 0."""
    if not ids or ids[-1] != codec.eos_id:
        return 0.0
    boxes = BOX.findall(codec.decode(ids))
    return float(bool(boxes) and boxes[-1].replace(" ", "") == gold)


def closing_reward(ids: list[int], gold: str, codec: WordCodec) -> float:
    """Return `reward`, but 0 if anything follows the sentence of the box."""
    return reward(ids, gold, codec) * format_reward(ids, gold, codec)


def format_reward(ids: list[int], _gold: str, codec: WordCodec) -> float:
    """Return 1 if the response ends with the sentence of a box, whatever its content, else 0."""
    ended = bool(ids) and ids[-1] == codec.eos_id
    return float(ended and CLOSING_BOX.search(codec.decode(ids)) is not None)


REWARDS = {"answer": reward, "closing answer": closing_reward, "format": format_reward}


def advantages(rewards: torch.Tensor) -> torch.Tensor:
    """Return GRPO's group-relative advantage of rewards [prompts, group]: (r − mean) / std, 0 if
    equal.
    """
    centred = rewards - rewards.mean(1, keepdim=True)
    return centred / rewards.std(1, keepdim=True).clamp_min(1e-6) * (centred.abs() > 0)


def policy_gradient_step(
    model: TinyQwen2,
    rows: list[tuple[list[int], list[int], float]],
    total_rows: int,
    pad_id: int,
) -> None:
    """Accumulate gradients of −Σ advantage · log p over (prompt, response, advantage) rows."""
    rows = sorted(rows, key=lambda row: len(row[0]) + len(row[1]))
    for start in range(0, len(rows), 64):
        chunk = rows[start : start + 64]
        time = max(len(p) + len(r) for p, r, _ in chunk)
        ids = torch.full((len(chunk), time), pad_id)
        weights = torch.zeros(len(chunk), time)
        for i, (prompt, response, advantage) in enumerate(chunk):
            ids[i, : len(prompt) + len(response)] = torch.tensor(prompt + response)
            weights[i, len(prompt) : len(prompt) + len(response)] = advantage
        logits = model(ids[:, :-1])
        nll = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        loss = (nll * weights[:, 1:].flatten()).sum()
        torch.autograd.backward(loss / (total_rows * NOMINAL_TOKENS))


def train_grpo(
    model: TinyQwen2,
    codec: WordCodec,
    recipe: GrpoRecipe,
    seed: int,
    on_step: Callable[[int, float, float], None],
    draw: Callable[[random.Random, Shares], Problem] = draw_piles,
    kind: str | None = None,
) -> None:
    """Train in place on problems from `draw`. `on_step(step, mean_reward, mean_tokens)`.

    Args:
        kind: a name of REWARDS, by default the recipe's.
    """
    score = REWARDS[kind or recipe.reward]
    rng = random.Random(f"{seed}/grpo")
    rate = recipe.lr_at_width_64 * 64 / model.shape.width
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.0)
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / recipe.warmup_steps)
        problems = [draw(rng, recipe.difficulties) for _ in range(recipe.prompts)]
        prompts = [
            codec.encode(PROMPT_TEMPLATE.format(question=problem.question))
            for problem in problems
            for _ in range(recipe.group)
        ]
        responses = rollout(
            model,
            prompts,
            recipe.max_tokens,
            codec.eos_id,
            seed * 1_000_003 + step,
            len(codec.words),
        )
        rewards = torch.tensor(
            [
                score(response, problems[i // recipe.group].gold, codec)
                for i, response in enumerate(responses)
            ]
        ).view(recipe.prompts, recipe.group)
        flat = advantages(rewards).flatten().tolist()
        rows = [row for row in zip(prompts, responses, flat, strict=True) if row[2] != 0.0]
        if rows:
            policy_gradient_step(model, rows, len(prompts), codec.pad_id)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        on_step(step, float(rewards.mean()), sum(map(len, responses)) / len(responses))
