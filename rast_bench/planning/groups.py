"""One line of a plan per engine group: what it loads, holds, generates and takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rast_bench.config.engines import EngineConfig, VllmConfig
from rast_bench.config.identity import EngineKey
from rast_bench.config.paths import local_model_dir
from rast_bench.config.schema import ModelRef
from rast_bench.errors import ConfigError, ModelError
from rast_bench.hardware import GIB
from rast_bench.planning.cells import EngineGroup
from rast_bench.planning.checkpoints import CheckpointSize, read_checkpoint
from rast_bench.planning.compatibility import PlanErrors
from rast_bench.planning.estimate import Throughput, Work, hours, least_hours, total_work
from rast_bench.planning.history import History
from rast_bench.planning.memory import BYTES, Fit, Memory
from rast_bench.planning.placement import (
    EngineLoad,
    candidates,
    load_fit,
    load_memory,
    named_card,
)
from rast_bench.planning.prompts import PromptLengths
from rast_bench.planning.settled import Devices, engine_load, settled_config
from rast_bench.planning.throughput import estimated_throughput
from rast_bench.planning.work import CellWork, State

COMMON_CARDS = ("a100-40", "a100-80", "a6000", "h100", "h200")


@dataclass(frozen=True)
class Assumptions:
    """What the user tells a plan. Sizes in GiB; None if not given."""

    gpu: str | None = None
    gpu_memory: float | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True)
class CardFit:
    """The smallest size at which an engine works on cards of one kind."""

    card: str
    devices: int | None  # None: on no number of cards in one node
    rows: int  # of full length


@dataclass(frozen=True)
class GroupLine:
    """One engine and all that it has to generate."""

    number: int
    engine: str
    dtype: str
    main: str
    method: str
    pairs: tuple[tuple[str, str, float], ...]  # S_RL, S_base, weight
    shuffled: bool  # ΔR's values permuted over the vocabulary
    devices: int  # tensor-parallel
    states: Mapping[State, int]
    wanted: int
    missing: int
    models: tuple[CheckpointSize, ...]  # of known size, each once
    unknown_models: tuple[str, ...]
    prompt_tokens: int  # of the longest prompt
    max_tokens: int
    memory: Memory | None  # None: the size of a model is unknown
    fit: Fit | None  # None: no card was named
    work: Work
    throughput: Throughput | None
    hours: float | None  # of this engine, on all its devices, at the longest
    least_hours: float | None = None
    cards: tuple[CardFit, ...] = ()

    @property
    def shortest_hours(self) -> float | None:
        """The lower end of the range of `hours`."""
        return self.hours if self.least_hours is None else self.least_hours


class GroupPlanner:
    """Makes one line per group; models are read once."""

    def __init__(
        self,
        history: History,
        assumptions: Assumptions,
        errors: PlanErrors,
        devices: Devices = None,
    ) -> None:
        self._history = history
        self._devices = devices
        self._assumptions = assumptions
        self._errors = errors
        self._models: dict[ModelRef, CheckpointSize | None] = {}
        self._prompts = PromptLengths()

    def line(self, number: int, group: EngineGroup, works: Sequence[CellWork]) -> GroupLine:
        refs = list(dict.fromkeys(group.key.roles))
        models = [self.model(ref) for ref in refs]
        known = tuple(model for model in models if model is not None)
        group = self._settled(group, models)
        key, config = group.key, group.config
        devices, dtype = config.devices, config.dtype
        prompt, max_tokens = self._longest(works)
        load = None
        if len(known) == len(models) and dtype in BYTES:
            load = _load(group.key, config, known, prompt + max_tokens)
        memory = None if load is None else load_memory(load, devices)
        missing = sum(work.missing for work in works)
        work = total_work(
            (work.missing, self._history.length(work.planned, work.done))
            for work in works
            if work.missing
        )
        throughput = self._throughput(group, load, memory, work, missing) if missing else None
        return GroupLine(
            number=number,
            engine=key.engine,
            dtype=dtype,
            main=key.main.path,
            method=key.method,
            pairs=tuple((pair.rl.path, pair.base.path, pair.weight) for pair in key.pairs),
            shuffled=key.shuffle_vocabulary_seed is not None,
            devices=devices,
            states=dict(Counter(work.state for work in works)),
            wanted=sum(work.wanted for work in works),
            missing=missing,
            models=known,
            unknown_models=tuple(
                ref.path for ref, model in zip(refs, models, strict=True) if model is None
            ),
            prompt_tokens=prompt,
            max_tokens=max_tokens,
            memory=memory,
            fit=None if load is None or memory is None else self._fit(group, load, memory),
            work=work,
            throughput=throughput,
            hours=None if throughput is None else hours(work.tokens, throughput),
            least_hours=None if throughput is None else least_hours(work, throughput),
            cards=() if load is None else tuple(_on_card(load, name) for name in COMMON_CARDS),
        )

    def disk(self, works: Sequence[CellWork]) -> tuple[float, bool]:
        """Return the bytes of all missing samples, and whether all were measured."""
        total, measured = 0.0, True
        for work in works:
            if work.missing:
                length = self._history.length(work.planned, work.done)
                size, known = self._history.bytes_a_sample(work.planned, length.tokens)
                total += work.missing * size
                measured = measured and known
        return total, measured

    def checkpoints(self) -> dict[ModelRef, CheckpointSize | None]:
        """Return the checkpoints of all lines so far; None for unknown ones."""
        return dict(self._models)

    def _settled(self, group: EngineGroup, models: Sequence[CheckpointSize | None]) -> EngineGroup:
        """Return the group as a run on these devices settles it; unchanged, with an error, if none
        can.
        """
        with self._errors.collecting(len(group.cells)):
            config = settled_config(group, models, self._devices, self._prompts)
            return replace(group, config=config)
        return group

    def _fit(self, group: EngineGroup, load: EngineLoad, memory: Memory) -> Fit | None:
        """Return the fit on the named card; add an error if an engine that cannot be split does not
        fit.
        """
        card = self._assumptions.gpu_memory
        if card is None:
            return None
        found = load_fit(load, memory, int(card * GIB))
        if not load.on_vllm and found.verdict == "too large":
            error = ConfigError(
                f"engine=transformers: the models of {group.key.main.path} do not fit on "
                f"{card:g} GiB: weights take {memory.weights / GIB:.1f} GiB, a row of "
                f"{memory.length:,} tokens {memory.cache_per_token * memory.length / GIB:.1f} GiB",
                hint="engine=vllm splits an engine over several cards",
            )
            self._errors.add(error, len(group.cells))
        return found

    def _throughput(
        self,
        group: EngineGroup,
        load: EngineLoad | None,
        memory: Memory | None,
        work: Work,
        missing: int,
    ) -> Throughput | None:
        """Return the throughput: measured on the named card (or any, if none is named), assumed or
        estimated.
        """
        card, assumed = self._assumptions.gpu, self._assumptions.tokens_per_second
        measured = self._history.throughput(group, card)
        if measured is not None:
            return measured
        if assumed is not None:
            return Throughput(assumed, "assumption", "--tokens-per-second")
        if load is None or memory is None or card is None or not load.on_vllm:
            return None
        found = load_fit(load, memory, named_card(card).memory)
        if found.rows == 0:
            return None
        response = work.least_tokens / missing, work.tokens / missing
        devices = group.config.devices
        slowest, fastest = estimated_throughput(load, memory, found.budget, devices, card, response)
        return Throughput(fastest, "estimate", f"{devices} × {card}", slowest)

    def model(self, ref: ModelRef) -> CheckpointSize | None:
        """Return the checkpoint's sizes; None, with an error, if nothing is known about it."""
        if ref not in self._models:
            try:
                self._models[ref] = read_checkpoint(ref)
            except ModelError as error:
                self._errors.add(error)
                self._models[ref] = None
            if self._models[ref] is None and self._errors.elsewhere:
                self._check_known(ref)
        return self._models[ref]

    def _check_known(self, ref: ModelRef) -> None:
        """Add an error for a model of unknown size, if the plan is for another machine."""
        if local_model_dir(ref) is None:
            error = ModelError(
                f"model {ref.path}: its size is unknown: it is not on this machine and no "
                "facts about it are shipped",
                hint="plan where the hub can be reached, or name a folder",
            )
            self._errors.stop(error)

    def _longest(self, works: Sequence[CellWork]) -> tuple[int, int]:
        """Return prompt and max_tokens of the cell whose sum is the largest."""
        lengths = [
            (self._prompts(work.planned), work.planned.cell.decoding.max_tokens) for work in works
        ]
        return max(lengths, key=sum)


def _load(
    key: EngineKey, config: EngineConfig, models: tuple[CheckpointSize, ...], longest: int
) -> EngineLoad:
    """Return what the engine needs from its devices; `longest` if it sets no length itself."""
    if isinstance(config, VllmConfig):
        return engine_load(key, config, models, config.max_model_len or longest)
    return EngineLoad(
        models, config.dtype, config.max_num_seqs, longest, utilization=1.0, on_vllm=False
    )


def _on_card(load: EngineLoad, name: str) -> CardFit:
    """Return the smallest size that works, whatever size the configuration requests."""
    card = named_card(name)
    if not load.on_vllm:  # one device, and one row is enough
        rows = load_fit(load, load_memory(load, 1), card.memory).rows
        return CardFit(name, 1 if rows else None, rows)
    for option in candidates(load, card):
        if option.works:
            return CardFit(name, option.devices, option.fit.rows)
    return CardFit(name, None, 0)
