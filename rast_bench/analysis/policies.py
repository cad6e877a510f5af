"""Policies: models alone or steered by ΔR, and ΔR itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rast_bench.compose.logits import compose_logits, shuffled_vocabulary
from rast_bench.config.schema import ModelRef, PairConfig

ReadLogits = Callable[[ModelRef], Tensor]
"""Returns the logits of a model at the current positions, [n, vocabulary] float32."""


@dataclass(frozen=True)
class Shift:
    """ΔR: the weighted pairs whose logit differences are added, perhaps as the null control."""

    pairs: tuple[PairConfig, ...]
    shuffle_vocabulary_seed: int | None = None
    name: str = field(default="", compare=False)

    @property
    def models(self) -> tuple[ModelRef, ...]:
        return tuple(ref for pair in self.pairs for ref in (pair.rl, pair.base))

    def logits(self, read: ReadLogits) -> Tensor:
        """Return Σᵢ wᵢ · (S_RL,i − S_base,i), [n, vocabulary] float32."""
        shape = read(self.pairs[0].rl).shape
        return _composed(torch.zeros(shape, device=read(self.pairs[0].rl).device), self, 1.0, read)


@dataclass(frozen=True)
class Policy:
    """M, or M + λ·ΔR (eq. 3). Two are equal if they give the same logits by construction."""

    main: ModelRef
    shift: Shift | None = None
    lambda_: float = 0.0
    name: str = field(default="", compare=False)

    @property
    def models(self) -> tuple[ModelRef, ...]:
        return (self.main, *(self.shift.models if self.shift else ()))

    def logits(self, read: ReadLogits) -> Tensor:
        """Return the logits, [n, vocabulary] float32."""
        main = read(self.main)
        return main if self.shift is None else _composed(main, self.shift, self.lambda_, read)


def _composed(main: Tensor, shift: Shift, lambda_: float, read: ReadLogits) -> Tensor:
    vocabulary = main.shape[1]
    permutation = None
    if shift.shuffle_vocabulary_seed is not None:
        seed = shift.shuffle_vocabulary_seed
        permutation = shuffled_vocabulary(vocabulary, seed).to(main.device)
    return compose_logits(
        main,
        [read(pair.rl) for pair in shift.pairs],
        [read(pair.base) for pair in shift.pairs],
        [pair.weight for pair in shift.pairs],
        torch.full((len(main),), lambda_, device=main.device),
        vocabulary=vocabulary,
        permutation=permutation,
    )
