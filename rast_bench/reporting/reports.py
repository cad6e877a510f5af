"""The report of an experiment, and of single cells: results, tables, figures and footnotes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rast_bench.config.experiment import ExperimentCell, ExperimentConfig, Role
from rast_bench.config.schema import CellConfig
from rast_bench.paper.published import load_published
from rast_bench.planning.cells import PlannedCell
from rast_bench.reporting.cost_tables import cost_tables
from rast_bench.reporting.experiment_figures import requested_figures
from rast_bench.reporting.paper_tables import paper_tables
from rast_bench.reporting.paper_texts import remark
from rast_bench.reporting.protocol_notes import (
    decoding_of,
    engine_of,
    grading_notes,
    protocol_notes,
)
from rast_bench.reporting.report import Report, build_report, requested_results
from rast_bench.reporting.table import Table
from rast_bench.reporting.throughput_table import Speeds, measured_speeds
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, PaperCell
from rast_bench.results.experiment import (
    compares,
    complete_outcome,
    experiment_published,
    experiment_results,
    stored_outcome,
)
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

_ROLES: dict[str, Role] = {"base": "base", "rl": "ceiling", "rast": "rast"}


def experiment_report(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    planned: Sequence[PlannedCell | None],
    ledger: "Ledger",
    grader: str | None,
) -> Report:
    """The report of an experiment; `entries` and `planned` are parallel, None for what is not run.

    Beside the paper's numbers a cell may be partial or missing, and is marked so; where only costs
    are asked for it may be as well.

    Raises LedgerError when a cell of any other experiment is partial, ConfigError for rows that
    make no table.
    """
    outcomes = [
        complete_outcome(cell, ledger, grader)
        if experiment.waits_for_all and cell is not None
        else stored_outcome(cell, ledger, grader)
        for cell in planned
    ]
    results = experiment_results(experiment, entries, outcomes, ledger.root.parent)
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
    if not compares(experiment):
        return build_report(title, results, notes, grid_notes)
    requested = requested_results(results)
    throughput = "throughput" in experiment.costs
    speeds = measured_speeds(entries, planned, ledger) if throughput else {}
    return build_report(
        title,
        results,
        notes,
        grid_notes,
        first=experiment_tables(experiment, entries, requested, (*notes, *grid_notes), speeds),
        figures=requested_figures(experiment.figures, requested, title),
    )


def experiment_tables(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    requested: Sequence[Result],
    notes: Sequence[str] = (),
    speeds: Speeds = MappingProxyType({}),
) -> list[Table]:
    """The main tables: those of `measures`, of what the figures show, and of `costs`.

    `speeds` of rows are for the cost `throughput`.
    """
    tables = paper_tables(
        requested, experiment.name, published=experiment.published is not None, notes=notes
    )
    # What a source says of all rows at once names no model.
    remarks = tuple(remark(one) for one in experiment_published(experiment) if one.model is None)
    compared = [_with_notes(table, remarks) for table in tables]
    if not experiment.costs:
        return compared
    costs = cost_tables(experiment, entries, load_published(), speeds)
    if not compared:
        costs = [_with_notes(table, experiment.notes) for table in costs]
    return [*costs, *compared]


def _with_notes(table: Table, notes: Sequence[str]) -> Table:
    return replace(table, footnotes=(*table.footnotes, *notes))


def cells_report(planned: Sequence[PlannedCell], ledger: "Ledger", grader: str | None) -> Report:
    """One table of single cells: a row for each model and decoding, a column for each data set.

    A cell that came twice stands once. Where a base model has one base row and one RL row, its
    other rows get recovery rates.
    """
    unique = {(cell.cell_id, cell.wanted): cell for cell in planned}
    outcomes = [complete_outcome(cell, ledger, grader) for cell in unique.values()]
    cells = [
        replace(cell, outcome=outcome)
        for cell, outcome in zip(_single_cells(list(unique.values())), outcomes, strict=True)
    ]
    made_by = [(cell.cell, engine_of(cell.cell, cell, ledger)) for cell in unique.values()]
    notes = (
        *protocol_notes(made_by, grader),
        *grading_notes(list(unique.values()), outcomes, ledger, grader),
    )
    return build_report("cells", build_results("cells", cells), notes)


def _single_cells(planned: Sequence[PlannedCell]) -> list[MeasuredCell]:
    """Cells of a table of their own: base models are its sections, models and decoding its rows."""
    places: dict[tuple[str, str, str], str] = {}
    rows = []
    for cell in planned:
        section, dataset = cell.cell.base_model.name, cell.cell.dataset.name
        label = _label(cell.cell)
        if (section, label, dataset) in places:  # they differ by prompt, seed, …
            label = f"{label} [{cell.cell_id}]"
        places[section, label, dataset] = cell.cell.method.name
        rows.append(label)
    methods = {(section, label): method for (section, label, _), method in places.items()}
    counts = Counter((section, method) for (section, _), method in methods.items())
    return [
        MeasuredCell(
            section=cell.cell.base_model.name,
            row=label,
            role=_role(cell.cell.method.name, counts, cell.cell.base_model.name),
            dataset=cell.cell.dataset.name,
            base_model=cell.cell.base_model.name,
            stands_for=PaperCell(
                cell.cell.base_model.name,
                cell.cell.method.name,
                cell.cell.delta.name if cell.cell.method.name == "rast" else None,
                cell.cell.dataset.name,
            ),
        )
        for cell, label in zip(planned, rows, strict=True)
    ]


def _role(method: str, counts: Counter[tuple[str, str]], section: str) -> Role:
    """A section has one base and one ceiling at most: with more of them none is the reference."""
    if method != "rast" and counts[section, method] > 1:
        return "control"
    return _ROLES[method]


def _label(cell: CellConfig) -> str:
    """What the user named the cell or, in a few words, its models and decoding."""
    return cell.label or f"{_models(cell)}, {decoding_of(cell)}"


def _models(cell: CellConfig) -> str:
    return {"base": "base", "rl": "RL", "rast": f"+ ΔR {cell.delta.name}"}[cell.method.name]
