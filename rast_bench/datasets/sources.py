"""Rows of JSONL and Parquet files and of hub data sets."""

from collections import Counter
from collections.abc import Iterator
from os.path import lexists
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.config.paths import (
    ZOO_DATA_DIR,
    ZOO_PREFIX,
    ZOO_SCRIPT,
    expanded,
    looks_local,
    zoo_path,
)
from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.hub import downloaded_files, hub_table, keep, kept_copy
from rast_bench.datasets.rows import Row, Unreadable
from rast_bench.errors import DatasetError, first_line
from rast_bench.plain_files import (
    file_problem,
    folder_problem,
    is_there,
    os_problem,
    parse_json,
    shown,
)

if TYPE_CHECKING:
    import pyarrow as pa

_FILE_SUFFIXES = (".jsonl", ".parquet")


def read_rows(cfg: DatasetConfig) -> Iterator[Row]:
    """Yield all rows of the data set, in order. Raise DatasetError if they cannot be read."""
    path = dataset_file(cfg)
    if path is None:
        yield from _hub_rows(cfg)
        return
    yield from _file_rows(cfg, path)


def dataset_file(cfg: DatasetConfig) -> Path | None:
    """Return the file of a `zoo:` or local data set (it may be missing), or None for a hub id.

    For a hub id with `data_dir`, the file there.

    Raises:
        DatasetError: the name can be neither, or `data_dir` lacks the set.
    """
    if cfg.path.startswith(ZOO_PREFIX):
        try:
            path = zoo_path(cfg.path, ZOO_DATA_DIR)
        except ValueError as error:
            raise DatasetError(
                f"data set {cfg.name}: {error}",
                hint="name one that ships, as conf/dataset/tiny-easy.yaml does, or a file of yours",
            ) from None
    else:
        path = expanded(cfg.path)
        if not (looks_local(cfg.path) or path.suffix in _FILE_SUFFIXES or lexists(path)):
            return None if cfg.data_dir is None else _stand_in(cfg, Path(cfg.data_dir))
    if path.suffix not in _FILE_SUFFIXES:
        raise DatasetError(
            f"data set {cfg.name}: {shown(path)} is neither .jsonl nor .parquet",
            hint="convert it, one problem per row",
        )
    return path


def _stand_in(cfg: DatasetConfig, folder: Path) -> Path:
    """Return the file in `data_dir` that replaces the hub. Raise DatasetError if there is none."""
    folder = expanded(str(folder))
    if problem := folder_problem(folder):
        raise DatasetError(
            f"data set {cfg.name}: cannot read dataset.data_dir={shown(folder)}: {problem}",
            hint="name a folder that you may read, or leave dataset.data_dir out",
        )
    candidates = [folder / f"{cfg.name}{suffix}" for suffix in _FILE_SUFFIXES]
    for path in candidates:
        if is_there(path):
            return path
    names = " or ".join(path.name for path in candidates)
    raise DatasetError(
        f"data set {cfg.name}: no {names} in {shown(folder)}",
        hint=f"put it there with the fields of {cfg.path}, or leave dataset.data_dir out to take "
        "it from the hub",
    )


def _missing_hint(cfg: DatasetConfig) -> str:
    if not cfg.path.startswith(ZOO_PREFIX):
        return "check dataset.path; a relative path starts at the current folder"
    names = sorted(path.name for path in ZOO_DATA_DIR.glob("*.jsonl"))
    if not names:
        return f"the zoo's data are not installed; {ZOO_SCRIPT}"
    return "the zoo has " + ", ".join(names)


def _file_rows(cfg: DatasetConfig, path: Path) -> Iterator[Row]:
    if not is_there(path):
        raise DatasetError(f"data set {cfg.name}: no file {shown(path)}", hint=_missing_hint(cfg))
    if problem := file_problem(path):
        raise _unreadable(cfg, path, problem)
    try:
        yield from _jsonl_rows(cfg, path) if path.suffix == ".jsonl" else _parquet_rows(cfg, path)
    except OSError as error:
        raise _unreadable(cfg, path, os_problem(error, path)) from error


def _unreadable(cfg: DatasetConfig, path: Path, problem: str) -> DatasetError:
    return DatasetError(
        f"data set {cfg.name}: no file to read at {shown(path)}: {problem}",
        hint=f"dataset.path must name a {' or '.join(_FILE_SUFFIXES)} file that you may read",
    )


def _jsonl_rows(cfg: DatasetConfig, path: Path) -> Iterator[Row]:
    with path.open("rb") as stream:  # decoded line by line, so that an error has its line
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield _json_row(cfg, f"{path.name} line {number}", line)


def _json_row(cfg: DatasetConfig, location: str, line: bytes) -> Row:
    try:
        fields = parse_json(line)
    except ValueError as error:
        raise DatasetError(
            f"data set {cfg.name}: {location} {error}",
            hint="a .jsonl file is UTF-8 text with one JSON object per line",
        ) from error
    if not isinstance(fields, dict):
        raise DatasetError(
            f"data set {cfg.name}: {location} is a JSON {type(fields).__name__}, not an object",
            hint="a .jsonl file has one JSON object per line",
        )
    return Row(location, fields)


def _parquet_rows(cfg: DatasetConfig, path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without threads: they sometimes abort the process at exit (apache/arrow#34314).
        table = pq.ParquetFile(path).read(use_threads=False)
    # A truncated or modified file also raises OSError.
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(
            f"data set {cfg.name}: {shown(path)} is not Parquet: {first_line(error)}",
            hint="download or write the file again: it is truncated or has another format",
        ) from error
    names = table.column_names
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DatasetError(
            f"data set {cfg.name}: {shown(path)} has more than one column {twice[0]!r}",
            hint="rename all but one of them",
        )
    columns = [_values(column) for column in table.columns]
    for index in range(table.num_rows):
        fields = {name: column[index] for name, column in zip(names, columns, strict=True)}
        yield Row(f"{path.name} row {index}", fields)


def _values(column: "pa.ChunkedArray") -> list[Any]:
    """Return the column as Python objects; `Unreadable` replaces those that Python cannot
    represent.

    Texts may have bytes that are not UTF-8, and times may lie beyond the year 9999.
    """
    try:
        return list(column.to_pylist())
    except (ValueError, ArithmeticError):
        return [_value(scalar) for scalar in column]


def _value(scalar: "pa.Scalar") -> Any:
    try:
        return scalar.as_py()
    except (ValueError, ArithmeticError) as error:
        return Unreadable(str(scalar.type), first_line(error))


def _hub_rows(cfg: DatasetConfig) -> Iterator[Row]:
    if cfg.data_files:
        for path in downloaded_files(cfg):
            yield from _file_rows(cfg, path)
        return
    copy = kept_copy(cfg)
    if copy is not None and file_problem(copy) is None:
        yield from _file_rows(cfg, copy)
        return
    table = hub_table(cfg)
    if copy is not None:
        keep(table, cfg, copy)
    for index, fields in enumerate(table):
        yield Row(f"row {index}", dict(fields))
