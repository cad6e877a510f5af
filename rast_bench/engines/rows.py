"""The rows of a continuous batch: each request's parameters as tensors for the step loop."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from rast_bench.compose.sampling import draw_tokens, penalised
from rast_bench.domain import FinishReason, Request


@dataclass(slots=True)
class Row:
    """A request that is being decoded. `ids` are the response so far, forced tokens first;
    `small_steps` counts those drawn while a gated method's gate was open, for such methods.
    """

    request: Request
    prompt: Sequence[int]  # ids
    uniform: Tensor  # [max_tokens × numbers] float64, those of a token side by side
    ids: list[int] = field(default_factory=list)
    small_steps: int | None = None

    @property
    def length(self) -> int:
        """Positions that it occupies now."""
        return len(self.prompt) + len(self.ids)

    @property
    def longest(self) -> int:
        """Positions that it may occupy at the end."""
        return len(self.prompt) + self.request.params.max_tokens


class Pending:
    """Requests still to come, with the ids of their prompts; one without room is put back."""

    def __init__(self, requests: Iterable[Request], encode: Callable[[str], list[int]]) -> None:
        self._source = iter(requests)
        self._encode = encode
        self._held: tuple[Request, list[int]] | None = None

    def take(self) -> tuple[Request, list[int]] | None:
        """Return the next request; None if there is no other."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        request = next(self._source, None)
        return None if request is None else (request, self._encode(request.prompt))

    def put_back(self, request: Request, ids: list[int]) -> None:
        self._held = request, ids


def uniform_numbers(seed: int, count: int) -> Tensor:
    """Return `count` float64 numbers in [0, 1) that depend only on the seed (Philox, counter
    based).
    """
    return torch.from_numpy(np.random.Generator(np.random.Philox(key=seed)).random(count))


class SlotState:
    """The step loop's state per slot, as tensors; row i of every step is slot i.

    `numbers` is how many uniform numbers belong to each token; a step without drafts reads the
    first one. `vocabulary` is the width of the composed logits.
    """

    def __init__(
        self,
        slots: int,
        device: torch.device,
        vocabulary: int,
        parameters: int = 0,
        numbers: int = 1,
    ) -> None:
        self.numbers, self.vocabulary = numbers, vocabulary
        self.tokens = torch.zeros(slots, dtype=torch.int64, device=device)  # the newest token
        self.positions = torch.zeros(slots, dtype=torch.int64, device=device)  # and its position
        self.last = torch.zeros(slots, dtype=torch.int64, device=device)  # position it may reach
        self.drawn = torch.zeros(slots, dtype=torch.int64, device=device)  # tokens so far
        self.lambda_ = torch.zeros(slots, device=device)
        self.parameters = torch.zeros(slots, parameters, dtype=torch.float64, device=device)
        self.temperature = torch.ones(slots, device=device)
        self.top_p = torch.ones(slots, device=device)
        self.greedy = torch.ones(slots, dtype=torch.bool, device=device)
        self.uniform = torch.zeros(slots, 1, dtype=torch.float64, device=device)
        self.penalty = torch.ones(slots, device=device)  # the repetition penalty
        self.seen: Tensor | None = None  # [slots, vocabulary] bool, once some row has a penalty

    def put(self, slot: int, row: Row) -> None:
        """Fill the slot with a request none of whose tokens were drawn yet."""
        params = row.request.params
        self.positions[slot] = row.length - 1
        self.last[slot] = row.longest - 1
        self.drawn[slot] = len(row.ids)
        self.lambda_[slot] = params.lambda_
        self.parameters[slot] = torch.tensor(params.parameters, dtype=torch.float64)
        self.temperature[slot] = params.temperature
        self.top_p[slot] = params.top_p
        self.greedy[slot] = params.greedy
        missing = len(row.uniform) - self.uniform.shape[1]
        if missing > 0:
            self.uniform = torch.nn.functional.pad(self.uniform, (0, missing))
        self.uniform[slot, : len(row.uniform)] = row.uniform
        self.penalty[slot] = params.repetition_penalty
        if self.seen is None and params.repetition_penalty != 1:
            size = (len(self.tokens), self.vocabulary)
            self.seen = torch.zeros(size, dtype=torch.bool, device=self.tokens.device)
        if self.seen is not None:
            self.seen[slot] = False
            self.seen[slot, torch.tensor([*row.prompt, *row.ids])] = True

    def move(self, source: int, target: int) -> None:
        for state in vars(self).values():
            if isinstance(state, Tensor):
                state[target] = state[source]

    def uniform_of(self, slots: slice, ahead: int, kind: int) -> Tensor:
        """Return one uniform number [rows] float64 of each row's next token but `ahead`.

        Greedy rows, and places beyond `max_tokens`, get some number.
        """
        place = (self.drawn[slots] + ahead) * self.numbers + kind
        place = place.clamp(max=self.uniform.shape[1] - 1)
        return self.uniform[slots].gather(1, place[:, None])[:, 0]

    def penalised(self, slots: slice, logits: Tensor, drafts: Tensor | None = None) -> Tensor:
        """Return logits [rows, time, vocabulary] after the repetition penalty.

        A place counts the drafts [rows, time − 1] before it, too.
        """
        if self.seen is None:
            return logits
        rows, time, _ = logits.shape
        seen = self.seen[slots, None].repeat(1, time, 1)
        for place in range(1, time):
            assert drafts is not None, "there is a draft before every place but the first"
            before = drafts[:, place - 1, None, None].expand(rows, time - place, 1)
            seen[:, place:].scatter_(2, before, True)
        penalties = self.penalty[slots].repeat_interleave(time)
        return penalised(logits.flatten(0, 1), penalties, seen.flatten(0, 1)).view_as(logits)

    def saw(self, slots: slice, tokens: Tensor, last: Tensor) -> None:
        """Keep next tokens [rows, time] for the penalty, up to the places `last` [rows]."""
        if self.seen is None:
            return
        seen = self.seen[slots]
        for place, column in enumerate(tokens.T):
            kept = seen.gather(1, column[:, None]) | (last >= place)[:, None]
            seen.scatter_(1, column[:, None], kept)

    def advance(self, slots: slice, logits: Tensor, *, all_greedy: bool | None = None) -> list[int]:
        """Draw the next token of these slots from composed logits [rows, vocab].

        −1 where the logits are not finite. The list is the only transfer from a GPU; `all_greedy`
        as in `draw_tokens`.
        """
        logits = self.penalised(slots, logits[:, None])[:, 0]
        tokens = draw_tokens(
            logits,
            self.temperature[slots],
            self.top_p[slots],
            self.greedy[slots],
            self.uniform_of(slots, 0, 0),
            all_greedy=all_greedy,
        )
        self.tokens[slots] = tokens
        self.saw(slots, tokens[:, None], torch.zeros_like(tokens))
        self.drawn[slots] += 1
        self.positions[slots] += 1
        finite = logits.amax(-1).isfinite()  # a maximum with NaN is NaN
        chosen: list[int] = tokens.masked_fill(~finite, -1).tolist()
        return chosen


def finish_reason(
    token: int, count: int, max_tokens: int, eos: frozenset[int]
) -> FinishReason | None:
    """Return why a row ends with its newest token, judging by ids; None: it goes on."""
    if token in eos:
        return "eos"
    return "length" if count >= max_tokens else None
