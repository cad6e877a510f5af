"""Tokens and hours of the samples to make, from what was measured or assumed (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

LengthSource = Literal["own samples", "data set", "max_tokens"]
"""Where a cell's response length comes from: its own samples, samples of other cells on the same
data set, or its limit, an upper bound."""

RateSource = Literal["this engine group", "this engine", "assumption"]

SECONDS_AN_HOUR = 3600
BYTES_A_SAMPLE, BYTES_A_TOKEN = 100, 4  # of zstd-compressed shards, where none exists


@dataclass(frozen=True)
class Length:
    """Mean tokens of a response."""

    tokens: float
    source: LengthSource


@dataclass(frozen=True)
class Rate:
    """Tokens that one engine makes in a second, over all rows; `place` says where it was seen."""

    tokens_per_second: float
    source: RateSource
    place: str


@dataclass(frozen=True)
class Speed:
    """What one run made in a second, over all rows, and where: provenance of the number."""

    tokens_per_second: float
    device: str  # the models' of its GPUs, else its processor's
    host: str
    engine: str  # settings that matter for speed
    run_id: str

    @property
    def conditions(self) -> tuple[str, str, str]:
        """Speeds compare where these are equal."""
        return self.device, self.host, self.engine


@dataclass(frozen=True)
class Work:
    """What an engine group has still to make. `at_most`: some lengths are upper bounds."""

    tokens: float
    sources: tuple[LengthSource, ...]  # distinct, the surest first

    @property
    def at_most(self) -> bool:
        return "max_tokens" in self.sources


_SURENESS: tuple[LengthSource, ...] = ("own samples", "data set", "max_tokens")


def total_work(parts: Iterable[tuple[int, Length]]) -> Work:
    """Σ samples × tokens a sample, over (missing samples, length) of cells."""
    tokens, sources = 0.0, set()
    for missing, length in parts:
        if missing:
            tokens += missing * length.tokens
            sources.add(length.source)
    return Work(tokens, tuple(source for source in _SURENESS if source in sources))


def hours(tokens: float, rate: Rate) -> float:
    return tokens / rate.tokens_per_second / SECONDS_AN_HOUR


def busy_seconds(intervals: Iterable[tuple[float, float]]) -> float:
    """The length of the union of (begin, end): cells of one stream overlap in time."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def assumed_bytes(tokens: float) -> float:
    """Disk of one sample of so many tokens: ids, text and the rest, compressed."""
    return BYTES_A_SAMPLE + BYTES_A_TOKEN * tokens
