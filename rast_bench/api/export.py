"""Frames as one file: JSONL, Parquet or CSV, written cell by cell, whole or not at all."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, get_args

from rast_bench.api.columns import Column, arrow_schema
from rast_bench.errors import ConfigError
from rast_bench.ledger.atomic import durable_file
from rast_bench.plain_files import shown
from rast_bench.reporting.csv_text import text_cell

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Format = Literal["jsonl", "parquet", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)

_ROWS_AT_ONCE = 1_000  # rows converted to Python objects at a time


def format_of(target: Path, chosen: str | None) -> Format:
    """Return the chosen format, else that of the file's extension.

    Raises:
        ConfigError: neither names one.
    """
    name = target.suffix.removeprefix(".").lower() if chosen is None else chosen
    for known in FORMATS:
        if name == known:
            return known
    raise ConfigError(
        f"{shown(target)}: its extension names no format",
        hint=f"use {', '.join(f'.{one}' for one in FORMATS)}, or give --format",
    )


def check_target(target: Path, *, overwrite: bool) -> None:
    """Raise ConfigError if the file cannot be written, or exists and must not be replaced."""
    if target.is_dir():
        raise ConfigError(f"cannot write {shown(target)}: it is a folder", hint="name a file in it")
    if not target.parent.is_dir():
        raise ConfigError(
            f"cannot write {shown(target)}: there is no folder {shown(target.parent)}",
            hint="create it first",
        )
    if target.exists() and not overwrite:
        raise ConfigError(
            f"{shown(target)} already exists",
            hint="choose another name, or replace it with --overwrite",
        )


def export(
    frames: Iterable["pd.DataFrame"],
    columns: Sequence[Column],
    target: Path,
    kind: Format,
    *,
    overwrite: bool = False,
) -> int:
    """Write the frames one after the other; return the number of rows.

    Only one frame is in memory at a time. The file appears when all are written.

    Raises:
        ConfigError: as `check_target`, and if the disk is full.
    """
    check_target(target, overwrite=overwrite)
    schema = arrow_schema(columns)
    rows = 0
    try:
        with durable_file(target) as file, _WRITERS[kind](file, schema) as write:
            for frame in frames:
                write(_table(frame, schema))
                rows += len(frame)
    except OSError as error:
        raise ConfigError(
            f"cannot write {shown(target)}: {(error.strerror or str(error)).lower()}",
            hint="choose a writable folder with enough space",
        ) from error
    return rows


def _table(frame: "pd.DataFrame", schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pandas(frame, schema, preserve_index=False).replace_schema_metadata(None)


Write = Callable[["pa.Table"], None]


@contextmanager
def _parquet(file: BinaryIO, schema: "pa.Schema") -> Iterator[Write]:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield writer.write_table


@contextmanager
def _jsonl(file: BinaryIO, _: "pa.Schema") -> Iterator[Write]:
    def write(table: "pa.Table") -> None:
        for row in _rows(table):
            line = json.dumps(row, ensure_ascii=False, allow_nan=False, default=_as_text)
            file.write(f"{line}\n".encode())

    yield write


@contextmanager
def _csv(file: BinaryIO, schema: "pa.Schema") -> Iterator[Write]:
    """Yield a writer. Lists are JSON; text that a spreadsheet would execute gets an apostrophe."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(schema.names)

    def write(table: "pa.Table") -> None:
        for row in _rows(table):
            writer.writerow(map(_csv_cell, row.values()))

    yield write
    text.detach()  # the file is closed by its opener


_WRITERS = {"jsonl": _jsonl, "parquet": _parquet, "csv": _csv}


def _rows(table: "pa.Table") -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
        yield from batch.to_pylist()


def _csv_cell(value: Any) -> str:
    """Return floats at full precision, and an empty string for missing values."""
    if value is None:
        return ""
    if isinstance(value, str):
        return text_cell(value)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return _as_text(value) if isinstance(value, datetime) else str(value)


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
