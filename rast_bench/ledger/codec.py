"""Samples and verdicts as Parquet bytes and back."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from rast_bench.domain import Sample, Verdict

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
    ]
)
REASONS = ("reason", "rule", "extraction")
"""Columns of verdicts, null where a grader does not say. Older shards lack them."""
KEY = ("problem_id", "sample_index")


class UnreadableShardError(Exception):
    """The bytes are not Parquet, or not with the columns that are expected."""


@dataclass(frozen=True)
class Family:
    """Shards of one kind: their file names begin with `prefix`; `order` ranks duplicates.

    `order` begins with the key; of rows with one key, the first in this order is kept. It names
    stored columns only, so the choice does not depend on which shard holds a row. Columns in
    `optional` are null where a shard lacks them.
    """

    prefix: str
    schema: pa.Schema
    order: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def needed(self, columns: Sequence[str]) -> list[str]:
        """What must be read for these columns; optional ones rank rows only where asked for."""
        ranking = (name for name in self.order if name not in self.optional or name in columns)
        return list(dict.fromkeys([*ranking, *columns]))


# Run ids begin with the time: the first run's sample wins. One run never makes a sample twice.
SAMPLES = Family("samples", SAMPLE_SCHEMA, (*KEY, "run_id"))


def verdict_family(grader: str) -> Family:
    order = (*KEY, "kind", "extracted", *REASONS)
    return Family(f"verdicts-{grader}", VERDICT_SCHEMA, order, REASONS)


def sample_table(samples: Sequence[Sample], run_id: str) -> pa.Table:
    """One row a sample, in the given order; the cell is told by the folder, not by a column."""
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
        },
        schema=SAMPLE_SCHEMA,
    )


def verdict_table(verdicts: Iterable[Verdict]) -> pa.Table:
    rows = list(verdicts)
    return pa.table(
        {
            "problem_id": [v.key.problem_id for v in rows],
            "sample_index": [v.key.sample_index for v in rows],
            "kind": [v.kind for v in rows],
            "extracted": [v.extracted for v in rows],
            **{name: [getattr(v, name) or None for v in rows] for name in REASONS},
        },
        schema=VERDICT_SCHEMA,
    )


def encode(table: pa.Table, shard_id: str) -> bytes:
    """Parquet with zstd. A `shard_id` used once makes the bytes, and so the name, unique."""
    buffer = io.BytesIO()
    named = table.replace_schema_metadata({"rast_bench_shard": shard_id})
    pq.write_table(named, buffer, compression="zstd")
    return buffer.getvalue()


def decode(
    data: bytes,
    schema: pa.Schema,
    columns: Sequence[str] | None = None,
    optional: Sequence[str] = (),
) -> pa.Table:
    """The named columns (all of `schema` by default), without file metadata.

    Columns in `optional` that the file lacks are null.

    Raises:
        UnreadableShardError: not Parquet, or a column is missing or has another type.
    """
    wanted = list(schema.names if columns is None else columns)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        found = file.schema_arrow
        for field in schema:
            index = found.get_field_index(field.name)
            if index < 0 and field.name in optional:
                continue
            if index < 0 or not found.field(index).type.equals(field.type):
                raise UnreadableShardError(f"its column {field.name} is missing or of another type")
        # Arrow's threads now and then abort the process when it exits (apache/arrow#34314).
        table = file.read(columns=wanted, use_threads=False)
        for name in wanted:
            if name not in table.column_names:
                field = schema.field(name)
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        return table.select(wanted).replace_schema_metadata(None)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableShardError("it is not a whole Parquet file") from error
