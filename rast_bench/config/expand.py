"""Expand the rows and grids of an experiment into cells, without Hydra."""

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
    """Reads the options of a group (config/options.py)."""

    def read(self, group: str, name: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Composition:
    """What Hydra composed, and which part of it the user typed.

    `groups` is the content of every group, overrides included; `picked` the options chosen on the
    command line, by group; `assigned` the values set there, by dotted key.
    """

    groups: Groups
    picked: Mapping[str, str] = field(default_factory=dict)
    assigned: Mapping[str, Any] = field(default_factory=dict)


def build_cell(groups: Groups, *, label: str | None = None, context: str = "") -> CellConfig:
    """Return one validated cell; `method: auto` becomes rast with a ΔR source and base without one.

    Raises:
        ConfigError: a key is not valid; the message starts with `context` and names the key.
    """
    data: dict[str, Any] = {group: dict(groups[group]) for group in GROUPS}
    if data["method"].get("name") == "auto":
        data["method"]["name"] = "rast" if data["delta"].get("pairs") else "base"
    return validated(CellConfig, {**data, "label": label}, context=context)


def expand(
    experiment: ExperimentConfig, composition: Composition, options: Options
) -> list[ExperimentCell]:
    """Return every cell: each row × data set, then each grid's λ × τ.

    A value set by a row takes precedence over the command line, which takes precedence over an
    option.

    Raises:
        ConfigError: an option or key does not exist, or no row would use a group chosen on the
            command line.
    """
    _check_choices_used(experiment, composition)
    for dataset in experiment.prompts:
        _check_named(experiment, dataset, options)
    cells = [
        cell
        for row in experiment.rows
        for cell in _row_cells(experiment, row, composition, options)
    ]
    _check_distinct_rows(experiment, cells)
    for grid in experiment.grids:
        cells.extend(_grid_cells(experiment, grid, composition, options))
    return cells


def _row_cells(
    experiment: ExperimentConfig, row: RowConfig, composition: Composition, options: Options
) -> Iterator[ExperimentCell]:
    context = f"experiment {experiment.name}, row {row.label!r}"
    for groups in _groups(row, experiment.datasets, experiment, composition, options, context):
        cell = build_cell(groups, label=row.label, context=context)
        yield ExperimentCell(cell, row.section or cell.base_model.name, row=row)


def _grid_cells(
    experiment: ExperimentConfig, grid: GridConfig, composition: Composition, options: Options
) -> Iterator[ExperimentCell]:
    context = f"experiment {experiment.name}, grid {grid.name!r}"
    (groups,) = _groups(grid, (grid.dataset,), experiment, composition, options, context)
    fixed = {} if grid.n is None else {"n": grid.n}
    for lambda_, temperature in product(grid.lambda_, grid.temperature):
        point = {"lambda": lambda_, "temperature": temperature, **fixed}
        decoding = {**groups["decoding"], **point}
        cell = build_cell({**groups, "decoding": decoding}, label=grid.name, context=context)
        yield ExperimentCell(cell, cell.base_model.name, grid=grid)


def _groups(
    part: RowConfig | GridConfig,
    datasets: Sequence[str],
    experiment: ExperimentConfig,
    composition: Composition,
    options: Options,
    context: str,
) -> Iterator[dict[str, dict[str, Any]]]:
    """Yield the groups of one row on each data set, merged in order of precedence and resolved.

    One tree serves all: making it takes longer than everything else, and the row's other groups are
    the same on every data set.
    """
    tree = OmegaConf.create()
    for dataset in datasets:
        chosen = {**part.options(), "dataset": dataset}
        if dataset in experiment.prompts and "prompt" not in composition.picked:
            chosen.setdefault("prompt", experiment.prompts[dataset])
        try:
            for group in GROUPS:
                if group in ("dataset", "prompt") or group not in tree:
                    tree[group] = (
                        options.read(group, chosen[group])
                        if group in chosen
                        else deepcopy(dict(composition.groups[group]))
                    )
        except ConfigError as error:
            raise ConfigError(f"{context}: {error.message}", hint=error.hint) from None
        for key, value in _changes(part, experiment, composition):
            if key.partition(".")[0] not in GROUPS:
                raise ConfigError(
                    f"{context}: {key!r} is not in any group of a cell",
                    hint=f"the groups are {', '.join(GROUPS)}",
                )
            OmegaConf.update(tree, key, value, merge=False)
        resolved = OmegaConf.to_container(tree, resolve=True, throw_on_missing=True)
        assert isinstance(resolved, dict)
        yield {str(group): content for group, content in resolved.items()}


def _changes(
    part: RowConfig | GridConfig, experiment: ExperimentConfig, composition: Composition
) -> Iterator[tuple[str, Any]]:
    """Yield what replaces values of the options, as dotted keys and values; later ones win."""
    own = part.limit if isinstance(part, GridConfig) else None
    limits = [limit for limit in (experiment.limit, own) if limit is not None]
    if limits:
        yield "dataset.limit", min(limits)
    if experiment.limit_seed is not None:
        yield "dataset.limit_seed", experiment.limit_seed
    if experiment.graders:
        yield "dataset.graders", list(experiment.graders)
    yield from composition.assigned.items()
    yield from part.overrides.items()


def _check_named(experiment: ExperimentConfig, dataset: str, options: Options) -> None:
    """Raise ConfigError for an unknown data set in `prompts`: a misspelt name would be ignored
    silently.
    """
    try:
        options.read("dataset", dataset)
    except ConfigError as error:
        context = f"experiment {experiment.name}, prompts"
        raise ConfigError(f"{context}: {error.message}", hint=error.hint) from None


def _check_distinct_rows(experiment: ExperimentConfig, cells: Sequence[ExperimentCell]) -> None:
    counts = Counter((entry.section, entry.cell.label, entry.cell.dataset.name) for entry in cells)
    for (section, label, _), count in counts.items():
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
            labels = ", ".join(label for *key, label in rows if key == [section, role])
            raise ConfigError(
                f"experiment {experiment.name}: section {section} has {count} rows of the role "
                f"{role!r}: {labels}",
                hint="recovery rates need one reference: give the others the role 'control'",
            )


def _check_choices_used(experiment: ExperimentConfig, composition: Composition) -> None:
    """Raise ConfigError for a choice that every row overrides: it would be ignored silently."""
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
