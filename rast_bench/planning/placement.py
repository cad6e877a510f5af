"""How many devices an engine is split over: the smallest tensor-parallel size that works.

Planner, launchers and workers all use this module, so a plan and a run agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rast_bench.errors import ConfigError
from rast_bench.hardware import GIB
from rast_bench.known.cards import CARDS
from rast_bench.planning.checkpoints import CheckpointSize
from rast_bench.planning.memory import Fit, Memory, engine_memory, fit, unsplittable

MIN_REQUESTS = 4
"""Longest requests that must fit in the cache at once, or max_num_seqs if that is smaller.

vLLM starts with room for one, but a step reads all weights however few rows it has, and the longest
responses of a table, which come last, would run one after another. Responses are on average about
twenty times shorter than the longest allowed, so room for four is room for about eighty.
The paper's own 4 cards of 40 GB for 32B with ΔR of 7B (table 4) have room for six.
"""

GPUS_A_NODE = 8
"""Devices that `auto` may take if their number is not known."""


@dataclass(frozen=True)
class Card:
    """The devices that an engine may be split over, all treated as the smallest one."""

    memory: int  # bytes per device
    count: int | None = None  # None: unknown
    name: str | None = None  # a key of CARDS, if it was named

    @property
    def most(self) -> int:
        """Devices that `auto` may take."""
        return GPUS_A_NODE if self.count is None else self.count

    @property
    def title(self) -> str:
        size = f"{self.memory / GIB:.4g} GiB"
        return size if self.name is None else f"{self.name} ({size})"


def named_card(name: str, count: int | None = None) -> Card:
    """Return devices of a common kind; `name` is a key of CARDS."""
    return Card(int(CARDS[name].memory * GIB), count, name)


@dataclass(frozen=True)
class EngineLoad:
    """What an engine group needs from its devices."""

    models: tuple[CheckpointSize, ...]  # distinct
    dtype: str  # a key of BYTES
    rows: int  # max_num_seqs
    length: int  # tokens of the longest request, prompt and response
    utilization: float = 0.9  # gpu_memory_utilization
    on_vllm: bool = True  # vLLM needs memory beside weights and cache
    reads_layers: bool = False  # the early ones of M_base, the first model
    cache: int | None = None  # kv_cache_gib in bytes per device; utilization then does not count

    @property
    def least_requests(self) -> int:
        return min(self.rows, MIN_REQUESTS)


@dataclass(frozen=True)
class Candidate:
    """One tensor-parallel size, and why it does not work, if it does not."""

    devices: int
    memory: Memory
    fit: Fit
    misfit: str | None  # why a model cannot be split: "model m has 28 attention heads"
    enough: bool  # the cache holds the minimum number of longest requests

    @property
    def starts(self) -> bool:
        """Whether vLLM starts: one request of the longest kind fits."""
        return self.misfit is None and self.fit.rows >= 1

    @property
    def works(self) -> bool:
        return self.starts and self.enough


def load_memory(load: EngineLoad, devices: int) -> Memory:
    """Return what each of this many devices holds of the engine."""
    return engine_memory(
        load.models,
        dtype=load.dtype,
        rows=load.rows,
        length=load.length,
        tensor_parallel=devices,
        on_vllm=load.on_vllm,
        reads_layers=load.reads_layers,
    )


def load_fit(load: EngineLoad, memory: Memory, device: int) -> Fit:
    """Return whether a device with this many bytes has room for its part, `memory`."""
    if load.cache is not None:  # vLLM then ignores gpu_memory_utilization
        return fit(memory, device, load.cache)
    return fit(memory, int(device * load.utilization))


def candidates(load: EngineLoad, card: Card) -> list[Candidate]:
    """Return every size from 1 to the number of devices, in that order."""
    return [candidate(load, card, devices) for devices in range(1, card.most + 1)]


def candidate(load: EngineLoad, card: Card, devices: int) -> Candidate:
    """Return whether the engine works on this many devices."""
    memory = load_memory(load, devices)
    found = load_fit(load, memory, card.memory)
    return Candidate(
        devices=devices,
        memory=memory,
        fit=found,
        misfit=next(
            (f"model {m} has {why}" for m, why in unsplittable(load.models, devices)), None
        ),
        enough=found.rows >= load.least_requests,
    )


def smallest_size(load: EngineLoad, card: Card) -> int:
    """Return the smallest size that works. Raise ConfigError, which says what is missing, if none
    does.
    """
    found = candidates(load, card)
    for option in found:
        if option.works:
            return option.devices
    titles = ", ".join(model.path for model in load.models)
    where = f"{card.most} × {card.title}" if card.most > 1 else card.title
    raise ConfigError(
        f"engine.tensor_parallel_size=auto: {titles} ({load.dtype}) do not fit on {where}: "
        f"{_lacking(found, load)}",
        hint=_alternatives(found, load),
    )


def check_size(load: EngineLoad, card: Card, devices: int) -> None:
    """Raise ConfigError, with the sizes that work, unless vLLM starts on this many devices.

    Whether that many exist is not checked.
    """
    option = candidate(load, card, devices)
    if option.starts:
        return
    reason = option.misfit or (
        f"on {card.title} {_room(option, load)}, and vLLM needs room for one of "
        f"{load.length:,} tokens"
    )
    raise ConfigError(
        f"engine.tensor_parallel_size={devices} cannot work: {reason}",
        hint=_working_sizes(candidates(load, card)) or _alternatives([option], load),
    )


def check_heads(models: Sequence[CheckpointSize], devices: int, most: int = GPUS_A_NODE) -> None:
    """Do as `check_size` if the memory of a device is unknown: raise ConfigError for heads
    alone.
    """
    errors = unsplittable(models, devices)
    if errors:
        path, why = errors[0]
        sizes = [n for n in range(1, most + 1) if not unsplittable(models, n)]
        raise ConfigError(
            f"engine.tensor_parallel_size={devices} cannot work: model {path} has {why}",
            hint=f"sizes that divide all models: {', '.join(map(str, sizes))}",
        )


def _lacking(found: Sequence[Candidate], load: EngineLoad) -> str:
    """Return what the best size leaves, and what is needed. Size 1 always divides all models."""
    best = max((c for c in found if c.misfit is None), key=lambda c: (c.fit.rows, c.devices))
    return (
        f"at size {best.devices}, the best, {_room(best, load)}, and "
        f"room for {load.least_requests} of {load.length:,} tokens is required"
    )


def _room(option: Candidate, load: EngineLoad) -> str:
    memory, budget = option.memory, option.fit.budget
    left = budget - memory.weights - memory.activations
    if load.cache is not None:
        left = min(left, load.cache)
    one = memory.cache_per_token * memory.length
    taken = f"weights {memory.weights / GIB:.1f} and activations {memory.activations / GIB:.1f} GiB"
    if left <= 0:
        return f"{taken} leave no room for a cache"
    return f"{taken} leave {left / GIB:.1f} GiB, one request needs {one / GIB:.1f}"


def _working_sizes(found: Sequence[Candidate]) -> str | None:
    sizes = [str(option.devices) for option in found if option.starts]
    return f"sizes that work: {', '.join(sizes)}" if sizes else None


def _alternatives(found: Sequence[Candidate], load: EngineLoad) -> str:
    if load.cache is not None:
        return "leave engine.kv_cache_gib out to use all free memory, or set another"
    starting = [option for option in found if option.starts]
    if starting:
        best = max(starting, key=lambda option: option.fit.rows)
        return (
            f"engine.tensor_parallel_size={best.devices} starts with room for {best.fit.rows}; or "
            "use larger cards, or a smaller decoding.max_tokens"
        )
    if load.dtype == "float32":
        return "engine.dtype=bfloat16 halves weights and cache; or use larger cards"
    if any(option.memory.weights < option.fit.budget for option in found):
        return "a smaller engine.max_num_seqs needs less; or use larger cards or smaller models"
    return "use more or larger cards, or smaller models"
