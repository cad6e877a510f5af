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
    rows: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return `M_base + λ · Σᵢ wᵢ · (S_RL,i − S_base,i)` over the shared vocabulary (eq. 3, appendix
    E).

    Padded vocabularies differ in size within one family; ids from `vocabulary` on are padding of
    some model and get −inf, so that they can never be drawn. Rows with λ = 0 are M_base's logits
    bit for bit, whatever ΔR holds there.

    Args:
        main: [rows, V_M] logits of M_base, float32.
        rl, base: one [steered, V_i] tensor per pair, V_i ≥ `vocabulary`; any float dtype,
            subtracted in float32.
        weights: one weight per pair.
        lambda_: [steered] λ, float32.
        vocabulary: number of ids that every model has, at most every V.
        permutation: [vocabulary] ids; the null control takes ΔR's values in this order.
        rows: [steered] int64, distinct: the rows of `main` that ΔR belongs to; the others have
            λ = 0. None: all rows in order.
        out: [rows, V_M] float32 to write to; `main` itself is allowed and saves a copy.

    Returns:
        [rows, V_M] float32, `out` if given.
    """
    if out is None:
        out = main.clone()
    elif out is not main:
        out.copy_(main)
    delta: Tensor | None = None
    for rl_logits, base_logits, weight in zip(rl, base, weights, strict=True):
        pair = rl_logits[:, :vocabulary].to(torch.float32, copy=True)
        pair.sub_(base_logits[:, :vocabulary]).mul_(weight)
        delta = pair if delta is None else delta.add_(pair)
    if delta is not None:
        if permutation is not None:
            delta = delta[:, permutation]
        column = lambda_[:, None]
        delta.mul_(column).masked_fill_(column == 0, -0.0)  # x + (−0.0) has the bits of x
        steered = out[:, :vocabulary]
        _ = steered.add_(delta) if rows is None else steered.index_add_(0, rows, delta)
    out[:, vocabulary:] = -torch.inf
    return out


def shuffled_vocabulary(vocabulary: int, seed: int) -> Tensor:
    """Return the permutation of the null control, int64: the same for every run with this seed."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(vocabulary, generator=generator)
