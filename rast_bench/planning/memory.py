"""The memory of one engine: weights and key-value cache of all its models, a device's share of it.

Activations, CUDA graphs and the allocator's losses are not counted: they come out of the share that
`gpu_memory_utilization` leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rast_bench.planning.checkpoints import Checkpoint

GIB = 2**30
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}

Verdict = Literal["fits", "fewer rows", "too large"]
"""`fewer rows`: the models fit, but not a cache for max_num_seqs rows of the full length."""


@dataclass(frozen=True)
class Memory:
    """Bytes on each of the devices that one engine is split over."""

    weights: int
    cache_per_token: int
    rows: int  # max_num_seqs
    length: int  # tokens of the longest prompt and its response

    @property
    def cache(self) -> int:
        """For every row at full length, which is the most that can be asked for."""
        return self.cache_per_token * self.rows * self.length

    @property
    def total(self) -> int:
        return self.weights + self.cache


@dataclass(frozen=True)
class Fit:
    """`rows` is how many rows of full length the card holds beside the weights."""

    verdict: Verdict
    budget: int  # bytes of one device that the engine may use
    rows: int


def engine_memory(
    models: Sequence[Checkpoint], *, dtype: str, rows: int, length: int, tensor_parallel: int = 1
) -> Memory:
    """The memory of distinct checkpoints that decode side by side.

    Args:
        models: each checkpoint once, whatever its roles.
        dtype: of weights and cache, a key of BYTES.
        rows: sequences decoded at once.
        length: tokens of each, prompt and response.
    """
    size = BYTES[dtype]
    weights = sum(model.floating * size + model.packed_bytes for model in models)
    return Memory(
        weights=-(-weights // tensor_parallel),
        cache_per_token=sum(cache_per_token(model, size, tensor_parallel) for model in models),
        rows=rows,
        length=length,
    )


def cache_per_token(model: Checkpoint, size: int, tensor_parallel: int = 1) -> int:
    """Bytes of keys and values of one token on one device: 2 · layers · kv_heads · head_dim · size.

    Key-value heads are split over the devices; where there are fewer heads than devices, each has
    one.
    """
    heads = max(1, model.kv_heads // tensor_parallel)
    return 2 * model.layers * heads * model.head_dim * size


def fit(memory: Memory, budget: int, cache_budget: int | None = None) -> Fit:
    """Whether `budget` bytes of each device hold the engine.

    Args:
        cache_budget: a fixed size of the cache; None gives it what the weights leave.
    """
    room = budget - memory.weights
    if cache_budget is not None:
        room = min(room, cache_budget) if cache_budget <= room else -1
    row = memory.cache_per_token * memory.length
    rows = max(0, room // row) if row else memory.rows
    if rows == 0:
        return Fit("too large", budget, 0)
    return Fit("fits" if rows >= memory.rows else "fewer rows", budget, rows)


def unsplittable(models: Sequence[Checkpoint], tensor_parallel: int) -> list[tuple[str, str]]:
    """(model, reason) for every model whose heads cannot be dealt to the devices evenly."""
    found = []
    for model in models:
        if model.heads % tensor_parallel:
            found.append((model.path, f"{model.heads} attention heads"))
        elif model.kv_heads % tensor_parallel and tensor_parallel % model.kv_heads:
            found.append((model.path, f"{model.kv_heads} key-value heads"))
    return found
