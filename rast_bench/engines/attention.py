"""Attention of new tokens over their row's slot, bit for bit independent of the other rows.

Batched products and a softmax instead of `scaled_dot_product_attention`: PyTorch's fused kernel
for the CPU gives a row different bits on its second thread than on its first (torch 2.13), so the
numbers of a row would depend on its position in the batch. The products take the same time.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface

NAME = "rast_slots"

_VARIANTS = ("sliding_window", "softcap", "s_aux", "position_bias")  # of other model families


def slot_attention(
    _module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    **options: Any,
) -> tuple[Tensor, None]:
    """Compute transformers' attention interface: [rows, heads, time, dim] to [rows, time, heads,
    dim].

    With a mask ([rows, 1, time, length], 0 or −inf) the input is the newest tokens of each row, one
    or a few: the query heads of one group become the queries of one key head, so grouped-query
    attention repeats no keys. Products are made token by token, so that a token has the same bits
    whatever is computed beside it. Without a mask it is a whole prompt, and causal.

    Raises:
        NotImplementedError: the model uses another kind of attention (a sliding window, for
            example).
    """
    unsupported = [name for name in _VARIANTS if options.get(name) is not None]
    if unsupported:
        raise NotImplementedError(f"attention with {', '.join(unsupported)}")
    rows, heads, time, dim = query.shape
    kv_heads, length = key.shape[1], key.shape[2]
    groups = heads // kv_heads
    if attention_mask is None:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
        return mixed.transpose(1, 2).contiguous(), None
    grouped = query.reshape(rows, kv_heads, groups, time, dim).permute(3, 0, 1, 2, 4)
    grouped = grouped.reshape(time, rows * kv_heads, groups, dim)
    if query.dtype == torch.float16:  # q·k may exceed its 65504, as with Qwen2.5's large biases
        grouped, scaling = grouped * scaling, 1.0
    keys, values = key.reshape(-1, length, dim), value.reshape(-1, length, dim)  # views, no copies
    scores = query.new_empty(time, rows * kv_heads, groups, length)
    for one, product in zip(grouped, scores, strict=True):
        torch.bmm(one, keys.transpose(1, 2), out=product)
    mask = attention_mask.permute(2, 0, 1, 3)[:, :, :, None]  # [time, rows, 1, 1, length]
    scores = scores.view(time, rows, kv_heads, groups, length).float().mul_(scaling).add_(mask)
    shares = scores.softmax(-1).to(query.dtype).view(time, -1, groups, length)
    mixed = query.new_empty(time, rows * kv_heads, groups, dim)
    for one, product in zip(shares, mixed, strict=True):
        torch.bmm(one, values, out=product)
    return mixed.view(time, rows, heads, dim).transpose(0, 1), None


AttentionInterface.register(NAME, slot_attention)
