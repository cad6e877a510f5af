"""Rows of JSONL and Parquet files and of hub data sets."""

import json
from collections.abc import Iterator
from pathlib import Path

from rast_bench.config.paths import ZOO_DATA_DIR, ZOO_PREFIX, looks_local, zoo_path
from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.hub import downloaded_files, hub_table, keep, kept_copy
from rast_bench.datasets.rows import Row
from rast_bench.errors import DatasetError, first_line

_FILE_SUFFIXES = (".jsonl", ".parquet")


def read_rows(cfg: DatasetConfig) -> Iterator[Row]:
    """All rows of the data set, in order. Raises DatasetError when they cannot be read."""
    path = dataset_file(cfg)
    if path is None:
        yield from _hub_rows(cfg)
        return
    if not path.is_file():
        raise DatasetError(f"data set {cfg.name}: no file {path}", hint=_missing_hint(cfg))
    yield from _file_rows(cfg, path)


def dataset_file(cfg: DatasetConfig) -> Path | None:
    """The file of a `zoo:` or local data set (it may be missing), or None for a hub id.

    For a hub id with `data_dir`, the file there. Raises DatasetError for a name that can be neither
    and for a `data_dir` without the set.
    """
    if cfg.path.startswith(ZOO_PREFIX):
        try:
            path = zoo_path(cfg.path, ZOO_DATA_DIR)
        except ValueError as error:
            raise DatasetError(f"data set {cfg.name}: {error}") from None
    else:
        path = Path(cfg.path).expanduser()
        if not (looks_local(cfg.path) or path.suffix in _FILE_SUFFIXES or path.exists()):
            return None if cfg.data_dir is None else _stand_in(cfg, Path(cfg.data_dir))
    if path.suffix not in _FILE_SUFFIXES:
        raise DatasetError(
            f"data set {cfg.name}: {path} is neither .jsonl nor .parquet",
            hint="convert it, one problem a row",
        )
    return path


def _stand_in(cfg: DatasetConfig, folder: Path) -> Path:
    """The file in `data_dir` that stands in for the hub. Raises DatasetError."""
    candidates = [folder.expanduser() / f"{cfg.name}{suffix}" for suffix in _FILE_SUFFIXES]
    for path in candidates:
        if path.is_file():
            return path
    names = " or ".join(path.name for path in candidates)
    raise DatasetError(
        f"data set {cfg.name}: no {names} in {folder}",
        hint=f"put it there with the fields of {cfg.path}, or leave dataset.data_dir out to take "
        "it from the hub",
    )


def _missing_hint(cfg: DatasetConfig) -> str:
    if not cfg.path.startswith(ZOO_PREFIX):
        return "check dataset.path; a relative path starts at the current folder"
    names = sorted(path.name for path in ZOO_DATA_DIR.glob("*.jsonl"))
    if not names:
        return "the zoo's data are not installed; `python scripts/train_zoo.py` makes them"
    return "the zoo has " + ", ".join(names)


def _file_rows(cfg: DatasetConfig, path: Path) -> Iterator[Row]:
    try:
        yield from _jsonl_rows(cfg, path) if path.suffix == ".jsonl" else _parquet_rows(cfg, path)
    except OSError as error:
        raise DatasetError(f"data set {cfg.name}: cannot read {path}: {error.strerror}") from error


def _jsonl_rows(cfg: DatasetConfig, path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig") as stream:
        try:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield _json_row(cfg, f"{path.name} line {number}", line)
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"data set {cfg.name}: {path} is not UTF-8 text", hint=str(error)
            ) from error


def _json_row(cfg: DatasetConfig, place: str, line: str) -> Row:
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise DatasetError(
            f"data set {cfg.name}: {place} is not JSON: {error.msg} at column {error.colno}",
            hint="a .jsonl file holds one JSON object a line",
        ) from error
    if not isinstance(fields, dict):
        raise DatasetError(
            f"data set {cfg.name}: {place} is a JSON {type(fields).__name__}, not an object",
            hint="a .jsonl file holds one JSON object a line",
        )
    return Row(place, fields)


def _parquet_rows(cfg: DatasetConfig, path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without threads: they now and then abort the process at exit (apache/arrow#34314).
        table = pq.ParquetFile(path).read(use_threads=False)
    except pa.ArrowInvalid as error:
        reason = first_line(error)
        raise DatasetError(f"data set {cfg.name}: {path} is not Parquet: {reason}") from error
    for index, fields in enumerate(table.to_pylist()):
        yield Row(f"{path.name} row {index}", fields)


def _hub_rows(cfg: DatasetConfig) -> Iterator[Row]:
    if cfg.data_files:
        for path in downloaded_files(cfg):
            yield from _file_rows(cfg, path)
        return
    copy = kept_copy(cfg)
    if copy is not None and copy.is_file():
        yield from _file_rows(cfg, copy)
        return
    table = hub_table(cfg)
    if copy is not None:
        keep(table, cfg, copy)
    for index, fields in enumerate(table):
        yield Row(f"row {index}", dict(fields))
