"""Similarity of two ΔR (eq. 6, figure 4)."""

import math

import torch
from torch import Tensor

from rast_bench.analysis.kinds import PLAUSIBLE_SHARE


def delta_cosine(first: Tensor, second: Tensor, among: Tensor | None = None) -> Tensor:
    """Return the summands of eq. 6: the cosine between two ΔR at each position.

    Adding a constant to all logits of a model changes no probability, but it does change this
    number: eq. 6 compares logits as the models give them.

    Args:
        first, second: ΔR, [n, V], any float dtype; summed in float64.
        among: [n, V] bool, the tokens that count; None for all.

    Returns:
        [n] float64, NaN if one ΔR is zero on all tokens that count. A single token always has a
        cosine of −1 or 1.
    """
    first, second = first.double(), second.double()
    if among is not None:
        first, second = first.where(among, 0.0), second.where(among, 0.0)
    norms = torch.linalg.vector_norm(first, dim=-1) * torch.linalg.vector_norm(second, dim=-1)
    cosine: Tensor = (first * second).sum(-1) / norms
    return cosine.clamp(-1.0, 1.0)


def plausible_tokens(logits: Tensor, share: float = PLAUSIBLE_SHARE) -> Tensor:
    """Return tokens at least `share` times as likely as the most likely (Li et al. 2023, eq. 3).

    Args:
        logits: [n, V].
        share: 0 < α ≤ 1.

    Returns:
        [n, V] bool; every position has at least one.
    """
    plausible: Tensor = logits >= logits.amax(-1, keepdim=True) + math.log(share)
    return plausible
