"""Batched rollouts with a KV cache, for GRPO and for the manifest's evaluation.

Rows of one call have prompts of one length (callers group them), so no padding is needed.
"""

from collections import defaultdict

import torch
from torch import Tensor

from rast_bench.zoo.model import TinyQwen2


@torch.inference_mode()
def rollout_equal_length(
    model: TinyQwen2,
    prompts: Tensor,
    max_tokens: int,
    eos_id: int,
    generator: torch.Generator,
    vocabulary: int,
    temperature: float = 1.0,
) -> list[list[int]]:
    """Sample one continuation per row of `prompts` [rows, time]; temperature 0 is greedy.

    Each continuation ends with the EOS id, or is `max_tokens` long. Finished rows leave the batch.
    Ids from `vocabulary` on are padding of the embedding and are never drawn.
    """
    rows, time = prompts.shape
    cache = model.new_cache(rows, time + max_tokens)
    hidden = model.hidden(prompts, cache)
    outputs: list[list[int]] = [[] for _ in range(rows)]
    live = torch.arange(rows)
    for step in range(max_tokens):
        logits = model.logits(hidden[:, -1])[:, :vocabulary]
        if temperature == 0:
            tokens = logits.argmax(-1)
        else:
            probabilities = torch.softmax(logits / temperature, dim=-1)
            tokens = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
        for row, token in zip(live.tolist(), tokens.tolist(), strict=True):
            outputs[row].append(token)
        going = tokens != eos_id
        if not bool(going.any()) or step + 1 == max_tokens:
            break
        if int(going.sum()) < 0.75 * len(live):
            keep = going.nonzero()[:, 0]
            live, tokens = live[keep], tokens[keep]
            cache = [(k[keep], v[keep]) for k, v in cache]
        hidden = model.hidden(tokens[:, None], cache, time + step)
    return [cut_after(ids, eos_id) for ids in outputs]


def cut_after(ids: list[int], eos_id: int) -> list[int]:
    return ids[: ids.index(eos_id) + 1] if eos_id in ids else ids


def rollout(
    model: TinyQwen2,
    prompts: list[list[int]],
    max_tokens: int,
    eos_id: int,
    seed: int,
    vocabulary: int,
    temperature: float = 1.0,
    batch_rows: int = 512,
) -> list[list[int]]:
    """Return continuations of prompts of any length, in order; equal seeds give equal tokens."""
    generator = torch.Generator().manual_seed(seed)
    by_length: dict[int, list[int]] = defaultdict(list)
    for i, prompt in enumerate(prompts):
        by_length[len(prompt)].append(i)
    results: list[list[int]] = [[] for _ in prompts]
    for _, members in sorted(by_length.items()):
        for start in range(0, len(members), batch_rows):
            chunk = members[start : start + batch_rows]
            ids = torch.tensor([prompts[i] for i in chunk])
            outputs = rollout_equal_length(
                model, ids, max_tokens, eos_id, generator, vocabulary, temperature
            )
            for i, output in zip(chunk, outputs, strict=True):
                results[i] = output
    return results
