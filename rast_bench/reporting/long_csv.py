"""All numbers in machine-readable form: one line per row × data set × metric, at full precision."""

import csv
import io
from collections.abc import Iterable

from rast_bench.reporting.csv_text import text_cell
from rast_bench.reporting.index import Grid, ResultIndex
from rast_bench.results.pooled import POOLED_MEAN, POOLED_SD
from rast_bench.results.registry import MEASURES, RECOVERIES
from rast_bench.results.result import Result, Status

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


STATUS_WORDS: dict[Status, str] = {
    "measured": "identified",
    "ceiling below base": "identified, ceiling below base",
}


def long_csv(index: ResultIndex, results: Iterable[Result] = ()) -> str:
    """Return rates as fractions, lengths in tokens, behaviour in occurrences per sample.

    pass@k is given for every k; a field without a meaning for its metric is empty. The data set
    `(mean)` is the mean over data sets; recovery is given as ratio of means and mean of ratios.
    Last come the means and standard deviations over runs among `results`; their `samples` are runs.
    """
    return _write(
        COLUMNS,
        [
            _fields(result)
            for row in index.rows
            for dataset in (*index.datasets, None)
            for result in sorted(index.at(row, dataset), key=_place)
            if not result.measure.optional
        ]
        + [_fields(one) for one in results if one.measure in (POOLED_MEAN, POOLED_SD)],
    )


def grid_csv(grids: Iterable[Grid]) -> str:
    """Return one line per (λ, τ) of each grid, ordered by λ and then τ."""
    lines: list[Fields] = []
    for grid in grids:
        for point, result in sorted(grid.accuracies.items()):
            lines.append(
                {
                    "pair": grid.label,
                    "dataset": grid.dataset,
                    "lambda": point[0],
                    "temperature": point[1],
                    "metric": result.measure.csv_name,
                    "value": result.estimate,
                    "standard_error": result.standard_error,
                    "near_best": str(grid.near_best(point)).lower(),
                    "problems": result.problems,
                    "samples": result.samples,
                    **_from_best(grid.differences.get(point)),
                }
            )
    return _write(GRID_COLUMNS, lines)


def _place(result: Result) -> int:
    """Return the position in the order of the registry, with a user's own measures last."""
    return MEASURES.index(result.measure) if result.measure in MEASURES else len(MEASURES)


def _fields(result: Result) -> Fields:
    """Return the fields; the tables' interval has no estimator, a method's has its name."""
    value, measure = result.value, result.measure
    return {
        "section": result.section,
        "row": result.row,
        "role": result.role,
        "dataset": result.dataset or MEAN_OVER_SETS,
        "metric": measure.csv_name,
        "estimator": value.estimator,
        "k": value.k,
        "value": value.estimate,
        "standard_error": value.standard_error,
        "low": value.low,
        "high": value.high,
        "status": STATUS_WORDS.get(value.status, value.status) if measure in RECOVERIES else None,
        "problems": result.problems,
        "samples": result.samples,
        "cell_id": result.cell_ids[0] if result.dataset and result.cell_ids else None,
        "p_value": value.p_value,
        "holm_p_value": result.holm_p_value,
    }


def _from_best(difference: Result | None) -> Fields:
    if difference is None:
        return {}
    return {
        "difference_from_best": difference.estimate,
        "difference_standard_error": difference.standard_error,
        "p_value": difference.value.p_value,
        "holm_p_value": difference.holm_p_value,
    }


def _write(columns: tuple[str, ...], lines: Iterable[Fields]) -> str:
    """Return CSV; `repr` of a float is its shortest text that reads back as the same float."""
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
