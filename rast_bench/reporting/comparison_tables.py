"""From measures to the tables of comparisons: recovery by both methods, differences, p-values."""

from collections.abc import Iterable, Sequence

from rast_bench.metrics.recovery import Interval
from rast_bench.reporting.measures import (
    Difference,
    GridMeasures,
    Measurements,
    Recovery,
    RowMeasures,
)
from rast_bench.reporting.numbers import UNIDENTIFIED, decimal
from rast_bench.reporting.table import (
    BlankCell,
    Cell,
    Column,
    EmptyCell,
    Table,
    TableRow,
    TableSection,
    TextCell,
)

DIFFERENCE_NOTE = (
    "− base: avg@n less the base's on the same problems, in points, ± standard error of the "
    "paired differences over problems. p: sign-flip permutation test of the pairs; Holm: corrected "
    "over all comparisons of the base model."
)
INTERVALS_NOTE = (
    "recovery in percent with both 95 % intervals over problems. The tables print Fieller's below "
    "100 problems, else the bootstrap's. –: the method cannot tell the ceiling from the base; "
    f"{UNIDENTIFIED} not identified: the printed one cannot. ratio of means: of the mean "
    "accuracies over data sets; mean of ratios: of the data sets' rates, as in the paper's table 4."
)
GRID_NOTE = (
    "avg@n less that of the highest cell, in points; in brackets the p-value of the paired "
    "sign-flip test over problems, Holm-corrected over the grid."
)
_SMALLEST = 0.0001


def comparison_table(measurements: Measurements) -> tuple[Table, ...]:
    """Every row against the base of its section; no table where no section has a base."""
    columns = (
        Column("", "left"),
        Column("data set", "left"),
        *map(Column, ("− base", "p", "p (Holm)", "recovery", "Fieller", "bootstrap")),
    )
    sections = tuple(
        TableSection(name, rows)
        for name in measurements.section_names()
        if (rows := tuple(_rows(measurements.section(name), measurements.datasets)))
    )
    if not sections:
        return ()
    title, footnotes = "Paired comparisons with the base", (DIFFERENCE_NOTE, INTERVALS_NOTE)
    return (Table("comparisons", title, columns, sections, footnotes),)


def _rows(rows: Sequence[RowMeasures], datasets: Sequence[str]) -> Iterable[TableRow]:
    for row in rows:
        first = True
        for dataset in datasets:
            cell = row.cells.get(dataset)
            if cell is None or cell.difference is None:
                continue
            yield TableRow(
                (
                    TextCell(row.label) if first else BlankCell(),
                    TextCell(dataset),
                    TextCell(_points(cell.difference)),
                    TextCell(_p_value(cell.difference.p_value)),
                    TextCell(_p_value(cell.difference.adjusted_p_value)),
                    *_recovery(cell.recovery),
                ),
                "ceiling" if row.role == "ceiling" else "plain",
            )
            first = False
        means = (("ratio of means", row.ratio_of_means), ("mean of ratios", row.mean_of_ratios))
        for name, recovery in means if len(datasets) > 1 else ():
            if recovery is not None:
                blanks = (BlankCell(),) * 3
                yield TableRow((BlankCell(), TextCell(name), *blanks, *_recovery(recovery)))


def _recovery(recovery: Recovery | None) -> tuple[Cell, Cell, Cell]:
    """The rate, and its interval by each method."""
    if recovery is None:
        return EmptyCell(), EmptyCell(), EmptyCell()
    if recovery.value is None:
        return TextCell(recovery.status), EmptyCell(), EmptyCell()
    unsure = UNIDENTIFIED if recovery.status == "not identified" else ""
    return (
        TextCell(decimal(100 * recovery.value, 0) + unsure),
        _interval(recovery.fieller),
        _interval(recovery.bootstrap),
    )


def grid_p_values(grid: GridMeasures) -> tuple[Table, ...]:
    """In the grid's layout how far each cell is below the highest, and Holm's p-value.

    No table for a grid of one cell.
    """
    if all(cell.difference is None for cell in grid.cells):
        return ()
    cells = {(cell.lambda_, cell.temperature): cell for cell in grid.cells}

    def compared(lambda_: float, temperature: float) -> Cell:
        cell = cells.get((lambda_, temperature))
        if cell is None:
            return EmptyCell()
        if cell.difference is None:
            return TextCell("highest")
        points = decimal(100 * cell.difference.value, 1)
        return TextCell(f"{points} ({_p_value(cell.difference.adjusted_p_value)})")

    rows = tuple(
        TableRow((TextCell(f"τ = {tau:g}"), *(compared(one, tau) for one in grid.lambdas())))
        for tau in reversed(grid.temperatures())
    )
    section = TableSection(f"{grid.label} on {grid.dataset} ({grid.problems} problems)", rows)
    return (
        Table(
            "grid_p_values",
            "λ × τ: points from the highest cell (Holm-corrected p-value)",
            (Column("", "left"), *(Column(f"λ = {one:g}") for one in grid.lambdas())),
            (section,),
            (GRID_NOTE,),
        ),
    )


def _points(difference: Difference) -> str:
    value = decimal(100 * difference.value, 1)
    if difference.standard_error is None:
        return value
    return f"{value} ± {decimal(100 * difference.standard_error, 1)}"


def _p_value(value: float) -> str:
    return f"< {_SMALLEST}" if value < _SMALLEST else f"{value:.4f}"


def _interval(interval: Interval | None) -> Cell:
    if interval is None:
        return EmptyCell()
    low, high = (decimal(100 * bound, 0) for bound in interval)
    return TextCell(f"[{low}, {high}]")
