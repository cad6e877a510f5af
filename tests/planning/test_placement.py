"""Tensor-parallel sizes, by the shapes of models that the paper uses."""

from dataclasses import replace

import pytest
from planned_models import KNOWN, sized

from rast_bench.errors import ConfigError
from rast_bench.hardware import GIB
from rast_bench.planning.checkpoints import CheckpointSize, config_parameters
from rast_bench.planning.placement import (
    MIN_REQUESTS,
    Card,
    EngineLoad,
    candidate,
    check_heads,
    check_size,
    named_card,
    smallest_size,
)

LENGTH = 17_152  # tokens of table 1's longest request, rounded up
FOURTEEN = {
    "hidden_size": 5120,
    "num_hidden_layers": 48,
    "num_attention_heads": 40,
    "num_key_value_heads": 8,
    "intermediate_size": 13824,
    "vocab_size": 152064,
}
CONFIGS = {
    **{known["name"].removeprefix("Qwen2.5-"): known["config"] for known in KNOWN},
    "14B": {**FOURTEEN, "model_type": "qwen2"},
}


def checkpoint(size: str, name: str | None = None) -> CheckpointSize:
    config = CONFIGS[size]
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    return CheckpointSize(
        path=name or size,
        source="config",
        floating=config_parameters(config),
        packed_bytes=0,
        dtype="bfloat16",
        layers=config["num_hidden_layers"],
        heads=heads,
        kv_heads=config["num_key_value_heads"],
        head_dim=hidden // heads,
        hidden=hidden,
        vocabulary=config["vocab_size"],
        positions=131_072,
        intermediate=config["intermediate_size"],
    )


def load(main: str, small: str | None = None, *, length: int = LENGTH) -> EngineLoad:
    pair = [checkpoint(small, f"{small}-{role}") for role in ("RL", "base")] if small else []
    return EngineLoad((checkpoint(main), *pair), "bfloat16", rows=256, length=length)


def card(name: str, count: int = 8) -> Card:
    return named_card(name, count)


@pytest.mark.parametrize(
    ("main", "small", "sizes"),
    [
        ("32B", "14B", (8, 8, 4, 2)),  # 4 would start on a6000, with room for three requests
        ("32B", "7B", (4, 4, 2, 1)),  # table 4 of the paper names 4 cards of 40 GB
        ("32B", None, (4, 2, 2, 1)),
        ("14B", "7B", (4, 2, 2, 1)),
    ],
)
def test_the_table_of_the_docs(main: str, small: str | None, sizes: tuple[int, ...]) -> None:
    found = (
        smallest_size(load(main, small), card(on)) for on in ("a100-40", "a6000", "h100", "h200")
    )
    assert tuple(found) == sizes


@pytest.mark.parametrize(
    ("main", "small", "on", "size"),
    [
        ("32B", "1.5B", "h100", 2),
        ("14B", "1.5B", "a100-80", 1),
        ("7B", "1.5B", "4090", 2),
        ("1.5B", None, "4090", 1),
    ],
)
def test_the_papers_engines_on_common_cards(
    main: str, small: str | None, on: str, size: int
) -> None:
    assert smallest_size(load(main, small), card(on)) == size


def test_the_models_whole_window_is_no_length_to_plan_for() -> None:
    """131,072 positions of 32B take 32 GiB a request: why max_model_len is not what models allow.

    The 1M models would need eight cards, and their 28 heads do not go into eight.
    """
    with pytest.raises(ConfigError, match="do not fit on h100"):
        smallest_size(load("32B", "14B", length=131_072), card("h100", 1))
    million = load("14B", "7B", length=1_010_000)
    with pytest.raises(ConfigError, match=r"at size 4, the best, .* 1,010,000 tokens"):
        smallest_size(million, card("h100"))
    assert smallest_size(load("14B", "7B", length=4096), card("h100")) == 1


def test_a_size_has_room_for_the_least_number_of_requests_and_no_smaller_one_has() -> None:
    one = load("32B", "14B")
    sizes = {n: candidate(one, card("h100"), n).fit.rows for n in (1, 2, 4)}
    assert sizes[1] == 0
    assert 1 <= sizes[2] < MIN_REQUESTS <= sizes[4]
    alone = replace(one, rows=1)  # no more than max_num_seqs decode at once
    assert smallest_size(alone, card("h100")) == 2


def test_sizes_divide_every_part_of_every_model() -> None:
    tight = Card(9 * GIB, 8)  # 7B takes 14.2 GiB: 2 and 3 are too few, 5 to 8 do not divide
    assert smallest_size(load("7B", length=4096), tight) == 4
    for devices, why in (
        (8, "28 attention heads"),
        (7, "4 key-value heads"),
    ):
        with pytest.raises(ConfigError, match=f"model 7B has {why}") as error:
            check_size(load("7B"), card("h100"), devices)
        assert error.value.hint == "sizes that work: 1, 2, 4"
    with pytest.raises(ConfigError, match=r"model 1\.5B has MLPs of width 8960"):
        check_heads([checkpoint("1.5B")], 6)
    with pytest.raises(ConfigError, match="has 152064 rows in its embedding") as error:
        check_heads([replace(sized(heads=20, kv_heads=10), vocabulary=152_064)], 5)
    assert error.value.hint == "sizes that divide all models: 1, 2"


def test_an_explicit_size_may_be_tight_but_must_start() -> None:
    one = load("32B", "14B")
    check_size(one, card("h100"), 2)  # fewer requests than `auto` takes
    with pytest.raises(ConfigError) as error:
        check_size(one, card("h100"), 1)
    assert error.value.message.startswith(
        "engine.tensor_parallel_size=1 cannot work: on h100 (79.6 GiB) weights 116.1 and"
    )
    assert error.value.hint == "sizes that work: 2, 4, 8"


def test_what_is_missing_where_no_size_works() -> None:
    one = load("32B", "14B")
    with pytest.raises(ConfigError) as error:
        smallest_size(one, card("a6000", 4))
    assert "do not fit on 4 × a6000 (48 GiB): at size 4, the best, weights 29.0" in str(error.value)
    assert error.value.hint is not None
    assert error.value.hint.startswith("engine.tensor_parallel_size=4 starts with room for 3")
    with pytest.raises(ConfigError, match="leave no room for a cache") as error:
        smallest_size(replace(one, dtype="float32"), card("4090"))
    assert error.value.hint is not None
    assert error.value.hint.startswith("engine.dtype=bfloat16 halves")
    with pytest.raises(ConfigError) as error:
        smallest_size(replace(load("7B"), rows=100_000), card("h100"))
    assert (error.value.hint or "").startswith("a smaller engine.max_num_seqs")


def test_a_fixed_cache_counts_instead_of_the_cards_share() -> None:
    """kv_cache_gib is allocated whole, whatever gpu_memory_utilization says."""
    one = load("7B", length=4096)  # 14.2 GiB and 0.22 a request
    small = replace(one, cache=int(0.5 * GIB), utilization=0.1)
    assert candidate(small, card("4090"), 1).fit.rows == 2
    with pytest.raises(ConfigError, match="auto: 7B"):
        smallest_size(small, card("4090", 1))
    for cache in (0.5, 30):  # too small, and more than there is
        with pytest.raises(ConfigError) as error:
            smallest_size(replace(small, cache=int(cache * GIB)), card("4090", 1))
        assert "engine.kv_cache_gib" in (error.value.hint or "")
    assert smallest_size(replace(small, cache=2 * GIB), card("4090")) == 1
    with pytest.raises(ConfigError, match="size=1 cannot work"):
        check_size(replace(small, cache=30 * GIB), card("4090"), 1)


def test_more_rows_need_more_beside_the_cache() -> None:
    """Logits of all rows, the sampler's copies of them and CUDA graphs."""
    few = candidate(replace(load("7B", "1.5B"), rows=1), card("h100"), 1).memory.activations
    many = candidate(replace(load("7B", "1.5B"), rows=1024), card("h100"), 1).memory.activations
    assert 1.3 < few / GIB < 2
    assert many / GIB == pytest.approx(few / GIB + 5.8, abs=0.5)
