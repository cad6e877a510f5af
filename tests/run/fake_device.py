"""Engines of an IsolatedStream that raise when they are told to, and what came of the stream."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from fake_engine import fake_sample

from rast_bench.domain import Request, Sample, SampleKey, SamplingParams
from rast_bench.run.isolate import IsolatedStream

PARAMS = SamplingParams(lambda_=0.0, temperature=1.0, top_p=1.0, max_tokens=7, greedy=False)


def request(cell: str, index: int) -> Request:
    return Request(SampleKey(cell, "p", index), f"{cell} {index}", 1000 + index, PARAMS)


def requests(*cells: tuple[str, int]) -> list[Request]:
    return [request(cell, index) for cell, count in cells for index in range(count)]


class Device:
    """Loads engines that run `rows` requests at a time and finish the last of them first.

    `crash` decides when they raise. Engine and loader in one: the engine has no state.
    """

    def __init__(
        self,
        crash: Callable[[Request, "Device"], Exception | None] = lambda _r, _d: None,
        rows: int = 4,
    ) -> None:
        self.crash = crash
        self.rows = rows
        self.loads = 0
        self.closed = 0
        self.finished: list[SampleKey] = []
        self.streams: list[list[SampleKey]] = []  # what each call of generate has pulled

    def load(self) -> "Device":
        assert self.loads == self.closed, "two engines at once"
        self.loads += 1
        return self

    def generate(self, requests: Iterable[Request]) -> Iterator[Sample]:
        self.streams.append([])
        source = iter(requests)
        while batch := list(islice(source, self.rows)):
            self.streams[-1] += [request.key for request in batch]
            for one in reversed(batch):
                error = self.crash(one, self)
                if error is not None:
                    raise error
                self.finished.append(one.key)
                yield fake_sample(one)

    def score(self, *_: object) -> object:
        raise NotImplementedError

    def close(self) -> None:
        self.closed += 1


def poison(*cells: str) -> Callable[[Request, Device], Exception | None]:
    def crash(one: Request, _device: Device) -> Exception | None:
        return RuntimeError(f"fault of {one.key.cell_id}") if one.key.cell_id in cells else None

    return crash


def once(at: int, error: Exception) -> Callable[[Request, Device], Exception | None]:
    """Only the first engine fails, after `at` samples."""

    def crash(_one: Request, device: Device) -> Exception | None:
        return error if device.loads == 1 and len(device.finished) == at else None

    return crash


class Outcome:
    def __init__(self, device: Device, wanted: Iterable[Request]) -> None:
        self.failed: dict[str, Exception] = {}
        self.made: list[SampleKey] = []
        self.error: Exception | None = None
        with IsolatedStream(device.load) as isolated:
            try:
                for sample in isolated.stream(wanted, on_failed_cell=self._fail):
                    self.made.append(sample.key)
            except Exception as error:
                self.error = error
        assert device.closed == device.loads

    def _fail(self, cell_id: str, error: Exception) -> None:
        assert cell_id not in self.failed
        self.failed[cell_id] = error

    @property
    def per_cell(self) -> Counter[str]:
        return Counter(key.cell_id for key in self.made)
