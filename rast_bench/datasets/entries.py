"""Problems from a data set's rows, one at a time, checked field by field."""

import hashlib
import json
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.adapters import Adapter, Item, get_adapter
from rast_bench.datasets.rows import Row, RowError
from rast_bench.datasets.sources import read_rows
from rast_bench.domain import Problem
from rast_bench.errors import DatasetError, first_line
from rast_bench.plain_files import half_pair


@dataclass(frozen=True, slots=True)
class Entry:
    """A problem, and what a grader of programs needs beside it."""

    problem: Problem
    reference: Mapping[str, Any] | None = None


def read_entries(cfg: DatasetConfig) -> Iterator[Entry]:
    """Yield every problem in file order, `cfg.limit` not applied.

    Without an id from the adapter or `id_field`, the id is the problem's position, five digits.

    Raises:
        DatasetError: a file is missing, a line is broken, a field is missing or not text, or
            ids repeat.
        ConfigError: there is no such adapter.
    """
    adapter = _by_fields(cfg) if cfg.adapter is None else get_adapter(cfg.adapter)
    locations: dict[str, str] = {}
    for row in read_rows(cfg):
        try:
            item = _adapted(cfg, adapter, row)
            if item is None:
                continue
            problem = _problem(cfg, len(locations), row, item)
        except RowError as error:
            hint = error.hint or f"correct {row.location}, or leave it out of the file"
            raise DatasetError(f"data set {cfg.name}: {error.message}", hint=hint) from None
        if problem.problem_id in locations:
            raise DatasetError(
                f"data set {cfg.name}: id {problem.problem_id!r} at "
                f"{locations[problem.problem_id]} comes again at {row.location}",
                hint="dataset.id_field must name a field whose values are unique",
            )
        locations[problem.problem_id] = row.location
        yield Entry(problem, item.reference)


def _adapted(cfg: DatasetConfig, adapter: Adapter, row: Row) -> Item | None:
    """Return what the adapter makes of a row.

    Raises:
        RowError: the adapter raised it, failed otherwise, or returned no item.
    """
    try:
        item = adapter(row)
    except RowError:
        raise
    except (Exception, SystemExit) as error:  # the function is the user's
        frame = traceback.extract_tb(error.__traceback__)[-1]
        raise RowError(
            f"{row.location}: adapter {cfg.adapter} fails with {type(error).__name__}: "
            f"{first_line(error)}",
            f"it is raised at line {frame.lineno} of {frame.filename}",
        ) from error
    if item is None:
        return None
    if not isinstance(item, Item):
        raise _no_item(cfg, row, f"returns a {type(item).__name__}")
    texts = {"question": item.question, "gold": item.gold}
    if item.problem_id is not None:
        texts["problem_id"] = item.problem_id
    for field, text in texts.items():
        if not isinstance(text, str):
            raise _no_item(cfg, row, f"returns an Item whose {field} is a {type(text).__name__}")
        if not text.isascii() and (half := half_pair(text)) is not None:
            raise _no_item(cfg, row, f"returns an Item whose {field} has {half}, half a character")
    if item.reference is not None:
        try:
            gold_of(item.reference)
        except (TypeError, ValueError, RecursionError) as error:
            reason = f"returns an Item whose reference is not JSON: {first_line(error)}"
            raise _no_item(cfg, row, reason) from error
    return item


def _no_item(cfg: DatasetConfig, row: Row, what: str) -> RowError:
    hint = "it must return an Item, or None to leave the row out: docs/add_a_dataset.md"
    return RowError(f"{row.location}: adapter {cfg.adapter} {what}", hint)


def _by_fields(cfg: DatasetConfig) -> Adapter:
    """Return an adapter for question and gold answer in the configured fields."""

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
        raise RowError(f"{row.location} has an empty {where}")
    problem_id = item.problem_id
    if problem_id is None:
        problem_id = (
            f"{position:05d}"
            if cfg.id_field is None
            else _option_text(row, "id_field", cfg.id_field)
        )
    if not problem_id:
        raise RowError(f"{row.location} has an empty id")
    gold = item.gold if item.reference is None else gold_of(item.reference)
    return Problem(problem_id, item.question, gold)


def gold_of(reference: Mapping[str, Any]) -> str:
    """Return the gold answer of a problem that is graded by its reference."""
    canonical = json.dumps(reference, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"tests-sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
