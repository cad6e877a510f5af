"""Cells whose data set or tokenizer is not on this machine: what is known about them anyway."""

import json
from dataclasses import dataclass

from rast_bench.config.identity import cell_id, cell_identity, engine_key
from rast_bench.config.schema import CellConfig, DatasetConfig
from rast_bench.datasets.sources import dataset_file
from rast_bench.domain import Problem
from rast_bench.errors import DatasetError
from rast_bench.known import KnownDataset, known_dataset
from rast_bench.planning.cells import CellReader, PlannedCell


@dataclass(frozen=True)
class OutlinedCell(PlannedCell):
    """A cell without all of its inputs.

    Its problems are those of the data set, or empty ones of the known number. Its id is valid
    within one plan only: cells whose ids will be equal have equal ones.
    """

    known: KnownDataset | None  # the source of the number of rows; None: the data set was read


def outline_cell(cell: CellConfig, reader: CellReader) -> OutlinedCell:
    """Return the cell as far as it is known.

    Raises:
        DatasetError: no facts about its data set are shipped.
    """
    known = None
    try:
        problems, fingerprint = reader.read_set(cell.dataset)
    except DatasetError as error:
        known = facts_of(cell.dataset)
        if known is None or not error.here_only:
            raise
        rows = min(known.rows, cell.dataset.limit or known.rows)
        problems = tuple(Problem(f"{row:05d}", "", "") for row in range(rows))
        fingerprint = f"not read: {json.dumps(_source(cell.dataset))}"
    identity = cell_identity(cell, fingerprint, reader.fingerprint)
    return OutlinedCell(cell, cell_id(identity), identity, engine_key(cell), problems, known)


def facts_of(dataset: DatasetConfig) -> KnownDataset | None:
    """Return the shipped facts about a hub data set; None for a file."""
    return known_dataset(dataset) if dataset_file(dataset) is None else None


def _source(dataset: DatasetConfig) -> list[str | None]:
    return [dataset.path, dataset.subset, dataset.split, dataset.revision, dataset.adapter]
