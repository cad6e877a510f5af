"""What the engines must reproduce: teacher-forced transformers passes on the CPU in float32."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from gpu_checks.checkpoints import Trio


class Reference:
    """Eq. 3 over a trio, by whole forward passes of one sequence at a time."""

    def __init__(self, trio: Trio) -> None:
        self.trio = trio

    def composed(self, prompt: list[int], tokens: Sequence[int], lambda_: float) -> np.ndarray:
        """[len(tokens), vocabulary] float64: log p of every id in each token's place."""
        places = self._places(prompt, tokens)
        logits = places[0][:, : self.trio.vocabulary]
        if lambda_ != 0:
            rl, base = (part[:, : self.trio.vocabulary] for part in places[1:])
            logits = logits + lambda_ * (rl - base)
        return _log_softmax(logits)

    def plain(self, prompt: list[int], tokens: Sequence[int]) -> np.ndarray:
        """[len(tokens), V_M] float64: M_base alone, padded ids included."""
        return _log_softmax(self._logits(self.trio.main, prompt, tokens))

    def _places(self, prompt: list[int], tokens: Sequence[int]) -> list[np.ndarray]:
        folders = (self.trio.main, self.trio.rl, self.trio.base)
        return [self._logits(folder, prompt, tokens) for folder in folders]

    def _logits(self, folder: str, prompt: list[int], tokens: Sequence[int]) -> np.ndarray:
        with torch.inference_mode():
            ids = torch.tensor([[*prompt, *tokens]])
            logits = _model(folder)(ids).logits[0, len(prompt) - 1 : -1]
        result: np.ndarray = logits.double().numpy()
        return result


@cache
def _model(folder: str) -> torch.nn.Module:
    model: torch.nn.Module = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    return model


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    result: np.ndarray = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    return result
