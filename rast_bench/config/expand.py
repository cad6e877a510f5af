"""The cells of an experiment, from its rows and grids, without Hydra."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

from omegaconf import OmegaConf

from rast_bench.config.experiment import (
    Choices,
    ExperimentCell,
    ExperimentConfig,
    GridConfig,
    RowConfig,
)
from rast_bench.config.schema import GROUPS, CellConfig
from rast_bench.config.validate import validated
from rast_bench.errors import ConfigError

Groups = Mapping[str, Mapping[str, Any]]


class Options(Protocol):
    """Where the options of a group are read (config/options.py)."""

    def read(self, group: str, name: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Composition:
    """What Hydra composed, and what of it the user typed.

    `groups` is every group's content, overrides included; `picked` the options chosen on the
    command line by group; `assigned` the values set there by dotted key.
    """

    groups: Groups
    picked: Mapping[str, str] = field(default_factory=dict)
    assigned: Mapping[str, Any] = field(default_factory=dict)


def build_cell(groups: Groups, *, label: str | None = None, place: str = "") -> CellConfig:
    """One validated cell; `method: auto` becomes rast with a ΔR source and base without one.

    Raises ConfigError that names the faulty key, opened by `place`.
    """
    data: dict[str, Any] = {group: dict(groups[group]) for group in GROUPS}
    if data["method"].get("name") == "auto":
        data["method"]["name"] = "rast" if data["delta"].get("pairs") else "base"
    return validated(CellConfig, {**data, "label": label}, place=place)


def expand(
    experiment: ExperimentConfig, composition: Composition, options: Options
) -> list[ExperimentCell]:
    """Every cell of every row × data set, then of every grid's λ × τ.

    A value that a row sets stands before one of the command line, and that before an option's.
    Raises ConfigError for an option or key that does not exist, and for a group chosen on the
    command line that no row would obey.
    """
    _check_choices_used(experiment, composition)
    for dataset in experiment.prompts:
        _check_named(experiment, dataset, options)
    cells = [
        _row_cell(experiment, row, dataset, composition, options)
        for row in experiment.rows
        for dataset in experiment.datasets
    ]
    _check_distinct_rows(experiment, cells)
    for grid in experiment.grids:
        cells.extend(_grid_cells(experiment, grid, composition, options))
    return cells


def _row_cell(
    experiment: ExperimentConfig,
    row: RowConfig,
    dataset: str,
    composition: Composition,
    options: Options,
) -> ExperimentCell:
    place = f"experiment {experiment.name}, row {row.label!r}"
    groups = _groups(row, dataset, experiment, composition, options, place)
    cell = build_cell(groups, label=row.label, place=place)
    return ExperimentCell(cell, row.section or cell.base_model.name, row=row)


def _grid_cells(
    experiment: ExperimentConfig, grid: GridConfig, composition: Composition, options: Options
) -> Iterator[ExperimentCell]:
    place = f"experiment {experiment.name}, grid {grid.name!r}"
    groups = _groups(grid, grid.dataset, experiment, composition, options, place)
    fixed = {} if grid.n is None else {"n": grid.n}
    for lambda_, temperature in product(grid.lambda_, grid.temperature):
        point = {"lambda": lambda_, "temperature": temperature, **fixed}
        decoding = {**groups["decoding"], **point}
        cell = build_cell({**groups, "decoding": decoding}, label=grid.name, place=place)
        yield ExperimentCell(cell, cell.base_model.name, grid=grid)


def _groups(
    part: RowConfig | GridConfig,
    dataset: str,
    experiment: ExperimentConfig,
    composition: Composition,
    options: Options,
    place: str,
) -> dict[str, dict[str, Any]]:
    """The groups of one row on one data set, merged in order of precedence and resolved."""
    chosen = {**part.options(), "dataset": dataset}
    if dataset in experiment.prompts and "prompt" not in composition.picked:
        chosen.setdefault("prompt", experiment.prompts[dataset])
    try:
        groups = {
            group: options.read(group, chosen[group])
            if group in chosen
            else deepcopy(dict(composition.groups[group]))
            for group in GROUPS
        }
    except ConfigError as error:
        raise ConfigError(f"{place}: {error.message}", hint=error.hint) from None
    tree = OmegaConf.create(groups)
    own = part.limit if isinstance(part, GridConfig) else None
    limits = [limit for limit in (experiment.limit, own) if limit is not None]
    if limits:
        OmegaConf.update(tree, "dataset.limit", min(limits))
    if experiment.limit_seed is not None:
        OmegaConf.update(tree, "dataset.limit_seed", experiment.limit_seed)
    for key, value in (*composition.assigned.items(), *part.overrides.items()):
        if key.partition(".")[0] not in GROUPS:
            raise ConfigError(
                f"{place}: {key!r} belongs to none of a cell's groups",
                hint=f"the groups are {', '.join(GROUPS)}",
            )
        OmegaConf.update(tree, key, value, merge=False)
    resolved = OmegaConf.to_container(tree, resolve=True, throw_on_missing=True)
    assert isinstance(resolved, dict)
    return {str(group): content for group, content in resolved.items()}


def _check_named(experiment: ExperimentConfig, dataset: str, options: Options) -> None:
    """A misspelt data set would get another prompt in silence; one that is not used may stand."""
    try:
        options.read("dataset", dataset)
    except ConfigError as error:
        place = f"experiment {experiment.name}, prompts"
        raise ConfigError(f"{place}: {error.message}", hint=error.hint) from None


def _check_distinct_rows(experiment: ExperimentConfig, cells: Sequence[ExperimentCell]) -> None:
    places = Counter((entry.section, entry.cell.label, entry.cell.dataset.name) for entry in cells)
    for (section, label, _), count in places.items():
        if count > 1:
            raise ConfigError(
                f"experiment {experiment.name}: section {section} has {count} rows {label!r}",
                hint="give every row of a section its own label, and list a data set once",
            )
    rows = dict.fromkeys(
        (entry.section, entry.row.role, entry.row.label) for entry in cells if entry.row
    )
    for (section, role), count in Counter((section, role) for section, role, _ in rows).items():
        if role in ("base", "ceiling") and count > 1:
            labels = ", ".join(label for *place, label in rows if place == [section, role])
            raise ConfigError(
                f"experiment {experiment.name}: section {section} has {count} rows of the role "
                f"{role!r}: {labels}",
                hint="recovery rates need one reference: give the others the role 'control'",
            )


def _check_choices_used(experiment: ExperimentConfig, composition: Composition) -> None:
    """A choice that every row overrules would be dropped in silence."""
    for group, option in composition.picked.items():
        parts: tuple[Choices, ...] = (*experiment.rows, *experiment.grids)
        if group == "dataset" or all(group in part.options() for part in parts):
            raise ConfigError(
                f"{group}={option} changes nothing: every row of experiment "
                f"{experiment.name} chooses its own {group}",
                hint=f"set experiment.datasets=[{option}]"
                if group == "dataset"
                else f"leave {group}= out, or run one cell without experiment=",
            )
