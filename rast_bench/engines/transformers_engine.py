"""The reference engine: equation 3 over plain transformers models, in one continuous batch.

M_base and every S_RL and S_base keep a key-value cache of their own. A row that ends hands its slot
to the next request at once; the n samples of one problem share one prefill.

Results do not depend on what shares a batch: prompts are prefilled alone, a row attends to its own
slot only, its random numbers come from its seed, and a step runs a number of rows and columns for
which PyTorch on a CPU gives each row the same bits. Other numbers send some elements through other
kernels: fewer than four rows on a thread in products, what is left over from whole vectors in
activations. Tests hold this for one and two threads; a GPU's library promises nothing of the kind.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from rast_bench.compose.logits import compose_logits, shuffled_vocabulary
from rast_bench.config.engines import TransformersConfig
from rast_bench.config.identity import EngineKey
from rast_bench.domain import Request, Sample
from rast_bench.engines.base import Scores
from rast_bench.engines.loaded import LoadedModel, Prefilled
from rast_bench.engines.requests import finished_sample, refuse_longer, refuse_too_long
from rast_bench.engines.rows import Row, SlotState, finish_reason, uniform_numbers
from rast_bench.engines.slot_cache import LENGTH_STEP, MIN_LENGTH, round_up
from rast_bench.engines.stopping import StopStrings
from rast_bench.engines.tokenizer import eos_ids, load_tokenizer, refuse_other_tokenizers
from rast_bench.errors import EngineError

ROW_STEP = 8  # forward passes run a multiple of this many rows, the last ones idle
KEPT_PREFILLS = 8


class TransformersEngine:
    """See `Engine`. Raises ModelError when a checkpoint cannot be loaded."""

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
        refuse_other_tokenizers(refs, self.tokenizer)
        with torch.inference_mode():
            self.models = [LoadedModel(ref, dtype, self.device, self.slots) for ref in refs]
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
        self.prefills: OrderedDict[tuple[int, ...], list[Prefilled]] = OrderedDict()

    def close(self) -> None:
        self.models.clear()
        self.prefills.clear()

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """See `Engine.generate`."""
        source = iter(requests)
        state = SlotState(self.slots, self.device)
        rows: list[Row] = []
        while True:
            # inference_mode must not stay on while the generator is suspended in its caller.
            with torch.inference_mode():
                finished = self._admit(source, rows, state)
            yield from finished
            if rows:
                with torch.inference_mode():
                    finished = self._step(rows, state)
                yield from finished
            elif not finished:
                return

    def score(self, prompt: str, token_ids: Sequence[int], lambda_: float) -> Scores:
        """See `Engine.score`."""
        ids = [*self._encode(prompt), *token_ids]
        first = len(ids) - len(token_ids)
        refuse_longer(len(ids), self.max_positions)
        with torch.inference_mode():
            logits = [model.score(ids) for model in self.models]
            strength = torch.full((len(ids),), lambda_, device=self.device)
            logs = self._compose(logits, strength).log_softmax(-1)[first - 1 : -1]
            chosen = logs.gather(1, torch.tensor(token_ids, device=self.device)[:, None])
            ranks = 1 + (logs > chosen).sum(-1)
        return Scores(tuple(chosen[:, 0].tolist()), tuple(ranks.tolist()))

    def _admit(self, source: Iterator[Request], rows: list[Row], state: SlotState) -> list[Sample]:
        """Fill free slots and draw the first token of the new rows; returns those already done."""
        first = len(rows)
        logits: list[list[Tensor]] = []
        while len(rows) < self.max_rows and (request := next(source, None)) is not None:
            ids = self._encode(request.prompt)
            refuse_too_long(request, len(ids), self.max_positions)
            prefilled = self._prefill(ids)
            slot = len(rows)
            for model, part in zip(self.models, prefilled, strict=True):
                model.cache.fill(slot, part.layers)
            params = request.params
            count = 0 if params.greedy else params.max_tokens
            row = Row(request, len(ids), uniform_numbers(request.seed, max(count, 1)))
            rows.append(row)
            state.put(slot, row)
            logits.append([part.logits for part in prefilled])
        if first == len(rows):
            return []
        stacked = [torch.stack(parts) for parts in zip(*logits, strict=True)]
        return self._draw(rows, state, stacked, first)

    def _step(self, rows: list[Row], state: SlotState) -> list[Sample]:
        """One token for every row."""
        count = round_up(len(rows), ROW_STEP)
        positions = state.positions[:count]
        longest = max(row.prompt_tokens + len(row.ids) for row in rows)
        length = max(MIN_LENGTH, round_up(longest, LENGTH_STEP))
        beyond = torch.arange(length, device=self.device) > positions[:, None]
        mask = torch.zeros(beyond.shape, device=self.device).masked_fill_(beyond, -torch.inf)
        mask = mask[:, None, None, :]
        for model in self.models:
            model.cache.reserve(length)
        logits = [model.step(state.tokens[:count], positions, mask) for model in self.models]
        return self._draw(rows, state, [part[: len(rows)] for part in logits], 0)

    def _draw(
        self, rows: list[Row], state: SlotState, logits: list[Tensor], first: int
    ) -> list[Sample]:
        """The next token of the rows from `first` on, given each model's logits for them."""
        drawn = slice(first, len(rows))
        composed = self._compose(logits, state.lambda_[drawn])
        finite = composed.amax(-1).isfinite()  # NaN wins a maximum
        if not bool(finite.all()):
            key = rows[first + int(finite.int().argmin())].request.key
            raise EngineError(
                f"problem {key.problem_id}: the composed logits are not finite",
                hint="a checkpoint holds NaN or infinite weights, or λ is far too large",
            )
        return self._collect(rows, state, state.advance(drawn, composed), first)

    def _collect(
        self, rows: list[Row], state: SlotState, tokens: list[int], first: int
    ) -> list[Sample]:
        """Append the drawn tokens to the rows from `first` on; take out those that are done."""
        samples = []
        for slot in reversed(range(first, len(rows))):
            row = rows[slot]
            token = tokens[slot - first]
            row.ids.append(token)
            params = row.request.params
            reason = finish_reason(token, len(row.ids), params.max_tokens, self.eos)
            text: str | None = None
            if params.stop and reason != "eos":
                text = self.stops.text_before(row.ids, params.stop)
                reason = reason if text is None else "stop"
            if reason is not None:
                text = self._decode(row.ids) if text is None else text
                samples.append(finished_sample(row.request, row.ids, text, reason))
                self._free(rows, state, slot)
        return samples

    def _free(self, rows: list[Row], state: SlotState, slot: int) -> None:
        """The last row moves into the freed slot, so that live rows stay side by side."""
        last = len(rows) - 1
        if slot != last:
            time = rows[last].prompt_tokens + len(rows[last].ids)
            for model in self.models:
                model.cache.move(last, slot, time)
            state.move(last, slot)
            rows[slot] = rows[last]
        state.positions[last] = 0  # an empty slot may be stepped over, within its bounds
        rows.pop()

    def _compose(self, logits: list[Tensor], lambda_: Tensor) -> Tensor:
        main, *others = [logits[model] for model in self.roles]
        pairs = len(self.weights)
        return compose_logits(
            main,
            others[:pairs],
            others[pairs:],
            self.weights,
            lambda_,
            vocabulary=self.vocabulary,
            permutation=self.permutation,
            out=main,
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


def pick_device(name: str) -> torch.device:
    """`auto` is the first GPU, or the CPU. Raises EngineError for a device that is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().splitlines()[0]
        raise EngineError(
            f"engine.device={name} cannot be used: {reason}", hint="choose auto, cpu or cuda:0"
        ) from None
    return device
