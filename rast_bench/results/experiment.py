"""An experiment's results: from its cells, as far as they were run, to the list of numbers."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rast_bench.config.experiment import (
    ExperimentCell,
    ExperimentConfig,
    PublishedConfig,
    PublishedKey,
)
from rast_bench.config.identity import cell_identity
from rast_bench.config.schema import CellConfig
from rast_bench.errors import DatasetError, ModelError
from rast_bench.grading import graders_of
from rast_bench.ledger import Ledger
from rast_bench.metrics.outcomes import CellOutcome, load_outcome
from rast_bench.paper.published import Published, load_published
from rast_bench.planning.cells import CellReader, PlannedCell, completeness
from rast_bench.results.build import build_results
from rast_bench.results.cells import MeasuredCell, PaperCell, PathMean, PathMeans
from rast_bench.results.published import published_of
from rast_bench.results.registry import (
    ACCURACY,
    BESIDE_COSTS,
    BY_OTHERS,
    COSINE,
    FIGURE_MEASURES,
    PCR,
    RECOVERY,
    measures_of,
)
from rast_bench.results.result import Measure, Result, Status
from rast_bench.results.token_cost import small_steps_share, token_cost

DEFAULT_MEASURES = (ACCURACY, RECOVERY)


@dataclass(frozen=True)
class Missing:
    """Why a cell has no outcome."""

    status: Status
    reason: str = ""


NOT_RUN = Missing("not run")


def plan_available(cells: Sequence[CellConfig], ledger: Ledger) -> list[PlannedCell | None]:
    """Plan the cells that the ledger may have samples of; None for cells that were not run.

    For tables of experiments of which little or nothing was run: unless the ledger has a cell with
    the same models, prompt and decoding, no data set is read, so no hub is contacted.
    """
    reader = CellReader()
    stored = [record for one in ledger.cells() if (record := ledger.cell(one))]
    known = {_without_data(record["identity"], chat=chat) for record in stored for chat in _EITHER}
    unreadable: set[object] = set()

    def read(cell: CellConfig) -> PlannedCell | None:
        models = (cell.base_model, cell.method, cell.delta, cell.prompt)
        whole = cell.dataset.model_copy(update={"limit": None, "limit_seed": None})
        if not known or unreadable.intersection((models, whole)):
            return None
        failing: object = models
        try:
            identity = cell_identity(cell, "", reader.fingerprint)
            if _without_data(identity, chat=cell.prompt.chat) not in known:
                return None
            failing = whole
            reader.read_set(cell.dataset)
            failing = models
            return reader.read(cell)
        except (DatasetError, ModelError):
            unreadable.add(failing)
            return None

    return [read(cell) for cell in cells]


_EITHER = (False, True)


def _without_data(identity: Mapping[str, Any], *, chat: bool) -> str:
    """Return an identity as far as known without the data set (and a chat's tokenizer)."""
    left_out = {"dataset", "prompt"} if chat else {"dataset"}
    return json.dumps({k: v for k, v in identity.items() if k not in left_out}, sort_keys=True)


def experiment_results(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    outcomes: Sequence[CellOutcome | Missing],
    results_dir: Path,
    also: Sequence[Mapping[str, CellOutcome]] = (),
) -> list[Result]:
    """Return every number of the experiment; `entries` and `outcomes` are parallel, and so is
    `also`, outcomes by other graders.

    Raises:
        LedgerError: an analysis cannot be read.
        DatasetError: the published numbers cannot be read.
        ConfigError: a measure does not exist, or the cells do not form a table.
    """
    requested = requested_measures(experiment)
    paths: dict[str, PathMeans] = {}
    if PCR in requested:
        paths[PCR.name] = path_coverages(results_dir, experiment.name)
    if COSINE in requested:
        paths[COSINE.name] = delta_similarities(results_dir, experiment, entries)
    cells = [
        _measured(experiment.published, entry, outcome, along_paths=bool(paths))
        for entry, outcome in zip(entries, outcomes, strict=True)
    ]
    beside: tuple[Measure, ...] = ()
    if any(also):
        beside += BY_OTHERS
        cells = [replace(cell, also=one) for cell, one in zip(cells, also, strict=True)]
    if experiment.compares_costs:
        beside += BESIDE_COSTS
        cells = [
            replace(
                cell,
                cost=token_cost(entry.cell),
                small_share=small_steps_share(entry.cell, cell.outcome),
            )
            for cell, entry in zip(cells, entries, strict=True)
        ]
    return build_results(
        experiment.name,
        cells,
        requested=requested,
        published=experiment_published(experiment),
        paths=paths,
        compare_with=experiment.compare_with,
        beside=beside,
    )


def compares(experiment: ExperimentConfig) -> bool:
    """Return whether its tables show requested measures instead of accuracy and recovery."""
    return bool(
        experiment.published or experiment.measures or experiment.figures or experiment.costs_alone
    )


def requested_measures(experiment: ExperimentConfig) -> tuple[Measure, ...]:
    """Return what the table shows, then what only figures show.

    Raises:
        ConfigError: as `measure_of`.
    """
    if not compares(experiment):
        return ()
    shown = measures_of(experiment.measures) or (() if experiment.costs else DEFAULT_MEASURES)
    drawn = (one for kind in experiment.figures for one in FIGURE_MEASURES[kind])
    return tuple(dict.fromkeys((*shown, *drawn)))


def experiment_published(experiment: ExperimentConfig) -> list[Published]:
    """Return the published numbers that the experiment names by source and measure."""
    if experiment.published is None or not experiment.published.sources:
        return []
    sources = experiment.published.sources
    return published_of(load_published(), sources, requested_measures(experiment))


def stored_outcome(
    planned: PlannedCell | None, ledger: Ledger, grader: str | None
) -> CellOutcome | Missing:
    """Return the outcome of a complete cell, or how far it is."""
    if planned is None:
        return NOT_RUN
    done, wanted = completeness(planned, ledger)
    if not done:
        return NOT_RUN
    if done < wanted:
        return Missing("partial", f"{done:,} of {wanted:,}")
    return complete_outcome(planned, ledger, grader)


def complete_outcome(planned: PlannedCell, ledger: Ledger, grader: str | None) -> CellOutcome:
    """Return the outcome under the grader that fills the tables: the chosen one or the set's first.

    Raises:
        LedgerError: samples or verdicts are missing.
    """
    return load_outcome(planned, ledger, graders_of(planned.cell, grader)[0])


def other_outcomes(
    planned: PlannedCell | None, outcome: CellOutcome | Missing, ledger: Ledger, grader: str | None
) -> dict[str, CellOutcome]:
    """Return the outcomes of a complete cell by its other graders; none if the command chose one.

    Raises:
        LedgerError: verdicts are missing.
    """
    if planned is None or isinstance(outcome, Missing):
        return {}
    _, *others = graders_of(planned.cell, grader)
    return {name: load_outcome(planned, ledger, name) for name in others}


def path_coverages(results_dir: Path, name: str) -> PathMeans:
    """Return what `rast-bench analyse pcr NAME` saved; empty if it was not run."""
    from rast_bench.analysis.saved import FOLDER, load_summary

    if not (results_dir / FOLDER / name / "pcr.parquet").is_file():
        return {}
    found = {}
    for row in load_summary(results_dir, name, "pcr").to_dict("records"):
        key = (str(row["base_model"]), str(row["dataset"]), str(row["policy"]))
        found[key] = _path_mean(row, "pcr")
    return found


def delta_similarities(
    results_dir: Path, experiment: ExperimentConfig, entries: Sequence[ExperimentCell]
) -> PathMeans:
    """Return what `rast-bench analyse similarity NAME` saved: each ΔR against its base model's own.

    Along the paths of `paths_of`'s RL-trained sibling, else of the base model's own. Two ΔR are the
    same if their checkpoints are. Empty if the analysis was not run.

    Raises:
        ConfigError: no cell has the base model `paths_of`.
    """
    from rast_bench.analysis.saved import FOLDER, load_summary
    from rast_bench.analysis.studies import cells_over, own_shift, shift_names, shift_of

    cells = [entry.cell for entry in entries]
    cells_over(cells, experiment.paths_of)
    if not (results_dir / FOLDER / experiment.name / "similarity.parquet").is_file():
        return {}
    summary = load_summary(results_dir, experiment.name, "similarity")
    saved = {
        (row["base_model"], row["dataset"], frozenset((row["first"], row["second"]))): row
        for row in summary[summary["tokens"] == "all"].to_dict("records")
    }
    found = {}
    for cell in cells:
        model, data = cell.base_model, cell.dataset.name
        if model.rl is None or cell.method.name != "rast":
            continue
        along = experiment.paths_of or model.name
        names = shift_names(cells, along)
        pair = frozenset(names.get(one, "") for one in (own_shift(model), shift_of(cell.delta)))
        if (along, data, pair) in saved:
            found[model.name, data, _policy(cell)] = _path_mean(saved[along, data, pair], "cosine")
    return found


def _path_mean(row: Mapping[Any, Any], value: str) -> PathMean:
    error = float(row["standard_error"])
    return PathMean(
        float(row[value]), None if math.isnan(error) else error, int(row["trajectories"])
    )


def _measured(
    published: PublishedConfig | None,
    entry: ExperimentCell,
    outcome: CellOutcome | Missing,
    *,
    along_paths: bool,
) -> MeasuredCell:
    cell, row, grid = entry.cell, entry.row, entry.grid
    part = row or grid
    assert part is not None, "an experiment's cell belongs to a row or to a grid"
    key = part.published or PublishedKey()
    names = published.datasets if published else {}
    missing = outcome if isinstance(outcome, Missing) else NOT_RUN
    return MeasuredCell(
        section=entry.section,
        row=row.label if row else _pair(cell),
        role=row.role if row else "rast",
        dataset=cell.dataset.name,
        base_model=cell.base_model.name,
        stands_for=PaperCell(
            key.model or cell.base_model.name,
            key.method or cell.method.name,
            key.delta or (cell.delta.name if cell.steered else None),
            names.get(cell.dataset.name, cell.dataset.name),
        ),
        lambda_=cell.weight,
        temperature=0.0 if cell.decoding.greedy else cell.decoding.temperature,
        grid=grid.name if grid else None,
        policy=_policy(cell) if along_paths else "",
        compared=part.published is not None,
        outcome=None if isinstance(outcome, Missing) else outcome,
        status=missing.status,
        reason=missing.reason,
    )


def _pair(cell: CellConfig) -> str:
    return f"{cell.base_model.name} + ΔR {cell.delta.name}"


def _policy(cell: CellConfig) -> str:
    """Return the analyses' name of the models; none for other methods and with a forced start, of
    which there is no analysis. An RL model, whose own path is followed, stands for its base.
    """
    from rast_bench.analysis.studies import steered_policies

    if cell.prompt.forced_prefix is not None:
        return ""
    steered = steered_policies([cell])
    return steered[0].name if steered else "base" if cell.method.name in ("base", "rl") else ""
