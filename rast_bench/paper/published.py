"""The published numbers of `results/paper/`: one record per number, with its source."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Literal, cast, get_args

from rast_bench.config.paths import PACKAGE_DIR
from rast_bench.errors import DatasetError
from rast_bench.paper.intervals import Interval, rounding_interval

Sense = Literal["equal", "about", "above", "below", "at least", "up to"]
"""How the source states the number: exactly, approximately, or as a bound."""

MATH_SETS = ("math500", "aime24", "amc23", "minerva", "olympiadbench", "gsm8k")
"""The six data sets of table 1, in its order."""


@dataclass(frozen=True)
class Published:
    """One published number. A coordinate that its source does not give is None."""

    source: str  # "table 1", "figure 3", "reply 5", "text", …
    section: str  # of the paper, or the point of a reply
    model: str | None  # the decoding model; for a PCR, the one whose RL sibling made the path
    method: str | None  # base, rl, rast or instruct
    delta: str | None  # the model of ΔR; those of an ensemble are joined by +
    dataset: str | None
    metric: str
    k: int | None
    lambda_: float | None
    temperature: float | None  # 0 is greedy
    samples: int | None  # per problem
    value: Decimal  # as printed, trailing zeros kept
    unit: str
    sense: Sense
    note: str

    @property
    def decimals(self) -> int:
        """Printed digits after the point; negative if tens, hundreds, … were rounded."""
        return -cast(int, self.value.as_tuple().exponent)

    @property
    def interval(self) -> Interval:
        """The possible values of the number: ± half a unit of its last place, a unit for "about".

        An approximate number may have been truncated instead of rounded. Bounds are exact.
        """
        ulps = {"equal": Fraction(1, 2), "about": Fraction(1)}.get(self.sense, Fraction(0))
        return rounding_interval(self.value, ulps)

    def in_percent(self) -> "Published":
        """Return the number in percent if its source prints a fraction (figure 4), else itself."""
        if self.unit != "fraction":
            return self
        return replace(self, value=self.value.scaleb(2), unit="%")


COLUMNS = (
    *("source", "section", "model", "method", "delta", "dataset", "metric", "k", "lambda"),
    *("temperature", "samples", "value", "decimals", "unit", "sense", "note"),
)


def published_dir() -> Path:
    """Return the folder of the published numbers: `results/paper/` of a checkout, or the wheel's.

    Raises:
        DatasetError: neither exists.
    """
    for candidate in (PACKAGE_DIR / "paper" / "facts", PACKAGE_DIR.parent / "results" / "paper"):
        if (candidate / "table1.csv").is_file():
            return candidate
    raise DatasetError(
        f"no published numbers beside or inside {PACKAGE_DIR}",
        hint="reinstall rast-bench, or run from a checkout that has results/paper/",
    )


def load_published(folder: Path | None = None) -> tuple[Published, ...]:
    """Return all published numbers of a folder's CSV files, files by name, rows in order.

    Raises:
        DatasetError: the folder has none, or a row cannot be read.
    """
    folder = folder or published_dir()
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise DatasetError(
            f"no CSV files of published numbers in {folder}",
            hint="name a folder like results/paper/, whose README.md lists the columns",
        )
    return tuple(record for file in files for record in _read(file))


def select(records: Iterable[Published], **coordinates: object) -> list[Published]:
    """Return the records whose fields have the given values, in order."""
    if not coordinates:
        return list(records)
    values = attrgetter(*coordinates)
    wanted = values(SimpleNamespace(**coordinates))
    return [record for record in records if values(record) == wanted]


def only(records: Sequence[Published], **coordinates: object) -> Published:
    """Return the only record at the given coordinates.

    Raises:
        DatasetError: there are none or several.
    """
    found = select(records, **coordinates)
    if len(found) == 1:
        return found[0]
    named = ", ".join(f"{field}={value}" for field, value in coordinates.items())
    raise DatasetError(
        f"{len(found)} published numbers have {named}, not one",
        hint="results/paper/ must contain every number exactly once",
    )


def _read(path: Path) -> list[Published]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file, restval="")
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise DatasetError(
                    f"{path}: the columns are not those of published numbers",
                    hint="they are " + ",".join(COLUMNS),
                )
            return [_record(row, f"{path} line {rows.line_num}") for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{path}: {error}", hint="it must be a CSV file in UTF-8") from None


def _record(row: Mapping[str, str], place: str) -> Published:
    try:
        record = Published(
            source=row["source"],
            section=row["section"],
            model=row["model"] or None,
            method=row["method"] or None,
            delta=row["delta"] or None,
            dataset=row["dataset"] or None,
            metric=row["metric"],
            k=_whole(row["k"]),
            lambda_=_number(row["lambda"]),
            temperature=_number(row["temperature"]),
            samples=_whole(row["samples"]),
            value=_decimal(row["value"]),
            unit=row["unit"],
            sense=_sense(row["sense"]),
            note=row["note"],
        )
        if record.decimals != int(row["decimals"]):
            raise ValueError(f"{row['value']} has {record.decimals} decimals, not as the row says")
    except ValueError as error:
        raise DatasetError(f"{place}: {error}", hint="see the README.md beside it") from None
    return record


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _number(text: str) -> float | None:
    return float(text) if text else None


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    return value


def _sense(text: str) -> Sense:
    if text not in get_args(Sense):
        raise ValueError(f"unknown sense {text!r}; there are {', '.join(get_args(Sense))}")
    return cast(Sense, text)
