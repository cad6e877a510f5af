"""Slots as plain lists of positions would behave."""

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
    for slot, layers in enumerate(prompts):
        cache.fill(slot, layers)
    cache.begin_step(torch.tensor([2, 5, 20]), 32)
    cache.reserve(32)
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
        cache.fill(slot, held[slot])
        for other, layers in held.items():
            for i, (key, value) in enumerate(layers):
                assert torch.equal(cache.keys[i][other, :, : key.shape[1]], key)
                assert torch.equal(cache.values[i][other, :, : key.shape[1]], value)


def test_moving_a_row() -> None:
    cache = SlotCache(2)
    layers = prompt(7)
    cache.fill(0, prompt(9))
    cache.fill(1, layers)
    cache.move(1, 0, 7)
    for i, (key, value) in enumerate(layers):
        assert torch.equal(cache.keys[i][0, :, :7], key)
        assert torch.equal(cache.values[i][0, :, :7], value)
