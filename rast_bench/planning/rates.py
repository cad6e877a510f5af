"""How fast vLLM may decode on a card: an estimate where no run was measured (pure).

A decoding step reads all weights and the cache of every row, and multiplies every weight with every
row; the three are added, though hardware overlaps some of it. How much of a data sheet's numbers a
real engine reaches, and what a step costs beside, is assumed, and gives the range.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rast_bench.planning.checkpoints import Checkpoint
from rast_bench.planning.estimate import SECONDS_AN_HOUR
from rast_bench.planning.memory import BYTES, Memory, cache_per_token

FASTEST, SLOWEST = 0.7, 0.3  # of the data sheet
FASTEST_STEP, SLOWEST_STEP = 0.003, 0.01  # seconds of a step beside: launches, scheduling, sampling
MEAN_PROMPT = 200  # tokens; the longest prompt is far longer
AUTHORS_CARDS = 4
AUTHORS_SPEEDS = (202.66, 249.54)
"""Tokens a second on four A6000: reply 4, Qwen2.5 14B and 32B, with ΔR and trained."""

_FLOPS_A_PARAMETER = 2  # a multiplication and an addition for each row


@dataclass(frozen=True)
class Speeds:
    """One GPU by NVIDIA's data sheets (from memory)."""

    bandwidth: float  # bytes a second
    flops: float  # half precision with dense matrices, a second


SPEEDS = {
    "t4": Speeds(320e9, 65e12),
    "l4": Speeds(300e9, 121e12),
    "3090": Speeds(936e9, 71e12),
    "4090": Speeds(1008e9, 165e12),
    "v100": Speeds(900e9, 125e12),
    "5090": Speeds(1792e9, 209e12),
    "a100-40": Speeds(1555e9, 312e12),
    "l40s": Speeds(864e9, 362e12),
    "a6000": Speeds(768e9, 155e12),
    "h100": Speeds(3350e9, 989e12),
    "a100-80": Speeds(2039e9, 312e12),
    "h200": Speeds(4800e9, 989e12),
    "b200": Speeds(8000e9, 2250e12),
}


def estimated_speeds(
    models: Sequence[Checkpoint],
    dtype: str,
    memory: Memory,
    budget: int,
    devices: int,
    card: str,
    response: tuple[float, float],
) -> tuple[float, float]:
    """(slowest, fastest) tokens a second of one engine over all its rows.

    Args:
        memory: of one device.
        budget: bytes of it that the engine may use.
        card: a key of SPEEDS.
        response: tokens of a mean response, at least and at most.
    """
    short, long = (MEAN_PROMPT + tokens / 2 for tokens in response)
    return (
        _speed(models, dtype, memory, budget, devices, card, long, SLOWEST, SLOWEST_STEP),
        _speed(models, dtype, memory, budget, devices, card, short, FASTEST, FASTEST_STEP),
    )


def _speed(
    models: Sequence[Checkpoint],
    dtype: str,
    memory: Memory,
    budget: int,
    devices: int,
    card: str,
    context: float,
    share: float,
    beside: float,
) -> float:
    """`context`: tokens in the cache of a mean row, half-way through its response."""
    size, sheet = BYTES[dtype], SPEEDS[card]
    room = budget - memory.weights - memory.activations
    rows = max(1, min(memory.rows, int(room / (context * memory.cache_per_token))))
    parameters = sum(model.floating for model in models)
    cache = sum(cache_per_token(model, size) for model in models)
    read = parameters * size + sum(model.packed_bytes for model in models) + rows * context * cache
    seconds = beside + (
        read / sheet.bandwidth + _FLOPS_A_PARAMETER * parameters * rows / sheet.flops
    ) / (devices * share)
    return rows / seconds


def authors_hours(tokens: tuple[float, float]) -> tuple[float, float]:
    """Card-hours of so many tokens (least, most) at the speeds that the authors report."""
    slowest, fastest = AUTHORS_SPEEDS
    return (
        AUTHORS_CARDS * tokens[0] / fastest / SECONDS_AN_HOUR,
        AUTHORS_CARDS * tokens[1] / slowest / SECONDS_AN_HOUR,
    )
