"""Slot attention against attention written out for one row and one head."""

import pytest
import torch

from rast_bench.engines.attention import slot_attention

MODULE = torch.nn.Module()


def by_hand(query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    scores = torch.stack([query @ key * 0.3 for key in keys])
    shares = (scores - scores.max()).exp()
    return (shares / shares.sum()) @ values


@pytest.mark.parametrize("groups", [1, 3])
def test_one_token_a_row(groups: int) -> None:
    """Rows of 1, 5 and 8 tokens; what lies beyond in a slot must not count."""
    lengths, kv_heads, dim = [1, 5, 8], 2, 16
    query = torch.randn(3, kv_heads * groups, 1, dim)
    key, value = torch.randn(2, 3, kv_heads, 8, dim).unbind()
    beyond = torch.arange(8) >= torch.tensor(lengths)[:, None]
    mask = torch.zeros(3, 8).masked_fill(beyond, -torch.inf)[:, None, None]
    mixed, _ = slot_attention(MODULE, query, key, value, mask, scaling=0.3)
    assert mixed.shape == (3, 1, kv_heads * groups, dim)
    for row, length in enumerate(lengths):
        for head in range(kv_heads * groups):
            kv = head // groups
            expected = by_hand(query[row, head, 0], key[row, kv, :length], value[row, kv, :length])
            torch.testing.assert_close(mixed[row, 0, head], expected)


def test_a_whole_prompt_is_causal() -> None:
    query = torch.randn(1, 4, 6, 16)
    key, value = torch.randn(2, 1, 2, 6, 16).unbind()
    mixed, _ = slot_attention(MODULE, query, key, value, None, scaling=0.3)
    assert mixed.shape == (1, 6, 4, 16)
    for time in range(6):
        for head in range(4):
            kv = head // 2
            expected = by_hand(
                query[0, head, time], key[0, kv, : time + 1], value[0, kv, : time + 1]
            )
            torch.testing.assert_close(mixed[0, time, head], expected)


@pytest.mark.parametrize("option", ["sliding_window", "softcap", "s_aux"])
def test_other_kinds_of_attention_are_not_silently_ignored(option: str) -> None:
    tensor = torch.randn(1, 1, 2, 16)
    with pytest.raises(NotImplementedError, match=option):
        slot_attention(MODULE, tensor, tensor, tensor, None, scaling=1.0, **{option: 4})
    slot_attention(MODULE, tensor, tensor, tensor, None, scaling=1.0, **{option: None})


@torch.inference_mode()
def test_float16_scores_do_not_overflow() -> None:
    """q·k is 128 · 30 · 30 = 115,200, beyond float16's 65,504; scaled it is 10,182."""
    query = torch.full((1, 2, 1, 128), 30.0, dtype=torch.float16)
    key = torch.full((1, 1, 16, 128), 30.0, dtype=torch.float16)
    key[:, :, 3:] = -30.0
    value = torch.randn(1, 1, 16, 128).half()
    mask = torch.zeros(1, 1, 1, 16)
    mixed, _ = slot_attention(MODULE, query, key, value, mask, scaling=128**-0.5)
    expected = value[0, 0, :3].float().mean(0)
    torch.testing.assert_close(mixed[0, 0, 0].float(), expected, atol=2e-3, rtol=0)
