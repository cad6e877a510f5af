"""Exact speculative sampling (Leviathan et al. 2023): S_RL drafts, the composition verifies.

A drafted token d is accepted with probability min(1, p(d) / q(d)), where p is the composition's
distribution and q is S_RL's, both after temperature and top-p; the first rejected token is replaced
by a draw from the residual (p − q)₊. So every token follows p, whatever q is.

Each token of a sequence has `NUMBERS` uniform numbers of its own, by its place in the response. A
token that is drafted again after an earlier rejection uses its numbers again: nothing that was kept
depends on them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from rast_bench.compose.sampling import inverse_cdf, nucleus

NUMBERS = 3
FINAL, ACCEPT, DRAFT = range(NUMBERS)
"""A token's uniform numbers: for its draw from p or the residual, its acceptance, its draft."""

_ELEMENTS_AT_ONCE = 2**22


@dataclass(slots=True)
class Counts:
    """What drafts were worth, over all rows. Drafts after a rejection or an end are not judged."""

    passes: int = 0  # verifications of a row
    tokens: int = 0  # that these passes gave
    judged: int = 0  # drafted tokens that were accepted or rejected
    accepted: int = 0

    def add(self, accepted: int, drafts: int, kept: int) -> None:
        """Count a verification of `drafts` tokens, whose first `kept` tokens the row has kept."""
        self.passes += 1
        self.tokens += kept
        self.accepted += min(accepted, kept)
        self.judged += min(accepted + 1, drafts, kept)

    def clear(self) -> None:
        self.passes = self.tokens = self.judged = self.accepted = 0

    @property
    def acceptance(self) -> float:
        """Share of the judged drafts that were accepted; NaN without any."""
        return self.accepted / self.judged if self.judged else float("nan")

    @property
    def tokens_per_pass(self) -> float:
        return self.tokens / self.passes if self.passes else float("nan")


def distribution(logits: Tensor, temperature: Tensor, top_p: Tensor) -> Tensor:
    """Return what `draw_tokens` draws from, [rows, V] float64 with sum 1, by id.

    Args:
        logits: [rows, V] float32; −inf is allowed.
        temperature, top_p: [rows] float32.
    """
    ids, masses = nucleus(logits, temperature, top_p)
    masses /= masses.sum(-1, keepdim=True)
    return torch.zeros_like(masses).scatter_(1, ids, masses)


def draw_drafts(
    logits: Tensor, temperature: Tensor, top_p: Tensor, greedy: Tensor, uniform: Tensor
) -> tuple[Tensor, Tensor]:
    """Draw one drafted token per row; return its id [rows] int64 and probability q [rows] float64.

    Arguments as those of `draw_tokens`. A greedy row drafts its most likely token, with q = 1.
    """
    ids = logits.argmax(-1)
    chances = torch.ones(len(logits), dtype=torch.float64, device=logits.device)
    for rows in _slices(logits, greedy):
        q = distribution(logits[rows], temperature[rows], top_p[rows])
        drawn = inverse_cdf(q, uniform[rows])
        ids[rows] = drawn
        chances[rows] = q.gather(1, drawn[:, None])[:, 0]
    return ids, chances


def verify_drafts(
    logits: Tensor,
    draft_logits: Tensor,
    drafts: Tensor,
    chances: Tensor,
    temperature: Tensor,
    top_p: Tensor,
    greedy: Tensor,
    accept: Tensor,
    final: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return every row's next tokens [rows, k + 1] int64 and how many drafts it accepts [rows].

    A row's first `accepted` tokens are its drafts, the next one is drawn from the residual (from p
    if all k are accepted); what follows has no meaning. A greedy row accepts exactly the drafts
    that are the most likely tokens.

    Args:
        logits: [rows, k + 1, V] float32, composed, in the places of the drafts and the one after.
        draft_logits: [rows, k, V] float32, that the drafts were drawn from.
        drafts: [rows, k] int64.
        chances: [rows, k] float64, q of every draft.
        temperature, top_p, greedy: [rows].
        accept: [rows, k] float64 in [0, 1).
        final: [rows, k + 1] float64 in [0, 1), by place.
    """
    rows, count = drafts.shape
    best = logits.argmax(-1)
    accepts = best[:, :count] == drafts
    places = greedy[:, None].expand(rows, count).reshape(-1)
    flat = logits[:, :count].reshape(rows * count, -1)
    for part in _slices(flat, places):
        row, place = part // count, part % count
        p = distribution(flat[part], temperature[row], top_p[row])
        chance = p.gather(1, drafts[row, place][:, None])[:, 0]
        accepts[row, place] = accept[row, place] * chances[row, place] < chance
    accepted = accepts.long().cumprod(1).sum(1)
    every = torch.arange(rows, device=logits.device)
    last = best[every, accepted]
    ends = logits[every, accepted]
    for part in _slices(ends, greedy):
        p = distribution(ends[part], temperature[part], top_p[part])
        place = accepted[part].clamp(max=count - 1)
        q = distribution(draft_logits[part, place], temperature[part], top_p[part])
        residual = (p - q).clamp_(min=0)
        # p itself after k accepted drafts, if p = q but for rounding, and if q is NaN.
        whole = (accepted[part] == count) | ~(residual.sum(-1) > 0)
        masses = torch.where(whole[:, None], p, residual)
        last[part] = inverse_cdf(masses, final[part, accepted[part]])
    tokens = torch.cat([drafts, drafts[:, :1]], dim=1)
    tokens[every, accepted] = last
    return tokens, accepted


def _slices(logits: Tensor, greedy: Tensor) -> list[Tensor]:
    """Return the indices of the rows to be sampled, as many at a time as memory should hold."""
    sampled = (~greedy).nonzero()[:, 0]
    if not len(sampled):
        return []
    return list(torch.split(sampled, max(1, _ELEMENTS_AT_ONCE // logits.shape[-1])))


def expected_tokens(acceptance: float, drafts: int) -> float:
    """Return the expected tokens of a verification, its own included (Leviathan et al., eq. 1).

    (1 − a^(k+1)) / (1 − a) for k drafts that are accepted independently with probability a.
    """
    return sum(acceptance**i for i in range(drafts + 1))


def expected_gain(acceptance: float, drafts: int, main: float, small: float) -> float:
    """Return how much faster the composition decodes with drafts by S_RL than without.

    Without, a token takes a step of M_base and of both small models. With k drafts a verification
    takes one step of M_base and S_base, for all k + 1 places at once, and k + 1 of S_RL:
    E · (M + 2 S) / (M + S + (k + 1) S), E = `expected_tokens`.

    Args:
        main, small: the costs of a step of M_base and of one small model in any one unit, such as
            the bytes of the weights that it reads. A step over k + 1 tokens is taken to cost as
            much as one over one token, which holds as long as reading the weights limits both.
    """
    tokens = expected_tokens(acceptance, drafts)
    return tokens * (main + 2 * small) / (main + (drafts + 2) * small)


def expected_gain_over_main(acceptance: float, drafts: int, main: float, small: float) -> float:
    """Return how much faster than M_base alone the composition decodes with drafts by S_RL.

    E · M / (M + (k + 2) S); arguments as those of `expected_gain`.
    """
    return expected_tokens(acceptance, drafts) * main / (main + (drafts + 2) * small)


def best_drafts(acceptance: float, main: float, small: float, most: int = 16) -> int:
    """Return the number of drafts, up to `most`, with the largest expected gain."""
    return max(range(1, most + 1), key=lambda k: expected_gain(acceptance, k, main, small))
