"""A cell's immutable, content-addressed shards: `<family>-<sha256 prefix>.parquet`.

Safe without locks for any number of readers, writers and compactors, and against a kill at any
moment, because
  * a shard's bytes are unique (they hold an id that is used once), so a name is never reused;
  * a shard is removed only by the compactor that has just made a new durable shard of its rows;
  * readers take the union of what they find and drop duplicates.
"""

import errno
import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

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
from rast_bench.ledger.files import UnsoundFileError, read_file, set_aside

if TYPE_CHECKING:
    import pandas as pd

HASH_DIGITS = 16
RESCANS = 20
SMALL_SHARD_BYTES = 16 * 2**20  # compaction leaves larger shards alone
MERGED_SHARD_BYTES = 64 * 2**20  # and makes none larger than about this

_NAME = re.compile(rf"(?P<family>.+)-(?P<digest>[0-9a-f]{{{HASH_DIGITS}}})\.parquet")
_VANISHED = {errno.ENOENT, errno.ESTALE}


def shard_names(folder: Path, family: Family) -> list[str]:
    """The shards of one family, sorted. Raises LedgerError."""
    return [name for name in _parquet_names(folder) if family_of(name) == family.prefix]


def family_prefixes(folder: Path) -> set[str]:
    """Which families have shards in this folder: `samples`, `verdicts-<grader>`, …"""
    return {prefix for name in _parquet_names(folder) if (prefix := family_of(name))}


def write_shard(folder: Path, family: Family, table: pa.Table) -> str:
    """Writes one durable shard of the cell that the folder is named after; returns its name.

    Raises OSError, and UnsoundFileError for rows that readers would not take.
    """
    check_rows(table, family, folder.name)
    data = encode(table, family, folder.name, uuid4().hex)
    name = f"{family.prefix}-{_digest(data)}.parquet"
    write_durably(folder / name, data)
    return name


def read_shard(path: Path, family: Family, columns: Sequence[str] | None) -> pa.Table | None:
    """The shard's rows; None when it is gone (compacted) or corrupt (then it is set aside).

    Raises:
        LedgerError: it is there but cannot be read, or a later version wrote it.
    """
    found = look_at_shard(path, family, columns)
    return None if found is None else found[0]


def look_at_shard(
    path: Path, family: Family, columns: Sequence[str] | None
) -> tuple[pa.Table, bool] | None:
    """As `read_shard`, with whether the shard is stamped."""
    try:
        data = read_file(path)
        return None if data is None else _checked(path, data, family, columns)
    except UnsoundFileError as error:
        what = "samples" if family is SAMPLES else "verdicts"
        set_aside(path, str(error), f"its {what} are computed again", what="shard")
        return None
    except LaterSchemaError as error:
        raise LedgerError(
            f"{path} was written by a later version of rast-bench (schema {error})",
            hint="use that version, or another results folder",
        ) from error


def read_union(folder: Path, family: Family, columns: Sequence[str]) -> "pd.DataFrame":
    """Every row of the family once, sorted by (problem_id, sample_index), index 0, 1, ….

    Raises:
        LedgerError: the folder or a shard is there but cannot be read.
    """
    needed = family.needed(columns)
    return _unique(_read_tables(folder, family, needed), family, needed)[list(columns)]


def read_verdicts(folder: Path, family: Family, columns: Sequence[str]) -> "pd.DataFrame":
    """As `read_union`, without verdicts on a sample of another run than the one readers get.

    Such a sample was lost and made again, and may have another text. Raises LedgerError.
    """
    needed = list(dict.fromkeys([*family.needed(columns), "run_id"]))
    tables = _read_tables(folder, family, needed)
    current = {name: table.filter(keep) for name, table, keep in _current(tables, folder)}
    return _unique(current, family, needed)[list(columns)]


def read_judged(folder: Path, family: Family) -> set[tuple[str, int]]:
    """(problem_id, sample_index) of every row of `read_verdicts`. Raises LedgerError."""
    keys: set[tuple[str, int]] = set()
    for _, table, keep in _current(_read_tables(folder, family, list(IDENTITY)), folder):
        rows = zip(*(table[name].to_pylist() for name in KEY), strict=True)
        keys.update(key for key, kept in zip(rows, keep.to_pylist(), strict=True) if kept)
    return keys


def _current(tables: dict[str, pa.Table], folder: Path) -> Iterator[tuple[str, pa.Table, pa.Array]]:
    """Each table of verdicts with a mask of the rows whose sample is the one that readers get."""
    told = any(table["run_id"].null_count < table.num_rows for table in tables.values())
    runs = read_runs(folder) if told else {}
    for name, table in tables.items():
        rows = zip(*(table[column].to_pylist() for column in IDENTITY), strict=True)
        keep = [run in (None, runs.get((problem, index), run)) for problem, index, run in rows]
        yield name, table, pa.array(keep, pa.bool_())


def read_runs(folder: Path) -> dict[tuple[str, int], str]:
    """The run that made each sample that readers get, by its key. Raises LedgerError."""
    runs: dict[tuple[str, int], str] = {}
    for table in _read_tables(folder, SAMPLES, list(IDENTITY)).values():
        for problem, index, run in zip(*(table[n].to_pylist() for n in IDENTITY), strict=True):
            runs[problem, index] = min(runs.get((problem, index), run), run)
    return runs


def read_keys(folder: Path, family: Family) -> set[tuple[str, int]]:
    """(problem_id, sample_index) of every row, several times as fast as by `read_union`.

    Raises LedgerError.
    """
    return FollowedKeys(folder, family).refresh()


class FollowedKeys:
    """(problem_id, sample_index) of every row of a family, kept up to date by its new shards."""

    def __init__(self, folder: Path, family: Family) -> None:
        self._folder = folder
        self._family = family
        self._seen: set[str] = set()
        self._keys: set[tuple[str, int]] = set()

    def refresh(self) -> set[tuple[str, int]]:
        """All keys by now, in one set that later calls extend. Raises LedgerError."""
        tables = _read_tables(self._folder, self._family, list(KEY), self._seen)
        for table in tables.values():
            self._keys.update(zip(*(table[name].to_pylist() for name in KEY), strict=True))
        return self._keys


def _read_tables(
    folder: Path, family: Family, needed: list[str], seen: set[str] | None = None
) -> dict[str, pa.Table]:
    """The needed columns of every readable shard by its name.

    Args:
        seen: names of shards that are passed over; those that are read are added.
    """
    tables: dict[str, pa.Table] = {}
    seen = set() if seen is None else seen
    for attempt in range(RESCANS):
        # A compaction during a listing may hide both a shard and the one that replaces it, so the
        # folder is listed until nothing new appears. What was read stays valid in any case.
        new = [name for name in shard_names(folder, family) if name not in seen]
        if attempt and not new:
            break
        for name in new:
            table = read_shard(folder / name, family, needed)
            if table is not None:
                tables[name] = table
        seen.update(new)
    return tables


def compact(folder: Path, family: Family) -> None:
    """Merges the small shards of one family; the old ones go when the new one is durable.

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


def _unique(tables: dict[str, pa.Table], family: Family, needed: list[str]) -> "pd.DataFrame":
    import pandas as pd

    schema = pa.schema([family.schema.field(name) for name in needed])
    union = pa.concat_tables([tables[name] for name in sorted(tables)] or [schema.empty_table()])
    frame: pd.DataFrame = union.to_pandas(use_threads=False)  # see codec.decode
    ranking = [name for name in family.order if name in needed]
    order = frame[ranking].sort_values(ranking, kind="stable")
    kept = order.index[~order.duplicated(list(KEY))]
    frame = frame.loc[kept].reset_index(drop=True)
    for name in set(family.nullable).intersection(needed):  # None rather than NaN
        values = [None if value is None else str(value) for value in union[name].to_pylist()]
        frame[name] = pd.Series(values, dtype=object).loc[kept].reset_index(drop=True)
    return frame


def _parquet_names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.name.endswith(".parquet"))
    except FileNotFoundError:  # a cell that was never registered has no samples
        return []
    except OSError as error:
        raise ledger_error(error, folder) from error


def family_of(name: str) -> str | None:
    """The prefix of a shard's name; None for the name of something else."""
    match = _NAME.fullmatch(name)
    return match["family"] if match else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:HASH_DIGITS]


_sound: dict[tuple[str, str], frozenset[str]] = {}
"""Columns that were checked, by a shard's cell and name: a name stands for its bytes."""


def _checked(
    path: Path, data: bytes, family: Family, columns: Sequence[str] | None
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
    return table.select(wanted), stamped


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError as error:
        if error.errno in _VANISHED:
            return None
        raise ledger_error(error, path) from error
