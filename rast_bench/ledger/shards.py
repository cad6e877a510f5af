"""A cell's immutable, content-addressed shards: `<family>-<sha256 prefix>.parquet`.

Safe without locks for any number of readers, writers and compactors, and if killed at any
moment, because
  * a shard's bytes are unique (they contain an id that is used once), so names are never reused;
  * a shard is removed only by the compactor that has just written its rows to a durable shard;
  * readers take the union of the shards and drop duplicates.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pyarrow as pa

from rast_bench.errors import LedgerError
from rast_bench.ledger.atomic import ledger_error, sync_folder, write_durably
from rast_bench.ledger.codec import (
    IDENTITY,
    KEY,
    SAMPLES,
    Family,
    LaterSchemaError,
    check_rows,
    decode,
    encode,
    merged,
)
from rast_bench.ledger.files import VANISHED, UnsoundFileError, read_file, set_aside
from rast_bench.ledger.keys import (
    Numbers,
    codes_of,
    encoded,
    first_of_each,
    key_numbers,
    plain,
    ranks,
    take,
    texts_of,
)
from rast_bench.ledger.recent import Recent

if TYPE_CHECKING:
    import pandas as pd

HASH_DIGITS = 16
RESCANS = 20
SMALL_SHARD_BYTES = 16 * 2**20  # compaction skips larger shards
MERGED_SHARD_BYTES = 64 * 2**20  # and makes shards no larger than about this
KEPT_BYTES = 160 * 2**20  # of short columns: of about four million rows
TEXT_BYTES = 256 * 2**20  # of all but heavy columns, where texts are kept

Stamp = tuple[int, ...]
"""What tells a file from another, or from itself after a change."""

_NAME = re.compile(rf"(?P<family>.+)-(?P<digest>[0-9a-f]{{{HASH_DIGITS}}})\.parquet")


def shard_names(folder: Path, family: Family) -> list[str]:
    """Return the shards of one family, sorted. Raise LedgerError."""
    return [name for name in parquet_names(folder) if family_of(name) == family.prefix]


def family_prefixes(folder: Path) -> set[str]:
    """Return which families have shards in this folder: `samples`, `verdicts-<grader>`, …"""
    return {prefix for name in parquet_names(folder) if (prefix := family_of(name))}


def write_shard(folder: Path, family: Family, table: pa.Table) -> str:
    """Write one durable shard of the cell that the folder is named after; return its name.

    Raises:
        OSError: it cannot be written.
        UnsoundFileError: readers would not accept the rows.
    """
    check_rows(table, family, folder.name)
    data = encode(table, family, folder.name, uuid4().hex)
    name = f"{family.prefix}-{_digest(data)}.parquet"
    write_durably(folder / name, data)
    return name


def read_shard(path: Path, family: Family, columns: Sequence[str] | None) -> pa.Table | None:
    """Return the shard's rows; None if it is gone (compacted) or corrupt (then it is set aside).

    Raises:
        LedgerError: it exists but cannot be read, or a later version wrote it.
    """
    found = look_at_shard(path, family, columns)
    return None if found is None else found[0]


def look_at_shard(
    path: Path, family: Family, columns: Sequence[str] | None
) -> tuple[pa.Table, bool] | None:
    """Return the rows as `read_shard`, and whether the shard is stamped."""
    stamp = file_stamp(path)
    try:
        data = read_file(path)
        return None if data is None else _checked(path, data, family, columns, stamp)
    except UnsoundFileError as error:
        what = "samples" if family is SAMPLES else "verdicts"
        set_aside(path, str(error), f"its {what} are computed again", what="shard")
        return None
    except LaterSchemaError as error:
        raise LedgerError(
            f"{path} was written by a later version of rast-bench (schema {error})",
            hint="use that version, or another results folder",
        ) from error


def read_union(
    folder: Path,
    family: Family,
    columns: Sequence[str],
    reduced: Callable[[pa.Table], pa.Table] | None = None,
) -> pa.Table:
    """Return every row of the family once, sorted by (problem_id, sample_index).

    Texts are dictionary-encoded, except for long ones.

    Args:
        reduced: what to keep of each shard's columns, as for `read_tables`.

    Raises:
        LedgerError: the folder or a shard exists but cannot be read.
    """
    needed = family.needed(columns)
    union = _unique(read_tables(folder, family, needed, reduced=reduced), family, needed)
    return union.select(columns) if reduced is None else union


def read_verdicts(folder: Path, family: Family, columns: Sequence[str]) -> pa.Table:
    """Return the verdicts as `read_union`, except those on a sample that was lost and made again.

    Such a verdict belongs to another run than the sample that readers get, whose text may differ.

    Raises:
        LedgerError: the folder or a shard exists but cannot be read.
    """
    needed = list(dict.fromkeys([*family.needed(columns), "run_id"]))
    tables = _current(read_tables(folder, family, needed), folder)
    return _unique(tables, family, needed).select(columns)


def as_frame(table: pa.Table, family: Family) -> "pd.DataFrame":
    """Return the rows as a frame with index 0, 1, …; missing texts are None, not NaN, and missing
    numbers are NaN.
    """
    import pandas as pd

    frame: pd.DataFrame = plain(table).to_pandas(use_threads=False)  # see codec.decode
    for name in set(family.nullable).intersection(table.column_names):
        if pa.types.is_dictionary(table[name].type):
            frame[name] = pd.Series(texts_of(table[name]), dtype=object)
    return frame


def read_judged(folder: Path, family: Family) -> set[tuple[str, int]]:
    """Return (problem_id, sample_index) of every row of `read_verdicts`. Raise LedgerError."""
    tables = _current(read_tables(folder, family, list(IDENTITY)), folder)
    return {key for table in tables.values() for key in _keys(table)}


def read_unjudged(folder: Path, family: Family) -> list[tuple[str, int]]:
    """Return (problem_id, sample_index) of every sample without a verdict, sorted. Raise
    LedgerError.
    """
    judged = list(_current(read_tables(folder, family, list(IDENTITY)), folder).values())
    samples = _unique(read_tables(folder, SAMPLES, list(IDENTITY)), SAMPLES, list(IDENTITY))
    numbers, *known = key_numbers([samples, *judged])
    missing = ~np.isin(numbers, np.concatenate(known)) if known else np.ones(len(numbers), bool)
    return list(_keys(take(samples, np.flatnonzero(missing))))


def _current(tables: dict[str, pa.Table], folder: Path) -> dict[str, pa.Table]:
    """Return from each table of verdicts the rows whose sample is the one that readers get."""
    if all(table["run_id"].null_count == table.num_rows for table in tables.values()):
        return tables  # from a version that did not store it
    samples = list(read_tables(folder, SAMPLES, list(IDENTITY)).values())
    every = [*tables.values(), *samples]
    numbers, runs = key_numbers(every), ranks(every, "run_id")
    count = len(tables)
    made = np.concatenate([np.empty(0, np.int64), *numbers[count:]])
    made_by = np.concatenate([np.empty(0, np.int64), *runs[count:]])
    first = first_of_each(made, [made_by])
    made, made_by = made[first], made_by[first]
    kept = {}
    for place, (name, table) in enumerate(tables.items()):
        own = runs[place]
        at = np.searchsorted(made, numbers[place]).clip(max=max(len(made) - 1, 0))
        there = made[at] == numbers[place] if len(made) else np.zeros(len(own), np.bool_)
        told = codes_of(table["run_id"])[0] >= 0
        keep = ~told | ~there
        keep[there] |= made_by[at[there]] == own[there]
        kept[name] = table if keep.all() else take(table, np.flatnonzero(keep))
    return kept


def read_runs(folder: Path) -> dict[tuple[str, int], str]:
    """Return the run that made each sample that readers get, by its key. Raise LedgerError."""
    samples = read_union(folder, SAMPLES, IDENTITY)
    return dict(zip(_keys(samples), texts_of(samples["run_id"]).tolist(), strict=True))


def _keys(table: pa.Table) -> Iterator[tuple[str, int]]:
    return zip(texts_of(table["problem_id"]), table["sample_index"].to_pylist(), strict=True)


def read_keys(folder: Path, family: Family) -> set[tuple[str, int]]:
    """Return (problem_id, sample_index) of every row, several times faster than `read_union`.

    Raises:
        LedgerError: the folder or a shard exists but cannot be read.
    """
    return FollowedKeys(folder, family).refresh()


class FollowedKeys:
    """The (problem_id, sample_index) of every row of a family, updated from its new shards."""

    def __init__(self, folder: Path, family: Family) -> None:
        self._folder = folder
        self._family = family
        self._seen: set[str] = set()
        self._keys: set[tuple[str, int]] = set()

    def refresh(self) -> set[tuple[str, int]]:
        """Return all current keys, in one set that later calls extend. Raise LedgerError."""
        tables = read_tables(self._folder, self._family, list(KEY), self._seen)
        for table in tables.values():
            self._keys.update(_keys(table))
        return self._keys


def read_tables(
    folder: Path,
    family: Family,
    needed: list[str],
    seen: set[str] | None = None,
    reduced: Callable[[pa.Table], pa.Table] | None = None,
) -> dict[str, pa.Table]:
    """Return the needed columns of every readable shard by its name, in the order of the names.

    Texts are dictionary-encoded, except for long ones.

    Args:
        seen: names of shards to skip; the names of shards that are read are added.
        reduced: what to keep of each shard's columns, so that not all of them are in memory.
    """
    tables: dict[str, pa.Table] = {}
    seen = set() if seen is None else seen
    for attempt in range(RESCANS):
        # A compaction during a listing may hide both a shard and its replacement, so the
        # folder is listed until nothing new appears. Rows already read stay valid.
        new = [name for name in shard_names(folder, family) if name not in seen]
        if attempt and not new:
            break
        for name in new:
            table = _cached(folder / name, needed)
            if table is None:
                stored = read_shard(folder / name, family, needed)
                table = _cached(folder / name, needed)  # encoded, if it was checked just now
                if table is None and stored is not None:
                    table = _short_encoded(stored, family)
            if table is not None:
                tables[name] = table if reduced is None else reduced(table)
        seen.update(new)
    return dict(sorted(tables.items()))


def compact(folder: Path, family: Family) -> None:
    """Merge the small shards of one family; the old ones are removed when the new one is durable.

    Raises:
        LedgerError: a shard cannot be read, written or removed.
    """
    batch: dict[str, pa.Table] = {}
    batch_bytes = 0
    for name in shard_names(folder, family):
        size = _size(folder / name)
        if size is None or size >= SMALL_SHARD_BYTES:
            continue
        if batch and batch_bytes + size > MERGED_SHARD_BYTES:
            _merge(folder, family, batch)
            batch, batch_bytes = {}, 0
        table = read_shard(folder / name, family, None)
        if table is not None:
            batch[name] = table
            batch_bytes += size
    _merge(folder, family, batch)


def _merge(folder: Path, family: Family, batch: dict[str, pa.Table]) -> None:
    if len(batch) < 2:
        return
    try:
        write_shard(folder, family, merged(batch.values(), family))
        for name in batch:
            (folder / name).unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        raise ledger_error(error, folder) from error


def _unique(tables: dict[str, pa.Table], family: Family, needed: list[str]) -> pa.Table:
    """Return the rows of the shards, given by name, each sample once and sorted."""
    schema = pa.schema([family.schema.field(name) for name in needed])
    parts = list(tables.values()) or [_short_encoded(schema.empty_table(), family)]
    union, rows = first_rows(parts, family)
    if len(rows) == union.num_rows and (rows[1:] > rows[:-1]).all():
        return union
    return take(union, rows)


def first_rows(parts: Sequence[pa.Table], family: Family) -> tuple[pa.Table, Numbers]:
    """Return the rows of all parts in their order, and which of them readers get, sorted by key."""
    union = pa.concat_tables(parts).unify_dictionaries().combine_chunks()
    ranking = [name for name in family.order if name in union.column_names and name not in KEY]
    (numbers,) = key_numbers([union])
    return union, first_of_each(numbers, [*(ranks([union], name)[0] for name in ranking)])


def _short_encoded(table: pa.Table, family: Family) -> pa.Table:
    long = [name for name in family.long if name in table.column_names]
    short = encoded(table.drop_columns(long))
    columns = {name: (table if name in long else short)[name] for name in table.column_names}
    return pa.table(columns)


def parquet_names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.name.endswith(".parquet"))
    except FileNotFoundError:  # a cell that was never registered has no samples
        return []
    except OSError as error:
        raise ledger_error(error, folder) from error


def family_of(name: str) -> str | None:
    """Return the prefix of a shard's name; None if it is no shard."""
    match = _NAME.fullmatch(name)
    return match["family"] if match else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:HASH_DIGITS]


_sound: dict[tuple[str, str], frozenset[str]] = {}
"""Columns that were checked, by a shard's cell and name: the name identifies its bytes."""


_Cache = Recent[tuple[Path, Stamp], pa.Table]
"""Checked columns of shards: valid as long as the file has the same inode, size and times."""

_short_columns: _Cache = Recent(KEPT_BYTES, keeps_one=False)
_with_texts: list[_Cache] = []  # that of `keeping_texts`, or none


@contextmanager
def keeping_texts() -> Iterator[None]:
    """Keep in memory what was read last, texts included: who checks a cell reads its texts next."""
    _with_texts.append(Recent(TEXT_BYTES, keeps_one=False))
    try:
        yield
    finally:
        _with_texts.pop()


def _cached(path: Path, columns: Sequence[str]) -> pa.Table | None:
    """Return the columns; None if they are not all cached or the file has changed."""
    stamp = file_stamp(path)
    if stamp is None:
        return None
    for cache in (_short_columns, *_with_texts):
        table = cache.find((path, stamp))
        if table is not None and set(columns).issubset(table.column_names):
            return table.select(columns)
    return None


def file_stamp(path: Path) -> Stamp | None:
    """Return what changes if a file is modified, replaced or made unreadable; None without a
    file.
    """
    try:
        return stamp_of(path.lstat())
    except OSError:
        return None


def stamp_of(found: os.stat_result) -> Stamp:
    """Return the stamp of a file whose status was asked."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _checked(
    path: Path,
    data: bytes,
    family: Family,
    columns: Sequence[str] | None,
    stamp: Stamp | None,
) -> tuple[pa.Table, bool]:
    match = _NAME.fullmatch(path.name)
    if match is None or match["digest"] != _digest(data):
        raise UnsoundFileError("its checksum does not match its name")
    cell_id = path.parent.name
    wanted = family.schema.names if columns is None else list(columns)
    known = _sound.get((cell_id, path.name), frozenset())
    if known.issuperset(wanted):
        return decode(data, family, cell_id, wanted)
    light = [name for name in family.schema.names if name not in family.heavy]
    table, stamped = decode(data, family, cell_id, list(dict.fromkeys([*light, *wanted])))
    check_rows(table, family, cell_id, stamped=stamped)
    _sound[cell_id, path.name] = known.union(table.column_names)
    if stamp is not None:
        kept = _short_encoded(table.select(light), family)
        for cache in _with_texts:
            cache.keep((path, stamp), kept)
        _short_columns.keep((path, stamp), kept.drop_columns(list(family.long)))
    return table.select(wanted), stamped


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError as error:
        if error.errno in VANISHED:
            return None
        raise ledger_error(error, path) from error
