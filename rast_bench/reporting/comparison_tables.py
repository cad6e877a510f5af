"""Tables of comparisons: recovery by both methods, differences, p-values."""

from collections.abc import Iterable

from rast_bench.reporting.index import Grid, ResultIndex, Row, estimate_of
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
from rast_bench.results.registry import (
    DIFFERENCE,
    GAIN,
    MEAN_DIFFERENCE,
    MEAN_RECOVERY,
    RATIO_OF_MEANS,
    RECOVERY,
)
from rast_bench.results.result import Measure, Result

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
ROW_NOTE = (
    "− {row}: avg@n less that of the row {row} on the same problems, in points, ± standard error "
    "of the paired differences, with Student's 95 % interval over problems. mean: of the data "
    "sets' differences; SE √(Σ SE²) / D. p: sign-flip permutation test of the pairs, for the mean "
    "over the problems of all data sets; Holm: corrected over all rows and data sets of the "
    "section, for the means over its rows."
)
_SMALLEST = 0.0001


def comparison_table(index: ResultIndex) -> tuple[Table, ...]:
    """Return every row against the base of its section; no table if no section has a base."""
    columns = (
        Column("", "left"),
        Column("data set", "left"),
        *map(Column, ("− base", "p", "p (Holm)", "recovery", "Fieller", "bootstrap")),
    )
    sections = tuple(
        TableSection(name, rows)
        for name in index.section_names()
        if (rows := tuple(_rows(index, name)))
    )
    if not sections:
        return ()
    title, footnotes = "Paired comparisons with the base", (DIFFERENCE_NOTE, INTERVALS_NOTE)
    return (Table("comparisons", title, columns, sections, footnotes),)


def difference_table(index: ResultIndex) -> tuple[Table, ...]:
    """Return every row against the row `compare_with` of its section; no table without one."""
    sections = tuple(
        TableSection(name, rows)
        for name in index.section_names()
        if (rows := tuple(_difference_rows(index, name)))
    )
    if not sections:
        return ()
    (name,) = {
        one.value.estimator
        for row in index.rows
        for dataset in index.datasets
        if (one := index.get(row, dataset, DIFFERENCE))
    }
    columns = (
        Column("", "left"),
        Column("data set", "left"),
        *map(Column, (f"− {name}", "95 % interval", "p", "p (Holm)")),
    )
    title, note = f"Paired differences from {name}", ROW_NOTE.format(row=name)
    return (Table("differences", title, columns, sections, (note,)),)


def _difference_rows(index: ResultIndex, section: str) -> Iterable[TableRow]:
    for row in index.section(section):
        head: Cell = TextCell(row.label)
        places: list[tuple[str | None, Measure]] = [(one, DIFFERENCE) for one in index.datasets]
        if len(index.datasets) > 1:
            places.append((None, MEAN_DIFFERENCE))
        for dataset, measure in places:
            found = index.get(row, dataset, measure)
            if found is None:
                continue
            yield TableRow(
                (
                    head,
                    TextCell(dataset or "mean"),
                    TextCell(difference_text(found)),
                    _interval(found, 1),
                    TextCell(p_value_text(found.value.p_value)),
                    TextCell(p_value_text(found.holm_p_value)),
                ),
                "ceiling" if row.role == "ceiling" else "plain",
            )
            head = BlankCell()


def _rows(index: ResultIndex, section: str) -> Iterable[TableRow]:
    for row in index.section(section):
        head: Cell = TextCell(row.label)
        for dataset in index.datasets:
            gain = index.get(row, dataset, GAIN)
            if gain is None:
                continue
            yield TableRow(
                (
                    head,
                    TextCell(dataset),
                    TextCell(difference_text(gain)),
                    TextCell(p_value_text(gain.value.p_value)),
                    TextCell(p_value_text(gain.holm_p_value)),
                    *_recovery(index, row, dataset, RECOVERY),
                ),
                "ceiling" if row.role == "ceiling" else "plain",
            )
            head = BlankCell()
        means = (("ratio of means", RATIO_OF_MEANS), ("mean of ratios", MEAN_RECOVERY))
        for name, measure in means if len(index.datasets) > 1 else ():
            if index.get(row, None, measure):
                cells = (BlankCell(), TextCell(name), *(BlankCell(),) * 3)
                yield TableRow((*cells, *_recovery(index, row, None, measure)))


def _recovery(
    index: ResultIndex, row: Row, dataset: str | None, measure: Measure
) -> tuple[Cell, Cell, Cell]:
    """Return the rate, and its interval by each method."""
    rate = index.get(row, dataset, measure)
    if rate is None:
        return EmptyCell(), EmptyCell(), EmptyCell()
    if rate.estimate is None:
        return TextCell(rate.missing), EmptyCell(), EmptyCell()
    unsure = UNIDENTIFIED if rate.status == "not identified" else ""
    return (
        TextCell(decimal(100 * rate.estimate, 0) + unsure),
        _interval(index.get(row, dataset, measure, estimator="fieller")),
        _interval(index.get(row, dataset, measure, estimator="bootstrap")),
    )


def grid_p_values(grid: Grid) -> tuple[Table, ...]:
    """Return in the grid's layout how far each cell is below the highest, with Holm's p-value.

    No table for a grid of one cell.
    """
    if not grid.differences:
        return ()

    def compared(point: tuple[float, float]) -> Cell:
        if point not in grid.accuracies:
            return EmptyCell()
        difference = grid.differences.get(point)
        if difference is None:
            return TextCell("highest")
        points = decimal(100 * (difference.estimate or 0.0), 1)
        return TextCell(f"{points} ({p_value_text(difference.holm_p_value)})")

    rows = tuple(
        TableRow((TextCell(f"τ = {tau:g}"), *(compared((one, tau)) for one in grid.lambdas)))
        for tau in reversed(grid.temperatures)
    )
    section = TableSection(f"{grid.label} on {grid.dataset} ({grid.problems} problems)", rows)
    return (
        Table(
            "grid_p_values",
            "λ × τ: points from the highest cell (Holm-corrected p-value)",
            (Column("", "left"), *(Column(f"λ = {one:g}") for one in grid.lambdas)),
            (section,),
            (GRID_NOTE,),
        ),
    )


def difference_text(difference: Result) -> str:
    """Return `1.4 ± 0.8`, in points."""
    estimate = estimate_of(difference)
    value = decimal(100 * estimate.value, 1)
    if estimate.standard_error is None:
        return value
    return f"{value} ± {decimal(100 * estimate.standard_error, 1)}"


def p_value_text(value: float | None) -> str:
    assert value is not None, "a difference has a p-value"
    return f"< {_SMALLEST}" if value < _SMALLEST else f"{value:.4f}"


def _interval(result: Result | None, decimals: int = 0) -> Cell:
    if result is None or result.value.low is None or result.value.high is None:
        return EmptyCell()
    low, high = (decimal(100 * bound, decimals) for bound in (result.value.low, result.value.high))
    return TextCell(f"[{low}, {high}]")
