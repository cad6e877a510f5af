"""`cell.json` and manifests: JSON with its own checksum and a validated schema."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from rast_bench.config.identity import cell_id as id_of
from rast_bench.ledger.files import UnsoundFileError

CHECKSUM = "checksum"
"""A record's key: the SHA-256 of the canonical JSON of all other keys. Older files lack it."""


def _time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _finite(number: float) -> float:
    if not isfinite(number):
        raise ValueError("not a finite number")
    return number


Time = Annotated[str, AfterValidator(_time)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, AfterValidator(_finite), Field(ge=0)]


class _Record(BaseModel):
    # A later version may have more keys.
    model_config = ConfigDict(strict=True, extra="allow", frozen=True)


class CellRecord(_Record):
    """cell.json: `identity` hashes to `cell_id`."""

    cell_id: str
    identity: dict[str, Any]
    display: dict[str, str]

    def misplaced(self, cell_id: str) -> str | None:
        """Return why this is not the record of that cell; None if it is."""
        if self.cell_id != cell_id or id_of(self.identity) != cell_id:
            return "it describes another cell"
        return None


class _Engine(_Record):
    name: str
    dtype: str


class _Config(_Record):
    engine: _Engine


class _Processor(_Record):
    model: str


class Manifest(_Record):
    """manifest-<run id>.json: the keys that readers of manifests can rely on."""

    run_id: str
    cell_id: str
    config: _Config
    status: Literal["running", "complete", "partial"]
    started: Time
    ended: Time | None
    samples_made: Count
    samples_wanted: Count | None = None
    seconds: Positive
    samples_per_second: Positive | None
    host: str
    pid: int
    cpu: _Processor
    gpus: list[str]
    versions: dict[str, str]
    workers: Count = 1
    threads: int | None = None

    def misplaced(self, cell_id: str, run_id: str) -> str | None:
        """Return why this is not that run's manifest of that cell; None if it is."""
        if self.cell_id != cell_id:
            return "it belongs to another cell"
        return None if self.run_id == run_id else "it belongs to another run"


def to_json(record: Mapping[str, Any]) -> bytes:
    """Return the record with its checksum. Raise ValueError for NaN, infinity and what JSON
    lacks.
    """
    whole = {key: value for key, value in record.items() if key != CHECKSUM}
    whole[CHECKSUM] = _checksum(json.loads(_canonical(whole)))
    return (json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def from_json(data: bytes) -> tuple[dict[str, Any], bool]:
    """Return the record without its checksum, and whether it had one.

    Raises:
        UnsoundFileError: it is not a JSON object, or not the one that was written.
    """
    try:
        record = json.loads(
            data, parse_constant=_reject_constant, object_pairs_hook=_without_repetition
        )
        if not isinstance(record, dict):
            raise ValueError("not an object")
        told = record.pop(CHECKSUM, None)
        actual = _checksum(record)
    except (ValueError, RecursionError) as error:
        raise UnsoundFileError("it is not a JSON object") from error
    if told not in (None, actual):
        raise UnsoundFileError("its content does not match its checksum")
    return record, told is not None


def validated(kind: type[CellRecord] | type[Manifest], record: Mapping[str, Any]) -> Any:
    """Return the record as its model. Raise UnsoundFileError, which names the first wrong key."""
    try:
        return kind.model_validate(record)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"])) or "it"
        raise UnsoundFileError(f"its {key} is missing or wrong") from error


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(_canonical(record).encode()).hexdigest()


def _canonical(record: Mapping[str, Any]) -> str:
    return json.dumps(
        record, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found
