"""What every engine offers: requests in, finished samples out as they finish."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from rast_bench.domain import Request, Sample


class Engine(Protocol):
    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Decode all requests in one continuous batch; yield each sample as soon as it ends.

        Requests are pulled lazily, samples come in any order. What a sample holds depends on its
        request and the models alone.

        Raises:
            EngineError: a request cannot be served (a prompt too long for the models, say).
        """
        ...

    def close(self) -> None:
        """Free the models."""
        ...
