"""From composed logits to tokens: repetition penalty, temperature, top-p, then a uniform number."""

import torch
from torch import Tensor

_ELEMENTS_AT_ONCE = 2**23
SAMPLING_BYTES = 40 * _ELEMENTS_AT_ONCE
"""Temporary memory of `draw_tokens`: about 40 bytes per row and id."""


def nucleus(logits: Tensor, temperature: Tensor, top_p: Tensor) -> tuple[Tensor, Tensor]:
    """Return tokens by descending probability, and their probabilities with the tail beyond top-p
    set to 0.

    The nucleus is the smallest set of most likely tokens whose mass reaches `top_p` (Holtzman et
    al. 2020); it always contains the most likely token. Equal probabilities are ordered by id.

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
    before = masses.cumsum(-1).sub_(masses)
    outside = (before >= top_p[:, None].double()) & (top_p[:, None] < 1)
    outside[:, 0] = False
    return ids, masses.masked_fill_(outside, 0.0)


def penalised(logits: Tensor, penalty: Tensor, seen: Tensor) -> Tensor:
    """Return logits with those of `seen` ids made less likely, by the repetition penalty of CTRL
    (Keskar et al. 2019): positive ones are divided by it, negative ones multiplied.

    It comes before temperature and top-p. With a penalty of 1 a row keeps its bits.

    Args:
        logits: [rows, V] float32; −inf is allowed.
        penalty: [rows] float32, > 0.
        seen: [rows, V] bool, the ids of the prompt and of the response so far.
    """
    column = penalty[:, None]
    changed = torch.where(logits > 0, logits / column, logits * column)
    return torch.where(seen, changed, logits)


def draw_tokens(
    logits: Tensor,
    temperature: Tensor,
    top_p: Tensor,
    greedy: Tensor,
    uniform: Tensor,
    *,
    all_greedy: bool | None = None,
) -> Tensor:
    """Draw one token per row: the argmax if `greedy`, else the nucleus's inverse CDF at `uniform`.

    A token is a function of its own row alone, so batch order and batch size cannot change it.

    Args:
        logits: [rows, V] float32.
        temperature, top_p: [rows] float32.
        greedy: [rows] bool.
        uniform: [rows] float64 in [0, 1).
        all_greedy: whether `greedy` holds everywhere, if the caller knows; asking a GPU would
            wait for all its work.

    Returns:
        [rows] int64 ids. A row with NaN gets some id, which the caller must reject.
    """
    most_likely = logits.argmax(-1)
    if bool(greedy.all()) if all_greedy is None else all_greedy:
        return most_likely
    # Some rows at a time; at 256 × 152,064 ids all of them would take 1.5 GB.
    step = max(1, _ELEMENTS_AT_ONCE // logits.shape[-1])
    slices = [slice(i, i + step) for i in range(0, len(logits), step)]
    drawn = torch.cat(
        [_draw(logits[rows], temperature[rows], top_p[rows], uniform[rows]) for rows in slices]
    )
    return torch.where(greedy, most_likely, drawn)


def _draw(logits: Tensor, temperature: Tensor, top_p: Tensor, uniform: Tensor) -> Tensor:
    """Return [rows] int64: the inverse CDF of each row's nucleus at `uniform`."""
    ids, masses = nucleus(logits, temperature, top_p)
    return ids.gather(-1, inverse_cdf(masses, uniform)[:, None])[:, 0]


def inverse_cdf(masses: Tensor, uniform: Tensor) -> Tensor:
    """Return the columns [rows] int64 at which the cumulated masses exceed `uniform` of their sum.

    Args:
        masses: [rows, V] float64, non-negative, not necessarily normalised.
        uniform: [rows] float64 in [0, 1).
    """
    cumulative = masses.cumsum(-1)
    total = cumulative[:, -1:].contiguous()
    index = torch.searchsorted(cumulative, uniform[:, None] * total, right=True)
    # Rounding must not lead beyond the last column with mass; with NaN there is none.
    last = torch.searchsorted(cumulative, total)
    return torch.minimum(index, last)[:, 0].clamp_(max=masses.shape[-1] - 1)
