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
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from rast_bench.ledger.atomic import ledger_error, sync_folder, write_durably
from rast_bench.ledger.codec import KEY, Family, UnreadableShardError, decode, encode

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
    return [name for name in _parquet_names(folder) if _family_of(name) == family.prefix]


def family_prefixes(folder: Path) -> set[str]:
    """Which families have shards in this folder: `samples`, `verdicts-<grader>`, …"""
    return {prefix for name in _parquet_names(folder) if (prefix := _family_of(name))}


def write_shard(folder: Path, family: Family, table: pa.Table) -> str:
    """Writes one durable shard and returns its name. Raises OSError."""
    data = encode(table, uuid4().hex)
    name = f"{family.prefix}-{_digest(data)}.parquet"
    write_durably(folder / name, data)
    return name


def read_shard(path: Path, family: Family, columns: Sequence[str] | None) -> pa.Table | None:
    """The shard's rows; None when it is gone (compacted) or corrupt (then it is set aside).

    Raises:
        LedgerError: it is there but cannot be read.
    """
    data = _read(path)
    if data is None:
        return None
    try:
        return _checked(path.name, data, family, columns)
    except UnreadableShardError as error:
        _set_aside(path, str(error))
        return None


def read_union(folder: Path, family: Family, columns: Sequence[str]) -> "pd.DataFrame":
    """Every row of the family once, sorted by (problem_id, sample_index), index 0, 1, ….

    Raises:
        LedgerError: the folder or a shard is there but cannot be read.
    """
    needed = family.needed(columns)
    return _unique(_read_tables(folder, family, needed), family, needed)[list(columns)]


def read_keys(folder: Path, family: Family) -> set[tuple[str, int]]:
    """(problem_id, sample_index) of every row, several times as fast as by `read_union`.

    Raises LedgerError.
    """
    keys: set[tuple[str, int]] = set()
    for table in _read_tables(folder, family, list(KEY)).values():
        keys.update(zip(*(table[name].to_pylist() for name in KEY), strict=True))
    return keys


def _read_tables(folder: Path, family: Family, needed: list[str]) -> dict[str, pa.Table]:
    """The needed columns of every readable shard by its name."""
    tables: dict[str, pa.Table] = {}
    seen: set[str] = set()
    for _ in range(RESCANS):
        # A compaction during a listing may hide both a shard and the one that replaces it, so the
        # folder is listed until nothing new appears. What was read stays valid in any case.
        new = [name for name in shard_names(folder, family) if name not in seen]
        if seen and not new:
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
        write_shard(folder, family, pa.concat_tables(batch.values()))
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
    for name in {"extracted", *family.optional}.intersection(needed):  # None rather than NaN
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


def _family_of(name: str) -> str | None:
    match = _NAME.fullmatch(name)
    return match["family"] if match else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:HASH_DIGITS]


def _checked(name: str, data: bytes, family: Family, columns: Sequence[str] | None) -> pa.Table:
    match = _NAME.fullmatch(name)
    if match is None or match["digest"] != _digest(data):
        raise UnreadableShardError("its checksum does not match its name")
    return decode(data, family.schema, columns, family.optional)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        if error.errno in _VANISHED:
            return None
        raise ledger_error(error, path) from error


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError as error:
        if error.errno in _VANISHED:
            return None
        raise ledger_error(error, path) from error


_told: set[Path] = set()


def _set_aside(path: Path, reason: str) -> None:
    """Renames a corrupt shard and says so, once, in one line on stderr."""
    aside = path.with_name(path.name + ".corrupt")
    try:
        path.rename(aside)
        outcome = f"set aside as {aside.name}"
    except FileNotFoundError:  # another reader has set it aside and said so
        return
    except OSError as error:
        outcome = f"ignored ({(error.strerror or 'not renamed').lower()})"
    if path not in _told:
        _told.add(path)
        what = "verdicts" if path.name.startswith("verdicts-") else "samples"
        print(
            f"warning: corrupt shard {path}: {reason}; {outcome}, its {what} are computed again",
            file=sys.stderr,
            flush=True,
        )
