"""Write samples to disk while the engine runs: durable within seconds at any speed."""

import threading
from collections import Counter, defaultdict
from types import TracebackType
from typing import TYPE_CHECKING

from rast_bench.domain import Sample

if TYPE_CHECKING:
    from rast_bench.ledger.store import Ledger

FLUSH_SECONDS = 2.0
COMPACT_EVERY = 64  # shards per cell: a flush every 2 s makes 1,800 per hour


class LedgerWriter:
    """Collects finished samples of any cells and writes them every two seconds.

    A background thread writes. Its error is raised by the next `add`, `flush` or `close`; samples
    that could not be written stay pending and the next `flush` tries again.
    """

    def __init__(self, ledger: "Ledger", run_id: str, *, interval: float = FLUSH_SECONDS) -> None:
        self._ledger = ledger
        self._run_id = run_id
        self._interval = interval
        self._pending: list[Sample] = []
        self._pending_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._shards: Counter[str] = Counter()
        self._error: BaseException | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._flush_regularly, name="ledger", daemon=True)
        self._thread.start()

    def add(self, sample: Sample) -> None:
        """Add one finished sample; it is durable within about two seconds.

        Raises:
            LedgerError: earlier samples could not be written. This one is kept as well.
        """
        if self._closing.is_set():
            raise ValueError("the ledger writer is closed")
        with self._pending_lock:
            self._pending.append(sample)
        self._raise_error()

    def flush(self) -> None:
        """Make every sample durable now. Raise LedgerError."""
        self._raise_error()
        self._write_pending()

    def close(self) -> None:
        """Stop the thread and make every sample durable, including those of a failed write.

        Raises:
            LedgerError: the last attempt failed as well.
        """
        self._closing.set()
        self._thread.join()
        retried = bool(self._pending)  # what could not be written is still pending
        self._write_pending()
        if retried:
            self._error = None
        self._raise_error()

    def __enter__(self) -> "LedgerWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _flush_regularly(self) -> None:
        while not self._closing.wait(self._interval):
            if self._error is None:
                try:
                    self._write_pending()
                except BaseException as error:  # `_raise_error` raises it in the caller's thread
                    self._error = error

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _write_pending(self) -> None:
        with self._write_lock:
            with self._pending_lock:
                batch = list(self._pending)
            by_cell: dict[str, list[Sample]] = defaultdict(list)
            for sample in batch:
                by_cell[sample.key.cell_id].append(sample)
            for cell_id, samples in by_cell.items():
                self._ledger.write_samples(cell_id, samples, self._run_id)
                self._shards[cell_id] += 1
            # Only now: after an interruption a sample may be written twice, but is never lost.
            with self._pending_lock:
                del self._pending[: len(batch)]
            for cell_id in by_cell:
                if self._shards[cell_id] >= COMPACT_EVERY:
                    self._ledger.compact(cell_id)
                    self._shards[cell_id] = 0
