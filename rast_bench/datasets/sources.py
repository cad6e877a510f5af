"""Rows of a JSONL file, a Parquet file or a hub data set. pyarrow and datasets come in lazily."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rast_bench.config.paths import ZOO_DATA_DIR, ZOO_PREFIX, looks_local, zoo_path
from rast_bench.config.schema import DatasetConfig
from rast_bench.errors import DatasetError

_FILE_SUFFIXES = (".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class Row:
    """One raw row. `place` says where it stands, for messages: `easy.jsonl line 3`."""

    place: str
    fields: dict[str, Any]


def read_rows(cfg: DatasetConfig) -> list[Row]:
    """All rows of `cfg.path`, in order. Raises DatasetError when they cannot be read."""
    path = dataset_file(cfg)
    if path is None:
        return _hub_rows(cfg)
    if not path.is_file():
        raise DatasetError(f"data set {cfg.name}: no file {path}", hint=_missing_hint(cfg))
    try:
        return _jsonl_rows(cfg, path) if path.suffix == ".jsonl" else _parquet_rows(cfg, path)
    except OSError as error:
        raise DatasetError(f"data set {cfg.name}: cannot read {path}: {error.strerror}") from error


def dataset_file(cfg: DatasetConfig) -> Path | None:
    """The file of a `zoo:` or local data set (it may be missing), or None for a hub id."""
    if cfg.path.startswith(ZOO_PREFIX):
        try:
            path = zoo_path(cfg.path, ZOO_DATA_DIR)
        except ValueError as error:
            raise DatasetError(f"data set {cfg.name}: {error}") from None
    else:
        path = Path(cfg.path).expanduser()
        if not (looks_local(cfg.path) or path.suffix in _FILE_SUFFIXES or path.exists()):
            return None
    if path.suffix not in _FILE_SUFFIXES:
        raise DatasetError(
            f"data set {cfg.name}: {path} is neither .jsonl nor .parquet",
            hint="convert it, one problem a row",
        )
    return path


def _missing_hint(cfg: DatasetConfig) -> str:
    if not cfg.path.startswith(ZOO_PREFIX):
        return "check dataset.path; a relative path starts at the current folder"
    names = sorted(path.name for path in ZOO_DATA_DIR.glob("*.jsonl"))
    if not names:
        return "the zoo's data are not installed; `python scripts/train_zoo.py` makes them"
    return "the zoo has " + ", ".join(names)


def _jsonl_rows(cfg: DatasetConfig, path: Path) -> list[Row]:
    rows = []
    with path.open(encoding="utf-8-sig") as stream:
        try:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    rows.append(_json_row(cfg, f"{path.name} line {number}", line))
        except UnicodeDecodeError as error:
            raise DatasetError(
                f"data set {cfg.name}: {path} is not UTF-8 text", hint=str(error)
            ) from error
    return rows


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


def _parquet_rows(cfg: DatasetConfig, path: Path) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without threads: they now and then abort the process at exit (apache/arrow#34314).
        table = pq.ParquetFile(path).read(use_threads=False)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise DatasetError(f"data set {cfg.name}: {path} is not Parquet: {reason}") from error
    return [Row(f"{path.name} row {index}", row) for index, row in enumerate(table.to_pylist())]


def _hub_rows(cfg: DatasetConfig) -> list[Row]:
    import datasets

    try:
        table = datasets.load_dataset(
            cfg.path, name=cfg.subset, split=cfg.split, revision=cfg.revision
        )
    # The library raises its own, the hub's and the network's exceptions without a common base;
    # each means that the data set cannot be had, and each reason is passed on.
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise DatasetError(
            f"data set {cfg.name}: cannot load {cfg.path!r} from the hub: "
            f"{reason[0] if reason else type(error).__name__}",
            hint="a local file ends in .jsonl or .parquet; for the hub check the id, "
            "dataset.subset, dataset.split and the network",
        ) from error
    return [Row(f"row {index}", dict(row)) for index, row in enumerate(table)]
