"""conf/experiment/*: named sets of cells that are no plain product, and how they become a table."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from rast_bench.config.schema import CellConfig, Name, Strength, Temperature
from rast_bench.config.strict import Strict

Role = Literal["base", "rast", "ceiling", "control"]
"""`base` and `ceiling` are the references of a section's recovery rates (eq. 5)."""

Count = Annotated[int, Field(ge=1)]


class Choices(Strict):
    """One option for each group; what is left out comes from the command line or config.yaml.

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
        """The chosen option by group, of the groups that are chosen here."""
        fields = ("base_model", "delta", "method", "prompt", "decoding", "engine")
        return {group: name for group in fields if (name := getattr(self, group)) is not None}


class RowConfig(Choices):
    """One row of the table: one cell for each data set of the experiment.

    `section` is the block of the table it stands in, by default the base model's name.
    """

    label: str = Field(min_length=1)
    role: Role = "rast"
    section: str | None = None


class GridConfig(Choices):
    """A λ × τ heat map on one data set; `name` is its title, `limit` is in problems."""

    name: str = Field(min_length=1)
    dataset: Name
    lambda_: tuple[Strength, ...] = Field(alias="lambda", min_length=1)
    temperature: tuple[Temperature, ...] = Field(min_length=1)
    n: Count | None = None
    limit: Count | None = None


class ExperimentConfig(Strict):
    """`limit` takes the first problems of every data set; null takes them all."""

    name: Name
    title: str = ""
    next_command: str | None = None  # what a newcomer may type after it
    datasets: tuple[Name, ...] = ()
    limit: Count | None = None
    rows: tuple[RowConfig, ...] = ()
    grids: tuple[GridConfig, ...] = ()

    @model_validator(mode="after")
    def _has_work(self) -> "ExperimentConfig":
        if not self.rows and not self.grids:
            raise ValueError("it has neither rows nor grids")
        if self.rows and not self.datasets:
            raise ValueError("its rows need datasets")
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
    """One cell and the row or the grid (exactly one of the two) it belongs to."""

    cell: CellConfig
    section: str
    row: RowConfig | None = None
    grid: GridConfig | None = None
