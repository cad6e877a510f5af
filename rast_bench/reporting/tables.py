"""From measures to tables: the main table (the paper's table 1) and the λ × τ grid."""

from collections.abc import Iterable, Sequence

from rast_bench.reporting.measures import (
    NEAR_BEST_TEST,
    GridMeasures,
    Measurements,
    Recovery,
    RowMeasures,
)
from rast_bench.reporting.numbers import INVERTED, UNIDENTIFIED
from rast_bench.reporting.records import ROLE_ORDER
from rast_bench.reporting.table import (
    Cell,
    Column,
    EmptyCell,
    RateCell,
    RecoveryCell,
    RowStyle,
    Table,
    TableRow,
    TableSection,
    TextCell,
)

ROLE_NAMES = {"base": "base", "rast": "RAST", "ceiling": "ceiling", "control": "controls"}

RECOVERY_NOTE = (
    "recovery: (row − base) / (ceiling − base), with a 95 % interval over problems that keeps "
    "base, row and ceiling of a problem together. “undefined”: ceiling and base are equal."
)
MEAN_RECOVERY_NOTE = (
    "recovery in the column mean: ratio of means, (row − base) / (ceiling − base) of the means "
    "over data sets. The mean of ratios, as in the paper's table 4, stands in the details."
)
UNIDENTIFIED_NOTE = (
    f"{UNIDENTIFIED} not identified: the interval of ceiling − base contains 0, so the rate says "
    "little and has no interval. The paper prints such rates all the same."
)
MEAN_NOTE = "mean: the mean of the data sets' means; its standard error is √(Σ SE²) / D."
INVERTED_NOTE = (
    f"{INVERTED} the ceiling is below the base: a positive rate says that the row fell as well."
)
NEAR_BEST_MARK = "†"


def samples_note(measurements: Measurements) -> str:
    """What avg@n and ± mean, with the n of each role as it was."""
    parts = []
    for role in ROLE_ORDER:
        counts = sorted(
            {
                cell.samples
                for row in measurements.rows
                if row.role == role
                for cell in row.cells.values()
            }
        )
        if counts:
            parts.append(f"{ROLE_NAMES[role]} {' or '.join(map(str, counts))}")
    return (
        "avg@n: mean correctness over n samples a problem and all problems, in percent; "
        f"n: {', '.join(parts)}. ±: one standard error over problems, sd / √(number of problems)."
    )


def main_table(measurements: Measurements, notes: Sequence[str] = ()) -> Table:
    """The miniature of table 1: avg@n of every row and set, recovery rates below the RAST rows.

    `notes` are the caller's footnotes on what only the configuration knows: protocol, grader,
    seeds.
    """
    columns = [Column("", "left"), *map(Column, measurements.datasets)]
    with_mean = len(measurements.datasets) > 1
    if with_mean:
        columns.append(Column("mean"))
    built = tuple(
        TableSection(
            name, tuple(_main_rows(measurements.section(name), measurements.datasets, with_mean))
        )
        for name in measurements.section_names()
    )
    recoveries = _recoveries(measurements)
    has_recovery = bool(recoveries)
    return Table(
        name="main",
        title="avg@n ± standard error in percent; recovery rate [95 % interval]"
        if has_recovery
        else "avg@n ± standard error in percent",
        columns=tuple(columns),
        sections=built,
        footnotes=(
            samples_note(measurements),
            *((MEAN_NOTE,) if with_mean else ()),
            *((RECOVERY_NOTE,) if has_recovery else ()),
            *((MEAN_RECOVERY_NOTE,) if has_recovery and with_mean else ()),
            *(
                (UNIDENTIFIED_NOTE,)
                if any(one.status == "not identified" for one in recoveries)
                else ()
            ),
            *((INVERTED_NOTE,) if any(one.inverted for one in recoveries) else ()),
            *notes,
        ),
    )


def _recoveries(measurements: Measurements) -> list[Recovery]:
    return [
        recovery
        for row in measurements.rows
        for recovery in (row.ratio_of_means, *(cell.recovery for cell in row.cells.values()))
        if recovery is not None
    ]


def _main_rows(
    rows: Sequence[RowMeasures], datasets: Sequence[str], with_mean: bool
) -> Iterable[TableRow]:
    ruled = False
    for row in rows:
        rule = row.role == "control" and not ruled and row is not rows[0]
        ruled = ruled or rule
        cells = [row.cells.get(dataset) for dataset in datasets]
        scores: list[Cell] = [RateCell(cell.avg) if cell else EmptyCell() for cell in cells]
        recoveries: list[Cell] = [
            RecoveryCell(cell.recovery) if cell and cell.recovery else EmptyCell() for cell in cells
        ]
        if with_mean:
            scores.append(RateCell(row.mean) if row.mean else EmptyCell())
            recoveries.append(
                RecoveryCell(row.ratio_of_means) if row.ratio_of_means else EmptyCell()
            )
        yield TableRow((TextCell(row.label), *scores), row_style(row), rule)
        if any(isinstance(cell, RecoveryCell) for cell in recoveries):
            yield TableRow((TextCell("recovery"), *recoveries), "sub")


def grid_table(grid: GridMeasures, notes: Sequence[str] = ()) -> Table:
    """The λ × τ grid of the heat map in numbers: a column per λ, a row per τ, highest τ first."""
    lambdas = grid.lambdas()
    cells = {(cell.lambda_, cell.temperature): cell for cell in grid.cells}

    def score(lambda_: float, temperature: float) -> Cell:
        cell = cells.get((lambda_, temperature))
        if cell is None:
            return EmptyCell()
        return RateCell(cell.avg, NEAR_BEST_MARK if cell.near_best else "")

    rows = tuple(
        TableRow((TextCell(f"τ = {temperature:g}"), *(score(one, temperature) for one in lambdas)))
        for temperature in reversed(grid.temperatures())
    )
    return Table(
        "grid",
        f"λ × τ: avg@{grid.samples} ± standard error in percent",
        (Column("", "left"), *(Column(f"λ = {one:g}") for one in lambdas)),
        (TableSection(f"{grid.label} on {grid.dataset} ({grid.problems} problems)", rows),),
        (
            f"{NEAR_BEST_MARK} not significantly below the highest cell ({NEAR_BEST_TEST}).",
            *notes,
        ),
    )


def row_style(row: RowMeasures) -> RowStyle:
    """Ceilings are shaded in every table."""
    return "ceiling" if row.role == "ceiling" else "plain"
