"""Problems out of a data set's rows, checked field by field."""

import hashlib
import json
from collections.abc import Sequence

from rast_bench.config.schema import DatasetConfig
from rast_bench.datasets.sources import Row, read_rows
from rast_bench.domain import Problem
from rast_bench.errors import DatasetError


def load_problems(cfg: DatasetConfig) -> list[Problem]:
    """Every problem of the data set, in file order: `cfg.limit` is NOT applied.

    The fingerprint needs the whole set; a plan takes `problems[: cfg.limit]`. Without an
    `id_field` the id is the row's position, five digits. Raises DatasetError for a missing file,
    a broken line, a field that is not there or not text, an empty set, and ids that repeat.
    """
    rows = read_rows(cfg)
    if not rows:
        raise DatasetError(
            f"data set {cfg.name}: {cfg.path} has no rows", hint="check dataset.path and split"
        )
    problems = [_problem(cfg, index, row) for index, row in enumerate(rows)]
    _refuse_repeated_ids(cfg, problems, rows)
    return problems


def dataset_fingerprint(problems: Sequence[Problem]) -> str:
    """`sha256:…` over ids, questions and gold answers; the order of the rows does not count."""
    content = sorted([p.problem_id, p.question, p.gold] for p in problems)
    canonical = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def _problem(cfg: DatasetConfig, index: int, row: Row) -> Problem:
    question = _text(cfg, row, "question_field", cfg.question_field)
    if not question.strip():
        raise DatasetError(f"data set {cfg.name}: {row.place} has an empty {cfg.question_field!r}")
    return Problem(
        problem_id=f"{index:05d}"
        if cfg.id_field is None
        else _text(cfg, row, "id_field", cfg.id_field),
        question=question,
        gold=_text(cfg, row, "answer_field", cfg.answer_field),
    )


def _text(cfg: DatasetConfig, row: Row, option: str, field: str) -> str:
    """A field as text. Numbers are written out; a list of one is its element (OlympiadBench)."""
    if field not in row.fields:
        raise DatasetError(
            f"data set {cfg.name}: {row.place} has no field {field!r}",
            hint=f"it has {', '.join(sorted(row.fields)) or 'no fields'}; set dataset.{option}=…",
        )
    value = row.fields[field]
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise DatasetError(
        f"data set {cfg.name}: {row.place} has {type(value).__name__} in {field!r}, not text",
        hint=f"dataset.{option} must name a field of text or numbers",
    )


def _refuse_repeated_ids(
    cfg: DatasetConfig, problems: Sequence[Problem], rows: Sequence[Row]
) -> None:
    first: dict[str, str] = {}
    for problem, row in zip(problems, rows, strict=True):
        if problem.problem_id in first:
            raise DatasetError(
                f"data set {cfg.name}: id {problem.problem_id!r} at {first[problem.problem_id]} "
                f"comes again at {row.place}",
                hint="dataset.id_field must name a field whose values are unique",
            )
        first[problem.problem_id] = row.place
