"""From planned cells to a report: which outcome stands in which row, and the notes below."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rast_bench.config.experiment import ExperimentCell, ExperimentConfig, Role
from rast_bench.config.schema import CellConfig
from rast_bench.grading import disagreement_notes
from rast_bench.metrics.outcomes import CellOutcome, load_outcome
from rast_bench.reporting.measure import measure_grid, measure_rows
from rast_bench.reporting.records import GridPoint, ReportRow
from rast_bench.reporting.report import Report, build_report
from rast_bench.runner.plan import PlannedCell

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

_ROLES: dict[str, Role] = {"base": "base", "rl": "ceiling", "rast": "rast"}


def experiment_report(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    planned: Sequence[PlannedCell],
    ledger: "Ledger",
    grader: str | None,
) -> Report:
    """The report of an experiment; `entries` and `planned` are parallel.

    Raises LedgerError when a cell is partial, ConfigError for rows that make no table.
    """
    outcomes = [_outcome(cell, ledger, grader) for cell in planned]
    table_rows: dict[tuple[str, str], tuple[Role, dict[str, CellOutcome]]] = {}
    points: dict[str, list[GridPoint]] = {}
    for entry, outcome in zip(entries, outcomes, strict=True):
        cell = entry.cell
        if entry.row is not None:
            key = (entry.section, entry.row.label)
            by_dataset = table_rows.setdefault(key, (entry.row.role, {}))[1]
            by_dataset[cell.dataset.name] = outcome
        elif entry.grid is not None:
            point = GridPoint(cell.decoding.lambda_, cell.decoding.temperature, outcome)
            points.setdefault(entry.grid.name, []).append(point)
    rows = [
        ReportRow(label, section, role, by_dataset)
        for (section, label), (role, by_dataset) in table_rows.items()
    ]
    grids = {grid.name: grid for grid in experiment.grids}
    return build_report(
        experiment.title or experiment.name,
        measure_rows(rows),
        [measure_grid(name, grids[name].dataset, made) for name, made in points.items()],
        (
            *_notes([entry.cell for entry in entries if entry.row is not None], grader),
            *disagreement_notes(planned, ledger, grader),
        ),
        _notes([entry.cell for entry in entries if entry.grid is not None], grader),
    )


def cells_report(planned: Sequence[PlannedCell], ledger: "Ledger", grader: str | None) -> Report:
    """One table of single cells: a row for each model and decoding, a column for each data set.

    A cell that came twice stands once. Where a base model has one base row and one RL row, its
    other rows get recovery rates.
    """
    unique = {(cell.cell_id, cell.wanted): cell for cell in planned}
    labels = _labels([cell.cell for cell in unique.values()])
    outcomes: dict[tuple[str, str], dict[str, CellOutcome]] = {}
    methods: dict[tuple[str, str], str] = {}
    for cell, label in zip(unique.values(), labels, strict=True):
        key = (cell.cell.base_model.name, label)
        if cell.cell.dataset.name in outcomes.get(key, {}):  # they differ by prompt, seed, …
            key = (key[0], f"{label} [{cell.cell_id}]")
        outcomes.setdefault(key, {})[cell.cell.dataset.name] = _outcome(cell, ledger, grader)
        methods[key] = cell.cell.method.name
    counts = Counter((section, methods[section, label]) for section, label in outcomes)
    rows = [
        ReportRow(label, section, _role(methods[section, label], counts, section), by_dataset)
        for (section, label), by_dataset in outcomes.items()
    ]
    notes = (
        *_notes([cell.cell for cell in planned], grader),
        *disagreement_notes(planned, ledger, grader),
    )
    return build_report("cells", measure_rows(rows), notes=notes)


def _outcome(planned: PlannedCell, ledger: "Ledger", grader: str | None) -> CellOutcome:
    """By the grader that fills the tables: the chosen one, else the first of the data set."""
    return load_outcome(planned, ledger, planned.cell.graders(grader)[0])


def _role(method: str, counts: Counter[tuple[str, str]], section: str) -> Role:
    """A section has one base and one ceiling at most: with more of them none is the reference."""
    if method != "rast" and counts[section, method] > 1:
        return "control"
    return _ROLES[method]


def _labels(cells: Sequence[CellConfig]) -> list[str]:
    """What the user named the cells or, in a few words, their models and decoding."""
    return [cell.label or f"{_models(cell)}, {_decoding(cell)}" for cell in cells]


def _models(cell: CellConfig) -> str:
    return {"base": "base", "rl": "RL", "rast": f"+ ΔR {cell.delta.name}"}[cell.method.name]


def _decoding(cell: CellConfig) -> str:
    decoding = cell.decoding
    lambda_ = f"λ = {decoding.lambda_:g}, " if cell.method.name == "rast" else ""
    if decoding.greedy:
        return f"{lambda_}greedy"
    return f"{lambda_}τ = {decoding.temperature:g}, top-p = {decoding.top_p:g}"


def _notes(cells: Sequence[CellConfig], grader: str | None) -> tuple[str, ...]:
    """The protocol, as far as it does not stand in the table: one sentence for each part."""
    if not cells:
        return ()
    tokens = _listed(str(cell.decoding.max_tokens) for cell in cells)
    seeds = _listed(str(cell.decoding.seed) for cell in cells if not cell.decoding.greedy)
    notes = [
        "Decoding: "
        + "; ".join(
            f"{name}: {_listed(_decoding(cell) for cell in cells if cell.method.name == method)}"
            for method, name in (("base", "base"), ("rast", "RAST"), ("rl", "RL"))
            if any(cell.method.name == method for cell in cells)
        )
        + f"; at most {tokens} new tokens"
        + (f"; seed {seeds}." if seeds else "."),
        f"Prompt: {_listed(cell.prompt.name for cell in cells)}. Grader: "
        f"{_listed(cell.graders(grader)[0] for cell in cells)}. Engine: "
        f"{_listed(f'{cell.engine.name}, {cell.engine.dtype}' for cell in cells)}.",
    ]
    return tuple(notes)


def _listed(values: Iterable[str]) -> str:
    """Distinct values in order of first appearance: `a`, `a or b`."""
    return " or ".join(dict.fromkeys(values))
