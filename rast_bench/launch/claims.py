"""Which worker has which chunk: a symbolic link, named after the chunk, to the worker's number.

Making a link is atomic, exclusive and whole, on local disks and on NFS alike. So workers need no
server, and no lock that a killed one would keep.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from rast_bench.launch.chunks import Chunk
from rast_bench.ledger.atomic import ledger_errors


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

    def owners(self) -> dict[str, int]:
        """The worker by the chunk's name, of every claimed chunk."""
        found = {}
        with ledger_errors(self._folder):
            for path in self._folder.iterdir():
                with suppress(FileNotFoundError):  # released since
                    found[path.name] = int(str(path.readlink()))
        return found

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

    def _claim(self, chunk: Chunk, worker: int) -> bool:
        path = self._folder / chunk.name
        with ledger_errors(path):
            try:
                path.symlink_to(str(worker))
            except FileExistsError:
                return False
        return True
