"""All numbers for machines: one line per row × data set × metric, at full precision."""

import csv
import io
from collections.abc import Iterable

from rast_bench.metrics.estimate import Estimate
from rast_bench.reporting.csv_text import text_cell
from rast_bench.reporting.measures import (
    CellMeasures,
    GridCell,
    GridMeasures,
    Measurements,
    Recovery,
)

MEAN_OVER_SETS = "(mean)"

COLUMNS = (
    "section",
    "row",
    "role",
    "dataset",
    "metric",
    "estimator",
    "k",
    "value",
    "standard_error",
    "low",
    "high",
    "status",
    "problems",
    "samples",
    "cell_id",
    "p_value",
    "holm_p_value",
)
GRID_COLUMNS = (
    "pair",
    "dataset",
    "lambda",
    "temperature",
    "metric",
    "value",
    "standard_error",
    "near_best",
    "problems",
    "samples",
    "difference_from_best",
    "difference_standard_error",
    "p_value",
    "holm_p_value",
)

Field = str | int | float | None
Fields = dict[str, Field]


def long_csv(measurements: Measurements) -> str:
    """Rates as fractions, lengths in tokens, behaviour in occurrences a sample.

    pass@k comes for every k; a field without a meaning for its metric is empty. The data set
    `(mean)` is the mean over data sets; recovery is there as ratio of means and mean of ratios.
    """
    lines: list[Fields] = []
    for row in measurements.rows:
        name: Fields = {"section": row.section, "row": row.label, "role": row.role}
        for dataset in measurements.datasets:
            if dataset in row.cells:
                cell = row.cells[dataset]
                shared: Fields = {
                    "dataset": dataset,
                    "problems": cell.problems,
                    "samples": cell.samples,
                    "cell_id": cell.cell_id,
                }
                lines += [name | shared | fields for fields in _cell_fields(cell)]
        shared = {"dataset": MEAN_OVER_SETS}
        if row.mean is not None:
            lines.append(name | shared | _estimate("avg", row.mean))
        for metric, recovery in (
            ("recovery_ratio_of_means", row.ratio_of_means),
            ("recovery_mean_of_ratios", row.mean_of_ratios),
        ):
            if recovery is not None:
                lines += [name | shared | fields for fields in _recovery(recovery, metric)]
    return _write(COLUMNS, lines)


def grid_csv(grids: Iterable[GridMeasures]) -> str:
    """One line per (λ, τ) of each grid, ordered by λ and then τ."""
    lines: list[Fields] = []
    for grid in grids:
        shared: Fields = {
            "pair": grid.label,
            "dataset": grid.dataset,
            "problems": grid.problems,
            "samples": grid.samples,
        }
        for cell in sorted(grid.cells, key=lambda cell: (cell.lambda_, cell.temperature)):
            place: Fields = {
                "lambda": cell.lambda_,
                "temperature": cell.temperature,
                "near_best": str(cell.near_best).lower(),
            }
            lines.append(shared | place | _estimate("avg", cell.avg) | _from_best(cell))
    return _write(GRID_COLUMNS, lines)


def _cell_fields(cell: CellMeasures) -> Iterable[Fields]:
    yield _estimate("avg", cell.avg)
    if cell.difference is not None:
        one = cell.difference
        yield {
            "metric": "avg_difference_from_base",
            "value": one.value,
            "standard_error": one.standard_error,
            "p_value": one.p_value,
            "holm_p_value": one.adjusted_p_value,
        }
    if cell.recovery is not None:
        yield from _recovery(cell.recovery)
    for metric, exact, exact_name, paper in (
        ("pass", cell.pass_at_k, "unbiased", cell.paper_pass_at_k),
        ("majority", cell.majority_at_k, "exact", cell.paper_majority_at_k),
    ):
        for k, estimate in exact.items():
            yield _estimate(metric, estimate) | {"estimator": exact_name, "k": k}
        for k, value in paper.items():
            yield {"metric": metric, "estimator": "paper", "k": k, "value": value}
    lengths = cell.lengths
    yield _estimate("tokens_mean", lengths.mean)
    for metric, number in (
        ("avg_standard_error_over_reruns", cell.rerun_standard_error),
        ("tokens_median", lengths.median),
        ("tokens_correct_mean", lengths.correct_mean),
        ("tokens_wrong_mean", lengths.wrong_mean),
        ("truncated_share", cell.truncated_share),
        ("unparsed_share", cell.unparsed_share),
        ("timeout_share", cell.timeout_share),
    ):
        yield {"metric": metric, "value": number}
    for kind, lengths_of_kind in cell.by_verdict.items():
        yield {"metric": f"verdict_share_{kind}", "value": lengths_of_kind.share}
        yield {"metric": f"tokens_mean_{kind}", "value": lengths_of_kind.mean}
        yield {"metric": f"tokens_median_{kind}", "value": lengths_of_kind.median}
    for name, frequency in cell.behaviour.items():
        yield _estimate(f"behaviour_{name.replace('-', '_')}", frequency)


def _estimate(metric: str, estimate: Estimate) -> Fields:
    return {
        "metric": metric,
        "value": estimate.value,
        "standard_error": estimate.standard_error,
    }


def _recovery(recovery: Recovery, metric: str = "recovery") -> Iterable[Fields]:
    """The interval of the tables, then each method's that has one."""
    status = "identified, ceiling below base" if recovery.inverted else recovery.status
    line: Fields = {"metric": metric, "value": recovery.value, "status": status}
    yield line | {"low": recovery.low, "high": recovery.high}
    for method, interval in (("fieller", recovery.fieller), ("bootstrap", recovery.bootstrap)):
        if interval is not None:
            yield line | {"estimator": method, "low": interval.low, "high": interval.high}


def _from_best(cell: GridCell) -> Fields:
    if cell.difference is None:
        return {}
    return {
        "difference_from_best": cell.difference.value,
        "difference_standard_error": cell.difference.standard_error,
        "p_value": cell.difference.p_value,
        "holm_p_value": cell.difference.adjusted_p_value,
    }


def _write(columns: tuple[str, ...], lines: Iterable[Fields]) -> str:
    """`repr` of a float is its shortest text that reads back as the same float."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for line in lines:
        unknown = line.keys() - set(columns)
        if unknown:
            raise ValueError(f"no such column: {', '.join(sorted(unknown))}")
        writer.writerow([_text(line.get(column)) for column in columns])
    return buffer.getvalue()


def _text(field: Field) -> str:
    if field is None:
        return ""
    if isinstance(field, str):
        return text_cell(field)
    return repr(float(field)) if isinstance(field, float) else str(field)
