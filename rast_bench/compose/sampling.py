"""From composed logits to tokens: temperature, then top-p, then one uniform number a row."""

import torch
from torch import Tensor


def nucleus(logits: Tensor, temperature: Tensor, top_p: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens by falling probability, and their probabilities with the tail beyond top-p set to 0.

    The nucleus is the smallest set of most likely tokens whose mass reaches `top_p` (Holtzman et
    al. 2020); the most likely token always belongs to it. Equal probabilities stand by id.

    Args:
        logits: [rows, V] float32; −inf is allowed.
        temperature, top_p: [rows] float32, τ > 0 and 0 < top_p ≤ 1.

    Returns:
        ids [rows, V] int64 and masses [rows, V] float64, not renormalised.
    """
    # The largest logit becomes 0 first, so that a small τ cannot overflow.
    below_best = logits - logits.amax(-1, keepdim=True)
    tau = temperature.clamp(min=torch.finfo(torch.float32).tiny)
    probabilities = torch.softmax(below_best / tau[:, None], dim=-1)
    sorted_probabilities, ids = torch.sort(probabilities, dim=-1, descending=True, stable=True)
    masses = sorted_probabilities.double()
    before = masses.cumsum(-1) - masses
    outside = (before >= top_p[:, None].double()) & (top_p[:, None] < 1)
    outside[:, 0] = False
    return ids, masses.masked_fill(outside, 0.0)


def draw_tokens(
    logits: Tensor, temperature: Tensor, top_p: Tensor, greedy: Tensor, uniform: Tensor
) -> Tensor:
    """One token a row: the argmax where `greedy`, else the inverse CDF of the nucleus at `uniform`.

    A token is a function of its own row alone, so batch order and batch size cannot change it.

    Args:
        logits: [rows, V] float32.
        temperature, top_p: [rows] float32.
        greedy: [rows] bool.
        uniform: [rows] float64 in [0, 1).

    Returns:
        [rows] int64 ids.
    """
    most_likely = logits.argmax(-1)
    if bool(greedy.all()):
        return most_likely
    ids, masses = nucleus(logits, temperature, top_p)
    cumulative = masses.cumsum(-1)
    target = uniform * cumulative[:, -1]
    place = torch.searchsorted(cumulative, target[:, None], right=True)
    last = (masses > 0).sum(-1, keepdim=True) - 1  # rounding must not lead beyond the nucleus
    drawn = ids.gather(-1, torch.minimum(place, last))[:, 0]
    return torch.where(greedy, most_likely, drawn)
