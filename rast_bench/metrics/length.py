"""Response length (table 6): output tokens per sample, and the share of truncated responses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from rast_bench.domain import VerdictKind
from rast_bench.metrics.estimate import Estimate, IntArray, mean_estimate

if TYPE_CHECKING:
    from rast_bench.metrics.outcomes import CellOutcome


@dataclass(frozen=True)
class LengthStatistics:
    """Number of samples, and mean and median of their output tokens."""

    samples: int
    mean: float
    median: float


@dataclass(frozen=True)
class ResponseLength:
    """Output tokens per sample, including the EOS token.

    `truncated_share` counts every sample ended by max_tokens, also one with an answer before the
    cut. `by_kind` contains only the verdict kinds that occur.
    """

    mean: Estimate  # standard error over problems
    median: float
    truncated_share: float
    by_kind: Mapping[VerdictKind, LengthStatistics]


def response_length(outcome: "CellOutcome") -> ResponseLength:
    """Return lengths of a cell over all its samples and by verdict."""
    counts = outcome.token_counts
    by_kind = {
        kind: _statistics(counts[chosen])
        for kind in get_args(VerdictKind)
        if (chosen := outcome.kinds == kind).any()
    }
    return ResponseLength(
        mean_estimate(counts.mean(axis=1)),
        float(np.median(counts)),
        float((outcome.finish_reasons == "length").mean()),
        by_kind,
    )


def _statistics(counts: IntArray) -> LengthStatistics:
    return LengthStatistics(len(counts), float(counts.mean()), float(np.median(counts)))
