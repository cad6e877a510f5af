"""An engine group's samples in chunks, and the leases that workers hold on them.

A lease is a symbolic link, named after the chunk, to the worker's number. Creating a link is atomic
and exclusive, on local disks and on NFS. So workers need no server, and no lock that a killed
worker would keep.

A launch's watcher returns the chunks of a dead worker (`release`). Plain commands have no watcher,
and removing a dead owner's link would not be atomic: two processes that find it dead at the same
time could remove each other's new links. So nobody removes it; the next owner of `x` after worker 7
is whoever creates the link `x+7`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rast_bench.ledger.atomic import ledger_errors
from rast_bench.planning.work import DisjointSamples, Key

MAX_SAMPLES = 256  # per chunk, so that there are few leases
CHUNKS_A_WORKER = 16  # or more, if samples are few: the last ones to finish are then small


@dataclass(frozen=True)
class Chunk:
    """Samples `start` to `stop` (exclusive) of the group's cell number `cell`."""

    cell: int
    start: int
    stop: int

    @property
    def name(self) -> str:
        """Unique within the group; a file name."""
        return f"{self.cell:05d}-{self.start:08d}"


def chunk_size(samples: int, workers: int) -> int:
    """Return the samples per chunk for this many samples and workers."""
    return max(1, min(MAX_SAMPLES, samples // (workers * CHUNKS_A_WORKER)))


class GroupChunks:
    """The chunks of one engine group: a function of its cells alone, the same for every worker.

    All samples of a problem are in one chunk if they fit, so that they share a prefill.
    """

    def __init__(self, cells: Sequence[DisjointSamples], size: int) -> None:
        self._cells = tuple(cells)
        self._size = size

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        return tuple(self._cut())

    def keys(self, chunk: Chunk) -> list[Key]:
        if self._listed is None or self._listed[0] != chunk.cell:  # chunks come cell by cell
            self._listed = chunk.cell, list(self._cells[chunk.cell].wanted_keys())
        return list(self._listed[1][chunk.start : chunk.stop])

    _listed: tuple[int, Sequence[Key]] | None = None

    def _cut(self) -> Iterator[Chunk]:
        for number, own in enumerate(self._cells):
            n = own.planned.cell.decoding.samples_per_problem
            size = self._size // n * n or self._size
            for start in range(0, own.count, size):
                yield Chunk(number, start, min(start + size, own.count))


AFTER = "+"
NOBODY = -1
"""The owner of an entry that has a lease's name but is no lease."""

_TRIES = 100  # to read a link that others may remove at the same time


class Leases:
    """The leases on one engine group's chunks. Methods raise LedgerError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_folder(self) -> None:
        with ledger_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)

    def take(
        self, chunks: Iterable[Chunk], worker: int, *, current: Callable[[], bool] = lambda: True
    ) -> Iterator[Chunk]:
        """Yield this worker's chunks: first those it held before a restart, then others.

        A chunk is leased when it is requested, so that slow workers lease fewer.

        Args:
            current: whether this is the worker's latest start; an earlier one leases no more.
                What it leased just before it noticed is taken up at the end.
        """
        by_name = {chunk.name: chunk for chunk in chunks}
        owners = self.owners()
        taken = {name for name, owner in owners.items() if owner == worker}
        yield from (chunk for name, chunk in by_name.items() if name in taken)
        # A dead worker's chunks may become free meanwhile. Active workers take them now: once they
        # look for another group, each may leave them to the others.
        while free := [name for name in by_name if name not in owners and name not in taken]:
            for name in free:
                if current() and self._lease(by_name[name], worker):
                    taken.add(name)
                    yield by_name[name]
            if not current():
                return
            owners = self.owners()
        owners = self.owners() if current() else {}
        yield from (
            chunk
            for name, chunk in by_name.items()
            if owners.get(name) == worker and name not in taken
        )

    def lease(self, name: str, worker: int, gone: Callable[[int], bool]) -> int:
        """Return the owner of this chunk: `worker` if it held the chunk already or has just leased
        it.

        Args:
            gone: whether a worker has ended, so that its chunks are free.
        """
        path = self._folder / name
        for _ in range(_TRIES):
            if self._link(path, worker):
                return worker
            owner = self._owner(path)
            if owner is None:  # released in the meantime
                continue
            if owner == worker or not gone(owner):
                return owner
            path = self._after(path, owner)
        return NOBODY

    def owner(self, name: str, gone: Callable[[int], bool]) -> int | None:
        """Return the living owner of this chunk; None if it may be leased."""
        path = self._folder / name
        for _ in range(_TRIES):
            owner = self._owner(path)
            if owner is None or not gone(owner):
                return owner
            path = self._after(path, owner)
        return NOBODY

    def owners(self) -> dict[str, int]:
        """Return the worker by chunk name, for every leased chunk."""
        with ledger_errors(self._folder):
            return self._read_owners()

    def count(self) -> int:
        """Return the number of leased chunks."""
        with ledger_errors(self._folder):
            return sum(1 for _ in self._folder.iterdir())

    def release(self, worker: int) -> int:
        """Return a dead worker's chunks, finished ones too, and count them.

        The worker must no longer work on them; whoever leases a finished chunk finds it complete.
        """
        mine = [name for name, owner in self.owners().items() if owner == worker]
        with ledger_errors(self._folder):
            for name in mine:
                (self._folder / name).unlink(missing_ok=True)
        return len(mine)

    def clear(self, gone: Callable[[int], bool]) -> bool:
        """Remove the leases of ended workers; return whether nothing is left, not even the folder.

        A chunk that passed from an ended worker to another one stays as it is.
        """
        with ledger_errors(self._folder):
            try:
                owners = self._read_owners()
            except FileNotFoundError:  # another worker has cleared it
                return True
            held = {_chunk(name) for name, owner in owners.items() if not gone(owner)}
            for name in sorted(owners):
                if _chunk(name) not in held:
                    (self._folder / name).unlink(missing_ok=True)
            try:
                self._folder.rmdir()
            except FileNotFoundError:
                return True
            except OSError:  # not empty
                return False
            return True

    def _lease(self, chunk: Chunk, worker: int) -> bool:
        return self._link(self._folder / chunk.name, worker)

    def _link(self, path: Path, worker: int) -> bool:
        with ledger_errors(path):
            try:
                path.symlink_to(str(worker))
            except FileExistsError:
                return False
        return True

    def _after(self, path: Path, owner: int) -> Path:
        return self._folder / f"{_chunk(path.name)}{AFTER}{owner}"

    def _read_owners(self) -> dict[str, int]:
        found = {path.name: self._owner(path) for path in self._folder.iterdir()}
        return {name: owner for name, owner in found.items() if owner is not None}

    def _owner(self, path: Path) -> int | None:
        """Return who created the link; None if it no longer exists."""
        try:
            return int(str(path.readlink()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return NOBODY


def _chunk(name: str) -> str:
    return name.partition(AFTER)[0]
