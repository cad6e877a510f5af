"""Correct sampling with speculation on CPUs, which vLLM 0.32 gets wrong."""

import torch
from torch import Tensor


def expand_batch_to_tokens(
    values: Tensor,
    cu_num_tokens: Tensor,
    num_tokens: int,
    replace_from: float = 0,
    replace_to: float = 0,
) -> Tensor:
    """Return each request's value [requests] at all of its draft tokens: [num_tokens], dtype kept.

    Replaces `vllm.v1.sample.rejection_sampler.expand_batch_to_tokens`, whose CPU kernel writes
    floats to an int64 copy: temperature and top-p of draft tokens were uninitialised memory.
    """
    values = values.masked_fill(values == replace_from, replace_to)
    counts = cu_num_tokens.diff(prepend=cu_num_tokens.new_zeros(1))
    return torch.repeat_interleave(values, counts.long(), output_size=num_tokens)
