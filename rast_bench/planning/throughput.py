"""Estimate vLLM's throughput on a card where no run was measured (pure).

A decoding step reads all weights and the cache of every row, and multiplies every weight with every
row. A method that reads early layers multiplies the head with each of them, too. The times are
added, though hardware overlaps some of them. Which fraction of the data sheet's numbers an engine
reaches, and the overhead of a step, are assumptions; they give the range.
"""

from rast_bench.compose.limits import COMBINED_AT_ONCE
from rast_bench.known.cards import CARDS
from rast_bench.planning.estimate import SECONDS_AN_HOUR
from rast_bench.planning.memory import BYTES, Memory, cache_per_token
from rast_bench.planning.placement import EngineLoad

FASTEST, SLOWEST = 0.7, 0.3  # fractions of the data sheet
FASTEST_STEP, SLOWEST_STEP = (
    0.003,
    0.01,
)  # overhead per step in seconds: launches, scheduling, sampling
MEAN_PROMPT = 200  # tokens; the longest prompt is much longer
AUTHORS_CARDS = 4
AUTHORS_THROUGHPUT = (202.66, 249.54)
"""Tokens per second on four A6000: reply 4, Qwen2.5 14B and 32B, with ΔR and trained."""

_FLOPS_A_PARAMETER = 2  # a multiplication and an addition per row


def estimated_throughput(
    load: EngineLoad,
    memory: Memory,
    budget: int,
    devices: int,
    card: str,
    response: tuple[float, float],
) -> tuple[float, float]:
    """Return (slowest, fastest) tokens per second of one engine over all its rows.

    Args:
        memory: per device.
        budget: bytes per device that the engine may use.
        card: a key of CARDS.
        response: tokens of a mean response, at least and at most.
    """
    size, sheet = BYTES[load.dtype], CARDS[card]
    parameters = sum(model.floating for model in load.models)
    weights = parameters * size + sum(model.packed_bytes for model in load.models)
    cache = sum(cache_per_token(model, size) for model in load.models)
    main = load.models[0]
    heads = main.layers * main.vocabulary * main.hidden if load.reads_layers else 0
    heads_read = heads * size / COMBINED_AT_ONCE  # per row, since states share a reading
    room = budget - memory.weights - memory.activations

    def speed(tokens: float, share: float, beside: float) -> float:
        context = MEAN_PROMPT + tokens / 2  # in the cache of a mean row, halfway through
        rows = max(1, min(memory.rows, int(room / (context * memory.cache_per_token))))
        reading = (weights + rows * (context * cache + heads_read)) / sheet.bandwidth
        multiplying = _FLOPS_A_PARAMETER * (parameters + heads) * rows / sheet.flops
        return rows / (beside + (reading + multiplying) / (devices * share))

    short, long = response
    return speed(long, SLOWEST, SLOWEST_STEP), speed(short, FASTEST, FASTEST_STEP)


def authors_hours(tokens: tuple[float, float]) -> tuple[float, float]:
    """Return the card-hours of (least, most) tokens at the throughput that the authors report."""
    slowest, fastest = AUTHORS_THROUGHPUT
    return (
        AUTHORS_CARDS * tokens[0] / fastest / SECONDS_AN_HOUR,
        AUTHORS_CARDS * tokens[1] / slowest / SECONDS_AN_HOUR,
    )
