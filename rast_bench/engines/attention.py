"""Attention of one new token a row over its slot, without copying keys for every query head."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AttentionInterface

NAME = "rast_slots"


def slot_attention(
    _module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface: [rows, heads, time, dim] to [rows, time, heads, dim].

    A single token's query heads of one group become the queries of one key head, so grouped-query
    attention needs no repeated keys. Longer inputs are whole prompts and causal.
    """
    rows, heads, time, dim = query.shape
    groups = heads // key.shape[1]
    if time == 1 and attention_mask is not None:
        grouped = query.reshape(rows, key.shape[1], groups, dim)
        mixed = F.scaled_dot_product_attention(
            grouped, key, value, attn_mask=attention_mask, scale=scaling
        )
        return mixed.reshape(rows, 1, heads, dim), None
    key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
    return mixed.transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, slot_attention)
