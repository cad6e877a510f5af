"""An experiment beside the paper: from its cells, as far as they were run, to claims."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rast_bench.config.experiment import (
    ExperimentCell,
    ExperimentConfig,
    FigureKind,
    Measure,
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
from rast_bench.planning.estimate import Speed
from rast_bench.planning.history import History
from rast_bench.reporting.claim_numbers import PathMean, PathMeans, build_claims
from rast_bench.reporting.claim_texts import printed
from rast_bench.reporting.claims import NOT_RUN, Claim, Slot, facts_of
from rast_bench.runner.plan import CellReader, PlannedCell, completeness

DEFAULT_MEASURES: tuple[Measure, ...] = ("accuracy", "recovery rate")

FIGURE_MEASURES: dict[FigureKind, tuple[Measure, ...]] = {
    "pass@k": ("pass@k",),
    "majority@k": ("majority@k",),
    "behaviour": ("branch out frequency", "backtrack frequency", "self verify frequency"),
    "length": ("response length",),
    "pcr": ("PCR",),
    "similarity": ("recovery rate", "cosine similarity"),
    "grids": ("accuracy",),
}
"""What a figure is drawn from; figure 5 (kl) is drawn from tokens alone."""

Planned = PlannedCell | str
"""A cell that could be read, or what a table says of it."""


def plan_what_is_here(cells: Sequence[CellConfig], ledger: Ledger) -> list[Planned]:
    """Reads the cells that the ledger may hold samples of; the others were not run.

    For tables of experiments of which little or nothing was run: without a cell of the same
    models, prompt and decoding in the ledger no data set is read, so no hub is asked.
    """
    reader = CellReader()
    stored = [record for one in ledger.cells() if (record := ledger.cell(one))]
    known = {_without_data(record["identity"], chat=chat) for record in stored for chat in _EITHER}
    unreadable: set[object] = set()

    def read(cell: CellConfig) -> Planned:
        models = (cell.base_model, cell.method, cell.delta, cell.prompt)
        whole = cell.dataset.model_copy(update={"limit": None, "limit_seed": None})
        if not known or unreadable.intersection((models, whole)):
            return NOT_RUN
        failing: object = models
        try:
            identity = cell_identity(cell, "", reader.fingerprint)
            if _without_data(identity, chat=cell.prompt.chat) not in known:
                return NOT_RUN
            failing = whole
            reader.read_set(cell.dataset)
            failing = models
            return reader.read(cell)
        except (DatasetError, ModelError):
            unreadable.add(failing)
            return NOT_RUN

    return [read(cell) for cell in cells]


_EITHER = (False, True)


def _without_data(identity: Mapping[str, Any], *, chat: bool) -> str:
    """An identity as far as it is known without the data set and, of a chat, the tokenizer."""
    left_out = {"dataset", "prompt"} if chat else {"dataset"}
    return json.dumps({k: v for k, v in identity.items() if k not in left_out}, sort_keys=True)


def experiment_claims(
    experiment: ExperimentConfig,
    entries: Sequence[ExperimentCell],
    outcomes: Sequence[CellOutcome | str],
    results: Path,
) -> list[Claim]:
    """Every place of the experiment's tables and figures; `entries` and `outcomes` are parallel.

    Raises LedgerError for a ledger or an analysis that cannot be read, DatasetError for published
    numbers that cannot.
    """
    measures = claimed_measures(experiment)
    slots = [
        _slot(experiment.published, entry, outcome)
        for entry, outcome in zip(entries, outcomes, strict=True)
    ]
    coverages: PathMeans = {}
    similarities: PathMeans = {}
    if "PCR" in measures:
        coverages = path_coverages(results, experiment.name)
    if "cosine similarity" in measures:
        similarities = delta_similarities(results, experiment, entries)
    if {"PCR", "cosine similarity"}.intersection(measures):
        slots = [
            replace(slot, policy=_policy(entry.cell))
            for slot, entry in zip(slots, entries, strict=True)
        ]
    facts = experiment_facts(experiment)
    return build_claims(slots, measures, facts, coverages, similarities=similarities)


def claimed_measures(experiment: ExperimentConfig) -> tuple[Measure, ...]:
    """What the table shows, then what only figures show."""
    shown = experiment.measures or (() if experiment.costs else DEFAULT_MEASURES)
    drawn = (one for kind in experiment.figures for one in FIGURE_MEASURES.get(kind, ()))
    return tuple(dict.fromkeys((*shown, *drawn)))


def experiment_facts(experiment: ExperimentConfig) -> list[Published]:
    """The published numbers that the experiment names by source and measure."""
    if experiment.published is None or not experiment.published.sources:
        return []
    return facts_of(load_published(), experiment.published.sources, claimed_measures(experiment))


def unplaced_remarks(experiment: ExperimentConfig) -> list[Published]:
    """What the sources say of all rows at once: such a fact names no model."""
    return [fact for fact in experiment_facts(experiment) if fact.model is None]


def remark(fact: Published) -> str:
    """`reply 1 also states: PCR above 90 % of MMLU and GPQA.`"""
    words = (fact.metric, printed(fact), fact.unit, fact.note)
    return f"{fact.source} also states: {' '.join(filter(None, words))}."


def stored_outcome(planned: Planned, ledger: Ledger, grader: str | None) -> CellOutcome | str:
    """The outcome of a complete cell, or how far it is: `not run`, `240 of 3,200`."""
    if isinstance(planned, str):
        return planned
    done, wanted = completeness(planned, ledger)
    if not done:
        return NOT_RUN
    if done < wanted:
        return f"{done:,} of {wanted:,}"
    return load_outcome(planned, ledger, graders_of(planned.cell, grader)[0])


def path_coverages(results: Path, name: str) -> PathMeans:
    """What `rast-bench analyse pcr NAME` saved; nothing where it was not run."""
    from rast_bench.analysis.saved import FOLDER, load_summary

    if not (results / FOLDER / name / "pcr.parquet").is_file():
        return {}
    found = {}
    for row in load_summary(results, name, "pcr").to_dict("records"):
        key = (str(row["base_model"]), str(row["dataset"]), str(row["policy"]))
        found[key] = _path_mean(row, "pcr")
    return found


def delta_similarities(
    results: Path, experiment: ExperimentConfig, entries: Sequence[ExperimentCell]
) -> PathMeans:
    """What `rast-bench analyse similarity NAME` saved: each ΔR against its base model's own.

    Along the paths of `paths_of`'s RL-trained sibling, else of the base model's own. A ΔR is the
    same there and here if its checkpoints are. Nothing where the analysis was not run. Raises
    ConfigError where no cell is of the base model `paths_of`.
    """
    from rast_bench.analysis.saved import FOLDER, load_summary
    from rast_bench.analysis.studies import cells_over, own_shift, shift_names, shift_of

    cells = [entry.cell for entry in entries]
    cells_over(cells, experiment.paths_of)
    if not (results / FOLDER / experiment.name / "similarity.parquet").is_file():
        return {}
    summary = load_summary(results, experiment.name, "similarity")
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


def measured_speeds(
    entries: Sequence[ExperimentCell], planned: Sequence[Planned], ledger: Ledger
) -> dict[tuple[str, str], Speed]:
    """By section and label: the speed at which a row's cells were made, where some were.

    `entries` and `planned` are parallel. Raises LedgerError.
    """
    history = History(ledger)
    ids: dict[tuple[str, str], list[str]] = {}
    for entry, cell in zip(entries, planned, strict=True):
        if entry.row is not None and not isinstance(cell, str):
            ids.setdefault((entry.section, entry.row.label), []).append(cell.cell_id)
    found = {row: history.speed(cell_ids) for row, cell_ids in ids.items()}
    return {row: speed for row, speed in found.items() if speed is not None}


def _slot(
    published: PublishedConfig | None, entry: ExperimentCell, outcome: CellOutcome | str
) -> Slot:
    cell, row, grid = entry.cell, entry.row, entry.grid
    part = row or grid
    assert part is not None, "an experiment's cell belongs to a row or to a grid"
    key = part.published or PublishedKey()
    steered = cell.method.name == "rast"
    method = key.method or cell.method.name
    names = published.datasets if published else {}
    return Slot(
        section=entry.section,
        label=row.label if row else _pair(cell),
        role=row.role if row else "rast",
        model=key.model or cell.base_model.name,
        method=method,
        delta=key.delta or (cell.delta.name if steered else None),
        dataset=cell.dataset.name,
        named=names.get(cell.dataset.name, cell.dataset.name),
        lambda_=cell.decoding.lambda_ if steered else None,
        temperature=0.0 if cell.decoding.greedy else cell.decoding.temperature,
        base_model=cell.base_model.name,
        grid=grid.name if grid else None,
        compared=part.published is not None,
        outcome=None if isinstance(outcome, str) else outcome,
        missing=outcome if isinstance(outcome, str) else "",
    )


def _pair(cell: CellConfig) -> str:
    return f"{cell.base_model.name} + ΔR {cell.delta.name}"


def _policy(cell: CellConfig) -> str:
    """What the analyses call the models: on the RL model's path its own choices say nothing."""
    from rast_bench.analysis.studies import steered_policies

    steered = steered_policies([cell])
    return steered[0].name if steered else "base"
