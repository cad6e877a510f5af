"""The report of an experiment, and of single cells: results, tables, figures and footnotes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from rast_bench.config.experiment import ExperimentCell, ExperimentConfig, Role
from rast_bench.config.schema import CellConfig
from rast_bench.grading import disagreement_notes, graders_of, undecided_notes
from rast_bench.metrics.outcomes import CellOutcome
from rast_bench.paper.published import load_published
from rast_bench.reporting.cost_tables import cost_tables
from rast_bench.reporting.experiment_figures import requested_figures
from rast_bench.reporting.paper_tables import paper_tables
from rast_bench.reporting.paper_texts import remark
from rast_bench.reporting.report import Report, build_report, requested_results
from rast_bench.reporting.table import Table
from rast_bench.reporting.throughput_table import Speeds
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, PaperCell
from rast_bench.results.experiment import (
    Missing,
    compares,
    complete_outcome,
    experiment_published,
    experiment_results,
    measured_speeds,
    stored_outcome,
)
from rast_bench.results.result import Result
from rast_bench.runner.plan import PlannedCell

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

OPEN = "auto"  # an engine's dtype that a run settles
MANY_DECODINGS = 4  # beyond these a footnote does not spell them out

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
    notes, grid_notes = _experiment_notes(experiment, entries, planned, outcomes, ledger, grader)
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


def _experiment_notes(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    planned: Sequence[PlannedCell | None],
    outcomes: Sequence[CellOutcome | Missing],
    ledger: "Ledger",
    grader: str | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Footnotes of the rows, and of the grids."""
    used = [
        (entry.cell, _engine(entry.cell, one, ledger))
        for entry, one in zip(entries, planned, strict=True)
    ]
    in_rows = [one for one, entry in zip(used, entries, strict=True) if entry.row is not None]
    in_grids = [one for one, entry in zip(used, entries, strict=True) if entry.grid is not None]
    notes = (
        *experiment.notes,
        *_notes(in_rows, grader),
        *disagreement_notes([one for one in planned if one is not None], ledger, grader),
        *undecided_notes(
            (graders_of(entry.cell, grader)[0], outcome)
            for entry, outcome in zip(entries, outcomes, strict=True)
            if isinstance(outcome, CellOutcome)
        ),
    )
    return notes, _notes(in_grids, grader)


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
    notes = (
        *_notes([(cell.cell, _engine(cell.cell, cell, ledger)) for cell in planned], grader),
        *disagreement_notes(planned, ledger, grader),
        *undecided_notes(
            (graders_of(cell.cell, grader)[0], outcome)
            for cell, outcome in zip(unique.values(), outcomes, strict=True)
        ),
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
    return cell.label or f"{_models(cell)}, {_decoding(cell)}"


def _models(cell: CellConfig) -> str:
    return {"base": "base", "rl": "RL", "rast": f"+ ΔR {cell.delta.name}"}[cell.method.name]


def _decoding(cell: CellConfig) -> str:
    decoding = cell.decoding
    lambda_ = f"λ = {decoding.lambda_:g}, " if cell.method.name == "rast" else ""
    if decoding.greedy:
        return f"{lambda_}greedy"
    return f"{lambda_}τ = {decoding.temperature:g}, top-p = {decoding.top_p:g}"


def _decodings(cells: Sequence[CellConfig]) -> str:
    """Those of one method; of a whole grid λ and τ stand in its table."""
    distinct = list(dict.fromkeys(map(_decoding, cells)))
    if len(distinct) > MANY_DECODINGS:
        return (
            f"{len(distinct)} settings, top-p = {_listed(f'{c.decoding.top_p:g}' for c in cells)}"
        )
    return " or ".join(distinct)


def _engine(cell: CellConfig, planned: PlannedCell | None, ledger: "Ledger") -> str:
    """`vllm, bfloat16`: what made the cell's samples.

    Of a dtype that was left open (auto) manifests tell what it was. Raises LedgerError.
    """
    dtype: str = cell.engine.dtype
    if dtype == OPEN and planned is not None:
        runs = set(ledger.samples(planned.cell_id, ["run_id"])["run_id"])
        ran = [one for one in ledger.manifests(planned.cell_id) if one["run_id"] in runs]
        dtype = _listed(one["config"]["engine"]["dtype"] for one in ran) or dtype
    return f"{cell.engine.name}, {dtype}"


def _notes(used: Sequence[tuple[CellConfig, str]], grader: str | None) -> tuple[str, ...]:
    """The protocol, as far as it does not stand in the table: one sentence for each part.

    Args:
        used: cells, each with its `_engine`.
    """
    if not used:
        return ()
    cells, engines = zip(*used, strict=True)
    settled = [engine for engine in engines if not engine.endswith(OPEN)]
    tokens = _listed(str(cell.decoding.max_tokens) for cell in cells)
    seeds = _listed(str(cell.decoding.seed) for cell in cells if not cell.decoding.greedy)
    notes = [
        "Decoding: "
        + "; ".join(
            f"{name}: {_decodings([cell for cell in cells if cell.method.name == method])}"
            for method, name in (("base", "base"), ("rast", "RAST"), ("rl", "RL"))
            if any(cell.method.name == method for cell in cells)
        )
        + f"; at most {tokens} new tokens"
        + (f"; seed {seeds}." if seeds else "."),
        f"Prompt: {_prompts(cells)}. Grader: "
        f"{_listed(graders_of(cell, grader)[0] for cell in cells)}. Engine: "
        f"{_listed(settled or engines)}.",
    ]
    drawn = {(cell.dataset.limit, cell.dataset.limit_seed) for cell in cells}
    notes += [
        f"Problems: {limit:,} of each data set that has more, drawn at random (seed {seed})."
        for limit, seed in sorted(drawn, key=str)
        if seed is not None
    ]
    return tuple(notes)


def _prompts(cells: Sequence[CellConfig]) -> str:
    """Their names; where data sets have different ones, with the data sets of each."""
    by_dataset: dict[str, list[str]] = {}
    for cell in cells:
        by_dataset.setdefault(cell.dataset.name, []).append(cell.prompt.name)
    datasets: dict[str, list[str]] = {}
    for name, prompts in by_dataset.items():
        datasets.setdefault(_listed(prompts), []).append(name)
    if len(datasets) == 1:
        return next(iter(datasets))
    return "; ".join(f"{prompts} for {', '.join(names)}" for prompts, names in datasets.items())


def _listed(values: Iterable[str]) -> str:
    """Distinct values in order of first appearance: `a`, `a or b`."""
    return " or ".join(dict.fromkeys(values))
