"""One line of a plan for each engine group: what it loads, holds, makes and takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rast_bench.config.engines import VllmConfig
from rast_bench.config.schema import ModelRef
from rast_bench.errors import ModelError
from rast_bench.planning.checkpoints import Checkpoint, read_checkpoint
from rast_bench.planning.compatibility import Faults
from rast_bench.planning.estimate import Rate, Work, hours, total_work
from rast_bench.planning.history import History
from rast_bench.planning.memory import BYTES, GIB, Fit, Memory, engine_memory, fit
from rast_bench.planning.prompts import PromptLengths
from rast_bench.planning.settled import Devices, settled_config
from rast_bench.planning.work import CellWork, State
from rast_bench.runner.plan import EngineGroup


@dataclass(frozen=True)
class Assumptions:
    """What the user tells a plan. Sizes in GiB; None where nothing was said."""

    gpu: str | None = None
    gpu_memory: float | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True)
class GroupLine:
    """One engine and all that it has to make."""

    number: int
    engine: str
    dtype: str
    main: str
    pairs: tuple[tuple[str, str, float], ...]  # S_RL, S_base, weight
    shuffled: bool  # ΔR's values permuted over the vocabulary
    devices: int  # tensor-parallel
    states: Mapping[State, int]
    wanted: int
    missing: int
    models: tuple[Checkpoint, ...]  # of known size, each once
    unknown_models: tuple[str, ...]
    prompt_tokens: int  # of the longest prompt
    max_tokens: int
    memory: Memory | None  # None: the size of a model is unknown
    fit: Fit | None  # None: no card was named
    work: Work
    rate: Rate | None
    hours: float | None  # of this engine, on all its devices


class GroupPlanner:
    """One line a group; models are read once."""

    def __init__(
        self, history: History, assumptions: Assumptions, faults: Faults, devices: Devices = None
    ) -> None:
        self._history = history
        self._devices = devices
        self._assumptions = assumptions
        self._faults = faults
        self._models: dict[ModelRef, Checkpoint | None] = {}
        self._prompts = PromptLengths()

    def line(self, number: int, group: EngineGroup, works: Sequence[CellWork]) -> GroupLine:
        refs = list(dict.fromkeys(group.key.roles))
        models = [self.model(ref) for ref in refs]
        known = tuple(model for model in models if model is not None)
        group = self._settled(group, models)
        key, config = group.key, group.config
        devices, dtype = config.devices, config.dtype
        prompt, max_tokens = self._longest(works)
        memory = None
        if len(known) == len(models) and dtype in BYTES:
            on_vllm = isinstance(config, VllmConfig)
            length = getattr(config, "max_model_len", None) or prompt + max_tokens
            memory = engine_memory(
                known,
                dtype=dtype,
                rows=config.max_num_seqs,
                length=length,
                tensor_parallel=devices,
                on_vllm=on_vllm,
            )
        missing = sum(work.missing for work in works)
        work = total_work(
            (work.missing, self._history.length(work.planned, work.done))
            for work in works
            if work.missing
        )
        rate = self._rate(group) if missing else None
        return GroupLine(
            number=number,
            engine=key.engine,
            dtype=dtype,
            main=key.main.path,
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
            fit=self._fit(group, memory),
            work=work,
            rate=rate,
            hours=None if rate is None else hours(work.tokens, rate),
        )

    def disk(self, works: Sequence[CellWork]) -> tuple[float, bool]:
        """Bytes of all missing samples, and whether all were measured."""
        total, measured = 0.0, True
        for work in works:
            if work.missing:
                length = self._history.length(work.planned, work.done)
                size, known = self._history.bytes_a_sample(work.planned, length.tokens)
                total += work.missing * size
                measured = measured and known
        return total, measured

    def _rate(self, group: EngineGroup) -> Rate | None:
        measured = self._history.rate(group)
        assumed = self._assumptions.tokens_per_second
        if measured is None and assumed is not None:
            return Rate(assumed, "assumption", "--tokens-per-second")
        return measured

    def _fit(self, group: EngineGroup, memory: Memory | None) -> Fit | None:
        card, config = self._assumptions.gpu_memory, group.config
        if memory is None or card is None:
            return None
        if not isinstance(config, VllmConfig):
            return fit(memory, int(card * GIB))
        if config.kv_cache_gib is not None:  # vLLM then leaves gpu_memory_utilization aside
            return fit(memory, int(card * GIB), int(config.kv_cache_gib * GIB))
        return fit(memory, int(card * GIB * config.gpu_memory_utilization))

    def _settled(self, group: EngineGroup, models: Sequence[Checkpoint | None]) -> EngineGroup:
        """As a run on these devices would settle it; as it is, with a fault, where none could."""
        with self._faults.gathering(len(group.cells)):
            config = settled_config(group, models, self._devices, self._prompts)
            return replace(group, config=config)
        return group

    def model(self, ref: ModelRef) -> Checkpoint | None:
        if ref not in self._models:
            try:
                self._models[ref] = read_checkpoint(ref)
            except ModelError as error:
                self._faults.add(error)
                self._models[ref] = None
        return self._models[ref]

    def _longest(self, works: Sequence[CellWork]) -> tuple[int, int]:
        """Prompt and max_tokens of the cell whose sum is the largest."""
        lengths = [
            (self._prompts(work.planned), work.planned.cell.decoding.max_tokens) for work in works
        ]
        return max(lengths, key=sum)
