"""Responses from anywhere as JSONL, and their verdicts as JSONL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from rast_bench.domain import FinishReason
from rast_bench.errors import ConfigError, DatasetError
from rast_bench.grading.base import Answer, Explained
from rast_bench.ledger.atomic import write_durably

REQUIRED = ("id", "gold", "response")
_FIELDS = '{"id": "1", "gold": "7", "response": "…"}, and dataset as a string'
FINISH_REASONS: tuple[FinishReason, ...] = get_args(FinishReason)


@dataclass(frozen=True)
class Response:
    """One line: the id of the response (as JSON) and the grader's input."""

    response_id: Any
    answer: Answer


def read_responses(source: Path) -> list[Response]:
    """Return the responses of a JSONL file; empty lines are skipped.

    Raises:
        DatasetError: the file cannot be read, or a line is not a response; it names the line.
    """
    try:
        with source.open("rb") as file:  # decoded line by line, so that an error can name its line
            return [
                _response(line, f"{source} line {number}")
                for number, line in enumerate(file, start=1)
                if line.strip()
            ]
    except OSError as error:
        raise DatasetError(
            f"cannot read {source}: {error.strerror}", hint="name a readable file"
        ) from error


def _response(line: bytes, place: str) -> Response:
    row = _object(line, place)
    missing = [name for name in REQUIRED if row.get(name) is None]
    if missing:
        hint = f"every line needs {', '.join(REQUIRED)}"
        raise DatasetError(f"{place} lacks {', '.join(missing)}", hint=hint)
    for name in ("id", "gold"):
        if not isinstance(row[name], str | int | float):
            raise DatasetError(f"{place}: {name} is neither a string nor a number", hint=_FIELDS)
    dataset = row.get("dataset")
    for name, text in (("response", row["response"]), ("dataset", dataset or "")):
        if not isinstance(text, str):
            raise DatasetError(f"{place}: {name} is not a string", hint=_FIELDS)
    reason: Any = row.get("finish_reason") or "eos"
    if reason not in FINISH_REASONS:
        hint = f"one of {', '.join(FINISH_REASONS)}"
        raise DatasetError(f"{place}: finish_reason {reason!r}", hint=hint)
    return Response(row["id"], Answer(row["response"], str(row["gold"]), reason, dataset or ""))


def _object(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DatasetError(f"{place} is not UTF-8", hint="save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{place} is not JSON", hint="write one object per line") from error
    if not isinstance(row, dict):
        raise DatasetError(f"{place} is not an object", hint='{"id": …, "gold": …, "response": …}')
    return row


def check_target(target: Path, source: Path) -> None:
    """Raise ConfigError if verdicts cannot be written, before any work is done."""
    if target.exists() and not target.is_file():
        raise ConfigError(f"cannot write {target}: it is not a file", hint="name a new file")
    if not target.parent.is_dir():
        raise ConfigError(
            f"cannot write {target}: there is no folder {target.parent}",
            hint=f"mkdir -p {target.parent}",
        )
    if target.exists() and source.exists() and target.samefile(source):
        raise ConfigError(f"{target} is both input and output", hint="choose another output")


def write_judgements(
    target: Path, responses: Sequence[Response], judged: Sequence[Explained], *, explain: bool
) -> None:
    """Write one line per response, in order; the file appears whole or not at all.

    Args:
        explain: add what led to the verdict.

    Raises:
        ConfigError: the file cannot be written.
    """
    lines = (
        json.dumps(_row(response, one, explain=explain), ensure_ascii=False)
        for response, one in zip(responses, judged, strict=True)
    )
    text = "".join(f"{line}\n" for line in lines)
    try:
        # A lone surrogate has no UTF-8 encoding; escaped, it is written as in JSON.
        write_durably(target.resolve(), text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise ConfigError(
            f"cannot write {target}: {error.strerror}", hint="name a writable file"
        ) from error


def _row(response: Response, explained: Explained, *, explain: bool) -> dict[str, Any]:
    judgement, gold, seconds = explained
    row = {
        "id": response.response_id,
        "extracted": judgement.extracted,
        "verdict": judgement.kind,
        "seconds": round(seconds, 6),
    }
    if explain:
        row |= {"gold": gold}
        row |= {name: getattr(judgement, name) or None for name in _WHY}
    return row


_WHY = ("extraction", "reason", "rule")
