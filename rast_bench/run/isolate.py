"""A stream of requests that outlives its engine: a failing cell does not stop the others."""

import sys
import traceback
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Self

from rast_bench.domain import Request, Sample, SampleKey
from rast_bench.errors import LedgerError
from rast_bench.unexpected import as_user_error

if TYPE_CHECKING:
    from rast_bench.engines.base import Engine

MAX_FAILED_IN_A_ROW = 3  # cells that fail with no sample in between: by then it is the engine
MAX_UNEXPLAINED = 3  # crashes of one stream that no cell repeats when alone

OnFailedCell = Callable[[str, Exception], None]
"""Told a cell's id and what its requests made the engine raise."""


class IsolatedStream:
    """An engine that is loaded when there is a request for it, and anew after a crash.

    It keeps the engine between streams, so that work for the same models loads them once:

        with IsolatedStream(lambda: load_engine(key, config)) as isolated:
            for sample in isolated.stream(requests, on_failed_cell=note):
                ...
    """

    def __init__(self, load: "Callable[[], Engine]") -> None:
        self._load = load
        self._engine: Engine | None = None

    def stream(
        self, requests: Iterable[Request], *, on_failed_cell: OnFailedCell
    ) -> Iterator[Sample]:
        """All requests through one engine; every sample as soon as it is finished.

        `requests` is pulled lazily; without any, nothing is loaded. When the engine raises, it is
        closed, and the requests it had not finished are looked at cell by cell. Where they are of a
        single cell, that cell has failed. Those of several cells run again, each cell alone on a
        fresh engine; a cell whose requests raise again has failed. Then the stream of all goes on.
        The unfinished and all later requests of a failed cell are dropped. A request goes to an
        engine a second time only when the first engine died before finishing it. A crash costs one
        load, and one more for each failed cell.

        The engine itself has failed, and its error is raised, when MAX_FAILED_IN_A_ROW cells
        fail one after another without any sample in between (the last of them is then not told to
        `on_failed_cell`), or when it has crashed more than MAX_UNEXPLAINED times without a cell
        that fails alone.

        Raises:
            LedgerError: from wherever it comes; it says nothing of a cell.
            Exception: an engine could not be loaded, or has failed itself; or `requests` or
                `on_failed_cell` raised.
        """
        source = _Source(requests)
        blame = _Blame(on_failed_cell)
        while source.has_more():
            crash = yield from self._attempt(source, blame)
            if crash is None:
                return
            suspects = source.take_back()
            failed: list[str] = []
            for cell_id, unfinished in suspects.items():
                error: Exception | None = crash
                if len(suspects) > 1:
                    error = yield from self._attempt(_Source(unfinished), blame)
                if error is not None:
                    blame.fail(cell_id, error)
                    failed.append(cell_id)
            source.drop(failed)
            if not failed:
                blame.note_unexplained(crash)

    def close(self) -> None:
        """Closes the engine if one is loaded. A later stream loads it again."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _attempt(
        self, source: "_Source", blame: "_Blame"
    ) -> Generator[Sample, None, Exception | None]:
        """Streams the source; returns what the engine raised, which is closed then."""
        if self._engine is None:
            self._engine = self._load()
        try:
            for sample in self._engine.generate(source):
                source.finish(sample.key)
                blame.note_sample()
                yield sample
        except LedgerError:
            raise
        except Exception as error:
            if source.error is not None:  # it only passed through the engine
                raise source.error from None
            crash = error
        else:
            return None
        self._discard(crash)
        return crash

    def _discard(self, crash: Exception) -> None:
        try:
            self.close()
        except Exception as error:  # a broken engine may not close either
            crash.add_note(f"closing the engine failed as well: {error!r}")
        _release_frames(crash)


class _Source:
    """Requests on their way into an engine, and which of them it has not finished."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._requests = iter(requests)
        self._next: Request | None = None
        self._dropped: set[str] = set()
        self._under_way: dict[SampleKey, Request] = {}
        self.error: Exception | None = None  # raised by the requests, not by the engine

    def has_more(self) -> bool:
        """Looks one request ahead."""
        while self._next is None or self._next.key.cell_id in self._dropped:
            try:
                self._next = next(self._requests, None)
            except Exception as error:
                self.error = error
                raise
            if self._next is None:
                return False
        return True

    def __iter__(self) -> Iterator[Request]:
        return self

    def __next__(self) -> Request:
        if not self.has_more():
            raise StopIteration
        request, self._next = self._next, None
        assert request is not None
        self._under_way[request.key] = request
        return request

    def finish(self, key: SampleKey) -> None:
        self._under_way.pop(key, None)  # the caller judges samples that nobody asked for

    def take_back(self) -> dict[str, list[Request]]:
        """What the engine had pulled and not finished, by cell id, in the order of pulling."""
        by_cell: defaultdict[str, list[Request]] = defaultdict(list)
        for key, request in self._under_way.items():
            by_cell[key.cell_id].append(request)
        self._under_way.clear()
        return by_cell

    def drop(self, cell_ids: Iterable[str]) -> None:
        """Pass over all further requests of these cells."""
        self._dropped.update(cell_ids)


class _Blame:
    """What a crash is due to: one cell, or the engine itself."""

    def __init__(self, on_failed_cell: OnFailedCell) -> None:
        self._on_failed_cell = on_failed_cell
        self._failed_in_a_row = 0
        self._unexplained = 0

    def note_sample(self) -> None:
        self._failed_in_a_row = 0

    def fail(self, cell_id: str, error: Exception) -> None:
        """Notes a failed cell, or raises the error as the engine's own."""
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= MAX_FAILED_IN_A_ROW:
            raise error
        self._on_failed_cell(cell_id, error)

    def note_unexplained(self, crash: Exception) -> None:
        """Tells of a crash that no cell repeated, or raises it as the engine's own."""
        self._unexplained += 1
        if self._unexplained > MAX_UNEXPLAINED:
            raise crash
        print(
            f"warning: the engine failed ({as_user_error(crash).message}), but no cell made it fail "
            "again; going on with a fresh one",
            file=sys.stderr,
            flush=True,
        )


def _release_frames(error: BaseException) -> None:
    """Frees what the failed calls held, activations of a full GPU say; line numbers stay."""
    chain: list[BaseException | None] = [error]
    seen: set[int] = set()
    while chain:
        link = chain.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            traceback.clear_frames(link.__traceback__)
            chain += [link.__cause__, link.__context__]
