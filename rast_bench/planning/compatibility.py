"""Collect every error that would stop a run, and warnings, instead of raising the first.

The checks are those of the engines: a plan without errors is a run that starts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rast_bench.config.identity import EngineKey, engine_key
from rast_bench.config.paths import on_hub
from rast_bench.config.schema import CellConfig, DatasetConfig, ModelRef
from rast_bench.domain import Problem
from rast_bench.engines import check_engine, check_room
from rast_bench.engines.check import (
    check_eos,
    check_model,
    check_tokenizers,
    token_ids,
)
from rast_bench.engines.model_folder import read_json
from rast_bench.errors import ConfigError, DatasetError, ModelError, RastBenchError
from rast_bench.planning.cells import CellReader, PlannedCell
from rast_bench.planning.checkpoints import checkpoint_folder, configuration
from rast_bench.planning.outline import OutlinedCell, outline_cell
from rast_bench.planning.plan import Room, needed_room
from rast_bench.planning.prompts import PromptLengths


@dataclass(frozen=True)
class PlanError:
    """An error that a run would raise, and how many cells it stops."""

    message: str
    hint: str | None
    cells: int


@dataclass
class PlanErrors:
    """Errors in the order in which they were found, equal ones merged.

    `elsewhere`: the plan is for another machine, so what only this one lacks is no error.
    """

    elsewhere: bool = False
    _found: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    _warnings: Counter[tuple[str, str | None]] = field(default_factory=Counter)

    @contextmanager
    def collecting(self, cells: int = 1) -> Iterator[None]:
        """Collect the RastBenchError of the body, which stops that many cells."""
        try:
            yield
        except RastBenchError as error:
            self.add(error, cells)

    def add(self, error: RastBenchError, cells: int = 1) -> None:
        """Add an error, or a warning if only this machine lacks something that another one may
        have.

        Models and data sets are left out of the warnings: the plan lists what it took from facts.
        """
        if not (self.elsewhere and error.here_only):
            self.stop(error, cells)
        elif not isinstance(error, ModelError | DatasetError):
            self._warnings[error.message, error.hint] += cells

    def warn(self, error: RastBenchError) -> None:
        """Add a warning about what may stop the run; the plan cannot know."""
        text = error.message if error.hint is None else f"{error.message}; {error.hint}"
        self._warnings[text, None] += 1

    def stop(self, error: RastBenchError, cells: int = 1) -> None:
        """Add an error that holds on every machine."""
        self._found[error.message, error.hint] += cells

    def all(self) -> list[PlanError]:
        return [PlanError(message, hint, cells) for (message, hint), cells in self._found.items()]

    def warnings(self) -> list[str]:
        return [message for message, _ in self._warnings]


def check_cells(cells: Sequence[CellConfig], errors: PlanErrors) -> list[PlannedCell | None]:
    """Read every cell and check its models, in the order of the cells; None for a cell with an
    error.

    All errors of engines, models, data sets and lengths are collected.
    """
    for cell in cells:
        with errors.collecting():
            check_engine(cell)
    keys = Counter(engine_key(cell) for cell in cells)
    unusable = _unusable_models(keys, errors)
    # The identity of a cell needs no file of a hub model, so its cells can be shown.
    broken = {ref for ref in unusable if not on_hub(ref)}
    planned = _read(cells, broken, errors)
    lengths = PromptLengths()
    rooms = Counter(
        (needed_room(item, lengths(item)), isinstance(item, OutlinedCell))
        for item in planned
        if item is not None and not broken.intersection(item.engine_key.roles)
    )
    for (room, bounded), count in rooms.items():
        with errors.collecting(count):
            _check_room(room, bounded, errors)
    return planned


def _check_room(room: Room, bounded: bool, errors: PlanErrors) -> None:
    """Raise ConfigError if the longest request has no room.

    Args:
        bounded: the prompt is not available and was bounded by its characters; a warning if a
            short prompt has room.
    """
    try:
        check_room(*room, configuration=configuration, bounded=bounded)
    except ConfigError as error:
        key, max_tokens, limit, _ = room
        if not bounded:
            raise
        try:
            check_room(key, max_tokens, limit, configuration=configuration)
        except ConfigError:
            raise error from None
        errors.warn(error)


def _unusable_models(keys: Mapping[EngineKey, int], errors: PlanErrors) -> set[ModelRef]:
    """Return the checkpoints that cannot be used; collect these errors and those of mismatched
    models.
    """
    uses: Counter[ModelRef] = Counter()
    for key, cells in keys.items():
        uses.update(dict.fromkeys(key.roles, cells))
    unusable = set(uses)
    for ref, cells in uses.items():
        with errors.collecting(cells):
            check_model(ref)
            unusable.discard(ref)
    mains: Counter[ModelRef] = Counter()
    pairs: Counter[tuple[ModelRef, ModelRef]] = Counter()
    for key, cells in keys.items():
        if key.main not in unusable:
            mains[key.main] += cells
            others = dict.fromkeys(ref for ref in key.roles if ref not in (key.main, *unusable))
            pairs.update({(key.main, ref): cells for ref in others})
    for main, cells in mains.items():
        with errors.collecting(cells):
            check_eos(main)
    for (main, other), cells in pairs.items():
        with errors.collecting(cells):
            check_tokenizers(main, other)
    return unusable


class _Reader(CellReader):
    """Reads an unreadable data set only once."""

    def __init__(self) -> None:
        super().__init__()
        self._failed: dict[DatasetConfig, RastBenchError] = {}

    def read_set(self, dataset: DatasetConfig) -> tuple[tuple[Problem, ...], str]:
        whole = dataset.model_copy(update={"limit": None})
        if whole in self._failed:
            raise self._failed[whole]
        try:
            return super().read_set(dataset)
        except RastBenchError as error:
            self._failed[whole] = error
            raise


def _read(
    cells: Sequence[CellConfig], broken: set[ModelRef], errors: PlanErrors
) -> list[PlannedCell | None]:
    reader = _Reader()
    return [_read_cell(cell, reader, broken, errors) for cell in cells]


def _read_cell(
    cell: CellConfig, reader: CellReader, broken: set[ModelRef], errors: PlanErrors
) -> PlannedCell | None:
    """Return the cell, outlined if this machine lacks an input; None, with an error, if it
    fails.
    """
    usable = not broken.intersection(engine_key(cell).roles)
    lacking: RastBenchError | None = None
    try:
        reader.read_set(cell.dataset)
        return reader.read(cell) if usable else None
    except RastBenchError as error:
        if not (error.here_only and usable):
            errors.add(error)
            return None
        lacking = error
    try:
        outlined = outline_cell(cell, reader)
    except DatasetError as error:
        errors.stop(error)
        return None
    errors.add(lacking)
    return outlined


def eos_notes(keys: Sequence[EngineKey]) -> list[str]:
    """Return where models disagree on the EOS token, which stops no run but surprises."""
    read: Callable[[ModelRef], dict[str, frozenset[int]]] = _remembered(_eos_by_file)
    notes: dict[str, None] = {}
    for key in keys:
        ours = read(key.main)
        ends = next(iter(ours.values()), frozenset())
        for file, ids in ours.items():
            if not ids <= ends:
                notes[
                    f"{key.main.path}: EOS is {_ids(ids)} by {file}, but only {_ids(ends)} by "
                    f"{next(iter(ours))} ends a generation"
                ] = None
        for ref in key.roles[1:]:
            theirs = next(iter(read(ref).values()), frozenset())
            if ends and theirs and theirs != ends:
                notes[
                    f"{ref.path}: its EOS is {_ids(theirs)}; generations end with that of "
                    f"{key.main.path}, {_ids(ends)}"
                ] = None
    return list(notes)


def _eos_by_file(ref: ModelRef) -> dict[str, frozenset[int]]:
    """Return EOS ids by the file that names them, in order of precedence; empty for absent
    models.
    """
    folder = checkpoint_folder(ref)
    found: dict[str, frozenset[int]] = {}
    if folder is None:
        return found
    for file in ("generation_config.json", "config.json"):
        if (folder / file).is_file():
            found[file] = _as_ids(read_json(ref.path, folder / file).get("eos_token_id"))
    if (folder / "tokenizer_config.json").is_file():
        token = read_json(ref.path, folder / "tokenizer_config.json").get("eos_token")
        text = token.get("content") if isinstance(token, dict) else token
        named = token_ids(folder).get(text) if isinstance(text, str) else None
        found["tokenizer_config.json"] = _as_ids(named)
    return {file: ids for file, ids in found.items() if ids}


def _as_ids(value: Any) -> frozenset[int]:
    """Return only valid ids; `check_eos` has reported the others."""
    return frozenset(i for i in (value if isinstance(value, list) else [value]) if type(i) is int)


def _ids(ids: frozenset[int]) -> str:
    return ", ".join(map(str, sorted(ids)))


def _remembered(
    read: Callable[[ModelRef], dict[str, frozenset[int]]],
) -> Callable[[ModelRef], dict[str, frozenset[int]]]:
    """Cache the reader; an unreadable file counts as empty, because `check_cells` has reported
    it.
    """
    known: dict[ModelRef, dict[str, frozenset[int]]] = {}

    def remembered(ref: ModelRef) -> dict[str, frozenset[int]]:
        if ref not in known:
            try:
                known[ref] = read(ref)
            except ModelError:
                known[ref] = {}
        return known[ref]

    return remembered
