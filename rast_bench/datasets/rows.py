"""One raw row of a data set, and its fields as text."""

import math
from dataclasses import dataclass
from typing import Any


class RowError(Exception):
    """What is wrong with a row; whoever knows the data set turns it into a DatasetError."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that Python cannot represent: an error only if its field is read."""

    kind: str  # its type in the file
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One raw row. `location` says where it is, for messages: `easy.jsonl line 3`."""

    location: str
    fields: dict[str, Any]

    def value(self, field: str) -> Any:
        """Return a field unchanged.

        Raises:
            RowError: there is no such field, or its value cannot be read.
        """
        if field not in self.fields:
            there = ", ".join(sorted(self.fields)) or "no fields"
            raise RowError(f"{self.location} has no field {field!r}", f"it has {there}")
        value = self.fields[field]
        if isinstance(value, Unreadable):
            raise RowError(
                f"{self.location} has a {value.kind} in {field!r} that cannot be read: "
                f"{value.reason}",
                "write the file again with a value that can be read, or leave the row out",
            )
        return value

    def text(self, field: str) -> str:
        """Return a field as text. Numbers are formatted; a list of one is its element
        (OlympiadBench).

        Raises:
            RowError: for anything else.
        """
        value = self.value(field)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            if isinstance(value, float) and not math.isfinite(value):  # pandas' missing value
                raise RowError(f"{self.location} has {value} in {field!r}, not text")
            return str(value)
        raise self.wrong_type(field, "text")

    def texts(self, field: str) -> list[str]:
        """Return a field that is a list of texts. Raise RowError for anything else."""
        value = self.value(field)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong_type(field, "a list of texts")
        return value

    def wrong_type(self, field: str, wanted: str) -> RowError:
        """Return the error for a field of the wrong type."""
        return RowError(
            f"{self.location} has {type(self.fields[field]).__name__} in {field!r}, not {wanted}"
        )
