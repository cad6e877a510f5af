"""Response lengths: a log-normal body and a share of runaways that stop only at the limit."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Lengths = NDArray[np.int64]
"""[requests] tokens of each response, in the order in which the requests are made."""

_HALVINGS = 60


@dataclass(frozen=True)
class LengthSpread:
    """Lengths in tokens from 1 to `limit`, with mean `mean`.

    Args:
        mean: tokens of a response, runaways included.
        sigma: standard deviation of the logarithm of the body's lengths.
        limit: the most tokens of a response.
        runaway_tokens: share of all tokens that lies in responses of `limit` tokens, in [0, 1).
    """

    mean: float
    sigma: float
    limit: int
    runaway_tokens: float

    @property
    def runaways(self) -> float:
        """The share of responses that run to the limit."""
        return self.runaway_tokens * self.mean / self.limit

    @property
    def body_mean(self) -> float:
        """Mean tokens of the others, so that all have the mean `mean`."""
        return self.mean * (1 - self.runaway_tokens) / (1 - self.runaways)

    def draw(self, count: int, generator: np.random.Generator) -> Lengths:
        """[count] whole numbers, independent of one another."""
        mu = log_mean(self.body_mean, self.sigma, self.limit)
        body = np.rint(generator.lognormal(mu, self.sigma, count))
        runaway = generator.random(count) < self.runaways
        return np.where(runaway, self.limit, np.clip(body, 1, self.limit)).astype(np.int64)


def clipped_mean(mu: float, sigma: float, limit: float) -> float:
    """E[min(X, limit)] for ln X ~ N(mu, sigma²)."""
    phi = NormalDist().cdf
    place = (math.log(limit) - mu) / sigma
    return math.exp(mu + sigma**2 / 2) * phi(place - sigma) + limit * phi(-place)


def log_mean(mean: float, sigma: float, limit: float) -> float:
    """The mu for which a log-normal clipped at `limit` has the mean `mean` < `limit`."""
    low, high = math.log(mean) - sigma**2, math.log(limit)
    while clipped_mean(high, sigma, limit) < mean:
        high += sigma
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if clipped_mean(middle, sigma, limit) < mean:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def interpolated_length(
    error_rate: float, shorter: tuple[float, float], longer: tuple[float, float]
) -> float:
    """Mean tokens at an error rate, from two published (error rate, tokens).

    The logarithm is interpolated; beyond the two points the nearer one holds.
    """
    (near, few), (far, many) = shorter, longer
    part = min(1.0, max(0.0, (error_rate - near) / (far - near)))
    return few * math.pow(many / few, part)
