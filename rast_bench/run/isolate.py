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

MAX_FAILED_IN_A_ROW = (
    3  # failing cells in a row without a sample in between: then the engine is broken
)
MAX_UNEXPLAINED = 3  # crashes of one stream that no single cell repeats

OnFailedCell = Callable[[str, Exception], None]
"""Receives the id of a failed cell and what its requests made the engine raise."""


class IsolatedStream:
    """An engine that is loaded on the first request, and again after a crash.

    It keeps the engine between streams, so that later work for the same models needs no load:

      with IsolatedStream(lambda: load_engine(key, config)) as isolated:
          for sample in isolated.stream(requests, on_failed_cell=record):
              ...
    """

    def __init__(self, load: "Callable[[], Engine]") -> None:
        self._load = load
        self._engine: Engine | None = None

    def stream(
        self, requests: Iterable[Request], *, on_failed_cell: OnFailedCell
    ) -> Iterator[Sample]:
        """Yield every sample of these requests as soon as it is finished, through one engine.

        `requests` is pulled lazily; without any, nothing is loaded. If the engine raises, it is
        closed, and the requests it had not finished are examined cell by cell. If they belong to a
        single cell, that cell has failed. Those of several cells run again, each cell alone on a
        new engine; a cell whose requests raise again has failed. Then the stream goes on.

        The unfinished and all later requests of a failed cell are dropped. A request goes to an
        engine a second time only if the first engine died before finishing it. A crash costs one
        load, and one more per failed cell.

        The engine itself has failed, and its error is raised, if MAX_FAILED_IN_A_ROW cells fail in
        a row without a sample in between (the last of them is then not passed to `on_failed_cell`),
        or if it has crashed more than MAX_UNEXPLAINED times without a cell that fails alone.

        Raises:
            LedgerError: from any source; it does not concern a cell.
            Exception: an engine could not be loaded or has failed itself, or `requests` or
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
        """Close the engine if one is loaded. A later stream loads it again."""
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
        """Yield the samples of the source; return what the engine raised, after closing it."""
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
            if source.error is not None:  # raised by the requests, not by the engine
                raise source.error from None
            crash = error
        else:
            return None
        self._discard(crash)
        return crash

    def _discard(self, crash: Exception) -> None:
        try:
            self.close()
        except Exception as error:  # a broken engine may also fail to close
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
        """Return whether there is another request, looking one ahead."""
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
        self._under_way.pop(key, None)  # the caller checks for samples that nobody requested

    def take_back(self) -> dict[str, list[Request]]:
        """Return the unfinished requests that the engine had pulled, by cell id, in order."""
        by_cell: defaultdict[str, list[Request]] = defaultdict(list)
        for key, request in self._under_way.items():
            by_cell[key.cell_id].append(request)
        self._under_way.clear()
        return by_cell

    def drop(self, cell_ids: Iterable[str]) -> None:
        """Skip all further requests of these cells."""
        self._dropped.update(cell_ids)


class _Blame:
    """Decides what a crash is due to: one cell, or the engine itself."""

    def __init__(self, on_failed_cell: OnFailedCell) -> None:
        self._on_failed_cell = on_failed_cell
        self._failed_in_a_row = 0
        self._unexplained = 0

    def note_sample(self) -> None:
        self._failed_in_a_row = 0

    def fail(self, cell_id: str, error: Exception) -> None:
        """Record a failed cell, or raise the error as the engine's own."""
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= MAX_FAILED_IN_A_ROW:
            raise error
        self._on_failed_cell(cell_id, error)

    def note_unexplained(self, crash: Exception) -> None:
        """Warn about a crash that no single cell repeated, or raise it as the engine's own."""
        self._unexplained += 1
        if self._unexplained > MAX_UNEXPLAINED:
            raise crash
        print(
            f"warning: the engine failed ({as_user_error(crash).message}), but no single cell made "
            "it fail again; going on with a new engine",
            file=sys.stderr,
            flush=True,
        )


def _release_frames(error: BaseException) -> None:
    """Free what the failed calls held, such as activations on a full GPU; line numbers stay."""
    chain: list[BaseException | None] = [error]
    seen: set[int] = set()
    while chain:
        link = chain.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            traceback.clear_frames(link.__traceback__)
            chain += [link.__cause__, link.__context__]
