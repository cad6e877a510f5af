"""The reference engine: a method over plain transformers models, in one continuous batch.

M_base and every S_RL and S_base have their own key-value caches. A row that ends passes its slot
to the next request at once; the n samples of one problem share one prefill.

Results do not depend on what shares a batch: prompts are prefilled alone, a row attends to its own
slot only, its random numbers come from its seed, and a step runs a number of rows and columns for
which PyTorch on a CPU gives each row the same bits. Other numbers use other kernels for some
elements: fewer than four rows per thread in products, the remainder of full vectors in
activations. Tests verify this for one and two threads; GPU libraries give no such guarantee.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from math import gcd
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rast_bench.compose.behaviour_words import behaviour_ids
from rast_bench.compose.combine import combine_padded
from rast_bench.compose.logits import compose_logits, shuffled_vocabulary
from rast_bench.compose.methods import EQUATION_3, METHODS, find_method
from rast_bench.compose.sampling import SAMPLING_BYTES
from rast_bench.compose.speculation import NUMBERS
from rast_bench.domain import Request, Sample
from rast_bench.engines.base import Scores
from rast_bench.engines.drafts import Speculation
from rast_bench.engines.families import supported_config
from rast_bench.engines.loaded import LoadedModel, Prefilled, out_of_memory_errors
from rast_bench.engines.requests import (
    check_request_length,
    check_text_length,
    check_token_ids,
    finished_sample,
    forced_ids,
)
from rast_bench.engines.rows import Pending, Row, SlotState, finish_reason, uniform_numbers
from rast_bench.engines.slot_cache import (
    LENGTH_STEP,
    MIN_LENGTH,
    return_freed_memory,
    round_up,
)
from rast_bench.engines.stopping import StopStrings
from rast_bench.engines.tokenizer import check_same_tokenizer, eos_ids, load_tokenizer
from rast_bench.errors import EngineError
from rast_bench.gpus import gpu_names
from rast_bench.hardware import GIB

if TYPE_CHECKING:
    from rast_bench.config.engines import TransformersConfig
    from rast_bench.config.identity import EngineKey

ROW_STEP = 8  # forward passes run a multiple of this many rows, the last ones idle
KEPT_PREFILLS = 8
CACHE_SHARE = 0.9  # of the GPU memory left by weights and a step


class TransformersEngine:
    """See `Engine`. Raises ModelError if a checkpoint cannot be loaded."""

    def __init__(self, key: EngineKey, cfg: TransformersConfig) -> None:
        self.device = pick_device(cfg.device)
        if cfg.threads is not None:
            torch.set_num_threads(cfg.threads)
        dtype: torch.dtype = getattr(torch, cfg.dtype)
        self.max_rows = cfg.max_num_seqs
        self.slots = round_up(self.max_rows, ROW_STEP)
        refs = list(dict.fromkeys(key.roles))  # a checkpoint with several roles runs once
        self.roles = [refs.index(ref) for ref in key.roles]
        self.tokenizer = load_tokenizer(key.main)
        check_same_tokenizer(refs, self.tokenizer)
        for ref in refs:  # before the weights of the first one are read
            supported_config(ref)
        with torch.inference_mode():
            self.models = [LoadedModel(ref, dtype, self.device, self.slots) for ref in refs]
        self.method = find_method(key.method)
        if self.method.layers:
            self.models[0].read_layers()
        self.weights = [pair.weight for pair in key.pairs]
        self.stops = StopStrings(self.tokenizer)
        main = self.models[0].model
        self.eos = eos_ids(key.main, main.generation_config, main.config, self.tokenizer)
        known = max(self.tokenizer.get_vocab().values()) + 1
        self.vocabulary = min(known, *(model.vocab_size for model in self.models))
        self.max_positions = min(model.max_positions for model in self.models)
        self.permutation: Tensor | None = None
        if key.shuffle_vocabulary_seed is not None:
            shuffled = shuffled_vocabulary(self.vocabulary, key.shuffle_vocabulary_seed)
            self.permutation = shuffled.to(self.device)
        self.words: Tensor | None = None
        if self.method.words:
            self.words = behaviour_ids(self.tokenizer.decode, self.vocabulary).to(self.device)
        self.speculation: Speculation | None = None
        if key.draft_tokens:
            drafter = self.roles[1 + len(key.pairs) * self.method.roles.index("rl")]
            self.speculation = Speculation(key.draft_tokens, drafter, self.vocabulary)
        self.numbers = NUMBERS if self.speculation else 1
        self.prefills: OrderedDict[tuple[int, ...], list[Prefilled]] = OrderedDict()
        logits = 4 * self.slots * sum(model.vocab_size for model in self.models)
        logits *= 1 + key.draft_tokens
        if self.method.layers:
            logits *= 1 + int(main.config.num_hidden_layers)
        self.cache_bytes = free_for_caches(self.device, 2 * logits + SAMPLING_BYTES)

    def close(self) -> None:
        self.models.clear()
        self.prefills.clear()
        return_freed_memory(self.device)

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See `Engine.generate`."""
        pending = Pending(requests, self._encode)
        width = self.models[self.roles[0]].vocab_size
        count = len(self.method.parameters)
        state = SlotState(self.slots, self.device, width, count, self.numbers)
        rows: list[Row] = []
        while True:
            # inference_mode must not stay on while the generator is suspended.
            with torch.inference_mode(), out_of_memory_errors(self.device):
                finished = self._admit(pending, rows, state)
            yield from finished
            if rows:
                with torch.inference_mode(), out_of_memory_errors(self.device):
                    finished = self._step(rows, state)
                yield from finished
            elif not finished:
                return

    def score(
        self,
        prompt: str,
        token_ids: Sequence[int],
        lambda_: float,
        parameters: Sequence[float] = (),
    ) -> Scores:
        """See `Engine.score`."""
        ids = [*self._encode(prompt), *token_ids]
        first = len(ids) - len(token_ids)
        check_text_length(len(ids), self.max_positions)
        check_token_ids("a text to be scored", ids, self.vocabulary)
        with torch.inference_mode(), out_of_memory_errors(self.device):
            logits = [model.score(ids) for model in self.models]
            positions = torch.arange(len(ids), device=self.device)
            lambdas = torch.full((len(ids),), lambda_, device=self.device)
            row = torch.tensor(parameters, dtype=torch.float64, device=self.device)
            composed = self._compose(
                logits, lambdas, (positions - (first - 1)).clamp(min=0), row.expand(len(ids), -1)
            )
            logs = composed.log_softmax(-1)[first - 1 : -1]
            chosen = logs.gather(1, torch.tensor(token_ids, device=self.device)[:, None])
            ranks = 1 + (logs > chosen).sum(-1)
        return Scores(tuple(chosen[:, 0].tolist()), tuple(ranks.tolist()))

    def _admit(self, pending: Pending, rows: list[Row], state: SlotState) -> list[Sample]:
        """Fill free slots and draw the first token of the new rows; return those already
        finished.
        """
        first = len(rows)
        logits: list[list[Tensor]] = []
        while len(rows) < self.max_rows and (item := pending.take()) is not None:
            request, ids = item
            check_request_length(request, len(ids), self.max_positions)
            forced = forced_ids(self.tokenizer, request)
            text = [*ids, *forced]
            check_token_ids(f"problem {request.key.problem_id}", text, self.vocabulary)
            params = request.params
            count = 0 if params.greedy else params.max_tokens * self.numbers
            row = Row(request, ids, uniform_numbers(request.seed, max(count, 1)), forced)
            prefilled = self._prefill(text)
            if not self._has_room([*rows, row], prefilled):
                pending.put_back(request, ids)
                break
            slot = len(rows)
            rows.append(row)
            self._reserve(rows)
            for model, part in zip(self.models, prefilled, strict=True):
                model.cache.fill(slot, part.layers)
            state.put(slot, row)
            logits.append([part.logits for part in prefilled])
        if first == len(rows):
            return []
        stacked = [torch.stack(parts) for parts in zip(*logits, strict=True)]
        return self._draw(rows, state, stacked, first)

    def _step(self, rows: list[Row], state: SlotState) -> list[Sample]:
        """Advance every row by one token, with drafts by one or more; return the finished
        samples.
        """
        if self.speculation is not None:
            return self._speculate(self.speculation, rows, state)
        count = round_up(len(rows), ROW_STEP)
        tokens, positions = state.tokens[:count, None], state.positions[:count, None]
        length = self._reserve(rows)
        beyond = torch.arange(length, device=self.device) > positions
        mask = torch.zeros(beyond.shape, device=self.device).masked_fill_(beyond, -torch.inf)
        mask = mask[:, None, None, :]
        logits = [model.step(tokens, positions, mask)[: len(rows), 0] for model in self.models]
        return self._draw(rows, state, logits, 0)

    def _speculate(
        self, speculation: Speculation, rows: list[Row], state: SlotState
    ) -> list[Sample]:
        """Draft for every row, verify and keep what is accepted; return the finished samples."""
        count, live = round_up(len(rows), ROW_STEP), slice(0, len(rows))
        time = speculation.tokens + 1
        # A pass needs a number of tokens, not of rows, that is a multiple of ROW_STEP.
        verified = slice(0, round_up(len(rows), ROW_STEP // gcd(ROW_STEP, time)))
        length = self._reserve(rows, speculation.tokens)
        drafter = self.models[speculation.drafter]
        drafted = speculation.draft(drafter, state, len(rows), count, length)
        logits = [
            drafted.logits.clone()  # composing overwrites M_base's, which may be the drafter
            if model is drafter
            else model.step(
                drafted.tokens[verified], drafted.positions[verified], drafted.mask[verified]
            )[live]
            for model in self.models
        ]
        drawn = state.drawn[live, None] + torch.arange(time, device=self.device)
        opened = torch.zeros_like(drawn, dtype=torch.bool)
        composed = self._compose(
            [part.flatten(0, 1) for part in logits],
            state.lambda_[live].repeat_interleave(time),
            drawn.flatten(),
            state.parameters[live].repeat_interleave(time, 0),
            opened.view(-1),
        )
        scores = composed.view(len(rows), time, -1)
        scores = state.penalised(live, scores, drafted.tokens[live, 1:])
        tokens = speculation.verify(state, drafted, scores)
        before = [(row, len(row.ids)) for row in rows]
        samples = self._collect(rows, state, tokens, opened, 0)
        for (row, had), given in zip(before, tokens, strict=True):
            speculation.counts.add(len(given) - 1, speculation.tokens, len(row.ids) - had)
        return samples

    def _draw(
        self, rows: list[Row], state: SlotState, logits: list[Tensor], first: int
    ) -> list[Sample]:
        """Draw the next token of the rows from `first` on, given each model's logits for them."""
        drawn = slice(first, len(rows))
        opened = torch.zeros(len(rows) - first, dtype=torch.bool, device=self.device)
        composed = self._compose(
            logits, state.lambda_[drawn], state.drawn[drawn], state.parameters[drawn], opened
        )
        all_greedy = all(row.request.params.greedy for row in rows[drawn])
        tokens = state.advance(drawn, composed, all_greedy=all_greedy)
        return self._collect(rows, state, [[token] for token in tokens], opened[:, None], first)

    def _collect(
        self,
        rows: list[Row],
        state: SlotState,
        tokens: list[list[int]],
        opened: Tensor,
        first: int,
    ) -> list[Sample]:
        """Append their next tokens to the rows from `first` on; remove those that are finished.

        Args:
            opened: [rows, tokens] bool, whether a gated method's gate was open at the token.

        Raises:
            EngineError: a token is −1.
        """
        gates = opened.tolist() if self.method.gated else None  # a GPU waits here
        samples = []
        for slot in reversed(range(first, len(rows))):
            place = slot - first
            sample = self._extend(rows[slot], tokens[place], gates[place] if gates else None)
            if sample is not None:
                samples.append(sample)
                self._free(rows, state, slot)
        return samples

    def _extend(self, row: Row, tokens: list[int], opened: list[bool] | None) -> Sample | None:
        """Append tokens up to the one that ends the row; return its sample, None if it goes on."""
        params = row.request.params
        for place, token in enumerate(tokens):
            if token == -1:
                raise EngineError(
                    f"problem {row.request.key.problem_id}: the composed logits are not finite",
                    hint="a checkpoint contains NaN or infinite weights, or λ is far too large",
                )
            row.ids.append(token)
            if opened is not None:
                row.small_steps = (row.small_steps or 0) + opened[place]
            reason = finish_reason(token, len(row.ids), params.max_tokens, self.eos)
            text: str | None = None
            if params.stop and reason != "eos":
                text = self.stops.text_before(row.ids, params.stop)
                reason = reason if text is None else "stop"
            if reason is not None:
                text = self._decode(row.ids) if text is None else text
                return finished_sample(row.request, row.ids, text, reason, row.small_steps)
        return None

    def _free(self, rows: list[Row], state: SlotState, slot: int) -> None:
        """Move the last row into the freed slot, so that live rows stay contiguous."""
        last = len(rows) - 1
        if slot != last:
            for model in self.models:
                model.cache.move(last, slot, rows[last].length)
            state.move(last, slot)
            rows[slot] = rows[last]
        state.positions[last] = 0  # an empty slot may be stepped over, within its bounds
        rows.pop()

    def _has_room(self, rows: list[Row], prefilled: list[Prefilled]) -> bool:
        """Return whether the caches can hold these rows when each has grown to its `max_tokens`.

        Raises:
            EngineError: a single row has no room.
        """
        if self.cache_bytes is None:
            return True
        position_bytes = sum(part.position_bytes for part in prefilled)
        capacity = self.cache_bytes // position_bytes
        for model in self.models:
            model.cache.capacity = capacity
        count = round_up(len(rows), ROW_STEP)
        longest = _columns(max(row.longest for row in rows))
        if count * longest <= capacity:
            return True
        if len(rows) == 1:
            needed, free = (size * position_bytes / GIB for size in (count * longest, capacity))
            raise EngineError(
                f"problem {rows[0].request.key.problem_id}: its {rows[0].longest} positions need "
                f"{needed:.1f} GiB of key-value caches ({count} rows run together), "
                f"{self.device} has {free:.1f} free",
                hint="lower decoding.max_tokens, or set engine.dtype=bfloat16",
            )
        return False

    def _reserve(self, rows: list[Row], drafts: int = 0) -> int:
        """Make room for the next step of these rows; return the number of columns it attends to."""
        count = round_up(len(rows), ROW_STEP)
        length = _columns(max(min(row.length + drafts, row.longest) for row in rows))
        longest = _columns(max(row.longest for row in rows))
        for model in self.models:
            model.cache.reserve(count, length, longest)
        return length

    def _compose(
        self,
        logits: list[Tensor],
        lambda_: Tensor,
        drawn: Tensor,
        parameters: Tensor,
        opened: Tensor | None = None,
    ) -> Tensor:
        """Return the method's logits [rows, V_M] float32 of each model's.

        Args:
            lambda_: [rows] float32.
            drawn: [rows] int64, tokens so far.
            parameters: [rows, parameters] float64.
            opened: [rows] bool, set for a gated method: whether the small models change the logits.
        """
        main, *others = [logits[model] for model in self.roles]
        layers: Tensor | None = None
        if self.method.layers:
            layers, main = main[:, :-1, : self.vocabulary], main[:, -1]
        pairs = len(self.weights)
        small = {
            role: others[place * pairs : (place + 1) * pairs]
            for place, role in enumerate(self.method.roles)
        }
        if self.method is METHODS[EQUATION_3]:
            return compose_logits(
                main,
                small["rl"],
                small["base"],
                self.weights,
                lambda_,
                vocabulary=self.vocabulary,
                permutation=self.permutation,
                out=main,
            )
        return combine_padded(
            self.method,
            main,
            small.get("rl", []),
            small.get("base", []),
            self.weights,
            lambda_,
            drawn,
            parameters,
            vocabulary=self.vocabulary,
            permutation=self.permutation,
            layers=layers,
            words=self.words,
            opened=opened if self.method.gated else None,
        )

    def _encode(self, prompt: str) -> list[int]:
        ids: list[int] = self.tokenizer(prompt)["input_ids"]
        return ids

    def _decode(self, ids: list[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def _prefill(self, ids: list[int]) -> list[Prefilled]:
        key = tuple(ids)
        if key not in self.prefills:
            self.prefills[key] = [model.prefill(ids) for model in self.models]
            if len(self.prefills) > KEPT_PREFILLS:
                self.prefills.popitem(last=False)
        return self.prefills[key]


def _columns(length: int) -> int:
    """Return the columns of a step whose longest row has `length` positions."""
    return max(MIN_LENGTH, round_up(length, LENGTH_STEP))


def free_for_caches(device: torch.device, step_bytes: int) -> int | None:
    """Return the GPU bytes available to the caches beside a step; None (no limit) on CPUs."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return max(0, int(CACHE_SHARE * (free + kept - step_bytes)))


def pick_device(name: str) -> torch.device:
    """Return the device; `auto` is the first GPU that CUDA's driver shows, else the CPU.

    Raises:
        EngineError: the device does not exist or PyTorch cannot use it.
    """
    if name == "auto":
        gpus = gpu_names()
        if not gpus:
            return torch.device("cpu")
        if not torch.cuda.is_available():
            raise EngineError(
                f"PyTorch cannot use the {gpus[0]}: its driver may be older than CUDA "
                f"{torch.version.cuda}",
                hint="install a PyTorch for this driver, or set engine.device=cpu",
            )
        return torch.device("cuda", 0)
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EngineError(
            f"engine.device={name} cannot be used: {reason}", hint="choose auto, cpu or cuda:0"
        ) from None
    return device
