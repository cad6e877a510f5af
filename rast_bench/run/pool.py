"""Several worker processes on the same engine groups; the parent alone writes the ledger.

Each worker has a pipe of its own and asks for requests whenever its engine has room, so a slow
worker gets fewer, and a killed one takes no lock with it: what it had not finished goes to another.
"""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from rast_bench.domain import Request, Sample, SampleKey
from rast_bench.errors import EngineError
from rast_bench.planning.cells import EngineGroup
from rast_bench.run.pool_worker import Done, FailedCell, Job, More, serve
from rast_bench.run.progress import Progress
from rast_bench.run.record import RunRecord

if TYPE_CHECKING:
    from rast_bench.run.pool_worker import LoadEngine, Pipe

CHUNK_REQUESTS = 32  # a message; small, so that the last chunks spread over the workers
MAX_DEATHS = 2  # workers that may die on one group before it counts as failed
_EXIT_SECONDS = 5.0


@dataclass
class _GroupWork:
    """An engine group while workers are on it."""

    group: EngineGroup
    requests: Iterator[Request]
    returned: deque[Request] = field(default_factory=deque)  # from workers that died
    dropped: set[str] = field(default_factory=set)  # ids of failed cells
    workers: int = 0
    deaths: int = 0
    error: Exception | None = None
    finished: bool = False

    def chunk(self, size: int) -> list[Request]:
        """The next requests; none when there are no more or the group has failed."""
        if self.error is not None:
            return []
        taken = [self.returned.popleft() for _ in range(min(size, len(self.returned)))]
        return taken + list(islice(self.requests, size - len(taken)))

    def take_back(self, requests: Iterable[Request]) -> None:
        """Requests that a worker will not finish; another gets them unless their cell failed."""
        self.returned.extend(r for r in requests if r.key.cell_id not in self.dropped)

    def drop(self, cell_id: str) -> None:
        """No worker gets any more of this cell; `requests` ends it by itself."""
        self.dropped.add(cell_id)
        self.returned = deque(r for r in self.returned if r.key.cell_id != cell_id)

    def has_work(self) -> bool:
        self.returned.extend(self.chunk(1) if not self.returned else ())
        return self.error is None and bool(self.returned)


@dataclass
class _Worker:
    process: BaseProcess
    pipe: "Pipe"
    work: _GroupWork | None = None
    unfinished: dict[SampleKey, Request] = field(default_factory=dict)

    def drop(self, cell_id: str) -> None:
        kept = {key: request for key, request in self.unfinished.items() if key.cell_id != cell_id}
        self.unfinished = kept


def run_groups_in_workers(
    groups: Sequence[EngineGroup],
    record: RunRecord,
    load_engine: "LoadEngine",
    progress: Progress,
    count: int,
) -> None:
    """Streams every group through `count` spawned processes, each engine on one thread unless its
    configuration says more.

    A cell that makes an engine fail is dropped everywhere, its siblings go on. A group fails when
    its engine fails by itself or when MAX_DEATHS workers died on it; the others go on.

    Raises:
        LedgerError: the ledger cannot be used.
        KeyboardInterrupt: Ctrl-C; samples that the workers had sent are recorded first.
    """
    pool = _Pool(groups, record, load_engine, progress, count)
    try:
        pool.run()
    except KeyboardInterrupt:
        pool.drain()
        raise
    finally:
        pool.stop()


class _Pool:
    def __init__(
        self,
        groups: Sequence[EngineGroup],
        record: RunRecord,
        load_engine: "LoadEngine",
        progress: Progress,
        count: int,
    ) -> None:
        self._record = record
        self._progress = progress
        self._works = [_GroupWork(group, record.requests(group)) for group in groups]
        self._load_engine = load_engine
        self._workers: list[_Worker] = []
        self._count = count
        self._listening_to: _Worker | None = None

    def run(self) -> None:
        self._workers.extend(_start_worker(self._load_engine) for _ in range(self._count))
        while True:
            self._assign()
            self._finish_groups()
            if all(work.finished for work in self._works):
                return
            busy = [worker for worker in self._workers if worker.work is not None]
            ready = wait([worker.pipe for worker in busy])
            for worker in busy:
                if worker.pipe in ready:
                    self._listen(worker)

    def _assign(self) -> None:
        """Gives each idle worker the group with the fewest workers that still has requests."""
        for worker in list(self._workers):
            if worker.work is not None:
                continue
            open_works = [work for work in self._works if work.has_work()]
            if not open_works:
                return
            work = min(open_works, key=lambda work: work.workers)
            threads = work.group.config.threads or 1
            config = work.group.config.model_copy(update={"threads": threads})
            if work.workers == 0:
                self._progress.describe(f"loading {work.group.key.main.path}")
            work.workers += 1
            worker.work = work
            self._send(worker, Job(work.group.key, config))

    def _finish_groups(self) -> None:
        if not self._workers:
            for work in self._works:
                if not work.finished and work.error is None:
                    work.error = EngineError(
                        "every worker process died",
                        hint="see whether memory ran out; use fewer workers",
                    )
        for work in self._works:
            if not work.finished and work.workers == 0 and not work.has_work():
                work.finished = True
                self._record.finish(work.group, work.error)

    def _listen(self, worker: _Worker) -> None:
        self._listening_to = worker
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):  # the process is gone
            self._bury(worker)
            return
        self._listening_to = None
        self._take(worker, message)

    def _take(self, worker: _Worker, message: Any) -> None:
        work = worker.work
        assert work is not None  # an idle worker is silent
        if isinstance(message, Sample):
            worker.unfinished.pop(message.key, None)
            try:
                self._record.receive(message)
            except EngineError as error:  # a sample that nobody asked for: this group's failure
                work.error = work.error or error
        elif isinstance(message, More):
            chunk = work.chunk(CHUNK_REQUESTS)
            worker.unfinished.update((request.key, request) for request in chunk)
            self._send(worker, chunk)
        elif isinstance(message, FailedCell):
            self._record.fail_cell(work.group, message.cell_id, message.error)
            work.drop(message.cell_id)
            worker.drop(message.cell_id)
        elif isinstance(message, Done):
            work.error = work.error or message.error
            worker.unfinished.clear()
            worker.work = None
            work.workers -= 1

    def _send(self, worker: _Worker, message: Any) -> None:
        try:
            worker.pipe.send(message)
        except OSError:  # gone since it asked
            self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        """Hands a dead worker's unfinished requests back to its group."""
        worker.process.join(_EXIT_SECONDS)
        self._workers.remove(worker)
        work, worker.work = worker.work, None
        if work is None:
            return
        print(
            f"warning: worker process {worker.process.pid} died "
            f"(exit code {worker.process.exitcode}); its {len(worker.unfinished):,} unfinished "
            "samples go to another",
            file=sys.stderr,
            flush=True,
        )
        work.workers -= 1
        work.deaths += 1
        work.take_back(worker.unfinished.values())
        if work.deaths >= MAX_DEATHS:
            work.error = EngineError(
                f"{work.deaths} worker processes died on it",
                hint="see whether memory ran out; use fewer workers or a smaller max_num_seqs",
            )

    def drain(self) -> None:
        """Records the samples that workers have sent already."""
        for worker in self._workers:
            if worker is self._listening_to:  # interrupted within a message: no more to be read
                continue
            while worker.work is not None and worker.pipe.poll(0):
                try:
                    message = worker.pipe.recv()
                except (EOFError, OSError):
                    break
                if isinstance(message, Sample):
                    self._record.receive(message)

    def stop(self) -> None:
        """Ends the processes: idle ones by message, busy ones by signal."""
        for worker in list(self._workers):
            if worker.work is None:
                self._send(worker, None)
            else:
                worker.process.terminate()
        for worker in list(self._workers):
            worker.process.join(_EXIT_SECONDS)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()


def _start_worker(load_engine: "LoadEngine") -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, load_engine), daemon=True)
    # Ctrl-C reaches every process of the terminal. Blocked here and inherited, it is the parent's
    # alone to handle, as soon as the child has started.
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)
    theirs.close()  # so that the worker's end closes with the worker
    return _Worker(process, ours)
