"""A table before formatting: typed cells in rows in sections, and footnotes."""

from dataclasses import dataclass
from typing import Literal

from rast_bench.metrics.estimate import Estimate
from rast_bench.results.result import Result

RowStyle = Literal["plain", "ceiling", "sub"]
"""`ceiling` is shaded if the format allows; `sub` continues the row above it."""


@dataclass(frozen=True)
class EmptyCell:
    """Nothing was measured here; printed as a dash."""


@dataclass(frozen=True)
class BlankCell:
    """The same as in the row above; printed as nothing."""


@dataclass(frozen=True)
class TextCell:
    text: str


@dataclass(frozen=True)
class CountCell:
    count: int


@dataclass(frozen=True)
class RateCell:
    """A fraction, printed in percent; `mark` is a footnote mark after it."""

    estimate: Estimate
    mark: str = ""


@dataclass(frozen=True)
class QuantityCell:
    """A number with its own unit (tokens, occurrences), printed with `decimals` digits."""

    number: float
    decimals: int


@dataclass(frozen=True)
class RecoveryCell:
    result: Result


Cell = EmptyCell | BlankCell | TextCell | CountCell | RateCell | QuantityCell | RecoveryCell


@dataclass(frozen=True)
class Column:
    """`align` is for the cells; headings follow it."""

    heading: str
    align: Literal["left", "right"] = "right"


@dataclass(frozen=True)
class TableRow:
    """The first cell is the row's name. `rule_above` draws a thin rule (before the controls)."""

    cells: tuple[Cell, ...]
    style: RowStyle = "plain"
    rule_above: bool = False


@dataclass(frozen=True)
class TableSection:
    """The rows of one base model."""

    title: str
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class Table:
    """Every row has as many cells as there are columns (checked)."""

    name: str
    title: str
    columns: tuple[Column, ...]
    sections: tuple[TableSection, ...]
    footnotes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for section in self.sections:
            for row in section.rows:
                if len(row.cells) != len(self.columns):
                    raise ValueError(
                        f"table {self.name}: a row of section {section.title} has "
                        f"{len(row.cells)} cells for {len(self.columns)} columns"
                    )
