"""The report of cells that belong to no experiment: a sweep's table and heat maps."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rast_bench.config.experiment import Role
from rast_bench.config.schema import CellConfig
from rast_bench.errors import ConfigError
from rast_bench.planning.cells import PlannedCell
from rast_bench.reporting.origin import sample_origin
from rast_bench.reporting.protocol_notes import engine_of, grading_notes, protocol_notes
from rast_bench.reporting.report import Report, build_report
from rast_bench.reporting.row_labels import (
    GRID_KEYS,
    RowLabel,
    models_of,
    pool_label,
    row_labels,
    varied_keys,
)
from rast_bench.reporting.stems import file_stem
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, PaperCell
from rast_bench.results.experiment import complete_outcome
from rast_bench.results.pooled import Pool, pools_of

if TYPE_CHECKING:
    from rast_bench.config.compose import Job
    from rast_bench.ledger import Ledger

SWEEPS = "sweeps"
"""The folder of all sweeps in a results folder."""

_ROLES: dict[str, Role] = {"base": "base", "rl": "ceiling", "rast": "rast"}
_HASH_DIGITS = 6


def cells_report(
    planned: Sequence[PlannedCell],
    ledger: "Ledger",
    grader: str | None,
    pool: str | None = None,
) -> Report:
    """Return one table of single cells: a row per model and decoding, a column per data set.

    A repeated cell appears once. If a base model has one base row and one RL row, its other rows
    get recovery rates. Every λ × τ grid among the cells gets a heat map.

    Args:
        planned: The cells, complete and graded.
        ledger: Where their samples are.
        grader: The chosen one; None for the first of each data set.
        pool: A key, or a group, whose values are runs of the same thing (`decoding.seed`, `delta`).

    Raises:
        LedgerError: Samples or verdicts of a cell are missing.
        ConfigError: No two cells differ by `pool` alone.
    """
    cells = distinct(planned)
    configs = [one.cell for one in cells]
    labels = row_labels(configs)
    outcomes = [complete_outcome(cell, ledger, grader) for cell in cells]
    measured = [
        replace(cell, outcome=outcome)
        for cell, outcome in zip(_rows(configs, labels), outcomes, strict=True)
    ]
    made_by = [(cell.cell, engine_of(cell.cell, cell, ledger)) for cell in cells]
    notes = (
        *protocol_notes(made_by, grader),
        *grading_notes(cells, outcomes, ledger, grader),
    )
    grids = _grids(configs, labels, measured)
    name = sweep_name(cells)
    results = build_results(name, [*measured, *grids])
    samples = sample_origin((one.cell_id for one in cells), ledger)
    pools = [] if pool is None else _pools(configs, labels, pool)
    return build_report(name, results, notes, notes, samples=samples, pools=pools)


def distinct(planned: Sequence[PlannedCell]) -> list[PlannedCell]:
    """Return the cells without repetitions, such as a base repeated for every ΔR of a sweep."""
    return list({(one.cell_id, one.wanted, one.cell.dataset.name): one for one in planned}.values())


def check_pool(cells: Sequence[CellConfig], pool: str) -> None:
    """Raise ConfigError if no two of the cells differ by `pool` alone."""
    _pools(cells, row_labels(cells), pool)


def sweep_name(planned: Sequence[PlannedCell]) -> str:
    """Return a folder's name for the cells: models, data sets, what varies, a hash of all cells."""
    cells = [one.cell for one in planned]
    words = [
        *dict.fromkeys(cell.base_model.name for cell in cells),
        *dict.fromkeys(cell.dataset.name for cell in cells),
        *dict.fromkeys(
            key.removesuffix(".name").removeprefix("decoding.")
            for key in varied_keys(cells)
            if key not in ("base_model.name", "dataset.name", "label")
        ),
    ]
    identity = repr(sorted({(one.cell_id, one.wanted) for one in planned}))
    digits = hashlib.sha256(identity.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{file_stem({}, *words)}-{digits}"


def experiment_folders(jobs: "Sequence[Job]") -> list[str]:
    """Return the folder of each job's experiment in the results folder, empty without experiment.

    Jobs of a sweep that run the same experiment get a folder each in its folder, named by the
    overrides in which they differ.
    """
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        if job.options.experiment is not None:
            groups.setdefault(job.options.experiment.name, []).append(job)
    shared = {
        name: set.intersection(*(set(one.overrides) for one in group))
        for name, group in groups.items()
    }
    taken: dict[str, dict[str, None]] = {name: {} for name in groups}
    folders = []
    for job in jobs:
        name = "" if job.options.experiment is None else job.options.experiment.name
        if name and len(groups[name]) > 1:
            own = (one for one in job.overrides if one not in shared[name])
            stem = file_stem(taken[name], *own)
            taken[name][stem] = None
            name = f"{name}/{stem}"
        folders.append(name)
    return folders


def _pools(cells: Sequence[CellConfig], labels: Sequence[RowLabel], pool: str) -> list[Pool]:
    """Return the rows that differ by the values of `pool` alone."""
    places = [
        (cell.base_model.name, *pool_label(cell, label, pool))
        for cell, label in zip(cells, labels, strict=True)
    ]
    names: dict[tuple[str, str], dict[str, None]] = {}
    for section, name, value in places:
        names.setdefault((section, name), {})[value] = None
    pools = pools_of(
        (section, label.text, f"{name}, {pool} {', '.join(names[section, name])}")
        for (section, name, _), label in zip(places, labels, strict=True)
    )
    if not pools:
        raise ConfigError(
            f"pool={pool}: no two rows differ by it alone",
            hint="name a key that the sweep varies, such as decoding.seed, or a group: delta",
        )
    return pools


def _rows(cells: Sequence[CellConfig], labels: Sequence[RowLabel]) -> list[MeasuredCell]:
    """Return a position for each cell: base models are sections, models and decoding rows."""
    rows = {
        (cell.base_model.name, cell.method.name, label.text)
        for cell, label in zip(cells, labels, strict=True)
    }
    counts: Counter[tuple[str, str]] = Counter((section, method) for section, method, _ in rows)
    return [_measured(cell, label.text, counts) for cell, label in zip(cells, labels, strict=True)]


def _measured(cell: CellConfig, label: str, counts: Counter[tuple[str, str]]) -> MeasuredCell:
    """Return the cell in its row; a section with several bases or ceilings has no reference."""
    section, method = cell.base_model.name, cell.method.name
    steered = cell.steered
    return MeasuredCell(
        section=section,
        row=label,
        role="control"
        if not steered and counts[section, method] > 1
        else _ROLES.get(method, "control"),
        dataset=cell.dataset.name,
        base_model=section,
        stands_for=PaperCell(
            section, method, cell.delta.name if steered else None, cell.dataset.name
        ),
        lambda_=cell.weight,
        temperature=0.0 if cell.decoding.greedy else cell.decoding.temperature,
    )


def _grids(
    cells: Sequence[CellConfig], labels: Sequence[RowLabel], measured: Sequence[MeasuredCell]
) -> list[MeasuredCell]:
    """Return the cells of λ × τ grids, two or more of each, which differ by nothing else."""
    top_ps = {cell.decoding.top_p for cell in cells if cell.weight is not None}
    grids: dict[tuple[str, str], list[MeasuredCell]] = {}
    for cell, label, one in zip(cells, labels, measured, strict=True):
        if cell.weight is not None and not cell.decoding.greedy:
            top_p = [f"top-p = {cell.decoding.top_p:g}"] if len(top_ps) > 1 else []
            own = [cell.label] if cell.label else []
            parts = (*own, *top_p, *label.without([*GRID_KEYS, "decoding.top_p"]))
            name = ", ".join((f"{one.section} {models_of(cell)}", *parts))
            grids.setdefault((name, one.dataset), []).append(replace(one, row=name, grid=name))
    found = []
    for members in grids.values():
        points = {(one.lambda_, one.temperature) for one in members}
        lambdas, temperatures = map(set, zip(*points, strict=True))
        if min(len(lambdas), len(temperatures)) > 1 and len(points) == len(members):
            found += members
    return found
