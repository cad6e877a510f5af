"""A number with its standard error."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """A value and its standard error; None if undefined (one problem has no spread)."""

    value: float
    standard_error: float | None


@dataclass(frozen=True)
class Curve:
    """Estimates at several k. Arrays of shape [len(k)]; `standard_error` as in Estimate."""

    k: IntArray
    value: FloatArray
    standard_error: FloatArray | None

    def at(self, k: int) -> Estimate:
        """Return the estimate at one k.

        Raises:
            KeyError: the curve does not have it.
        """
        places = np.flatnonzero(self.k == k)
        if not len(places):
            raise KeyError(k)
        error = None if self.standard_error is None else float(self.standard_error[places[0]])
        return Estimate(float(self.value[places[0]]), error)


def se_over_problems(scores: FloatArray) -> float | None:
    """Return sd(p̂_i)/√n over problems, the default ± (arXiv 2411.00640): scores [problems]."""
    if len(scores) < 2:
        return None
    return float(scores.std(ddof=1) / math.sqrt(len(scores)))


def mean_estimate(scores: FloatArray) -> Estimate:
    """Return the mean of per-problem scores [problems] with its SE over problems."""
    return Estimate(float(scores.mean()), se_over_problems(scores))


def mean_curve(k: IntArray, scores: FloatArray) -> Curve:
    """Return means over problems of scores [problems, len(k)] with their standard errors."""
    count = len(scores)
    error = scores.std(axis=0, ddof=1) / math.sqrt(count) if count > 1 else None
    return Curve(k, scores.mean(axis=0), error)
