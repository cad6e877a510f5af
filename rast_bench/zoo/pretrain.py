"""Pre-training: Muon on the matrices, AdamW on the rest (Muon halved the steps needed)."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from rast_bench.zoo.corpus import Document
from rast_bench.zoo.model import TinyQwen2
from rast_bench.zoo.tokenizer import WordCodec

BUCKET_BATCHES = 16  # documents are sorted by length within this many batches, to save padding
NOMINAL_TOKENS = 80  # mean document length: a constant normaliser, so long batches count in full


@dataclass(frozen=True, slots=True)
class PretrainRecipe:
    """Step sizes fall with the width (`… · 64 / width`), so that one rate fits all scales."""

    steps: int
    batch_documents: int = 32
    muon_lr_at_width_64: float = 1.0e-2
    adamw_lr_at_width_64: float = 1.0e-2
    warmup_steps: int = 30
    decay_share: float = 0.7
    prompt_weight: float = 0.1


def learning_rate_factor(step: int, recipe: PretrainRecipe) -> float:
    """Return the factor of a linear warm-up, a plateau and a linear decay over the last
    `decay_share`.
    """
    warm = min(1.0, (step + 1) / recipe.warmup_steps)
    decay_steps = recipe.steps * recipe.decay_share
    return min(warm, (recipe.steps - step) / decay_steps)


def encode(doc: Document, codec: WordCodec, prompt_weight: float) -> tuple[list[int], list[float]]:
    """Return ids with the EOS appended, and the loss weight of each id as a target."""
    prompt, solution = codec.encode(doc.prompt), codec.encode(doc.solution)
    ids = [*prompt, *solution, codec.eos_id]
    return ids, [prompt_weight] * len(prompt) + [1.0] * (len(solution) + 1)


def batches(
    docs: Iterator[Document], codec: WordCodec, recipe: PretrainRecipe, seed: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield endless (ids [rows, time], weights [rows, time]); padding has weight 0."""
    shuffle = torch.Generator().manual_seed(seed)
    size = recipe.batch_documents
    while True:
        pool = [
            encode(doc, codec, recipe.prompt_weight)
            for doc in itertools.islice(docs, size * BUCKET_BATCHES)
        ]
        pool.sort(key=lambda item: len(item[0]))
        for b in torch.randperm(BUCKET_BATCHES, generator=shuffle).tolist():
            rows = pool[b * size : (b + 1) * size]
            time = max(len(ids) for ids, _ in rows)
            ids = torch.full((size, time), codec.pad_id)
            weights = torch.zeros(size, time)
            for r, (row_ids, row_weights) in enumerate(rows):
                ids[r, : len(row_ids)] = torch.tensor(row_ids)
                weights[r, : len(row_weights)] = torch.tensor(row_weights)
            yield ids, weights


def make_optimizers(model: TinyQwen2, recipe: PretrainRecipe) -> list[torch.optim.Optimizer]:
    scale = 64 / model.shape.width
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    rest = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    return [
        torch.optim.Muon(
            matrices,
            lr=recipe.muon_lr_at_width_64 * scale,
            weight_decay=0.01,
            adjust_lr_fn="match_rms_adamw",
        ),
        torch.optim.AdamW(
            rest, lr=recipe.adamw_lr_at_width_64 * scale, betas=(0.9, 0.95), weight_decay=0.0
        ),
    ]


def pretrain(
    model: TinyQwen2,
    docs: Iterator[Document],
    codec: WordCodec,
    recipe: PretrainRecipe,
    seed: int,
    on_step: Callable[[int, float], None],
) -> None:
    """Train in place. `on_step(step, loss)` gets the mean weighted loss in nats per token."""
    optimizers = make_optimizers(model, recipe)
    base_rates = [group["lr"] for o in optimizers for group in o.param_groups]
    model.train()
    stream = batches(docs, codec, recipe, seed)
    for step in range(recipe.steps):
        ids, weights = next(stream)
        factor = learning_rate_factor(step, recipe)
        groups = [group for o in optimizers for group in o.param_groups]
        for group, rate in zip(groups, base_rates, strict=True):
            group["lr"] = rate * factor
        logits = model(ids[:, :-1])
        losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none")
        target_weights = weights[:, 1:].flatten()
        total = (losses * target_weights).sum()
        torch.autograd.backward(total / (recipe.batch_documents * NOMINAL_TOKENS))
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        on_step(step, float(total.detach() / target_weights.sum()))
