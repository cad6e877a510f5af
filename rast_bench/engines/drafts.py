"""Speculation in the reference engine: S_RL drafts for every row, one pass verifies all drafts.

A rejected token needs no clearing up: a cache's entries beyond a row's newest token are masked, and
written again when the row gets there. Drafts beyond `max_tokens` all go to the row's last position,
which no token that is kept attends to, so speculation needs no further room.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from rast_bench.compose.speculation import (
    ACCEPT,
    DRAFT,
    FINAL,
    Counts,
    draw_drafts,
    verify_drafts,
)
from rast_bench.engines.loaded import SlottedModel
from rast_bench.engines.rows import SlotState


@dataclass(frozen=True, slots=True)
class Drafted:
    """The newest token of every slot that runs, then its k drafts.

    Attributes:
        tokens, positions: [slots, k + 1] int64.
        mask: [slots, 1, k + 1, length] float32, 0 or −inf.
        chances: [rows, k] float64, the drafter's probability of every draft.
        logits: [rows, k + 1, V] float32, the drafter's.
    """

    tokens: Tensor
    positions: Tensor
    mask: Tensor
    chances: Tensor
    logits: Tensor


@dataclass(frozen=True, slots=True)
class Speculation:
    """How an engine speculates, and what came of it.

    Attributes:
        tokens: k, drafts per verification, the same for every row and step: so a sample is a
            function of its request, whatever shares its batch.
        drafter: The index of S_RL among the engine's models.
        vocabulary: Ids that every model has; only these are drafted.
    """

    tokens: int
    drafter: int
    vocabulary: int
    counts: Counts = field(default_factory=Counts)

    def draft(
        self, model: SlottedModel, state: SlotState, rows: int, slots: int, length: int
    ) -> Drafted:
        """Run the drafter k + 1 times; the last time for its own part of the token after the
        drafts.

        Args:
            rows: live rows; the slots after them are idle.
            slots: that run.
            length: columns that a step attends to.
        """
        ahead = torch.arange(self.tokens + 1, device=model.device)
        positions = torch.minimum(
            state.positions[:slots, None] + ahead, state.last[:slots, None].clamp(max=length - 1)
        )
        columns = torch.arange(length, device=model.device)
        beyond = columns > positions[:, None, :, None]
        mask = torch.zeros(beyond.shape, device=model.device).masked_fill_(beyond, -torch.inf)
        tokens = state.tokens[:slots, None].repeat(1, self.tokens + 1)
        live = slice(0, rows)
        logits, chances = [], []
        for i in range(self.tokens + 1):
            here = slice(i, i + 1)
            found = model.step(tokens[:, here], positions[:, here], mask[:, :, here])[live]
            logits.append(found)
            if i < self.tokens:
                tokens[live, i + 1], chance = draw_drafts(
                    found[:, 0, : self.vocabulary],
                    state.temperature[live],
                    state.top_p[live],
                    state.greedy[live],
                    state.uniform_of(live, i, DRAFT),
                )
                chances.append(chance)
        return Drafted(tokens, positions, mask, torch.stack(chances, 1), torch.cat(logits, 1))

    def verify(self, state: SlotState, drafted: Drafted, composed: Tensor) -> list[list[int]]:
        """Return every row's next tokens, 1 to k + 1, and advance its state over them.

        −1 stands for a token whose logits are not finite.

        Args:
            composed: [rows, k + 1, V] float32.
        """
        live = slice(0, len(composed))
        places = range(self.tokens + 1)
        tokens, accepted = verify_drafts(
            composed[..., : self.vocabulary],
            drafted.logits[:, :-1, : self.vocabulary],
            drafted.tokens[live, 1:],
            drafted.chances,
            state.temperature[live],
            state.top_p[live],
            state.greedy[live],
            torch.stack([state.uniform_of(live, i, ACCEPT) for i in places[:-1]], 1),
            torch.stack([state.uniform_of(live, i, FINAL) for i in places], 1),
        )
        state.tokens[live] = tokens.gather(1, accepted[:, None])[:, 0]
        state.saw(live, tokens, accepted)
        state.positions[live] += accepted + 1
        state.drawn[live] += accepted + 1
        finite = composed.amax(-1).isfinite()  # a maximum with NaN is NaN
        chosen = tokens.masked_fill_(~finite, -1).tolist()
        counts = (accepted + 1).tolist()
        return [row[:count] for row, count in zip(chosen, counts, strict=True)]
