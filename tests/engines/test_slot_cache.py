"""Slots as plain lists of positions would behave."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rast_bench.engines.slot_cache import SlotCache

HEADS, DIM, LAYERS = 2, 4, 2


def prompt(time: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return [(torch.randn(HEADS, time, DIM), torch.randn(HEADS, time, DIM)) for _ in range(LAYERS)]


def test_each_row_writes_at_its_own_position() -> None:
    cache = SlotCache(3)
    prompts = [prompt(2), prompt(5), prompt(20)]
    cache.reserve(3, 32, 32)
    for slot, layers in enumerate(prompts):
        cache.fill(slot, layers)
    cache.begin_step(torch.tensor([2, 5, 20]), 32)
    new = torch.randn(3, HEADS, 1, DIM)
    keys, values = cache.update(new, -new, 1)
    assert keys.shape == values.shape == (3, HEADS, 32, DIM)
    for slot, position in enumerate((2, 5, 20)):
        assert torch.equal(keys[slot, :, :position], prompts[slot][1][0])
        assert torch.equal(values[slot, :, :position], prompts[slot][1][1])
        assert torch.equal(keys[slot, :, position], new[slot, :, 0])
        assert torch.equal(values[slot, :, position], -new[slot, :, 0])
        assert not keys[slot, :, position + 1 :].any()


def test_fewer_rows_than_slots() -> None:
    cache = SlotCache(4)
    cache.reserve(4, 16, 16)
    for slot in range(4):
        cache.fill(slot, prompt(3))
    before = cache.keys[0].clone()
    cache.begin_step(torch.tensor([3, 3]), 16)
    keys, _ = cache.update(torch.ones(2, HEADS, 1, DIM), torch.ones(2, HEADS, 1, DIM), 0)
    assert len(keys) == 2
    assert torch.equal(cache.keys[0][2:], before[2:])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 90)), min_size=1, max_size=12))
def test_fills_and_growth_keep_what_other_slots_hold(fills: list[tuple[int, int]]) -> None:
    cache = SlotCache(4)
    held: dict[int, list[tuple[torch.Tensor, torch.Tensor]]] = {}
    for slot, time in fills:
        held[slot] = prompt(time)
        length = max(layers[0][0].shape[1] for layers in held.values())
        cache.reserve(1 + max(held), length, 90)
        cache.fill(slot, held[slot])
        for other, layers in held.items():
            for i, (key, value) in enumerate(layers):
                assert torch.equal(cache.keys[i][other, :, : key.shape[1]], key)
                assert torch.equal(cache.values[i][other, :, : key.shape[1]], value)


def test_moving_a_row() -> None:
    cache = SlotCache(2)
    layers = prompt(7)
    cache.reserve(2, 16, 16)
    cache.fill(0, prompt(9))
    cache.fill(1, layers)
    cache.move(1, 0, 7)
    for i, (key, value) in enumerate(layers):
        assert torch.equal(cache.keys[i][0, :, :7], key)
        assert torch.equal(cache.values[i][0, :, :7], value)


def shapes(cache: SlotCache) -> set[tuple[int, ...]]:
    return {tuple(buffer.shape) for buffer in (*cache.keys, *cache.values)}


def test_a_side_that_is_too_short_doubles_within_its_bounds() -> None:
    cache = SlotCache(24)
    cache.reserve(8, 16, 100)
    layers = prompt(16)
    cache.fill(3, layers)
    assert shapes(cache) == {(8, HEADS, 16, DIM)}
    cache.reserve(8, 17, 100)
    assert shapes(cache) == {(8, HEADS, 32, DIM)}
    cache.reserve(16, 32, 100)
    assert shapes(cache) == {(16, HEADS, 32, DIM)}
    cache.reserve(24, 33, 48)  # no live row grows beyond 48, and there are 24 slots
    assert shapes(cache) == {(24, HEADS, 48, DIM)}
    cache.reserve(8, 40, 40)  # what suffices stays
    assert shapes(cache) == {(24, HEADS, 48, DIM)}
    for i, (key, value) in enumerate(layers):
        assert torch.equal(cache.keys[i][3, :, :16], key)
        assert torch.equal(cache.values[i][3, :, :16], value)


def test_room_of_a_long_row_that_ended_is_given_to_many_short_ones() -> None:
    cache = SlotCache(64)
    cache.capacity = 8 * 512
    cache.reserve(8, 512, 512)
    layers = prompt(64)
    cache.fill(0, layers)
    assert shapes(cache) == {(8, HEADS, 512, DIM)}
    cache.reserve(64, 64, 64)
    assert shapes(cache) == {(64, HEADS, 64, DIM)}
    assert torch.equal(cache.keys[1][0], layers[1][0])
    cache.reserve(16, 80, 256)
    assert shapes(cache) == {(32, HEADS, 128, DIM)}


@given(
    st.integers(1, 400),
    st.lists(st.tuples(st.integers(1, 32), st.integers(1, 60), st.integers(0, 60)), max_size=20),
)
def test_growth_stays_within_the_capacity(capacity: int, needs: list[tuple[int, int, int]]) -> None:
    """As the engine asks: only for what fits when every row has grown."""
    cache = SlotCache(32)
    cache.capacity = capacity
    for rows, length, more in needs:
        if rows * (length + more) > capacity:
            continue
        cache.reserve(rows, length, length + more)
        assert cache.rows >= rows
        assert cache.length >= length
        assert cache.rows * cache.length <= capacity
        assert cache.rows <= cache.slots


def test_what_has_no_room_is_not_stored_in_part() -> None:
    cache = SlotCache(4)
    cache.reserve(2, 16, 16)
    with pytest.raises(RuntimeError, match="must match"):
        cache.fill(0, prompt(17))
    with pytest.raises(IndexError):
        cache.fill(2, prompt(3))
