"""conf/experiment/*: named sets of cells beyond a plain product, and the tables they become."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from rast_bench.config.bounds import Problems, Samples, Seed
from rast_bench.config.schema import (
    CellConfig,
    GraderName,
    Label,
    Lambda,
    MethodName,
    Name,
    Temperature,
)
from rast_bench.config.strict import Strict
from rast_bench.config.validate import did_you_mean

RESERVED = ("analysis", "bugs", "launches", "ledger", "sweeps", "trackio", "wandb")
"""Folders of a results folder; an experiment's files go into a folder of its name."""

Role = Literal["base", "rast", "ceiling", "control"]
"""`base` and `ceiling` are the references of a section's recovery rates (eq. 5)."""

FigureKind = Literal[
    "pass@k", "majority@k", "grids", "behaviour", "pcr", "similarity", "kl", "length"
]
"""What `rast-bench figure` draws: figures 3, 8, 6, 10, 1a, 4 and 5 of the paper, and table 6."""

CostKind = Literal["memory", "flops", "decoding", "throughput"]
"""Tables of table 4, the reply to reviewer 2 and table 5, which follow from the cells alone, and of
reply 4, which the ledger's manifests tell of as far as there are runs."""

PublishedMethod = MethodName | Literal["instruct"]


class PublishedKey(Strict):
    """What a row corresponds to in the paper, in the terms of results/paper/.

    Keys left out default to the row's own: the names of its base model and ΔR, and its method.
    """

    model: str | None = None
    method: PublishedMethod | None = None
    delta: str | None = None


class PublishedConfig(Strict):
    """The published values that an experiment is compared with.

    `sources` are those of results/paper/ (`table 1`, `figure 3`, …); `text 3.4` is section 3.4 of
    the running text. The list is empty where no number could be recovered. `datasets` maps a data
    set to its name there, where the names differ.
    """

    sources: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    datasets: Mapping[Name, str] = {}


class Choices(Strict):
    """One option per group; groups left out come from the command line or config.yaml.

    Keys with a dot set single values: `decoding.temperature: 0.5`.
    """

    base_model: Name | None = None
    delta: Name | None = None
    method: Name | None = None
    prompt: Name | None = None
    decoding: Name | None = None
    engine: Name | None = None
    overrides: Mapping[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather_overrides(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        dotted = {key: value for key, value in data.items() if "." in str(key)}
        rest = {key: value for key, value in data.items() if key not in dotted}
        return {**rest, "overrides": {**rest.get("overrides", {}), **dotted}}

    def options(self) -> dict[str, str]:
        """Return the chosen option by group, for the groups chosen here."""
        fields = ("base_model", "delta", "method", "prompt", "decoding", "engine")
        return {group: name for group in fields if (name := getattr(self, group)) is not None}


class RowConfig(Choices):
    """One row of the table: one cell per data set of the experiment.

    `section` is the block of the table that the row belongs to, by default the name of its base
    model. Rows with the same `pool` are runs with different seeds: a table gives their mean ±
    standard deviation. `published: null` marks a row that the paper does not have.
    """

    label: Label = Field(min_length=1)
    role: Role = "rast"
    section: Label | None = None
    pool: Label | None = Field(default=None, min_length=1)
    published: PublishedKey | None = PublishedKey()


class GridConfig(Choices):
    """A λ × τ heat map on one data set; `name` is its title, `limit` is in problems."""

    name: Label = Field(min_length=1)
    dataset: Name
    lambda_: tuple[Lambda, ...] = Field(alias="lambda", min_length=1)
    temperature: tuple[Temperature, ...] = Field(min_length=1)
    n: Samples | None = None
    limit: Problems | None = None
    published: PublishedKey | None = PublishedKey()

    @model_validator(mode="after")
    def _points_once(self) -> "GridConfig":
        for sign, values in (("λ", self.lambda_), ("τ", self.temperature)):
            for value, count in Counter(values).items():
                if count > 1:
                    raise ValueError(f"{sign} = {value:g} is listed {count} times")
        return self


def _free(name: str) -> str:
    """Return the name unless rast-bench uses a folder of that name, whatever its case."""
    if name.casefold() in RESERVED:
        raise ValueError(f"is a folder of rast-bench's own, as are {', '.join(RESERVED)}")
    return name


class ExperimentConfig(Strict):
    """One experiment.

    `limit` takes the first problems of every data set; null takes all. With `limit_seed` they are
    drawn at random (DatasetConfig). `prompts` names a prompt for each data set that needs its own;
    a prompt chosen by a row or the command line takes precedence. `notes` are sentences printed as
    footnotes of every table of the experiment.

    With `published` the table shows the published values beside ours, and marks what has not been
    run instead of failing. `measures` are the measures of the main table, by their names in
    rast_bench/results/registry.py or `module:object`; the default is accuracy and recovery rate.
    `figures` are those of `rast-bench figure`; `costs` are tables that need no samples. `paths_of`
    is the base model along whose RL-trained sibling's paths all ΔR are compared (figure 4); without
    it, those of each base model along its own sibling's. `compare_with` is the label of the row
    that all others of its section are compared with, problem by problem; with the cost `flops` also
    by accuracy against cost. `graders` replace those of the data sets: the first fills the tables,
    accuracies by the others stand beside it.
    """

    name: Annotated[Name, AfterValidator(_free)]
    title: str = ""
    next_command: str | None = None  # a command to suggest after this one
    datasets: tuple[Name, ...] = ()
    prompts: Mapping[Name, Name] = {}
    notes: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    limit: Problems | None = None
    limit_seed: Seed | None = None
    rows: tuple[RowConfig, ...] = ()
    grids: tuple[GridConfig, ...] = ()
    published: PublishedConfig | None = None
    measures: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    figures: tuple[FigureKind, ...] = ()
    costs: tuple[CostKind, ...] = ()
    paths_of: Name | None = None
    compare_with: Label | None = None
    graders: tuple[GraderName, ...] = ()

    @property
    def waits_for_all(self) -> bool:
        """Whether its table needs every sample; otherwise it is printed with the samples that
        exist.
        """
        return self.published is None and (not self.costs_alone or bool(self.measures))

    @property
    def costs_alone(self) -> bool:
        """Whether its costs replace the table of accuracies; beside compared rows they do not."""
        return bool(self.costs) and self.compare_with is None

    @property
    def compares_costs(self) -> bool:
        """Whether accuracies are compared with costs."""
        return "flops" in self.costs and self.compare_with is not None

    @model_validator(mode="after")
    def _has_work(self) -> "ExperimentConfig":
        if not self.rows and not self.grids:
            raise ValueError("it has neither rows nor grids")
        if self.rows and not self.datasets:
            raise ValueError("its rows need datasets")
        if self.limit is None and self.limit_seed is not None:
            raise ValueError("limit_seed draws `limit` problems: it needs limit")
        labels = list(dict.fromkeys(row.label for row in self.rows))
        if self.compare_with is not None and self.compare_with not in labels:
            raise ValueError(
                f"compare_with: no row is labelled {self.compare_with!r}; "
                f"{did_you_mean(self.compare_with, labels, 'rows')}"
            )
        for what, names in (
            ("grids are named", [grid.name for grid in self.grids]),
            ("data sets are", list(self.datasets)),
        ):
            for name, count in Counter(names).items():
                if count > 1:
                    raise ValueError(f"{count} {what} {name!r}")
        return self


@dataclass(frozen=True)
class ExperimentCell:
    """One cell, and the row or grid (exactly one of them) that it belongs to."""

    cell: CellConfig
    section: str
    row: RowConfig | None = None
    grid: GridConfig | None = None
