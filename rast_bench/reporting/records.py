"""What the reporting part is given: rows and grid points with their outcomes, free of any config.

The caller (the command line) turns an experiment's configuration into these records, so that tables
and figures depend on nothing but outcomes and names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rast_bench.errors import ConfigError

if TYPE_CHECKING:
    from rast_bench.metrics.outcomes import CellOutcome

Role = Literal["base", "rast", "ceiling", "control"]
"""`base`: M_base alone, `rast`: M_base + λ·ΔR, `ceiling`: RL on M_base, `control`: all else."""

ROLE_ORDER: tuple[Role, ...] = ("base", "rast", "ceiling", "control")
"""The order of rows within a section, as in the paper's table 1."""


@dataclass(frozen=True)
class ReportRow:
    """One row of the main table. `section` names the base model; `outcomes` is by data set."""

    label: str
    section: str
    role: Role
    outcomes: Mapping[str, "CellOutcome"]


@dataclass(frozen=True)
class GridPoint:
    """One (λ, τ) of the grid of one pair on one data set."""

    lambda_: float
    temperature: float
    outcome: "CellOutcome"


@dataclass(frozen=True)
class RowSection:
    """The rows of one base model by role, else as given; `base` and `ceiling` are among `rows`."""

    name: str
    rows: tuple[ReportRow, ...]
    base: ReportRow | None
    ceiling: ReportRow | None


def dataset_order(rows: Sequence[ReportRow]) -> tuple[str, ...]:
    """The data sets of all rows, in order of first appearance."""
    return tuple(dict.fromkeys(name for row in rows for name in row.outcomes))


def sections(rows: Sequence[ReportRow]) -> tuple[RowSection, ...]:
    """Rows grouped by base model, sections in order of first appearance.

    Raises ConfigError when a section has two bases or two ceilings (a recovery rate would be
    ambiguous) or two rows of one label (they could not be told apart).
    """
    grouped: dict[str, list[ReportRow]] = {}
    for row in rows:
        grouped.setdefault(row.section, []).append(row)
    return tuple(_section(name, members) for name, members in grouped.items())


def _section(name: str, rows: list[ReportRow]) -> RowSection:
    labels = [row.label for row in rows]
    for label in labels:
        if labels.count(label) > 1:
            raise ConfigError(
                f"section {name}: two rows are labelled {label!r}",
                hint="give every row of a section a label of its own",
            )
    ordered = tuple(sorted(rows, key=lambda row: ROLE_ORDER.index(row.role)))
    return RowSection(name, ordered, _only(rows, "base", name), _only(rows, "ceiling", name))


def _only(rows: list[ReportRow], role: Role, section: str) -> ReportRow | None:
    found = [row for row in rows if row.role == role]
    if len(found) > 1:
        raise ConfigError(
            f"section {section}: {len(found)} rows have the role {role!r} "
            f"({', '.join(row.label for row in found)})",
            hint="recovery rates need one reference: give the others the role 'control'",
        )
    return found[0] if found else None
