"""Encode samples and verdicts as Parquet bytes, and decode them."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rast_bench.config.identity import sample_digests
from rast_bench.domain import FinishReason, Sample, Verdict, VerdictKind
from rast_bench.ledger.files import UnsoundFileError
from rast_bench.ledger.keys import Numbers, encoded, key_numbers, numbers_of, ranks, texts_of

SMALL_STEPS = "small_steps"
SAMPLE_SCHEMA = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int64()),
        ("seed", pa.int64()),
        ("prompt_sha256", pa.string()),
        ("token_ids", pa.list_(pa.int32())),
        ("text", pa.string()),
        ("finish_reason", pa.string()),
        ("token_count", pa.int64()),
        ("run_id", pa.string()),
        (SMALL_STEPS, pa.int64()),  # null if not counted; older shards lack it
    ]
)
VERDICT_SCHEMA = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int64()),
        ("kind", pa.string()),
        ("extracted", pa.string()),
        ("reason", pa.string()),
        ("rule", pa.string()),
        ("extraction", pa.string()),
        ("run_id", pa.string()),  # the run that made the judged sample
    ]
)
REASONS = ("reason", "rule", "extraction")
"""Columns of verdicts, null if a grader does not say. Older shards lack them, and run_id."""
ROW_GROUP_ROWS = 1_024
"""Rows that are read together: who shows a few long responses need not read a whole shard."""
KEY = ("problem_id", "sample_index")
IDENTITY = (*KEY, "run_id")
"""The columns that identify a row of a shard."""

_DIGEST_WORDS = 4  # of 8 bytes, in a SHA-256
_SHA256 = re.compile(r"[0-9a-f]{64}")

SHARD_SCHEMA = 1
"""Increased when the meaning of a column changes: earlier versions then reject the shard."""

_SHARD, _CELL, _KIND, _SCHEMA = (
    f"rast_bench_{word}".encode() for word in ("shard", "cell", "kind", "schema")
)


@dataclass(frozen=True)
class Family:
    """Shards of one kind: their file names start with `prefix`; `order` ranks duplicates.

    `order` starts with the key; of rows with the same key, the first one is kept. It names stored
    columns only, so the choice does not depend on which shard holds a row. Columns in `optional`
    are null if a shard lacks them; columns in `words` contain only the listed values.
    """

    prefix: str
    schema: pa.Schema
    order: tuple[str, ...]
    optional: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    heavy: tuple[str, ...] = ()  # columns that are read only on request
    long: tuple[str, ...] = ()  # texts that differ from row to row: not kept in memory
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def needed(self, columns: Sequence[str]) -> list[str]:
        """Return the columns to read for these columns; optional ones rank rows only if
        requested.
        """
        ranking = (name for name in self.order if name not in self.optional or name in columns)
        return list(dict.fromkeys([*ranking, *columns]))


# Run ids start with the time: the first run's sample wins. One run never makes a sample twice.
SAMPLES = Family(
    "samples",
    SAMPLE_SCHEMA,
    (*KEY, "run_id"),
    optional=(SMALL_STEPS,),
    nullable=(SMALL_STEPS,),
    heavy=("token_ids", SMALL_STEPS),
    long=("seed", "prompt_sha256", "text"),
    words={"finish_reason": frozenset(get_args(FinishReason))},
)


VERDICTS = "verdicts-"


def verdict_family(grader: str) -> Family:
    return Family(
        VERDICTS + grader,
        VERDICT_SCHEMA,
        order=(*KEY, "kind", "extracted", *REASONS),
        optional=(*REASONS, "run_id"),
        nullable=("extracted", *REASONS, "run_id"),
        words={"kind": frozenset(get_args(VerdictKind))},
    )


def sample_table(samples: Sequence[Sample], run_id: str) -> pa.Table:
    """Return one row per sample, in order; the cell is given by the folder, not by a column."""
    return pa.table(
        {
            "problem_id": [s.key.problem_id for s in samples],
            "sample_index": [s.key.sample_index for s in samples],
            "seed": [s.seed for s in samples],
            "prompt_sha256": [s.prompt_sha256 for s in samples],
            "token_ids": [s.token_ids for s in samples],
            "text": [s.text for s in samples],
            "finish_reason": [s.finish_reason for s in samples],
            "token_count": [s.token_count for s in samples],
            "run_id": [run_id] * len(samples),
            SMALL_STEPS: [s.small_steps for s in samples],
        },
        schema=SAMPLE_SCHEMA,
    )


def verdict_table(
    verdicts: Iterable[Verdict], runs: Mapping[tuple[str, int], str] | None = None
) -> pa.Table:
    """Return one row per verdict; `runs` maps a sample's key to the id of the run that made it."""
    rows = list(verdicts)
    known = {} if runs is None else runs
    return pa.table(
        {
            "problem_id": [v.key.problem_id for v in rows],
            "sample_index": [v.key.sample_index for v in rows],
            "kind": [v.kind for v in rows],
            "extracted": [v.extracted for v in rows],
            **{name: [getattr(v, name) or None for v in rows] for name in REASONS},
            "run_id": [known.get((v.key.problem_id, v.key.sample_index)) for v in rows],
        },
        schema=VERDICT_SCHEMA,
    )


def encode(table: pa.Table, family: Family, cell_id: str, shard_id: str) -> bytes:
    """Return Parquet with zstd, stamped with cell, kind and schema.

    A `shard_id` that is used once makes the bytes, and so the file name, unique.
    """
    buffer = io.BytesIO()
    stamp = {
        _SHARD: shard_id,
        _CELL: cell_id,
        _KIND: family.prefix,
        _SCHEMA: str(SHARD_SCHEMA),
    }
    pq.write_table(
        table.replace_schema_metadata(stamp),
        buffer,
        compression="zstd",
        row_group_size=ROW_GROUP_ROWS,
    )
    return buffer.getvalue()


def decode(
    data: bytes, family: Family, cell_id: str, columns: Sequence[str] | None = None
) -> tuple[pa.Table, bool]:
    """Return the named columns (all by default) without metadata, and whether the shard is stamped.

    Optional columns that the file lacks are null.

    Raises:
        UnsoundFileError: not Parquet, of another cell or kind, or a column is missing or has
            another type.
        LaterSchemaError: a later version of this program wrote it.
    """
    wanted = list(family.schema.names if columns is None else columns)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        stamped = _check_stamp(file.schema_arrow.metadata or {}, family, cell_id)
        found = file.schema_arrow
        for column in family.schema:
            index = found.get_field_index(column.name)
            if index < 0 and column.name in family.optional:
                continue
            if index < 0 or not found.field(index).type.equals(column.type):
                raise UnsoundFileError(f"its column {column.name} is missing or of another type")
        # Arrow's threads sometimes abort the process when it exits (apache/arrow#34314).
        table = file.read(columns=wanted, use_threads=False)
        for name in wanted:
            if name not in table.column_names:
                column = family.schema.field(name)
                table = table.append_column(column, pa.nulls(table.num_rows, column.type))
        if family is SAMPLES and "token_count" in wanted:
            _check_statistics(file.metadata, table)
        return table.select(wanted).replace_schema_metadata(None), stamped
    except (pa.ArrowException, OSError) as error:
        raise UnsoundFileError("it is not a complete Parquet file") from error


def _check_statistics(metadata: pq.FileMetaData, table: pa.Table) -> None:
    """Raise UnsoundFileError unless token_count fits token_ids, using the file's statistics alone.

    A list without tokens counts as one value, which is null.
    """
    counts = numbers_of(table["token_count"])
    values = nulls = 0
    paths = (metadata.schema.column(place).path for place in range(metadata.num_columns))
    places = [place for place, path in enumerate(paths) if path.startswith("token_ids.")]
    for group in range(metadata.num_row_groups):
        for place in places:
            column = metadata.row_group(group).column(place)
            told = column.statistics
            values += column.num_values
            if told is None or not told.has_null_count:
                return  # another program wrote it: `check_rows` checks the tokens themselves
            nulls += told.null_count
            if told.has_min_max and told.min < 0:
                raise UnsoundFileError("a token id is negative")
    if values != counts.clip(min=1).sum() or nulls != (counts == 0).sum():
        raise UnsoundFileError("a token_count does not match its token_ids")


class LaterSchemaError(Exception):
    """A shard that this version cannot interpret. The message is its schema."""


def _check_stamp(metadata: Mapping[bytes, bytes], family: Family, cell_id: str) -> bool:
    """Return whether there is a stamp; raise for a wrong one. Older shards have only an id."""
    if not metadata.keys() & {_CELL, _KIND, _SCHEMA}:
        return False
    told = {key: metadata.get(key, b"").decode(errors="replace") for key in (_CELL, _KIND, _SCHEMA)}
    if told[_SCHEMA].isdecimal() and int(told[_SCHEMA]) > SHARD_SCHEMA:
        raise LaterSchemaError(told[_SCHEMA])
    if told[_CELL] != cell_id:
        raise UnsoundFileError("it belongs to another cell")
    if told[_KIND] != family.prefix:
        raise UnsoundFileError(f"it does not hold {family.prefix}")
    if told[_SCHEMA] != str(SHARD_SCHEMA):
        raise UnsoundFileError("its schema is unknown")
    return True


def check_rows(table: pa.Table, family: Family, cell_id: str, *, stamped: bool = True) -> None:
    """Raise UnsoundFileError for rows that no version of this program writes.

    Args:
        table: all columns of the family, except that heavy ones may be left out.
        stamped: False for a version that wrote neither stamps nor the run of a judged sample,
            and kept duplicates when merging shards.
    """
    try:
        table.validate(full=True)  # UTF-8 too, which reading does not check
    except pa.ArrowException as error:
        raise UnsoundFileError("its columns do not match their types") from error
    for name in table.column_names:
        if name not in family.nullable and table[name].null_count:
            raise UnsoundFileError(f"its column {name} lacks a value")
    for name, words in family.words.items():
        if unknown := set(table[name].unique().to_pylist()) - words:
            raise UnsoundFileError(f"its column {name} contains {min(unknown)!r:.40}")
    if table.num_rows and numbers_of(table["sample_index"]).min() < 0:
        raise UnsoundFileError("a sample_index is negative")
    if stamped and _repeats(table.select(IDENTITY)):
        raise UnsoundFileError("a sample appears in it twice")
    tells_runs = table["run_id"].null_count < table.num_rows
    if not stamped and "run_id" in family.optional and tells_runs:
        raise UnsoundFileError("it has lost its stamp")
    if family is SAMPLES:
        _check_samples(table, cell_id)


def _repeats(identities: pa.Table) -> bool:
    """Return whether two rows have the same identity."""
    table = encoded(identities)
    (numbers,) = key_numbers([table])
    (runs,) = ranks([table], "run_id")
    order = np.lexsort((runs, numbers))
    numbers, runs = numbers[order], runs[order]
    return bool(((numbers[1:] == numbers[:-1]) & (runs[1:] == runs[:-1])).any())


def _check_samples(table: pa.Table, cell_id: str) -> None:
    if not (numbers_of(table["seed"]) == sample_seeds(table, cell_id)).all():
        raise UnsoundFileError("its seeds do not match its samples")
    if not all(map(_SHA256.fullmatch, table["prompt_sha256"].unique().to_pylist())):
        raise UnsoundFileError("a prompt_sha256 is not a SHA-256")
    if SMALL_STEPS in table.column_names:
        steps = zip(table[SMALL_STEPS].to_pylist(), table["token_count"].to_pylist(), strict=True)
        if not all(found is None or 0 <= found <= count for found, count in steps):
            raise UnsoundFileError("a sample has more small_steps than tokens, or fewer than 0")
    if "token_ids" not in table.column_names:
        return
    ids = table["token_ids"].combine_chunks()
    counts = numbers_of(ids.value_lengths())
    tokens = ids.flatten()
    if tokens.null_count or (len(tokens) and numbers_of(tokens).min() < 0):
        raise UnsoundFileError("a token id is negative")
    if not (counts == numbers_of(table["token_count"])).all():
        raise UnsoundFileError("a token_count does not match its token_ids")


def sample_seeds(keys: pa.Table, cell_id: str) -> Numbers:
    """Return `sample_seed` of every row's problem_id and sample_index."""
    problems = texts_of(encoded(keys.select(["problem_id"]))["problem_id"]).tolist()
    pairs = zip(problems, keys["sample_index"].to_pylist(), strict=True)
    words = np.frombuffer(b"".join(sample_digests(cell_id, pairs)), dtype=">u8")
    return (words.reshape(-1, _DIGEST_WORDS)[:, 0] >> 1).astype(np.int64)


def merged(tables: Iterable[pa.Table], family: Family) -> pa.Table:
    """Return the rows of all tables; of rows with one identity, only the first in the family's
    order.
    """
    table = pa.concat_tables(tables)
    keys = list(zip(*(table[name].to_pylist() for name in IDENTITY), strict=True))
    if len(set(keys)) == len(keys):
        return table
    ranks = zip(*(table[name].to_pylist() for name in family.order), strict=True)
    first: dict[tuple[str, int, str], tuple[list[tuple[bool, object]], int]] = {}
    for place, (key, rank) in enumerate(zip(keys, ranks, strict=True)):
        candidate = [(value is None, value) for value in rank], place
        first[key] = min(first.get(key, candidate), candidate)
    return table.take(sorted(place for _, place in first.values()))
