"""A results folder as frames: what `rast_bench.open_results` returns."""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.api.cells import StoredCell, stored_cell
from rast_bench.api.columns import CELLS, EXPERIMENTS, RESULTS, Column, empty, typed
from rast_bench.api.problems import ProblemSource
from rast_bench.api.samples import cell_samples, sample_columns
from rast_bench.config.experiment import RESERVED
from rast_bench.config.validate import did_you_mean
from rast_bench.errors import ConfigError, LedgerError
from rast_bench.ledger import Ledger
from rast_bench.ledger.atomic import ledger_errors
from rast_bench.results.saved import RESULTS_FILE, read_results

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Names = str | Iterable[str] | None
"""One name, several, or None for all."""

OLD_FILES = ("numbers.csv", "comparison.csv", "grid.csv")
"""The machine-readable file of versions before results.parquet."""


class ResultsWarning(UserWarning):
    """What a frame lacks: partial cells, unavailable data sets, …"""


def open_results(folder: Path | str = "results") -> "ResultsFolder":
    """Open the results folder of `results_dir=FOLDER`. Only its entries are examined.

    Raises:
        ConfigError: there is no such folder, or it contains neither samples nor results.
        LedgerError: it cannot be read.
    """
    path = Path(folder)
    with ledger_errors(path):
        if not path.is_dir():
            raise ConfigError(
                f"there is no results folder {path}",
                hint="name the folder of results_dir=; a run without it writes to results/",
            )
        opened = ResultsFolder(path)
        if opened.ledger.root.is_dir() or opened.experiment_names():
            return opened
        parent = path.resolve().parent
        inner = Ledger(parent).root.is_dir()
    raise ConfigError(
        f"{path} is not a results folder: it has neither a ledger nor results of an experiment",
        hint=f"did you mean {parent}?" if inner else "`rast-bench run` fills one: results_dir=DIR",
    )


class ResultsFolder:
    """The experiments, cells, results and samples of a results folder.

    Frames have the columns of docs/notebooks.md. What a frame lacks is listed in its
    `attrs["notes"]` and issued as a warning (`ResultsWarning`). Nothing is graded or computed here.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = Ledger(path)
        self._problems = ProblemSource()

    def __repr__(self) -> str:
        return f"ResultsFolder({str(self.path)!r})"

    def experiments(self) -> "pd.DataFrame":
        """Return one row per experiment with saved results, by name.

        Raises:
            LedgerError: the folder cannot be read.
        """
        import pandas as pd

        notes: list[str] = []
        rows = []
        for name in self.experiment_names():
            row: dict[str, Any] = dict.fromkeys(column.name for column in EXPERIMENTS)
            try:
                row |= _summary(self.saved_results(name))
            except LedgerError as error:
                notes.append(f"{error.message}: {error.hint}")
            rows.append({**row, "experiment": name, "saved": self._saved_at(name)})
        frame = typed(pd.DataFrame(rows), EXPERIMENTS) if rows else empty(EXPERIMENTS)
        return _noted(frame, notes)

    def cells(
        self, *, experiment: str | None = None, cell: Names = None, dataset: Names = None
    ) -> "pd.DataFrame":
        """Return one row per cell of the ledger, sorted by id.

        Raises:
            ConfigError, LedgerError: as `samples`.
        """
        notes: list[str] = []
        return _noted(self.cell_frame(self.select(experiment, cell, dataset, notes)), notes)

    def results(self, experiment: Names = None) -> "pd.DataFrame":
        """Return the results of the named experiments, or of all, as last saved.

        Later samples do not change them: `rast-bench table EXPERIMENT` saves them again.

        Raises:
            ConfigError: there is no such experiment.
            LedgerError: its results cannot be read, or another version saved them.
        """
        import pandas as pd

        notes: list[str] = []
        frames = list(self.iter_results(experiment, notes))
        whole = pd.concat(frames, ignore_index=True) if frames else empty(RESULTS)
        return _noted(whole, notes)

    def samples(
        self,
        *,
        experiment: str | None = None,
        cell: Names = None,
        dataset: Names = None,
        grader: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> "pd.DataFrame":
        """Return one row per sample, sorted by cell, problem and index; nothing else is read.

        Includes all samples of a cell in the ledger, also those that an experiment with a smaller n
        or limit left out.

        Args:
            experiment: restrict to the cells that its saved results were computed from.
            grader: whose verdicts; by default the one that fills the tables, or if there are
                several, each in its own columns.
            columns: by default all but `token_ids`. Fewer are read faster.

        Raises:
            ConfigError: there is no such experiment, cell, data set, grader or column.
            LedgerError: the folder or one of its shards cannot be read.
        """
        import pandas as pd

        notes: list[str] = []
        chosen, each = self._chosen(experiment, cell, dataset, grader, columns, notes)
        frames = list(each)
        whole = pd.concat(frames, ignore_index=True) if frames else empty(chosen)
        return _noted(whole, notes)

    def iter_samples(
        self,
        *,
        experiment: str | None = None,
        cell: Names = None,
        dataset: Names = None,
        grader: str | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator["pd.DataFrame"]:
        """Yield `samples` one cell at a time, for more samples than fit into memory."""
        notes: list[str] = []
        _, frames = self._chosen(experiment, cell, dataset, grader, columns, notes)
        for frame in frames:
            yield _noted(frame, notes)
            notes.clear()

    # Shared with export: notes are collected instead of issued as warnings.

    def experiment_names(self) -> list[str]:
        """Return experiments with saved results, sorted; `demo/x` for folder x in demo's."""
        names = {
            file.parent.relative_to(self.path).as_posix()
            for name in (RESULTS_FILE, *OLD_FILES)
            for depth in ("*", "*/*")
            for file in self.path.glob(f"{depth}/{name}")
        }
        return sorted(name for name in names if name.split("/")[0] not in RESERVED)

    def iter_results(self, experiment: Names, notes: list[str]) -> Iterator["pd.DataFrame"]:
        """Yield the results of one experiment at a time."""
        known = self.experiment_names()
        if experiment is None:
            for name in known:
                if not (self.path / name / RESULTS_FILE).is_file():
                    notes.append(f"{_saved_by_older(self.path / name)}: it is left out")
                else:
                    yield _results_frame(self.saved_results(name))
            return
        for name in _listed(experiment):
            self._check_known("experiment", name, known)
            yield _results_frame(self.saved_results(name))

    def select(
        self, experiment: str | None, cell: Names, dataset: Names, notes: list[str]
    ) -> list[StoredCell]:
        """Return the cells that match all given names, sorted by id.

        No shard is read, and if cells are named, no other cell's file.
        """
        stored = set(self.ledger.cells())
        ids = set(stored)
        if experiment is not None:
            self._check_known("experiment", experiment, self.experiment_names())
            of_experiment = _cell_ids(self.saved_results(experiment))
            if gone := of_experiment - stored:
                notes.append(
                    f"{len(gone)} of {len(of_experiment)} cells of experiment {experiment} are not "
                    f"in {self.ledger.root}"
                )
            ids &= of_experiment
        if cell is not None:
            for name in _listed(cell):
                self._check_known("cell", name, stored)
            ids &= set(_listed(cell))
        found = []
        for name in sorted(ids):
            one = stored_cell(self.ledger, name)
            if one is None:
                notes.append(f"cell {name}: its cell.json is broken; the next run writes it again")
            else:
                found.append(one)
        if dataset is not None:
            wanted = set(_listed(dataset))
            names = {one.dataset or "" for one in found}
            for name in sorted(wanted):
                self._check_known("data set", name, names)
            found = [one for one in found if one.dataset in wanted]
        if experiment is None and cell is None and (lost := self.ledger.unregistered()):
            notes.append(
                f"{len(lost)} cells without cell.json are left out ({', '.join(lost[:3])}…); "
                "the next run of a cell writes it"
            )
        return found

    def columns(
        self, cells: Sequence[StoredCell], grader: str | None, names: Sequence[str] | None
    ) -> list[Column]:
        """Return the columns of the samples of these cells.

        Raises:
            ConfigError: a column or grader does not exist.
        """
        if grader is not None:
            graders = {name for cell in cells for name in cell.graders}
            self._check_known("verdicts of grader", grader, graders)
        if isinstance(names, str):
            names = [names]
        chosen, unknown = sample_columns(cells, grader, names)
        if unknown:
            known = [column.name for column in sample_columns(cells, grader, None)[0]]
            raise ConfigError(
                f"samples have no column {unknown[0]!r}",
                hint=did_you_mean(unknown[0], known, "columns"),
            )
        return chosen

    def sample_frames(
        self,
        cells: Sequence[StoredCell],
        columns: Sequence[Column],
        grader: str | None,
        notes: list[str],
        experiment: str | None = None,
    ) -> Iterator["pd.DataFrame"]:
        """Yield the samples of one cell at a time; compare counts with an experiment's."""
        counts = {} if experiment is None else _counts(self.saved_results(experiment))
        for cell in cells:
            frame = cell_samples(cell, self.ledger, columns, grader, self._problems, notes)
            if len(frame) != counts.get(cell.cell_id, len(frame)):
                notes.append(
                    f"cell {cell.cell_id} ({cell.title}) has {len(frame):,} samples, of which "
                    f"{counts[cell.cell_id]:,} are in the results of {experiment}"
                )
            yield frame

    def cell_frame(self, cells: Sequence[StoredCell]) -> "pd.DataFrame":
        """Return the rows of `cells()`."""
        import pandas as pd

        rows = []
        for cell in cells:
            keys = self.ledger.completed(cell.cell_id)
            status = "complete"
            if cell.wanted is None:
                status = "unknown"
            elif len(keys) < cell.wanted:
                status = "partial"
            counted = {"problems": len({problem for problem, _ in keys}), "samples": len(keys)}
            rows.append({**cell.about(), **counted, "status": status})
        if not rows:
            return empty(CELLS)
        frame = pd.DataFrame(rows)
        for name in ("started", "ended"):
            frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601")
        return typed(frame, CELLS)

    def _chosen(
        self,
        experiment: str | None,
        cell: Names,
        dataset: Names,
        grader: str | None,
        columns: Sequence[str] | None,
        notes: list[str],
    ) -> "tuple[list[Column], Iterator[pd.DataFrame]]":
        """Return the columns of `samples`, and its frames one cell at a time."""
        cells = self.select(experiment, cell, dataset, notes)
        chosen = self.columns(cells, grader, columns)
        return chosen, self.sample_frames(cells, chosen, grader, notes, experiment)

    def saved_results(self, experiment: str) -> "pa.Table":
        """Return what the experiment's last report saved.

        Raises:
            LedgerError: there is none, or it cannot be read.
        """
        folder = self.path / experiment
        if not (folder / RESULTS_FILE).exists():
            raise LedgerError(
                _saved_by_older(folder),
                hint=f"`rast-bench table {experiment} results_dir={self.path}` saves it",
            )
        return read_results(folder / RESULTS_FILE)

    def _saved_at(self, experiment: str) -> datetime:
        folder = self.path / experiment
        files = (folder / name for name in (RESULTS_FILE, *OLD_FILES))
        file = next(path for path in files if path.exists())
        with ledger_errors(file):
            return datetime.fromtimestamp(file.stat().st_mtime, UTC)

    def _check_known(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        if name not in names:
            hint = did_you_mean(name, names, f"{what}s")
            if what == "experiment":
                hint += "; an experiment's results are saved when its run ends"
            raise ConfigError(f"there is no {what} {name!r} in {self.path}", hint=hint)


def _summary(saved: "pa.Table") -> dict[str, int]:
    """Return the counts in an experiment's row."""
    frame = _results_frame(saved)
    rows = frame[frame["grid"].isna()]
    asked = frame[frame["requested"]]
    return {
        "sections": rows["section"].nunique(),
        "rows": len(rows[["section", "row"]].drop_duplicates()),
        "datasets": frame["dataset"].nunique(),
        "cells": len(_cell_ids(saved)),
        "results": len(frame),
        "unavailable": int(asked["estimate"].isna().sum()),
    }


def _results_frame(saved: "pa.Table") -> "pd.DataFrame":
    import pandas as pd

    types = {"string": pd.StringDtype("pyarrow"), "int64": pd.Int64Dtype()}
    frame = saved.to_pandas(types_mapper=lambda one: types.get(str(one)))
    for name in ("cell_ids", "published"):
        frame[name] = [list(one) for one in frame[name]]
    return typed(frame, RESULTS)


def _cell_ids(saved: "pa.Table") -> set[str]:
    return {name for names in saved["cell_ids"].to_pylist() for name in names}


def _counts(saved: "pa.Table") -> dict[str, int]:
    """Return how many samples of each cell the results were computed from."""
    from rast_bench.results.extents import cell_extents

    columns = (saved[name].to_pylist() for name in ("measure", "cell_id", "problems", "samples"))
    extents = cell_extents(zip(*columns, strict=True))
    return {cell: problems * samples for cell, (problems, samples) in extents.items()}


def _saved_by_older(folder: Path) -> str:
    return f"{folder} was saved by an older version, without {RESULTS_FILE}"


def _listed(names: str | Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _noted(frame: "pd.DataFrame", notes: Sequence[str]) -> "pd.DataFrame":
    """Return the frame with its notes, also issued as warnings at the user's call."""
    told = list(dict.fromkeys(notes))
    frame.attrs["notes"] = told
    for note in told:
        warnings.warn(note, ResultsWarning, stacklevel=3)
    return frame
