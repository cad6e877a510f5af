"""What every engine offers: requests in, finished samples out as they finish."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rast_bench.domain import Request, Sample


@dataclass(frozen=True, slots=True)
class Scores:
    """What the composed models say of the tokens of a given text, one entry a token."""

    log_probabilities: tuple[float, ...]  # nats, at τ = 1 without top-p
    ranks: tuple[int, ...]  # 1 is the most likely token


class Engine(Protocol):
    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Decode all requests in one continuous batch; yield each sample as soon as it ends.

        Requests are pulled lazily, samples come in any order. What a sample holds depends on its
        request and the models alone.

        Raises:
            EngineError: a request cannot be served (a prompt too long for the models, say).
        """
        ...

    def score(self, prompt: str, token_ids: Sequence[int], lambda_: float) -> Scores:
        """A teacher-forced pass: each token given the prompt and the tokens before it.

        Raises EngineError when they do not fit the models' positions.
        """
        ...

    def close(self) -> None:
        """Free the models."""
        ...
