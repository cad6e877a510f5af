"""The interface of every engine: requests in, finished samples out as they finish."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rast_bench.domain import Request, Sample


@dataclass(frozen=True, slots=True)
class Scores:
    """How the composed models score the tokens of a given text, one entry per token."""

    log_probabilities: tuple[float, ...]  # nats, at τ = 1 without top-p
    ranks: tuple[int, ...]  # 1 is the most likely token


class Engine(Protocol):
    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Decode all requests in one continuous batch; yield each sample as soon as it is finished.

        Requests are pulled lazily, samples come in any order. A sample depends only on its request
        and the models.

        Raises:
            EngineError: a request cannot be served (a prompt too long for the models, for
                example).
        """
        ...

    def score(
        self,
        prompt: str,
        token_ids: Sequence[int],
        lambda_: float,
        parameters: Sequence[float] = (),
    ) -> Scores:
        """Score each token given the prompt and the tokens before it, in one teacher-forced pass.

        Args:
            parameters: of the engine's method, as in `SamplingParams`.

        Raises:
            EngineError: they do not fit the models' positions.
        """
        ...

    def close(self) -> None:
        """Free the models."""
        ...
