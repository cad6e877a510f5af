"""An engine group's samples in blocks that one worker claims at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rast_bench.planning.work import Key, OwnSamples

MOST_SAMPLES = 256  # of a chunk: claims stay few
CHUNKS_A_WORKER = 16  # or more, where samples are few: the last ones to finish are then small


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

    All samples of a problem lie in one chunk where it has room for them, so that they share a
    prefill.
    """

    def __init__(self, cells: Sequence[OwnSamples], size: int) -> None:
        self._cells = tuple(cells)
        self._size = size

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        return tuple(self._cut())

    def keys(self, chunk: Chunk) -> list[Key]:
        if self._listed is None or self._listed[0] != chunk.cell:  # chunks come cell by cell
            self._listed = chunk.cell, list(self._cells[chunk.cell].keys())
        return self._listed[1][chunk.start : chunk.stop]

    _listed: tuple[int, Sequence[Key]] | None = None

    def _cut(self) -> Iterator[Chunk]:
        for number, own in enumerate(self._cells):
            n = own.planned.cell.decoding.samples_per_problem
            size = self._size // n * n or self._size
            for start in range(0, own.count, size):
                yield Chunk(number, start, min(start + size, own.count))
