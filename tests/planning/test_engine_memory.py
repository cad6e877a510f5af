import pytest
from planned_models import KNOWN, sized

from rast_bench.hardware import GIB
from rast_bench.planning.checkpoints import CheckpointSize
from rast_bench.planning.memory import (
    Memory,
    cache_per_token,
    engine_memory,
    fit,
    unsplittable,
)


def known_checkpoint(known: dict[str, object]) -> CheckpointSize:
    config = known["config"]
    assert isinstance(config, dict)
    heads = config["num_attention_heads"]
    return sized(
        int(str(known["parameters"])),
        layers=config["num_hidden_layers"],
        heads=heads,
        kv_heads=config["num_key_value_heads"],
        head_dim=config["hidden_size"] // heads,
    )


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["name"])
def test_the_cache_of_known_models(known: dict[str, object]) -> None:
    assert cache_per_token(known_checkpoint(known), 2) == known["cache_bytes_bfloat16"]


def test_all_models_of_an_engine_have_weights_and_a_cache() -> None:
    small, large = sized(1000, layers=1), sized(5000, layers=3)
    memory = engine_memory([large, small, small], dtype="float32", rows=2, length=10)
    assert memory.weights == 4 * 7000
    assert memory.cache == 4 * 2 * (3 + 1 + 1) * 4 * 2 * 10
    assert memory.total == memory.weights + memory.cache


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2), ("float16", 2)])
def test_the_engines_dtype_counts(dtype: str, size: int) -> None:
    memory = engine_memory([sized(100)], dtype=dtype, rows=1, length=1)
    assert (memory.weights, memory.cache) == (100 * size, 8 * size)


def test_devices_share_weights_and_heads() -> None:
    whole = engine_memory([sized(1000, kv_heads=4)], dtype="float16", rows=3, length=5)
    half = engine_memory(
        [sized(1000, kv_heads=4)], dtype="float16", rows=3, length=5, tensor_parallel=2
    )
    assert (half.weights, half.cache) == (whole.weights / 2, whole.cache / 2)


def test_a_key_value_head_is_not_split_but_copied() -> None:
    assert cache_per_token(sized(kv_heads=2, heads=8), 2, tensor_parallel=8) == 2 * 2
    assert cache_per_token(sized(kv_heads=2, heads=8), 2, tensor_parallel=2) == 2 * 2


@pytest.mark.parametrize(
    ("budget", "cache_budget", "verdict", "rows"),
    [
        (1000 + 50 * 40, None, "fits", 50),
        (1000 + 50 * 40 - 1, None, "fewer rows", 49),
        (1000 + 50 * 200, None, "fits", 250),
        (1039, None, "too large", 0),
        (999, None, "too large", 0),
        (100_000, 50 * 40, "fits", 50),
        (100_000, 10 * 40, "fewer rows", 10),
        (1000 + 399, 10 * 40, "too large", 0),  # a fixed cache is allocated whole
    ],
)
def test_fit(budget: int, cache_budget: int | None, verdict: str, rows: int) -> None:
    memory = Memory(weights=1000, cache_per_token=4, rows=50, length=10)
    found = fit(memory, budget, cache_budget)
    assert (found.verdict, found.rows, found.budget) == (verdict, rows, budget)


def test_a_7b_model_with_small_ones_on_common_cards() -> None:
    """Table 1's largest responses: 16,384 tokens beside a prompt of 500."""
    seven, small = known_checkpoint(KNOWN[1]), known_checkpoint(KNOWN[0])
    memory = engine_memory([seven, small, small], dtype="bfloat16", rows=256, length=16_884)
    assert memory.weights / GIB == pytest.approx(19.9, abs=0.05)
    assert fit(memory, int(0.9 * 24 * GIB)).rows == 0
    assert fit(memory, int(0.9 * 80 * GIB)).rows == 28


def test_a_method_that_reads_early_layers_keeps_their_states() -> None:
    seven = known_checkpoint(KNOWN[1])
    plain, dola = (
        engine_memory(
            [seven], dtype="bfloat16", rows=8, length=9, on_vllm=True, reads_layers=reads
        ).activations
        for reads in (False, True)
    )
    assert dola - plain == 2048 * 2 * seven.layers * seven.hidden


@pytest.mark.parametrize(
    ("heads", "kv_heads", "devices", "reason"),
    [
        (12, 2, 4, None),
        (12, 2, 8, "12 attention heads"),
        (12, 3, 2, "3 key-value heads"),
        (28, 4, 4, None),
        (28, 4, 8, "28 attention heads"),
        (16, 2, 8, None),
    ],
)
def test_heads_are_dealt_evenly(
    heads: int, kv_heads: int, devices: int, reason: str | None
) -> None:
    found = unsplittable([sized(heads=heads, kv_heads=kv_heads)], devices)
    assert found == ([] if reason is None else [("m", reason)])
