"""Seconds of one decoding step by rows: computed for a card, or fitted to measured speeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gpu_checks.measures import key_value_bytes, parameters, weight_bytes_per_step

from rast_bench.planning.cards import CARDS
from rast_bench.planning.memory import GIB

BYTES_EACH = 2  # bfloat16
PARAMETER_FLOPS = 2  # a multiplication and an addition for each parameter and row

Shape = Mapping[str, Any]
"""The hyper-parameters of one model, as its config.json names them."""


@dataclass(frozen=True)
class StepTime:
    """A step with r rows lasts `fixed + per_row · r` seconds."""

    fixed: float
    per_row: float


@dataclass(frozen=True)
class Card:
    """A GPU: memory from rast_bench.planning.cards, the rest from NVIDIA's data sheets."""

    name: str
    bandwidth: float  # bytes a second
    flops: float  # bfloat16 with dense matrices, a second

    @property
    def memory(self) -> float:
        """Bytes."""
        return CARDS[self.name] * GIB


KNOWN_CARDS = {
    card.name: card
    for card in (
        Card("a6000", bandwidth=768e9, flops=154.8e12),
        Card("h100", bandwidth=3.35e12, flops=989e12),  # SXM
    )
}


@dataclass(frozen=True)
class Slot:
    """The cards that one engine is split over, and how much of them it can use."""

    card: Card
    cards: int
    efficiency: float  # of the data sheet's bandwidth and flops
    memory_share: float  # for weights and cache

    def step_time(self, models: Sequence[Shape], context: float) -> StepTime:
        """All weights are read once a step; each row reads its cache and multiplies.

        The two are added, though hardware may overlap them.

        Args:
            models: every model of the engine.
            context: mean tokens in the cache of a running row.
        """
        bandwidth = self.card.bandwidth * self.cards * self.efficiency
        flops = self.card.flops * self.cards * self.efficiency
        weights = sum(weight_bytes_per_step(dict(model), BYTES_EACH) for model in models)
        multiplied = PARAMETER_FLOPS * weights / BYTES_EACH
        cache = context * cache_bytes_per_token(models)
        return StepTime(weights / bandwidth, cache / bandwidth + multiplied / flops)

    def rows(self, models: Sequence[Shape], context: float, most: int) -> int:
        """How many rows the cache holds beside the weights, from 0 to `most`."""
        weights = sum(BYTES_EACH * parameters(dict(model)) for model in models)
        room = self.card.memory * self.cards * self.memory_share - weights
        return max(0, min(most, int(room / (context * cache_bytes_per_token(models)))))


def cache_bytes_per_token(models: Sequence[Shape]) -> float:
    return sum(key_value_bytes(dict(model), 1, BYTES_EACH) for model in models)


def mean_context(lengths: np.ndarray, prompt: int) -> float:
    """Tokens in the cache of a running row, averaged over all rows and steps.

    A response of L tokens holds prompt + (L − 1)/2 on average, for L steps.
    """
    return prompt + float((lengths * (lengths - 1) / 2).sum() / lengths.sum())


def fit_step_time(rows: Sequence[int], tokens_per_second: Sequence[float]) -> StepTime:
    """The line with the least squared relative error of a step's seconds."""
    counts = np.asarray(rows, dtype=np.float64)
    seconds = counts / np.asarray(tokens_per_second, dtype=np.float64)
    scaled = np.stack([np.ones_like(counts), counts], axis=1) / seconds[:, None]
    fixed, per_row = np.linalg.lstsq(scaled, np.ones_like(counts), rcond=None)[0]
    return StepTime(float(fixed), float(per_row))
