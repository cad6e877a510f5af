"""What the engine must reproduce, the plain way: full forward passes, no cache, no batch.

Nothing here comes from rast_bench but the records of a request.
"""

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
import torch
from transformers import AutoModelForCausalLM

from rast_bench.domain import Request


@cache
def plain_model(folder: str) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()


def model_logits(folder: str, ids: Sequence[int]) -> np.ndarray:
    """[time, vocab] float64 logits of one teacher-forced pass."""
    return _pass(folder, tuple(ids))


@lru_cache(maxsize=256)  # what is sampled at several λ, and checked in several ways, is read once
def _pass(folder: str, ids: tuple[int, ...]) -> np.ndarray:
    with torch.no_grad():
        logits = plain_model(folder)(torch.tensor([ids])).logits[0].double().numpy()
    logits.flags.writeable = False
    return logits


class ComposedReference:
    """Eq. 3 by hand over a base model and pairs of (S_RL, S_base, weight).

    With `order` ΔR's values are taken in that order of ids, as in the null control.
    """

    def __init__(
        self,
        main: str,
        pairs: Sequence[tuple[str, str, float]] = (),
        vocabulary: int = 48,
        order: Sequence[int] | None = None,
    ) -> None:
        self.main = main
        self.pairs = pairs
        self.vocabulary = vocabulary
        self.order = range(vocabulary) if order is None else order

    def logits(self, ids: Sequence[int], lambda_: float) -> np.ndarray:
        """[time, vocabulary] float64, padding dropped."""
        total = model_logits(self.main, ids)[:, : self.vocabulary].copy()
        for rl, base, weight in self.pairs:
            difference = model_logits(rl, ids)[:, : self.vocabulary]
            difference = difference - model_logits(base, ids)[:, : self.vocabulary]
            total += lambda_ * weight * difference[:, list(self.order)]
        return total

    def distributions(self, prompt: list[int], tokens: Sequence[int], lambda_: float) -> np.ndarray:
        """[len(tokens), vocabulary] float64: log p of every id in each token's place."""
        logits = self.logits([*prompt, *tokens], lambda_)[len(prompt) - 1 : -1]
        return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)

    def log_probabilities(
        self, prompt: list[int], tokens: Sequence[int], lambda_: float
    ) -> np.ndarray:
        """[len(tokens)] float64: log p of each token after the prompt and the tokens before it."""
        return self.distributions(prompt, tokens, lambda_)[np.arange(len(tokens)), list(tokens)]

    def greedy(self, prompt: list[int], lambda_: float, max_tokens: int, eos: int) -> list[int]:
        """A plain loop: one full forward pass of every model for each token."""
        tokens: list[int] = []
        while len(tokens) < max_tokens and eos not in tokens:
            tokens.append(int(self.logits([*prompt, *tokens], lambda_)[-1].argmax()))
        return tokens

    def redraw(self, prompt: list[int], tokens: Sequence[int], request: Request) -> list[int]:
        """Each token drawn again from the composed logits that its predecessors lead to."""
        params = request.params
        logits = self.logits([*prompt, *tokens], params.lambda_)[len(prompt) - 1 : -1]
        uniform = np.random.Generator(np.random.Philox(key=request.seed)).random(len(tokens))
        return [
            inverse_cdf(row / params.temperature, params.top_p, u)
            for row, u in zip(logits, uniform, strict=True)
        ]


def inverse_cdf(scaled: np.ndarray, top_p: float, uniform: float) -> int:
    """The token at `uniform` of the nucleus, walking down the sorted probabilities."""
    probabilities = np.exp(scaled - np.logaddexp.reduce(scaled))
    order = np.argsort(-probabilities, kind="stable")
    kept, mass = [], 0.0
    for token in order:
        kept.append(int(token))
        mass += probabilities[token]
        if mass >= top_p:
            break
    reached = 0.0
    for token in kept:
        reached += probabilities[token]
        if reached > uniform * mass:
            return token
    return kept[-1]
