"""An experiment's results as one typed file, `<results>/<experiment>/results.parquet`.

Tables and CSV files round, select and rename; this file keeps every result unchanged, for notebooks
and for `rast-bench export`. A row is one result, in the order of the list.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.errors import LedgerError
from rast_bench.metrics.replication import Replication
from rast_bench.paper.published import Published
from rast_bench.plain_files import file_problem, shown
from rast_bench.results.result import (
    Direction,
    Measure,
    Result,
    UnavailableError,
    Unit,
    Value,
)

if TYPE_CHECKING:
    import pyarrow as pa

RESULTS_FILE = "results.parquet"
SCHEMA = 1
"""Incremented when the meaning of a column changes, so that older versions reject the file."""

_SCHEMA_KEY = b"rast_bench_results"


def result_schema() -> "pa.Schema":
    """Return the columns of the file; docs/notebooks.md explains them."""
    import pyarrow as pa

    text, whole, number = pa.string(), pa.int64(), pa.float64()
    published = pa.struct(
        [("source", text), ("value", text), ("sense", text), ("unit", text), ("verdict", text)]
    )
    return pa.schema(
        [
            ("experiment", text),
            ("section", text),
            ("row", text),
            ("role", text),
            ("grid", text),
            ("dataset", text),
            ("cell_id", text),
            ("cell_ids", pa.list_(text)),
            ("delta", text),
            ("lambda", number),
            ("temperature", number),
            ("measure", text),
            ("unit", text),
            ("direction", text),
            ("k", whole),
            ("estimator", text),
            ("main", pa.bool_()),
            ("estimate", number),
            ("standard_error", number),
            ("low", number),
            ("high", number),
            ("interval", text),
            ("p_value", number),
            ("holm_p_value", number),
            ("problems", whole),
            ("samples", whole),
            ("status", text),
            ("reason", text),
            ("counted_by", text),
            ("requested", pa.bool_()),
            ("replication_low", number),
            ("replication_high", number),
            ("published", pa.list_(published)),
        ],
        metadata={_SCHEMA_KEY: str(SCHEMA).encode()},
    )


def results_bytes(results: Iterable[Result]) -> bytes:
    """Return the file of these results. Equal results give equal bytes with one pyarrow."""
    import pyarrow as pa
    import pyarrow.json as pj
    import pyarrow.parquet as pq

    # Through JSON: other ways to build a table from Python objects import pandas, half a second.
    lines = "".join(f"{json.dumps(result_row(result))}\n" for result in results).encode()
    table = pa.Table.from_batches([], result_schema())  # of an experiment of costs alone
    if lines:
        table = pj.read_json(
            pa.BufferReader(lines),
            pj.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            pj.ParseOptions(explicit_schema=result_schema(), unexpected_field_behavior="error"),
        ).cast(result_schema())
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_results(path: Path) -> "pa.Table":
    """Return the rows of a results file.

    Raises:
        LedgerError: it cannot be read, is not such a file, or another version wrote it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    again = f"`rast-bench table {path.parent.name}` writes it again from the samples"
    if problem := file_problem(path):
        raise LedgerError(f"cannot read {shown(path)}: {problem}", hint=again)
    try:
        table = pq.read_table(pa.BufferReader(path.read_bytes()), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise LedgerError(f"{shown(path)} is not a complete Parquet file", hint=again) from error
    version = (table.schema.metadata or {}).get(_SCHEMA_KEY, b"").decode(errors="replace")
    if version != str(SCHEMA) or not table.schema.equals(result_schema()):
        told = f"has schema {version}" if version else "has no schema of rast-bench"
        raise LedgerError(f"{shown(path)} {told}, not {SCHEMA}", hint=again)
    return table


def read_result_list(path: Path) -> list[Result]:
    """Return the results of a file as they were saved, for charts and tables without samples.

    A measure of the user's own is a plain definition by its name: nothing of the user's is
    imported. Published numbers have what the file says of them; their coordinates are the result's.

    Raises:
        LedgerError: as `read_results`.
    """
    return [_result(row) for row in read_results(path).to_pylist()]


def _result(row: Mapping[str, Any]) -> Result:
    published = row["published"] or ()
    return Result(
        experiment=row["experiment"],
        section=row["section"],
        row=row["row"],
        role=row["role"],
        grid=row["grid"],
        dataset=row["dataset"],
        cell_ids=tuple(row["cell_ids"] or ()),
        measure=_measure(row),
        value=Value(
            row["estimate"],
            row["standard_error"],
            low=row["low"],
            high=row["high"],
            interval=row["interval"],
            k=row["k"],
            estimator=row["estimator"] or "",
            main=row["main"],
            status=row["status"],
            reason=row["reason"] or "",
            p_value=row["p_value"],
            counted_by=row["counted_by"] or "",
            comparable=all(one["verdict"] != "not comparable" for one in published),
        ),
        lambda_=row["lambda"],
        temperature=row["temperature"],
        problems=row["problems"],
        samples=row["samples"],
        holm_p_value=row["holm_p_value"],
        requested=row["requested"],
        delta=row["delta"],
        published=tuple(_published(row, one) for one in published),
        replication=_replication(row),
        verdicts=tuple(one["verdict"] for one in published),
    )


def _measure(row: Mapping[str, Any]) -> Measure:
    from rast_bench.results.registry import MEASURES

    for one in MEASURES:
        if one.name == row["measure"]:
            return one
    return _own_measure(row["measure"], row["unit"], row["direction"])


@cache
def _own_measure(name: str, unit: Unit, direction: Direction) -> Measure:
    """Return the definition of a measure of the user's own; one object for each."""
    return Measure(name, _unknown, unit, direction)


def _unknown(_: object) -> Sequence[Value]:
    raise UnavailableError("no reference", "only its saved values are known")


def _published(row: Mapping[str, Any], one: Mapping[str, Any]) -> Published:
    return Published(
        source=one["source"],
        section="",
        model=None,
        method=None,
        delta=row["delta"],
        dataset=row["dataset"],
        metric=row["measure"],
        k=row["k"],
        lambda_=row["lambda"],
        temperature=row["temperature"],
        samples=None,
        value=Decimal(one["value"]),
        unit=one["unit"],
        sense=one["sense"],
        note="",
    )


def _replication(row: Mapping[str, Any]) -> Replication | None:
    if row["replication_low"] is None or row["replication_high"] is None:
        return None
    identified = row["status"] != "not identified"
    return Replication(row["estimate"], row["replication_low"], row["replication_high"], identified)


def result_row(result: Result) -> dict[str, Any]:
    """Return the columns of a result, as in the file."""
    value, measure, range_ = result.value, result.measure, result.replication
    return {
        "experiment": result.experiment,
        "section": result.section,
        "row": result.row,
        "role": result.role,
        "grid": result.grid,
        "dataset": result.dataset,
        "cell_id": result.cell_ids[0] if result.dataset and result.cell_ids else None,
        "cell_ids": list(result.cell_ids),
        "delta": result.delta,
        "lambda": result.lambda_,
        "temperature": result.temperature,
        "measure": measure.name,
        "unit": measure.unit,
        "direction": measure.direction,
        "k": value.k,
        "estimator": value.estimator or None,
        "main": value.main,
        "estimate": value.estimate,
        "standard_error": value.standard_error,
        "low": value.low,
        "high": value.high,
        "interval": value.interval,
        "p_value": value.p_value,
        "holm_p_value": result.holm_p_value,
        "problems": result.problems,
        "samples": result.samples,
        "status": value.status,
        "reason": value.reason or None,
        "counted_by": value.counted_by or None,
        "requested": result.requested,
        "replication_low": range_.low if range_ else None,
        "replication_high": range_.high if range_ else None,
        "published": [
            {
                "source": number.source,
                "value": str(number.value),
                "sense": number.sense,
                "unit": number.unit,
                "verdict": verdict,
            }
            for number, verdict in zip(result.published, result.verdicts, strict=True)
        ],
    }
