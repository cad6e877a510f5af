"""The cells that words of a command name: cells by id, experiments, and rows of experiments."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rast_bench.api.cells import StoredCell
from rast_bench.config.validate import did_you_mean
from rast_bench.errors import ConfigError
from rast_bench.ledger.store import CELL_ID
from rast_bench.results.registry import ACCURACY

if TYPE_CHECKING:
    from rast_bench.api.folder import ResultsFolder


@dataclass(frozen=True, eq=False)
class NamedCell:
    """A cell of the ledger, in its place in an experiment if it was named by one."""

    cell: StoredCell
    experiment: str | None = None
    section: str | None = None
    row: str | None = None
    grid: str | None = None

    @property
    def cell_id(self) -> str:
        return self.cell.cell_id

    @property
    def title(self) -> str:
        """The row's label and section in an experiment, else the cell's own title."""
        if self.row is None:
            return self.cell.title
        if self.grid is not None:
            own = self.cell.constants()
            return f"{self.row}, λ = {own['lambda']:g}, τ = {own['temperature']:g}"
        return self.row if self.section in (None, self.row) else f"{self.row}, {self.section}"


def named_cells(folder: "ResultsFolder", word: str, notes: list[str]) -> list[NamedCell]:
    """Return the cells of one word, in the order of the experiment's table.

    A row is named by its label, or by a part of the label that no other row has.

    Raises:
        ConfigError: there is no such cell, experiment or row.
        LedgerError: the experiment's saved results, or the cells, cannot be read.
    """
    if CELL_ID.fullmatch(word):
        return [NamedCell(one) for one in folder.select(None, word, None, notes)]
    experiments = folder.experiment_names()
    name, label = word, None
    if word not in experiments and ":" in word:
        name, _, label = word.partition(":")
    if name not in experiments:
        raise ConfigError(
            f"{folder.path} has no experiment and no cell {name!r}",
            hint=f"{did_you_mean(name, experiments, 'experiments')}; `rast-bench status "
            "EXPERIMENT` lists ids of cells",
        )
    places = _places(folder, name)
    if label is not None:
        row = _row_called(label, name, places)
        places = [place for place in places if place["row"] == row]
    stored = {one.cell_id: one for one in folder.select(name, None, None, notes)}
    return [
        NamedCell(stored[place["cell_id"]], name, place["section"], place["row"], place["grid"])
        for place in places
        if place["cell_id"] in stored
    ]


def distinct(cells: Iterable[NamedCell]) -> list[NamedCell]:
    """Return each cell once, at its first place."""
    found: dict[str, NamedCell] = {}
    for one in cells:
        found.setdefault(one.cell_id, one)
    return list(found.values())


def only(
    what: str,
    names: Sequence[str] | None,
    cells: Sequence[NamedCell],
    of: Callable[[NamedCell], str | None],
) -> list[NamedCell]:
    """Return the cells with one of these names; without names, all.

    Args:
        what: What is named: `data set`, `row`, ….
        of: The name of a cell.

    Raises:
        ConfigError: no cell has one of the names.
    """
    known = {name for one in cells if (name := of(one)) is not None}
    for name in names or ():
        if name not in known:
            raise ConfigError(
                f"none of these cells has the {what} {name!r}",
                hint=did_you_mean(name, known, f"{what}s"),
            )
    return [one for one in cells if not names or of(one) in names]


def _places(folder: "ResultsFolder", experiment: str) -> list[dict[str, Any]]:
    """Return where the cells of an experiment stand: cell_id, section, row, grid."""
    columns = ["measure", "cell_id", "section", "row", "grid"]
    rows = folder.saved_results(experiment).select(columns).to_pylist()
    return [row for row in rows if row["measure"] == ACCURACY.name and row["cell_id"]]


def _row_called(label: str, experiment: str, places: Sequence[dict[str, Any]]) -> str:
    labels = list(dict.fromkeys(str(place["row"]) for place in places))
    if label in labels:
        return label
    close = [one for one in labels if label and label.casefold() in one.casefold()]
    if len(close) == 1:
        return close[0]
    if close:
        raise ConfigError(
            f"experiment {experiment} has {len(close)} rows with {label!r} in their label",
            hint=f"name one of them: {', '.join(close[:6])}{', …' * (len(close) > 6)}",
        )
    raise ConfigError(
        f"experiment {experiment} has no row {label!r}", hint=did_you_mean(label, labels, "rows")
    )
