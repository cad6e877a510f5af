"""Tokens and hours of the missing samples, from what was measured or assumed (pure)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

LengthSource = Literal["own samples", "data set", "published", "max_tokens"]
"""Where a cell's response length comes from: its own samples, samples of other cells on the same
data set, published means of this or a similar data set, or its limit, an upper bound."""

ThroughputSource = Literal["this engine group", "this engine", "assumption", "estimate"]

SECONDS_AN_HOUR = 3600
BYTES_A_SAMPLE, BYTES_A_TOKEN = 100, 4  # of zstd-compressed shards, where none exists


@dataclass(frozen=True)
class Length:
    """Mean tokens per response, at most `tokens`.

    `least` is the lower end of the range; None: the same, or nothing if `tokens` is max_tokens.
    """

    tokens: float
    source: LengthSource
    least: float | None = None

    @property
    def least_tokens(self) -> float:
        return _other_end(self.tokens, self.least, bound=self.source == "max_tokens")


@dataclass(frozen=True)
class Throughput:
    """Tokens per second of one engine, over all rows; `origin` says where it was measured.

    For an estimate, the upper end; `slowest` is the lower end.
    """

    tokens_per_second: float
    source: ThroughputSource
    origin: str
    slowest: float | None = None


@dataclass(frozen=True)
class RunThroughput:
    """Tokens per second of one run, over all rows, and where it was measured."""

    tokens_per_second: float
    device: str  # the model of its GPUs, else of its processor
    host: str
    engine: str  # settings that matter for speed
    run_id: str

    @property
    def conditions(self) -> tuple[str, str, str]:
        """Throughputs are comparable if these are equal."""
        return self.device, self.host, self.engine


@dataclass(frozen=True)
class Work:
    """The tokens that an engine group still has to generate. `at_most`: some lengths are upper
    bounds.
    """

    tokens: float
    sources: tuple[LengthSource, ...]  # distinct, the most certain first
    least: float | None = None  # as in Length

    @property
    def at_most(self) -> bool:
        return "max_tokens" in self.sources

    @property
    def least_tokens(self) -> float:
        return _other_end(self.tokens, self.least, bound=self.at_most)


def _other_end(tokens: float, least: float | None, *, bound: bool) -> float:
    if least is not None:
        return least
    return 0.0 if bound else tokens


_SURENESS: tuple[LengthSource, ...] = ("own samples", "data set", "published", "max_tokens")


def total_work(parts: Iterable[tuple[int, Length]]) -> Work:
    """Return Σ samples × tokens per sample, over (missing samples, length) of cells."""
    tokens, least, sources = 0.0, 0.0, set()
    for missing, length in parts:
        if missing:
            tokens += missing * length.tokens
            least += missing * length.least_tokens
            sources.add(length.source)
    ordered = tuple(source for source in _SURENESS if source in sources)
    return Work(tokens, ordered, least)


def hours(tokens: float, throughput: Throughput) -> float:
    """Return the hours at this throughput, or at its lower end."""
    slowest = throughput.tokens_per_second if throughput.slowest is None else throughput.slowest
    return tokens / slowest / SECONDS_AN_HOUR


def least_hours(work: Work, throughput: Throughput) -> float:
    """Return the hours for the fewest tokens at the highest throughput."""
    return work.least_tokens / throughput.tokens_per_second / SECONDS_AN_HOUR


def busy_seconds(intervals: Iterable[tuple[float, float]]) -> float:
    """Return the length of the union of (begin, end): cells of one stream overlap in time."""
    total, reached = 0.0, float("-inf")
    for begin, end in sorted(intervals):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def assumed_bytes(tokens: float) -> float:
    """Return the disk space of one sample of this many tokens: ids, text and the rest,
    compressed.
    """
    return BYTES_A_SAMPLE + BYTES_A_TOKEN * tokens
