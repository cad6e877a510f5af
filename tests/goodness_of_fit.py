"""The G-test: do counts of tokens come from a given distribution?"""

from collections.abc import Sequence

import numpy as np
import torch
from composed_reference import ComposedReference

FALSE_ALARM = 1e-6
"""Tests that are right fail once in a million sets of random numbers; ours are fixed."""

SMALLEST_EXPECTED = 5.0  # outcomes expected less often are counted as one


def next_token(
    reference: ComposedReference,
    context: list[int],
    lambda_: float,
    temperature: float,
    top_p: float = 1.0,
) -> np.ndarray:
    """[vocabulary] probabilities: composed, tempered, cut to the smallest set with mass ≥ top_p."""
    scaled = reference.logits(context, lambda_)[-1] / temperature
    probabilities = np.exp(scaled - np.logaddexp.reduce(scaled))
    order = np.argsort(-probabilities, kind="stable")
    before = np.cumsum(probabilities[order]) - probabilities[order]
    kept = np.zeros_like(probabilities)
    kept[order[before < top_p]] = 1.0
    return probabilities * kept / (probabilities * kept).sum()


def next_two_tokens(
    reference: ComposedReference, context: list[int], lambda_: float, temperature: float
) -> np.ndarray:
    """[vocabulary²] probabilities of (first, second), second fastest."""
    first = next_token(reference, context, lambda_, temperature)
    return np.concatenate(
        [
            probability * next_token(reference, [*context, token], lambda_, temperature)
            for token, probability in enumerate(first)
        ]
    )


def p_value(outcomes: Sequence[int], probabilities: np.ndarray) -> float:
    """How likely counts at least this far off would be, by the χ² law of G = 2 Σ O ln(O / E).

    Outcomes that cannot happen make it 0.
    """
    counts = np.bincount(outcomes, minlength=len(probabilities)).astype(float)
    if len(counts) > len(probabilities) or counts[probabilities == 0].any():
        return 0.0
    expected = probabilities * len(outcomes)
    rare = expected < SMALLEST_EXPECTED
    observed = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    seen = observed > 0
    statistic = 2 * (observed[seen] * np.log(observed[seen] / expected[seen])).sum()
    degrees = int((expected > 0).sum()) - 1
    half = torch.tensor([degrees / 2, statistic / 2], dtype=torch.float64)
    return float(torch.special.gammaincc(half[0], half[1]))
