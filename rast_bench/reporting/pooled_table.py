"""The table of rows pooled over seeds: mean and standard deviation over runs."""

from collections.abc import Sequence

from rast_bench.reporting.numbers import decimal
from rast_bench.reporting.table import (
    Cell,
    Column,
    CountCell,
    EmptyCell,
    Table,
    TableRow,
    TableSection,
    TextCell,
)
from rast_bench.results.pooled import POOLED_MEAN, POOLED_SD, Pool
from rast_bench.results.result import Result

NOTE = (
    "mean ± standard deviation (n − 1) of avg@n over runs that differ by a seed; a standard error "
    "of the rows above covers the choice of problems only. Runs: {runs}."
)


def pooled_table(results: Sequence[Result], pools: Sequence[Pool]) -> tuple[Table, ...]:
    """Return one table of all pools, or none."""
    numbers = {
        (one.section, one.row, one.dataset, one.measure): one.estimate
        for one in results
        if one.measure in (POOLED_MEAN, POOLED_SD)
    }
    if not numbers:
        return ()
    datasets = sorted(dict.fromkeys(place[2] for place in numbers), key=lambda name: name is None)

    def cell(pool: Pool, dataset: str | None) -> Cell:
        mean = numbers.get((pool.section, pool.name, dataset, POOLED_MEAN))
        spread = numbers.get((pool.section, pool.name, dataset, POOLED_SD))
        if mean is None or spread is None:
            return EmptyCell()
        return TextCell(f"{decimal(100 * mean, 1)} ± {decimal(100 * spread, 1)}")

    sections = tuple(
        TableSection(
            section,
            tuple(
                TableRow(
                    (
                        TextCell(pool.name),
                        CountCell(len(pool.rows)),
                        *(cell(pool, one) for one in datasets),
                    )
                )
                for pool in pools
                if pool.section == section
            ),
        )
        for section in dict.fromkeys(pool.section for pool in pools)
    )
    runs = "; ".join(f"{pool.section}, {pool.name}: {', '.join(pool.rows)}" for pool in pools)
    headings = ("runs", *(one or "mean" for one in datasets))
    return (
        Table(
            "pooled",
            "Pooled over seeds: mean ± standard deviation over runs, in percent",
            (Column("", "left"), *map(Column, headings)),
            sections,
            (NOTE.format(runs=runs),),
        ),
    )
