"""The main table (the paper's table 1) and the λ × τ grid."""

from collections.abc import Iterable, Sequence

from rast_bench.metrics.power import SIGNIFICANCE_QUANTILE
from rast_bench.reporting.index import NEAR_BEST_TEST, Grid, ResultIndex, Row, estimate_of
from rast_bench.reporting.numbers import INVERTED, UNIDENTIFIED, decimal
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
from rast_bench.results.registry import (
    ACCURACY,
    MEAN_ACCURACY,
    RATIO_OF_MEANS,
    RECOVERY,
    TRUNCATED,
    UNPARSED,
)
from rast_bench.results.result import ROLE_ORDER, Result

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
    f"{UNIDENTIFIED} not identified: the interval of ceiling − base contains 0, so the rate "
    "is unreliable and has no interval. The paper prints such rates nevertheless."
)
MEAN_NOTE = "mean: the mean of the data sets' means; its standard error is √(Σ SE²) / D."
CERTAIN_NOTE = (
    "± 0.0 at 0 or 100 % is no certainty: with {problems} the 95 % Wilson interval still "
    "reaches {points} points away."
)
INVERTED_NOTE = (
    f"{INVERTED} the ceiling is below the base: a positive rate says that the row fell as well."
)
NEAR_BEST_MARK = "†"


def samples_note(index: ResultIndex) -> str:
    """Return what avg@n and ± mean, with the n of each role."""
    parts = []
    for role in ROLE_ORDER:
        counts = sorted(
            {
                result.samples or 0
                for row in index.rows
                if row.role == role
                for dataset in index.datasets
                if (result := index.get(row, dataset, ACCURACY))
            }
        )
        if counts:
            parts.append(f"{ROLE_NAMES[role]} {' or '.join(map(str, counts))}")
    return (
        "avg@n: mean correctness over n samples per problem and over all problems, in percent; "
        f"n: {', '.join(parts)}. ±: one standard error over problems, sd / √(number of problems)."
    )


def counts_note(index: ResultIndex) -> str:
    """Return the numbers of problems and samples of the rows, with unparsed and truncated samples.

    Samples of a row in several sections count once for each.
    """
    problems: dict[int, list[str]] = {}
    samples = 0
    lost = {"unparsed": 0.0, "truncated": 0.0}
    measures = {"unparsed": UNPARSED, "truncated": TRUNCATED}
    for dataset in index.datasets:
        counts = set()
        for row in index.rows:
            accuracy = index.get(row, dataset, ACCURACY)
            if accuracy is None:
                continue
            counts.add(accuracy.problems or 0)
            made = (accuracy.problems or 0) * (accuracy.samples or 0)
            samples += made
            for word, measure in measures.items():
                share = index.get(row, dataset, measure)
                lost[word] += made * ((share.estimate or 0.0) if share else 0.0)
        for count in counts:
            problems.setdefault(count, []).append(dataset)
    sizes = (
        f"{count:,} per data set" if len(problems) == 1 else f"{count:,} of {', '.join(names)}"
        for count, names in problems.items()
    )
    shares = (
        f"{round(count):,} {word} ({decimal(100 * count / max(samples, 1), 1)} %)"
        for word, count in lost.items()
    )
    return f"Problems: {'; '.join(sizes)}. Samples: {samples:,}, of which {' and '.join(shares)}."


def main_table(index: ResultIndex, notes: Sequence[str] = ()) -> Table:
    """Return the main table: avg@n of every row and data set, recovery rates below the RAST rows.

    Args:
        index: Every result of rows that were run.
        notes: Footnotes on what only the configuration knows: protocol, grader, seeds.
    """
    columns = [Column("", "left"), *map(Column, index.datasets)]
    with_mean = len(index.datasets) > 1
    if with_mean:
        columns.append(Column("mean"))
    built = tuple(
        TableSection(name, tuple(_main_rows(index, name, with_mean)))
        for name in index.section_names()
    )
    recoveries = _recoveries(index)
    has_recovery = bool(recoveries)
    statuses = {one.status for one in recoveries}
    return Table(
        name="main",
        title="avg@n ± standard error in percent; recovery rate [95 % interval]"
        if has_recovery
        else "avg@n ± standard error in percent",
        columns=tuple(columns),
        sections=built,
        footnotes=(
            samples_note(index),
            counts_note(index),
            *((MEAN_NOTE,) if with_mean else ()),
            *((RECOVERY_NOTE,) if has_recovery else ()),
            *((MEAN_RECOVERY_NOTE,) if has_recovery and with_mean else ()),
            *((UNIDENTIFIED_NOTE,) if "not identified" in statuses else ()),
            *((INVERTED_NOTE,) if "ceiling below base" in statuses else ()),
            *_certain_notes(index),
            *notes,
        ),
    )


def _certain_notes(index: ResultIndex) -> tuple[str, ...]:
    """Return how far from 0 or 100 % a rate may be if all problems gave the same."""
    sizes = {
        accuracy.problems or 0
        for row in index.rows
        for dataset in index.datasets
        if (accuracy := index.get(row, dataset, ACCURACY)) and accuracy.estimate in (0.0, 1.0)
    }
    if not sizes:
        return ()
    fewest = min(sizes)
    reach = decimal(100 * SIGNIFICANCE_QUANTILE**2 / (fewest + SIGNIFICANCE_QUANTILE**2), 1)
    problems = f"{fewest:,} {'problem' if fewest == 1 else 'problems'}"
    return (CERTAIN_NOTE.format(problems=problems, points=reach),)


def _recoveries(index: ResultIndex) -> list[Result]:
    return [
        result
        for row in index.rows
        for result in (
            index.get(row, None, RATIO_OF_MEANS),
            *(index.get(row, dataset, RECOVERY) for dataset in index.datasets),
        )
        if result is not None
    ]


def _main_rows(index: ResultIndex, section: str, with_mean: bool) -> Iterable[TableRow]:
    ruled = False
    rows = index.section(section)
    for row in rows:
        rule = row.role == "control" and not ruled and row is not rows[0]
        ruled = ruled or rule
        scores = [_rate(index.get(row, dataset, ACCURACY)) for dataset in index.datasets]
        recoveries = [_recovery(index.get(row, dataset, RECOVERY)) for dataset in index.datasets]
        if with_mean:
            scores.append(_rate(index.get(row, None, MEAN_ACCURACY)))
            recoveries.append(_recovery(index.get(row, None, RATIO_OF_MEANS)))
        yield TableRow((TextCell(row.label), *scores), row_style(row), rule)
        if any(isinstance(cell, RecoveryCell) for cell in recoveries):
            yield TableRow((TextCell("recovery"), *recoveries), "sub")


def _rate(result: Result | None) -> Cell:
    return RateCell(estimate_of(result)) if result else EmptyCell()


def _recovery(result: Result | None) -> Cell:
    return RecoveryCell(result) if result else EmptyCell()


def grid_table(grid: Grid, notes: Sequence[str] = ()) -> Table:
    """Return the numbers of a heat map: a column per λ, a row per τ, the highest τ first."""

    def score(point: tuple[float, float]) -> Cell:
        if point not in grid.accuracies:
            return EmptyCell()
        mark = NEAR_BEST_MARK if grid.near_best(point) else ""
        return RateCell(estimate_of(grid.accuracies[point]), mark)

    rows = tuple(
        TableRow((TextCell(f"τ = {tau:g}"), *(score((one, tau)) for one in grid.lambdas)))
        for tau in reversed(grid.temperatures)
    )
    return Table(
        "grid",
        f"λ × τ: avg@{grid.samples} ± standard error in percent",
        (Column("", "left"), *(Column(f"λ = {one:g}") for one in grid.lambdas)),
        (TableSection(f"{grid.label} on {grid.dataset} ({grid.problems} problems)", rows),),
        (
            f"{NEAR_BEST_MARK} not significantly below the highest cell ({NEAR_BEST_TEST}).",
            *notes,
        ),
    )


def row_style(row: Row) -> RowStyle:
    """Return the style of a row: ceilings are shaded in every table."""
    return "ceiling" if row.role == "ceiling" else "plain"
