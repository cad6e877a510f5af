"""λ and a method's parameters of every token on their way through the engine.

They travel beside the hidden states, so they are correct for any rows whose logits the engine
requests: sampled tokens, prompt log-probabilities, chunks, drafts under verification.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def as_columns(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return values [tokens] or [tokens, n] as columns of `dtype` with the same bits.

    λ, a float32, is one column of float32 and two of a shorter dtype.
    """
    return values.view(dtype).view(len(values), -1)


def column_count(dtype: torch.dtype, value: torch.dtype = torch.float32) -> int:
    return value.itemsize // dtype.itemsize


def from_columns(columns: Tensor) -> Tensor:
    """Return [tokens] float32: the inverse of `as_columns`."""
    return columns.contiguous().view(torch.float32).view(-1)


def rows_from_columns(columns: Tensor) -> Tensor:
    """Return [tokens, n] float64: the inverse of `as_columns`."""
    # A copy even of what is contiguous: its offset among the hidden states may not suit float64.
    return columns.clone(memory_format=torch.contiguous_format).view(torch.float64)


class LambdaBuffer:
    """λ of every token of the next forward pass, at an address that CUDA graphs can rely on.

    `zero_share` is the share of the pass's requests with λ = 0, known without a GPU
    synchronisation.
    """

    def __init__(self, max_tokens: int, device: torch.device) -> None:
        self.tokens = torch.zeros(max_tokens, dtype=torch.float32, device=device)
        self.zero_share = 0.0

    def fill(self, lambda_: np.ndarray, counts: np.ndarray) -> None:
        """Set λ [requests] before a forward pass, with the number of tokens [requests] of each
        request.
        """
        _copy_to(self.tokens, np.repeat(lambda_.astype(np.float32), counts))
        self.zero_share = float((lambda_ == 0).mean()) if len(lambda_) else 0.0


class RowBuffer:
    """What methods besides equation 3 read of every token's request, at a fixed address too."""

    def __init__(self, max_tokens: int, row: Sequence[float], device: torch.device) -> None:
        """`row` is a request's with every default; vLLM's dummy requests run with it."""
        first = torch.tensor(row, dtype=torch.float64, device=device)
        self.tokens = first.repeat(max_tokens, 1)

    def fill(self, rows: np.ndarray, counts: np.ndarray) -> None:
        """Set the rows [requests, n] of `request_row` before a forward pass, as λ's."""
        _copy_to(self.tokens, np.repeat(rows.reshape(len(counts), self.tokens.shape[1]), counts, 0))


def _copy_to(tokens: Tensor, values: np.ndarray) -> None:
    """Write the values to the first tokens without waiting for the device."""
    per_token = torch.from_numpy(values)
    if tokens.is_cuda:
        per_token = per_token.pin_memory()  # PyTorch keeps it until the copy is done
    tokens[: len(per_token)].copy_(per_token, non_blocking=True)
