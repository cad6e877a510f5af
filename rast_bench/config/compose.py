"""Turn what Hydra composed into validated cells.

Hydra returns one tree. `compose_job` checks all of it (so no unknown key passes) and turns it into
the cell that it describes, or into all cells of the experiment that it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from pydantic import BeforeValidator, Field

from rast_bench.config.bounds import MAX_WORKERS
from rast_bench.config.expand import Composition, build_cell, expand
from rast_bench.config.experiment import ExperimentCell, ExperimentConfig
from rast_bench.config.launchers import LauncherConfig
from rast_bench.config.options import OptionReader
from rast_bench.config.overrides import parsed_overrides
from rast_bench.config.schema import GROUPS, CellConfig, GraderName, Label
from rast_bench.config.strict import Strict
from rast_bench.config.trackers import NoTracker, TrackerConfig
from rast_bench.config.validate import validated


def _workers(value: Any) -> int | Literal["auto"]:
    """Return the value; report one error where a pydantic union would report two."""
    if value == "auto":
        return "auto"
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_WORKERS:
        return value
    raise ValueError(f"must be auto or a number of processes, from 1 to {MAX_WORKERS:,}")


class RunOptions(Strict):
    """What the command line may set beside the groups of a cell."""

    results_dir: str = Field(default="results", min_length=1)
    grader: GraderName | None = None  # None: each data set has its own
    allow_code_execution: bool = False
    workers: Annotated[int | Literal["auto"], BeforeValidator(_workers)] = "auto"
    label: Label | None = None
    pool: Label | None = None  # the key of a sweep whose values are repeated runs (seeds)
    tracker: TrackerConfig = NoTracker()
    experiment: ExperimentConfig | None = None


class Root(RunOptions):
    """The whole tree; its groups are checked cell by cell."""

    base_model: Mapping[str, Any]
    delta: Mapping[str, Any]
    method: Mapping[str, Any]
    dataset: Mapping[str, Any]
    prompt: Mapping[str, Any]
    decoding: Mapping[str, Any]
    engine: Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """One composed configuration: a single cell, or an experiment and its cells.

    `overrides` and `config_dir` are what the user typed. Without a `launcher`, the command's own
    process does the work.
    """

    options: RunOptions
    cells: tuple[CellConfig, ...]
    experiment_cells: tuple[ExperimentCell, ...] = ()
    overrides: tuple[str, ...] = ()
    config_dir: str | None = None
    launcher: LauncherConfig | None = None


def compose_job(
    cfg: DictConfig,
    overrides: Sequence[str],
    options: OptionReader,
    launcher: LauncherConfig | None = None,
    config_dir: str | None = None,
) -> Job:
    """Validate the composed configuration and expand its experiment, if it names one.

    Args:
        cfg: the composed tree without Hydra's own node.
        overrides: the overrides of the command line, which also apply to the rows of an
            experiment.
        options: reads the options that the rows choose.
        launcher: where the workers of the job run.
        config_dir: the user's own folder of options, if any.

    Raises:
        ConfigError: a key, option or value is not valid.
        OmegaConfBaseException: an interpolation cannot be resolved.
    """
    tree = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    assert isinstance(tree, dict)
    root = validated(Root, {str(key): value for key, value in tree.items()})
    run = RunOptions.model_validate({name: getattr(root, name) for name in RunOptions.model_fields})
    parsed = parsed_overrides(overrides)
    composition = Composition(
        groups={group: dict(getattr(root, group)) for group in GROUPS},
        picked=_picked(parsed),
        assigned=_assigned(parsed),
    )
    if run.experiment is None:
        cell = build_cell(composition.groups, label=run.label)
        return Job(run, (cell,), (), tuple(overrides), config_dir, launcher)
    cells = expand(run.experiment, composition, options)
    bare = tuple(entry.cell for entry in cells)
    return Job(run, bare, tuple(cells), tuple(overrides), config_dir, launcher)


def _picked(overrides: Sequence[Override]) -> dict[str, str]:
    """Return the group=option overrides that choose one of a cell's groups."""
    return {
        override.key_or_group: str(override.value())
        for override in overrides
        if override.key_or_group in GROUPS and isinstance(override.value(), str)
    }


def _assigned(overrides: Sequence[Override]) -> dict[str, Any]:
    """Return the group.key=value overrides in order; other keys do not apply to cells."""
    return {
        override.key_or_group: override.value()
        for override in overrides
        if override.key_or_group.partition(".")[0] in GROUPS
        and "." in override.key_or_group
        and not override.is_delete()
    }
