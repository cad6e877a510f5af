"""What a page shows: its cells, and the problems of their data sets in order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rast_bench.api.cells import StoredCell
from rast_bench.api.problems import ProblemSource
from rast_bench.domain import Problem
from rast_bench.ledger import Ledger
from rast_bench.ledger.keys import Numbers, codes_of, numbers_of

_LONG_NUMBER = 20  # digits


@dataclass(frozen=True, eq=False)
class Choice:
    """A cell, and which of its samples are shown.

    Attributes:
        problem_ids: Of the problems that are shown; None for all.
        n: Samples of each problem; None for all.
        grader: Whose verdicts are those of the tables; None for the cell's own.
        wanted: Samples that a complete cell has; None for those that its latest run requested.
    """

    stored: StoredCell
    problem_ids: frozenset[str] | None = None
    n: int | None = None
    grader: str | None = None
    wanted: int | None = None


@dataclass(frozen=True, eq=False)
class ShownCell:
    """A cell of the page. `dataset` is the page's name of its data set."""

    choice: Choice
    dataset: str
    problems: int
    samples: int
    n: int

    @property
    def stored(self) -> StoredCell:
        return self.choice.stored

    @property
    def cell_id(self) -> str:
        return self.choice.stored.cell_id

    @property
    def wanted(self) -> int | None:
        """Samples of the complete cell; None if no manifest says so."""
        return self.stored.wanted if self.choice.wanted is None else self.choice.wanted

    @property
    def status(self) -> str:
        """complete, partial (fewer samples than wanted) or unknown."""
        if self.wanted is None:
            return "unknown"
        return "partial" if self.samples < self.wanted else "complete"


@dataclass(frozen=True)
class ShownProblems:
    """The problems of a data set of which a shown cell has samples.

    Attributes:
        ids: In the order of the data set; by name if it is unavailable.
        known: Question and gold answer by id; empty if the data set is unavailable.
    """

    ids: Sequence[str]
    known: Mapping[str, Problem] = field(default_factory=dict)

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The place of each id in `ids`."""
        return {name: place for place, name in enumerate(self.ids)}


@dataclass(frozen=True)
class _Held:
    """What the ledger has of a choice; `n` is one more than the highest index of a sample."""

    problem_ids: frozenset[str]
    samples: int
    n: int


class Snapshot:
    """Cells and problems of a page, as the ledger has them when this is made.

    Attributes:
        cells: By id, in the order of the page.
        problems: By the page's name of the data set.
        shards: The names of each cell's shards, of samples and of verdicts, by id.
        notes: Sentences on what is partial or unavailable.
    """

    def __init__(
        self, ledger: Ledger, choices: Sequence[Choice], before: "Snapshot | None" = None
    ) -> None:
        """Count samples and read data sets. Raise LedgerError.

        Args:
            before: What was counted then is not counted again, if no shard has come since.
        """
        self.ledger = ledger
        self.notes: list[str] = []
        self.cells: dict[str, ShownCell] = {}
        self.shards: dict[str, list[str]] = {}
        self._held: dict[str, _Held] = {}
        names = _dataset_names([one.stored for one in choices])
        present: dict[str, set[str]] = {}
        for choice in choices:
            cell_id = choice.stored.cell_id
            self.shards[cell_id] = ledger.shards(cell_id)
            held = before.held(choice, self.shards[cell_id]) if before is not None else None
            self._held[cell_id] = held = held or _held(ledger, choice)
            name = names[_dataset_of(choice.stored)]
            present.setdefault(name, set()).update(held.problem_ids)
            self.cells[cell_id] = ShownCell(
                choice, name, len(held.problem_ids), held.samples, held.n
            )
        source = ProblemSource()
        known: dict[str, Mapping[str, Problem]] = {}
        why: dict[str, list[str]] = {}
        for cell in self.cells.values():
            if not known.get(cell.dataset):  # another cell's manifest may have its location
                why[cell.dataset] = []
                known[cell.dataset] = source.problems(cell.stored, why[cell.dataset])
        self.notes += [note for notes in why.values() for note in notes]
        self.problems = {
            name: ShownProblems(_in_order(ids, known[name]), known[name])
            for name, ids in present.items()
        }
        self.notes += [
            f"cell {cell.cell_id} ({cell.stored.title}) is partial: {cell.samples:,} of "
            f"{cell.wanted:,} samples"
            for cell in self.cells.values()
            if cell.status == "partial"
        ]

    def held(self, choice: Choice, shards: list[str]) -> "_Held | None":
        """Return the counts of a cell, if it was chosen so and had these shards."""
        own = self.cells.get(choice.stored.cell_id)
        if own is None or self.shards[own.cell_id] != shards:
            return None
        same = own.choice.problem_ids == choice.problem_ids and own.choice.n == choice.n
        return self._held[own.cell_id] if same else None

    @property
    def samples(self) -> int:
        return sum(cell.samples for cell in self.cells.values())


def shown_rows(choice: Choice, ids: Sequence[str], codes: Numbers, indices: Numbers) -> Any:
    """Return which rows a choice shows, [rows] of bool.

    Args:
        ids: the distinct problem ids; `codes` are indices into them.
        indices: of the samples.
    """
    shown = np.ones(len(codes), np.bool_)
    if choice.problem_ids is not None:
        shown &= np.array([name in choice.problem_ids for name in ids], np.bool_)[codes]
    if choice.n is not None:
        shown &= indices < choice.n
    return shown


def _held(ledger: Ledger, choice: Choice) -> _Held:
    keys = ledger.unchecked_keys(choice.stored.cell_id)
    codes, ids = codes_of(keys["problem_id"])
    indices = numbers_of(keys["sample_index"])
    shown = shown_rows(choice, ids, codes, indices)
    codes, indices = codes[shown], indices[shown]
    return _Held(
        frozenset(ids[code] for code in np.unique(codes).tolist()),
        len(codes),
        int(indices.max()) + 1 if len(indices) else 0,
    )


def _dataset_of(cell: StoredCell) -> tuple[str, str]:
    """Return name and fingerprint: one name may stand for several contents over time."""
    return cell.dataset or "", str(cell.identity["dataset"])


def _dataset_names(cells: Sequence[StoredCell]) -> dict[tuple[str, str], str]:
    """Return the page's name of each data set: its own, unless another content has that."""
    names: dict[tuple[str, str], str] = {}
    for name, fingerprint in dict.fromkeys(map(_dataset_of, cells)):
        taken = name in names.values()
        digest = fingerprint.removeprefix("sha256:")[:8]
        names[name, fingerprint] = f"{name} ({digest})" if taken else name
    return names


def _in_order(ids: set[str], known: Mapping[str, Problem]) -> list[str]:
    listed = [name for name in known if name in ids]
    return [*listed, *sorted(ids.difference(listed), key=_natural)]


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """p2 before p10."""
    parts = re.findall(r"\d+|\D+", name)
    whole = (part.isdecimal() and len(part) < _LONG_NUMBER for part in parts)
    pairs = zip(parts, whole, strict=True)
    return [(int(part), "") if is_whole else (-1, part) for part, is_whole in pairs], name
