"""Test whether two sets of samples of the same problems come from the same distribution.

The problems are the same, so only the randomness of sampling counts: this is far sharper than
comparing two averages by their standard errors over problems.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rast_bench.metrics.estimate import BoolArray


def agreement_z(first: BoolArray, second: BoolArray) -> float | None:
    """Return the z of the difference of two average accuracies, assuming equal rates per problem.

    The difference over its standard deviation √(Σᵢ 2 pᵢ(1 − pᵢ) / n · 2n/(2n − 1)), where pᵢ is the
    pooled rate of problem i and the last factor makes pᵢ(1 − pᵢ) unbiased. Approximately standard
    normal over many problems.

    Args:
        first, second: [problems, n] correctness of the same problems, n equal for both.

    Returns:
        None if no problem varies (greedy decoding, or all correct or all wrong).

    Raises:
        ValueError: the shapes differ.
    """
    if first.shape != second.shape:
        raise ValueError(f"shapes {first.shape} and {second.shape} differ")
    n = first.shape[1]
    rates_first, rates_second = first.mean(1), second.mean(1)
    pooled = (rates_first + rates_second) / 2
    variance = float((pooled * (1 - pooled)).sum()) * 2 / n * (2 * n) / (2 * n - 1)
    if variance == 0:
        return None
    return float((rates_first - rates_second).sum()) / math.sqrt(variance)


@dataclass(frozen=True)
class Agreement:
    """The test of all z of a comparison."""

    cells: int
    chi_square: float  # Σ z², χ² with `cells` degrees of freedom when all agree
    p_value: float  # probability of at least this Σ z²
    largest: float  # |z|
    largest_p_value: float  # probability of at least this |z| in any cell (Šidák)


def judge(scores: Sequence[float]) -> Agreement:
    """Test Σ z² against χ², and the largest |z| among all cells.

    Raises:
        ValueError: there is no score.
    """
    if not scores:
        raise ValueError("no cell varies, so there is nothing to judge")
    z: npt.NDArray[np.float64] = np.asarray(scores, dtype=np.float64)
    chi_square, largest = float((z**2).sum()), float(np.abs(z).max())
    alone = math.erfc(largest / math.sqrt(2))
    return Agreement(
        cells=len(z),
        chi_square=chi_square,
        p_value=chi_square_tail(chi_square, len(z)),
        largest=largest,
        largest_p_value=1.0 if alone == 1 else -math.expm1(len(z) * math.log1p(-alone)),
    )


def chi_square_tail(value: float, degrees: int) -> float:
    """Return P(χ² ≥ value) for so many degrees of freedom; 1 for none."""
    import torch

    if degrees == 0:
        return 1.0

    half = torch.tensor([degrees / 2, value / 2], dtype=torch.float64)
    return float(torch.special.gammaincc(half[0], half[1]))
