"""The memory of one engine per device: weights, key-value cache and activations.

The activations are an estimate from the parts that vLLM's profile run meets; nothing was measured
on a GPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rast_bench.hardware import GIB
from rast_bench.planning.checkpoints import CheckpointSize

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}

STEP_TOKENS = 2048  # max_num_batched_tokens of vLLM's LLMEngine, or max_num_seqs if that is more
SAMPLER_BYTES = 24  # per logit: sorted values and ids, probabilities, their sums, a mask
GRAPH_BYTES_A_LAYER = 16 * 2**20  # CUDA graphs: 0.5 GiB for 32 layers, 1 GiB for 64
COMMUNICATION_BYTES = GIB // 2  # NCCL's buffers, if an engine is split
VOCABULARY_STEP = 64  # vLLM pads embeddings to multiples of this

Verdict = Literal["fits", "fewer rows", "too large"]
"""`fewer rows`: the models fit, but not a cache for max_num_seqs rows of the full length."""


@dataclass(frozen=True)
class Memory:
    """Bytes on each of the devices that one engine is split over."""

    weights: int
    cache_per_token: int
    rows: int  # max_num_seqs
    length: int  # tokens of the longest prompt and its response
    activations: int = 0  # and everything else within vLLM's gpu_memory_utilization

    @property
    def cache(self) -> int:
        """For every row at full length, which is the maximum."""
        return self.cache_per_token * self.rows * self.length

    @property
    def total(self) -> int:
        return self.weights + self.activations + self.cache


@dataclass(frozen=True)
class Fit:
    """`rows` is how many rows of full length the card holds beside the weights."""

    verdict: Verdict
    budget: int  # bytes of one device that the engine may use
    rows: int


def engine_memory(
    models: Sequence[CheckpointSize],
    *,
    dtype: str,
    rows: int,
    length: int,
    tensor_parallel: int = 1,
    on_vllm: bool = False,
    reads_layers: bool = False,
) -> Memory:
    """Return the memory of distinct checkpoints that decode side by side.

    Args:
        models: each checkpoint once, whatever its roles.
        dtype: of weights and cache, a key of BYTES.
        rows: sequences decoded at once.
        length: tokens per sequence, prompt and response.
        on_vllm: whether to count what vLLM needs beside weights and cache (`activations`).
        reads_layers: whether the method reads the first model's early layers.
    """
    size = BYTES[dtype]
    weights = sum(model.floating * size + model.packed_bytes for model in models)
    return Memory(
        weights=-(-weights // tensor_parallel),
        cache_per_token=sum(cache_per_token(model, size, tensor_parallel) for model in models),
        rows=rows,
        length=length,
        activations=activations(models, size, rows, tensor_parallel, reads_layers)
        if on_vllm
        else 0,
    )


def activations(
    models: Sequence[CheckpointSize],
    size: int,
    rows: int,
    tensor_parallel: int = 1,
    reads_layers: bool = False,
) -> int:
    """Return an estimate of the bytes that vLLM needs per device beside weights and cache.

    vLLM runs one step of the largest size before it gives the rest to the cache
    (`determine_available_memory`), and adds an estimate of its CUDA graphs. At the peak there are
    either the states of one model's largest layer (residual, normed and attention output; gate, up
    and their product) or, for `rows` rows, the logits of every model in its dtype, eq. 3 in float32
    and the sampler's sorting of all ids; the hidden states of all models are there in both cases.

    Args:
        size: bytes per number in the engine's dtype.
        rows: max_num_seqs.
        reads_layers: whether the states of all layers of the first model are there.
    """
    tokens = max(STEP_TOKENS, rows)
    early = models[0].layers * models[0].hidden if reads_layers else 0
    joined = tokens * size * (early + sum(model.hidden for model in models))
    layer = max(
        tokens
        * size
        * (3 * model.hidden + 3 * (model.intermediate or 4 * model.hidden) // tensor_parallel)
        for model in models
    )
    ids = max(model.vocabulary for model in models)
    eq3 = 4 * min(3, len(models))  # M_base, ΔR and one of its terms in float32
    heads = rows * ids * (size * len(models) + eq3 + SAMPLER_BYTES)
    graphs = GRAPH_BYTES_A_LAYER * sum(model.layers for model in models)
    return joined + max(layer, heads) + graphs + (COMMUNICATION_BYTES if tensor_parallel > 1 else 0)


def cache_per_token(model: CheckpointSize, size: int, tensor_parallel: int = 1) -> int:
    """Return the bytes of keys and values per token and device: 2 · layers · kv_heads · head_dim ·
    size.

    Key-value heads are split over the devices; with fewer heads than devices, each device has one.
    """
    heads = max(1, model.kv_heads // tensor_parallel)
    return 2 * model.layers * heads * model.head_dim * size


def fit(memory: Memory, budget: int, cache_budget: int | None = None) -> Fit:
    """Return whether `budget` bytes of each device hold the engine.

    Args:
        cache_budget: a fixed size of the cache; None gives it what the rest leaves.
    """
    room = budget - memory.weights - memory.activations
    if cache_budget is not None:
        room = min(room, cache_budget) if cache_budget <= room else -1
    row = memory.cache_per_token * memory.length
    rows = max(0, room // row) if row else memory.rows
    if rows == 0:
        return Fit("too large", budget, 0)
    return Fit("fits" if rows >= memory.rows else "fewer rows", budget, rows)


def unsplittable(models: Sequence[CheckpointSize], tensor_parallel: int) -> list[tuple[str, str]]:
    """Return (model, reason) for every model that vLLM cannot split evenly over this many
    devices.
    """
    found = []
    for model in models:
        padded = -(-model.vocabulary // VOCABULARY_STEP) * VOCABULARY_STEP
        if model.heads % tensor_parallel:
            found.append((model.path, f"{model.heads} attention heads"))
        elif model.kv_heads % tensor_parallel and tensor_parallel % model.kv_heads:
            found.append((model.path, f"{model.kv_heads} key-value heads"))
        elif model.intermediate is not None and model.intermediate % tensor_parallel:
            found.append((model.path, f"MLPs of width {model.intermediate}"))
        elif padded % tensor_parallel:
            found.append((model.path, f"{padded} rows in its embedding"))
    return found
