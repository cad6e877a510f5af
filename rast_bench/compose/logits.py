"""Equation 3 of the paper: how the next-token logits of several models become one."""

from collections.abc import Sequence

import torch
from torch import Tensor


def compose_logits(
    main: Tensor,
    rl: Sequence[Tensor],
    base: Sequence[Tensor],
    weights: Sequence[float],
    lambda_: Tensor,
    *,
    vocabulary: int,
    permutation: Tensor | None = None,
) -> Tensor:
    """`M_base + λ · Σᵢ wᵢ · (S_RL,i − S_base,i)` over the shared vocabulary (eq. 3, appendix E).

    Padded vocabularies differ in size within one family; ids from `vocabulary` on are padding of
    some model and get −inf, so that they can never be drawn. Rows with λ = 0 are M_base's logits
    bit for bit, whatever ΔR holds there.

    Args:
        main: [rows, V_M] logits of M_base, float32.
        rl, base: one [rows, V_i] float32 tensor for each pair, V_i ≥ `vocabulary`.
        weights: one weight for each pair.
        lambda_: [rows] λ, float32.
        vocabulary: number of ids that every model has, at most every V.
        permutation: [vocabulary] ids; the null control takes ΔR's values in this order.

    Returns:
        [rows, V_M] float32.
    """
    composed = main.clone()
    composed[:, vocabulary:] = -torch.inf
    if not rl:
        return composed
    delta = torch.zeros_like(main[:, :vocabulary])
    for rl_logits, base_logits, weight in zip(rl, base, weights, strict=True):
        delta += weight * (rl_logits[:, :vocabulary] - base_logits[:, :vocabulary])
    if permutation is not None:
        delta = delta[:, permutation]
    strength = lambda_[:, None]
    steered = main[:, :vocabulary] + strength * delta
    composed[:, :vocabulary] = torch.where(strength == 0, main[:, :vocabulary], steered)
    return composed


def shuffled_vocabulary(vocabulary: int, seed: int) -> Tensor:
    """The permutation of the null control: the same for every run with this seed, int64."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(vocabulary, generator=generator)
