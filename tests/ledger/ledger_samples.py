"""Samples for the ledger's tests."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rast_bench.config.identity import sample_seed
from rast_bench.domain import Sample, SampleKey
from rast_bench.ledger.codec import SHARD_SCHEMA, Family
from rast_bench.ledger.shards import HASH_DIGITS

CELL = "0123456789abcdef"


def make_sample(
    problem: str = "p1", index: int = 0, *, cell: str = CELL, text: str | None = None
) -> Sample:
    tokens = tuple((len(problem) + index * 7 + place) % 50 for place in range(index % 4 + 1))
    key = SampleKey(cell, problem, index)
    return Sample(
        key=key,
        seed=sample_seed(key),
        prompt_sha256="ab" * 32,
        token_ids=tokens,
        text=f"λ {problem}/{index}" if text is None else text,
        finish_reason="eos",
    )


def make_manifest(run_id: str, **changed: object) -> dict[str, object]:
    return {
        "run_id": run_id,
        "cell_id": CELL,
        "config": {"engine": {"name": "transformers", "dtype": "float32"}},
        "status": "complete",
        "started": "2026-01-31T12:00:00+00:00",
        "ended": "2026-01-31T12:00:01+00:00",
        "samples_made": 1,
        "seconds": 1.0,
        "samples_per_second": 1.0,
        "host": "here",
        "pid": 1,
        "cpu": {"model": "a processor"},
        "gpus": [],
        "versions": {},
        **changed,
    }


def write_forged(
    folder: Path, family: Family, table: pa.Table, *, stamp: dict[str, str] | None = None
) -> Path:
    """A shard whose name is that of its bytes, whatever the rows. A right stamp by default."""
    right = {
        "rast_bench_cell": folder.name,
        "rast_bench_kind": family.prefix,
        "rast_bench_schema": str(SHARD_SCHEMA),
    }
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(right if stamp is None else stamp), buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()[:HASH_DIGITS]
    path = folder / f"{family.prefix}-{digest}.parquet"
    path.write_bytes(buffer.getvalue())
    return path


def rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    """A data frame as plain tuples, arrays as tuples, for exact comparison."""
    return [
        tuple(tuple(v.tolist()) if isinstance(v, np.ndarray) else v for v in row)
        for row in frame.itertuples(index=False)
    ]


def sample_rows(samples: list[Sample]) -> list[tuple[object, ...]]:
    """What `rows(ledger.samples(cell))` must be for these samples."""
    return [
        (
            s.key.problem_id,
            s.key.sample_index,
            s.seed,
            s.prompt_sha256,
            s.token_ids,
            s.text,
            s.finish_reason,
            s.token_count,
        )
        for s in sorted(samples, key=lambda s: s.key)
    ]
