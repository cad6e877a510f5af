"""The samples of one cell by their place in the shards, so that texts are read when asked for.

A table of a cell's texts may be larger than memory allows; the other columns are small. What reads
single samples, such as the viewer, keeps those (`StoredSamples`), and reads the row groups that
hold the texts it shows.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from stat import S_ISREG

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rast_bench.errors import LedgerError
from rast_bench.ledger.atomic import ledger_errors
from rast_bench.ledger.codec import KEY, SAMPLES
from rast_bench.ledger.files import VANISHED
from rast_bench.ledger.keys import Numbers, encoded, take
from rast_bench.ledger.recent import Recent
from rast_bench.ledger.shards import (
    Stamp,
    file_stamp,
    first_rows,
    read_tables,
    read_union,
    shard_names,
    stamp_of,
)

LENGTH = "text_length"
"""The characters of a text: a column of `StoredSamples.table` in place of the text."""

_SHORT = [name for name in SAMPLES.schema.names if name not in (*SAMPLES.long, *SAMPLES.heavy)]


class GoneError(Exception):
    """A shard was merged with others, or replaced, after the samples were found in it."""


class StoredSamples:
    """A cell's samples in the order of `Ledger.sample_table`, each once.

    Attributes:
        table: problem_id, sample_index, finish_reason, token_count, run_id and LENGTH.
    """

    def __init__(self, folder: Path) -> None:
        """Read and check every shard of the cell. Raise LedgerError."""
        tables = read_tables(folder, SAMPLES, [*_SHORT, "text"], reduced=_with_lengths)
        self._paths = [folder / name for name in tables]
        self._stamps = [file_stamp(path) for path in self._paths]
        self._starts: dict[int, Numbers] = {}
        parts = list(tables.values()) or [encoded(_with_lengths(_no_rows(SAMPLES.schema.names)))]
        union, rows = first_rows(parts, SAMPLES)
        self.table = take(union, rows)
        counts = [part.num_rows for part in parts]
        self._shard = np.repeat(np.arange(len(parts)), counts)[rows]
        self._within = np.concatenate([np.arange(count) for count in counts])[rows]

    @property
    def nbytes(self) -> int:
        return int(self.table.nbytes) + self._shard.nbytes + self._within.nbytes

    def read(self, rows: Numbers, groups: "RowGroups") -> pa.Table:
        """Return seed, prompt_sha256 and text of these rows of `table`, in their order.

        Raises:
            GoneError: a shard is not there any more; its rows are in another one.
            LedgerError: a shard cannot be read.
        """
        places, parts = [], []
        for shard in np.unique(self._shard[rows]).tolist():
            mine = np.flatnonzero(self._shard[rows] == shard)
            within = self._within[rows[mine]]
            starts = self._group_starts(shard)
            numbers = np.searchsorted(starts, within, side="right") - 1
            for group in np.unique(numbers).tolist():
                chosen = numbers == group
                table = groups.get(
                    (self._paths[shard], self._stamps[shard], group),
                    partial(self._read_group, shard, group),
                )
                parts.append(take(table, within[chosen] - starts[group]))
                places.append(mine[chosen])
        if not parts:
            return _no_rows(SAMPLES.long)
        back = np.argsort(np.concatenate(places))
        return take(pa.concat_tables(parts).combine_chunks(), back)

    def in_stored_order(self, rows: Numbers) -> Numbers:
        """Return the places in `rows`, sorted by shard: in this order each group is read once."""
        order: Numbers = np.lexsort((self._within[rows], self._shard[rows]))
        return order

    def _read_group(self, shard: int, group: int) -> pa.Table:
        with _opened(self._paths[shard], self._stamps[shard]) as file:
            table = file.read_row_group(group, columns=list(SAMPLES.long), use_threads=False)
        return table.replace_schema_metadata(None).combine_chunks()

    def _group_starts(self, shard: int) -> Numbers:
        """Return the first row of each row group of a shard."""
        if shard not in self._starts:
            with _opened(self._paths[shard], self._stamps[shard]) as file:
                told = file.metadata
                sizes = [told.row_group(group).num_rows for group in range(told.num_row_groups)]
            self._starts[shard] = np.cumsum([0, *sizes[:-1]], dtype=np.int64)
        return self._starts[shard]


RowGroups = Recent[tuple[Path, Stamp | None, int], pa.Table]
"""The long columns of row groups, by shard and number."""


def unchecked_keys(folder: Path) -> pa.Table:
    """Return problem_id (dictionary-encoded) and sample_index of `Ledger.sample_table`, unordered.

    For counts: the shards are neither checked nor read whole, which is much faster. If one cannot
    be read so, all are checked.

    Raises:
        LedgerError: a shard cannot be read.
    """
    try:
        tables = [_keys(folder / name) for name in shard_names(folder, SAMPLES)]
    except (GoneError, LedgerError, pa.ArrowException):
        return read_union(folder, SAMPLES, KEY)
    union, rows = first_rows(tables or [encoded(_no_rows(KEY))], SAMPLES)
    return union if len(rows) == union.num_rows else take(union, rows)


def _keys(path: Path) -> pa.Table:
    with _opened(path, None) as file:
        table = file.read(columns=list(KEY), use_threads=False)
    if any(table.schema.field(name).type != SAMPLES.schema.field(name).type for name in KEY):
        raise GoneError
    return encoded(table.replace_schema_metadata(None))


def _no_rows(names: Sequence[str]) -> pa.Table:
    """Return these columns without rows. Arrow's own `empty_table` imports pandas."""
    return pa.Table.from_batches([], pa.schema([SAMPLES.schema.field(name) for name in names]))


def _with_lengths(table: pa.Table) -> pa.Table:
    return table.select(_SHORT).append_column(LENGTH, pc.utf8_length(table["text"]))


@contextmanager
def _opened(path: Path, stamp: Stamp | None) -> Iterator[pq.ParquetFile]:
    """Open a shard, if it is still the file that had this stamp; None: whatever it is.

    Raises:
        GoneError: it is not, or it is no regular file.
        LedgerError: it cannot be read.
    """
    with ledger_errors(path):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in VANISHED:
                raise GoneError from error
            raise
        try:
            found = os.fstat(descriptor)
            if not S_ISREG(found.st_mode) or stamp not in (None, stamp_of(found)):
                raise GoneError
            with open(descriptor, "rb", closefd=False) as file:
                yield pq.ParquetFile(file)
        finally:
            os.close(descriptor)
