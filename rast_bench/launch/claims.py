"""Which worker has which chunk: a symbolic link, named after the chunk, to the worker's number.

Making a link is atomic, exclusive and whole, on local disks and on NFS alike. So workers need no
server, and no lock that a killed one would keep.

A launch's watcher gives the chunks of a dead worker back (`release`). Plain commands have no
watcher, and to remove a dead owner's link would not be atomic: two that find it dead at the same
time could remove each other's new links. So nobody removes it; the next owner of `x` after worker 7
is whoever makes the link `x+7`.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from rast_bench.launch.chunks import Chunk
from rast_bench.ledger.atomic import ledger_errors

AFTER = "+"
NOBODY = -1
"""The owner by something that is no claim but stands in the place of one."""

_TRIES = 100  # to read a link that others remove at the same time


class Claims:
    """The claims on one engine group's chunks. Methods raise LedgerError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_folder(self) -> None:
        with ledger_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)

    def take(
        self, chunks: Iterable[Chunk], worker: int, *, current: Callable[[], bool] = lambda: True
    ) -> Iterator[Chunk]:
        """This worker's chunks: first those that it had before it was started again, then others.

        A further chunk is claimed when it is asked for, so that slow workers claim fewer.

        Args:
            current: whether this is the worker's latest start; an earlier one claims no more. What
                it claimed in the moment before it knew is taken up at the end.
        """
        by_name = {chunk.name: chunk for chunk in chunks}
        owners = self.owners()
        taken = {name for name, owner in owners.items() if owner == worker}
        yield from (chunk for name, chunk in by_name.items() if name in taken)
        # A dead worker's chunks may become free meanwhile. Those at work take them now: once they
        # look for another group, each may leave them to the others.
        while free := [name for name in by_name if name not in owners and name not in taken]:
            for name in free:
                if current() and self._claim(by_name[name], worker):
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

    def claim(self, name: str, worker: int, gone: Callable[[int], bool]) -> int:
        """The owner of this chunk: `worker` itself where it had it or has it now.

        Args:
            gone: whether a worker has ended, so that its chunks are free.
        """
        path = self._folder / name
        for _ in range(_TRIES):
            if self._link(path, worker):
                return worker
            owner = self._owner(path)
            if owner is None:  # released since
                continue
            if owner == worker or not gone(owner):
                return owner
            path = self._after(path, owner)
        return NOBODY

    def owner(self, name: str, gone: Callable[[int], bool]) -> int | None:
        """The living owner of this chunk; None where it may be claimed."""
        path = self._folder / name
        for _ in range(_TRIES):
            owner = self._owner(path)
            if owner is None or not gone(owner):
                return owner
            path = self._after(path, owner)
        return NOBODY

    def owners(self) -> dict[str, int]:
        """The worker by the chunk's name, of every claimed chunk."""
        with ledger_errors(self._folder):
            return self._read_owners()

    def count(self) -> int:
        """How many chunks are claimed."""
        with ledger_errors(self._folder):
            return sum(1 for _ in self._folder.iterdir())

    def release(self, worker: int) -> int:
        """Gives a dead worker's chunks back, finished ones too: whoever claims those finds so.

        Returns how many there were. The worker must not work on them any more.
        """
        mine = [name for name, owner in self.owners().items() if owner == worker]
        with ledger_errors(self._folder):
            for name in mine:
                (self._folder / name).unlink(missing_ok=True)
        return len(mine)

    def clear(self, gone: Callable[[int], bool]) -> None:
        """Removes the chunks of those that are gone, and the folder where nothing is left.

        A chunk that went from a worker that is gone to another one stays as it is.
        """
        with ledger_errors(self._folder):
            try:
                owners = self._read_owners()
            except FileNotFoundError:  # another worker has cleared it
                return
            held = {_chunk(name) for name, owner in owners.items() if not gone(owner)}
            for name in sorted(owners):
                if _chunk(name) not in held:
                    (self._folder / name).unlink(missing_ok=True)
            with suppress(OSError):  # not empty
                self._folder.rmdir()

    def _claim(self, chunk: Chunk, worker: int) -> bool:
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
        """Who made the link; None when there is none any more."""
        try:
            return int(str(path.readlink()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return NOBODY


def _chunk(name: str) -> str:
    return name.partition(AFTER)[0]
