"""An engine group's samples in blocks that one worker claims at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rast_bench.runner.plan import PlannedCell

MOST_SAMPLES = 256  # of a chunk: claims stay few
CHUNKS_A_WORKER = 16  # or more, where samples are few: the last ones to finish are then small

Key = tuple[str, int]
"""(problem id, sample index) within a cell."""


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
    """How many samples a chunk holds, for so many samples shared by so many workers."""
    return max(1, min(MOST_SAMPLES, samples // (workers * CHUNKS_A_WORKER)))


class GroupChunks:
    """The chunks of one engine group: a function of its cells alone, the same for every worker.

    Cells of one id share their samples; each belongs to the first cell that asks for it. All
    samples of a problem lie in one chunk where it has room for them, so that they share a prefill.
    """

    def __init__(self, cells: Sequence[PlannedCell], size: int) -> None:
        self._cells = tuple(cells)
        self._size = size

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        return tuple(self._cut())

    def keys(self, chunk: Chunk) -> list[Key]:
        return list(self._keys(chunk.cell)[chunk.start : chunk.stop])

    def _cut(self) -> Iterator[Chunk]:
        for number, cell in enumerate(self._cells):
            wanted = len(self._keys(number)) if number in self._repeated else cell.wanted
            n = cell.cell.decoding.samples_per_problem
            size = self._size // n * n or self._size
            for start in range(0, wanted, size):
                yield Chunk(number, start, min(start + size, wanted))

    @cached_property
    def _repeated(self) -> frozenset[int]:
        """The cells whose id stood before."""
        seen: set[str] = set()
        repeated = set()
        for number, cell in enumerate(self._cells):
            if cell.cell_id in seen:
                repeated.add(number)
            seen.add(cell.cell_id)
        return frozenset(repeated)

    def _keys(self, number: int) -> Sequence[Key]:
        if self._listed is None or self._listed[0] != number:  # chunks come cell by cell
            self._listed = number, self._list(number)
        return self._listed[1]

    _listed: tuple[int, Sequence[Key]] | None = None

    def _list(self, number: int) -> Sequence[Key]:
        cell = self._cells[number]
        if number not in self._repeated:
            return list(cell.wanted_keys())
        taken: set[Key] = set()
        for earlier in self._cells[:number]:
            if earlier.cell_id == cell.cell_id:
                taken.update(earlier.wanted_keys())
        return [key for key in cell.wanted_keys() if key not in taken]
