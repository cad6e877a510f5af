"""Problems out of a data set's rows, one at a time, checked field by field."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.adapters import Adapter, Item, get_adapter
from rast_bench.datasets.rows import Row, RowError
from rast_bench.datasets.sources import read_rows
from rast_bench.domain import Problem
from rast_bench.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Entry:
    """A problem, and what a grader of programs needs beside it."""

    problem: Problem
    reference: Mapping[str, Any] | None = None


def read_entries(cfg: DatasetConfig) -> Iterator[Entry]:
    """Every problem in file order, `cfg.limit` not applied.

    Without an id of the adapter's or an `id_field` the id is the problem's position, five digits.

    Raises:
        DatasetError: a missing file, a broken line, a field that is not there or not text, ids
            that repeat.
        ConfigError: no such adapter.
    """
    adapter = _by_fields(cfg) if cfg.adapter is None else get_adapter(cfg.adapter)
    places: dict[str, str] = {}
    for row in read_rows(cfg):
        try:
            item = adapter(row)
            if item is None:
                continue
            problem = _problem(cfg, len(places), row, item)
        except RowError as error:
            raise DatasetError(f"data set {cfg.name}: {error.message}", hint=error.hint) from None
        if problem.problem_id in places:
            raise DatasetError(
                f"data set {cfg.name}: id {problem.problem_id!r} at {places[problem.problem_id]} "
                f"comes again at {row.place}",
                hint="dataset.id_field must name a field whose values are unique",
            )
        places[problem.problem_id] = row.place
        yield Entry(problem, item.reference)


def _by_fields(cfg: DatasetConfig) -> Adapter:
    """Question and gold answer as the configuration names their fields."""

    def adapt(row: Row) -> Item:
        question = _option_text(row, "question_field", cfg.question_field)
        return Item(question, _option_text(row, "answer_field", cfg.answer_field))

    return adapt


def _option_text(row: Row, option: str, field: str) -> str:
    try:
        return row.text(field)
    except RowError as error:
        hint = f"dataset.{option} must name a field of text or numbers"
        if error.hint:
            hint = f"{error.hint}; set dataset.{option}=…"
        raise RowError(error.message, hint) from None


def _problem(cfg: DatasetConfig, position: int, row: Row, item: Item) -> Problem:
    if not item.question.strip():
        where = "question" if cfg.adapter else repr(cfg.question_field)
        raise RowError(f"{row.place} has an empty {where}")
    problem_id = item.problem_id
    if problem_id is None:
        problem_id = (
            f"{position:05d}"
            if cfg.id_field is None
            else _option_text(row, "id_field", cfg.id_field)
        )
    gold = item.gold if item.reference is None else gold_of(item.reference)
    return Problem(problem_id, item.question, gold)


def gold_of(reference: Mapping[str, Any]) -> str:
    """The gold answer of a problem that is graded by its reference."""
    canonical = json.dumps(reference, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"tests-sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
