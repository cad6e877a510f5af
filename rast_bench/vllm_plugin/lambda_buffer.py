"""λ of every token on its way through the engine.

λ travels beside the hidden states, so it is correct for any rows whose logits the engine requests:
sampled tokens, prompt log-probabilities, chunks, drafts under verification.
"""

import numpy as np
import torch
from torch import Tensor


def as_columns(lambda_: Tensor, dtype: torch.dtype) -> Tensor:
    """Return λ [tokens] float32 as columns of `dtype` with the same bits: one for float32, else
    two.
    """
    return lambda_.view(dtype).view(len(lambda_), -1)


def column_count(dtype: torch.dtype) -> int:
    return 4 // dtype.itemsize


def from_columns(columns: Tensor) -> Tensor:
    """Return [tokens] float32: the inverse of `as_columns`."""
    return columns.contiguous().view(torch.float32).view(-1)


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
        per_token = torch.from_numpy(np.repeat(lambda_.astype(np.float32), counts))
        if self.tokens.is_cuda:
            per_token = per_token.pin_memory()  # PyTorch keeps it until the copy is done
        self.tokens[: len(per_token)].copy_(per_token, non_blocking=True)
        self.zero_share = float((lambda_ == 0).mean()) if len(lambda_) else 0.0
