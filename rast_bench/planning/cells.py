"""Planned cells: read and checked inputs of a run; groups of cells that share an engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rast_bench.compose.methods import find_method
from rast_bench.config.engines import EngineConfig
from rast_bench.config.identity import (
    EngineKey,
    cell_id,
    cell_identity,
    engine_key,
    model_fingerprint,
)
from rast_bench.config.schema import CellConfig, DatasetConfig
from rast_bench.domain import Problem
from rast_bench.ledger import Ledger


@dataclass(frozen=True)
class PlannedCell:
    """A cell whose inputs were read and checked. Cells with equal ids have equal samples."""

    cell: CellConfig
    cell_id: str
    identity: dict[str, Any]
    engine_key: EngineKey
    problems: tuple[Problem, ...]  # after `limit`

    @property
    def wanted(self) -> int:
        """How many samples the cell wants: problems × samples per problem."""
        return len(self.problems) * self.cell.decoding.samples_per_problem

    def wanted_keys(self) -> Iterator[tuple[str, int]]:
        """Yield (problem id, sample index), all samples of a problem consecutively."""
        for problem in self.problems:
            for index in range(self.cell.decoding.samples_per_problem):
                yield problem.problem_id, index


@dataclass(frozen=True)
class EngineGroup:
    """Cells that one loaded engine serves in one stream."""

    key: EngineKey
    config: EngineConfig
    cells: tuple[PlannedCell, ...]
    indices: tuple[int, ...]  # of the cells in the list that was grouped


class CellReader:
    """Reads the inputs of cells; each data set and each checkpoint's files once for all of them."""

    def __init__(self) -> None:
        self._sets: dict[DatasetConfig, tuple[tuple[Problem, ...], str]] = {}
        self._limited: dict[DatasetConfig, tuple[Problem, ...]] = {}
        self.fingerprint = cache(model_fingerprint)

    def read(self, cell: CellConfig) -> PlannedCell:
        """Return the cell with its id and problems, a chat prompt rendered.

        Raises:
            DatasetError: the data set cannot be used.
            ModelError: a checkpoint cannot be used.
        """
        from rast_bench.engines.chat import with_rendered_chat

        cell = with_rendered_chat(cell)
        problems, fingerprint = self.read_set(cell.dataset)
        identity = cell_identity(cell, fingerprint, self.fingerprint)
        return PlannedCell(cell, cell_id(identity), identity, engine_key(cell), problems)

    def read_set(self, dataset: DatasetConfig) -> tuple[tuple[Problem, ...], str]:
        """Return the problems after `limit`, and the fingerprint of the whole set.

        Raises:
            DatasetError: the data set cannot be used.
        """
        from rast_bench.datasets import dataset_fingerprint, limited, load_problems

        whole = dataset.model_copy(update={"limit": None, "limit_seed": None})
        if whole not in self._sets:
            loaded = load_problems(whole)
            self._sets[whole] = tuple(loaded), dataset_fingerprint(loaded)
        problems, fingerprint = self._sets[whole]
        if dataset not in self._limited:
            self._limited[dataset] = limited(problems, dataset)
        return self._limited[dataset], fingerprint


def group_cells(planned: Sequence[PlannedCell]) -> list[EngineGroup]:
    """Return cells by (engine key, engine configuration), in order of first appearance."""
    groups: dict[tuple[EngineKey, EngineConfig], list[int]] = {}
    for index, item in enumerate(planned):
        groups.setdefault((item.engine_key, item.cell.engine), []).append(index)
    return [
        EngineGroup(key, config, tuple(planned[i] for i in indices), tuple(indices))
        for (key, config), indices in groups.items()
    ]


def completeness(planned: PlannedCell, ledger: Ledger) -> tuple[int, int]:
    """Return (durable, wanted) samples of the cell; it is complete when they are equal."""
    done = ledger.completed(planned.cell_id)
    return sum(key in done for key in planned.wanted_keys()), planned.wanted


def cell_title(cell: CellConfig) -> str:
    """Return a short description of the cell: `rast tiny-l + tiny-s, tiny-hard, λ=1 τ=1`."""
    if cell.label is not None:
        return f"{cell.label}, {cell.dataset.name}"
    models = cell.base_model.name
    decoding = "greedy" if cell.decoding.greedy else f"τ={cell.decoding.temperature:g}"
    if cell.decoding.repetition_penalty != 1:
        decoding += f" repetition_penalty={cell.decoding.repetition_penalty:g}"
    if cell.steered:
        models += f" + {cell.delta.name}"
    if cell.method.composition is not None:
        own = {"λ": cell.weight, **cell.method.parameters}
        words = [f"{name}={value:g}" for name, value in own.items() if value is not None]
        decoding = " ".join([*words, decoding])
    return f"{cell.method.name} {models}, {cell.dataset.name}, {decoding}"


def cell_display(cell: CellConfig) -> dict[str, str]:
    """Return the human-readable part of `cell.json`."""
    return {
        "title": cell_title(cell),
        "method": cell.method.name,
        "base_model": cell.base_model.name,
        "delta": cell.delta.name,
        "dataset": cell.dataset.name,
        "prompt": cell.prompt.name,
    }


def fingerprints(planned: PlannedCell) -> dict[str, str]:
    """Return the fingerprint by path of every checkpoint that the cell's engine loads.

    As planned: hashing large checkpoints takes minutes, and every worker would repeat it.
    """
    key, models = planned.engine_key, planned.identity["models"]
    found = {key.main.path: str(models["main"])}
    for pair, known in zip(key.pairs, models["pairs"], strict=True):
        found |= {getattr(pair, role).path: known[role] for role in find_method(key.method).roles}
    return found
