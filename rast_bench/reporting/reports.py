"""The report of an experiment: results, tables, figures and footnotes."""

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rast_bench.config.experiment import ExperimentCell, ExperimentConfig
from rast_bench.paper.published import load_published
from rast_bench.planning.cells import PlannedCell
from rast_bench.reporting.cost_tables import cost_tables
from rast_bench.reporting.index import ResultIndex
from rast_bench.reporting.origin import sample_origin
from rast_bench.reporting.paper_tables import paper_tables
from rast_bench.reporting.paper_texts import remark
from rast_bench.reporting.protocol_notes import engine_of, grading_notes, protocol_notes
from rast_bench.reporting.report import Report, build_report, requested_results
from rast_bench.reporting.table import Table
from rast_bench.reporting.tables import counts_note
from rast_bench.reporting.throughput_table import Speeds, measured_speeds
from rast_bench.results.experiment import (
    compares,
    complete_outcome,
    experiment_published,
    experiment_results,
    other_outcomes,
    stored_outcome,
)
from rast_bench.results.pooled import pools_of
from rast_bench.results.registry import ACCURACY, MEAN_ACCURACY, RATIO_OF_MEANS, RECOVERY
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

_MEANS = {MEAN_ACCURACY: ACCURACY, RATIO_OF_MEANS: RECOVERY}
"""Means over data sets, and what they average."""


def experiment_report(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    planned: Sequence[PlannedCell | None],
    ledger: "Ledger",
    grader: str | None,
) -> Report:
    """Return the report of an experiment; `entries` and `planned` are parallel, None: not run.

    In a comparison with the paper, or if only costs are requested, a cell may be partial or
    missing, and is marked so.

    Raises:
        LedgerError: a cell of any other experiment is partial.
        ConfigError: rows do not form a table.
    """
    outcomes = [
        complete_outcome(cell, ledger, grader)
        if experiment.waits_for_all and cell is not None
        else stored_outcome(cell, ledger, grader)
        for cell in planned
    ]
    also = [
        other_outcomes(cell, outcome, ledger, grader) if experiment.graders else {}
        for cell, outcome in zip(planned, outcomes, strict=True)
    ]
    results = experiment_results(experiment, entries, outcomes, ledger.root.parent, also)
    title = experiment.title or experiment.name
    made_by = [
        (entry, (entry.cell, engine_of(entry.cell, one, ledger)))
        for entry, one in zip(entries, planned, strict=True)
    ]
    notes = (
        *experiment.notes,
        *protocol_notes([one for entry, one in made_by if entry.row is not None], grader),
        *grading_notes(planned, outcomes, ledger, grader),
    )
    grid_notes = protocol_notes([one for entry, one in made_by if entry.grid is not None], grader)
    pools = pools_of(
        (entry.section, entry.row.label, entry.row.pool) for entry in entries if entry.row
    )
    samples = sample_origin((one.cell_id for one in planned if one is not None), ledger)
    throughput = "throughput" in experiment.costs
    speeds = measured_speeds(entries, planned, ledger) if throughput else {}
    if not compares(experiment):
        return build_report(
            title,
            results,
            notes,
            grid_notes,
            samples=samples,
            pools=pools,
            costs=cost_tables(experiment, entries, load_published(), speeds),
        )
    shown = _with_means(requested_results(results), results, experiment)
    index = ResultIndex(results)
    counts = [counts_note(index)] if index.rows else []
    table_notes = (*counts, *notes, *grid_notes)
    return build_report(
        title,
        results,
        notes,
        grid_notes,
        first=experiment_tables(experiment, entries, shown, table_notes, speeds),
        kinds=experiment.figures,
        samples=samples,
        pools=pools,
    )


def experiment_tables(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    requested: Sequence[Result],
    notes: Sequence[str] = (),
    speeds: Speeds = MappingProxyType({}),
) -> list[Table]:
    """Return the main tables: those of `measures`, of what the figures show, and of `costs`.

    `speeds` of rows are for the cost `throughput`.
    """
    tables = paper_tables(
        requested, experiment.name, published=experiment.published is not None, notes=notes
    )
    # What a source says about all rows at once names no model.
    remarks = tuple(remark(one) for one in experiment_published(experiment) if one.model is None)
    compared = [_with_notes(table, remarks) for table in tables]
    if not experiment.costs:
        return compared
    costs = cost_tables(experiment, entries, load_published(), speeds)
    if not compared:
        costs = [_with_notes(table, experiment.notes) for table in costs]
    return [*costs, *compared]


def _with_means(
    requested: list[Result], results: Sequence[Result], experiment: ExperimentConfig
) -> list[Result]:
    """Return the requested results and, without published numbers, their means."""
    if experiment.published is not None or len(experiment.datasets) < 2:
        return requested
    asked = {(one.section, one.row, one.measure) for one in requested}
    means = [
        one
        for one in results
        if one.measure in _MEANS
        and one.estimate is not None
        and not one.requested
        and (one.section, one.row, _MEANS[one.measure]) in asked
    ]
    return [*requested, *means]


def _with_notes(table: Table, notes: Sequence[str]) -> Table:
    return replace(table, footnotes=(*table.footnotes, *notes))
