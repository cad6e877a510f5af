"""Samples that a reader asks for: wrong ones, those of a problem, those with a word in them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rast_bench.api.columns import VERDICT_NAMES
from rast_bench.api.named import NamedCell
from rast_bench.config.validate import did_you_mean
from rast_bench.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from rast_bench.api.folder import ResultsFolder

SHOWN = (
    *("problem_id", "sample_index", "seed", "question", "prompt", "response", "gold"),
    *("finish_reason", "token_count"),
)


@dataclass(frozen=True)
class Wanted:
    """What samples must be like; None and empty ask for nothing.

    Attributes:
        grader: Whose verdict counts; None for the one that fills the cell's table.
        disagree: Whether one grader calls the sample correct and another does not.
        text: In the response, in any case of letters.
    """

    verdict: str | None = None
    grader: str | None = None
    disagree: bool = False
    problems: tuple[str, ...] = ()
    finish: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class FoundSample:
    """A sample in its cell.

    Attributes:
        fields: SHOWN, by name.
        verdicts: By grader, those of VERDICT_NAMES; `grader` is the one that counts.
    """

    named: NamedCell
    fields: dict[str, Any]
    grader: str | None
    verdicts: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Found:
    """The chosen samples, of how many that match, and of how many there are."""

    samples: list[FoundSample]
    matching: int
    searched: int


def find_samples(
    folder: "ResultsFolder",
    cells: Sequence[NamedCell],
    wanted: Wanted,
    notes: list[str],
    *,
    limit: int | None = None,
    seed: int | None = None,
) -> Found:
    """Return matching samples: the first ones, or ones drawn at random, in their order.

    Args:
        limit: How many at most; None for all.
        seed: Of the draw.

    Raises:
        ConfigError: no cell has verdicts of the grader, of two graders, or the problem.
        LedgerError: the ledger cannot be read.
    """
    _check_graders(cells, wanted)
    matching: list[tuple[int, int]] = []  # cell, row
    searched = 0
    known: set[str] = set()
    for place, named in enumerate(cells):
        frame = _frame(folder, named, _needed(named, wanted), [])
        searched += len(frame)
        if wanted.problems:
            known.update(frame["problem_id"])
        rows = _matches(frame, named, wanted)
        matching += [(place, row) for row in rows]
    for name in wanted.problems:
        if name not in known:
            raise ConfigError(
                f"none of these cells has a problem {name!r}",
                hint=did_you_mean(name, known, "problems"),
            )
    chosen = matching
    if limit is not None and limit < len(matching):
        chosen = matching[:limit]
        if seed is not None:
            chosen = sorted(random.Random(seed).sample(matching, limit))
    samples = []
    for place in dict.fromkeys(place for place, _ in chosen):
        rows = [row for own, row in chosen if own == place]
        samples += _read(folder, cells[place], rows, wanted.grader, notes)
    return Found(samples, len(matching), searched)


def _check_graders(cells: Sequence[NamedCell], wanted: Wanted) -> None:
    known = {name for one in cells for name in one.cell.graders}
    if wanted.grader is not None and wanted.grader not in known:
        raise ConfigError(
            f"none of these cells has verdicts of grader {wanted.grader!r}",
            hint=did_you_mean(wanted.grader, known, "graders"),
        )
    if wanted.disagree and all(len(one.cell.graders) < 2 for one in cells):
        raise ConfigError(
            "none of these cells has verdicts of two graders that could disagree",
            hint=f"there are those of {', '.join(sorted(known)) or 'none'}; a run or a table with "
            "grader=NAME adds some",
        )


def _needed(named: NamedCell, wanted: Wanted) -> list[str]:
    """Return the columns that tell whether a sample matches: few, as all cells are read."""
    names = ["problem_id"]
    if wanted.verdict is not None or wanted.disagree:
        names += [_column("verdict", one, named) for one in named.cell.graders]
    if wanted.finish is not None:
        names.append("finish_reason")
    if wanted.text is not None:
        names.append("response")
    return names


def _column(name: str, grader: str, named: NamedCell) -> str:
    return name if len(named.cell.graders) == 1 else f"{name}:{grader}"


def _frame(
    folder: "ResultsFolder", named: NamedCell, names: Sequence[str], notes: list[str]
) -> "pd.DataFrame":
    columns = folder.columns([named.cell], None, names)
    (frame,) = folder.sample_frames([named.cell], columns, None, notes)
    return frame


def _matches(frame: "pd.DataFrame", named: NamedCell, wanted: Wanted) -> list[int]:
    """Return the places of the rows that match."""
    graders = named.cell.graders
    mask = frame["problem_id"].notna()
    if wanted.problems:
        mask &= frame["problem_id"].isin(wanted.problems)
    if wanted.finish is not None:
        mask &= (frame["finish_reason"] == wanted.finish).fillna(False)
    if wanted.text is not None:
        mask &= frame["response"].str.contains(wanted.text, case=False, regex=False).fillna(False)
    if wanted.verdict is not None:
        grader = wanted.grader or named.cell.grader
        if grader is None or grader not in graders:
            return []
        mask &= (frame[_column("verdict", grader, named)] == wanted.verdict).fillna(False)
    if wanted.disagree:
        if len(graders) < 2:
            return []
        columns = [frame[_column("verdict", one, named)] for one in graders]
        judged = [(one.notna(), (one == "correct").fillna(False)) for one in columns]
        some = judged[0][1]
        other = judged[0][0] & ~judged[0][1]
        for there, correct in judged[1:]:
            some = some | correct
            other = other | (there & ~correct)
        mask &= some & other
    return [place for place, one in enumerate(mask.tolist()) if one]


def _read(
    folder: "ResultsFolder",
    named: NamedCell,
    rows: Sequence[int],
    grader: str | None,
    notes: list[str],
) -> list[FoundSample]:
    graders = named.cell.graders
    judged = [_column(name, one, named) for one in graders for name in VERDICT_NAMES]
    frame = _frame(folder, named, [*SHOWN, *judged], notes).iloc[list(rows)]
    counts = grader or named.cell.grader
    found = []
    for record in frame.astype(object).where(frame.notna(), None).to_dict("records"):
        verdicts = {
            one: {name: record[_column(name, one, named)] for name in VERDICT_NAMES}
            for one in graders
            if record[_column("verdict", one, named)] is not None
        }
        fields = {name: record[name] for name in SHOWN}
        found.append(FoundSample(named, fields, counts if counts in verdicts else None, verdicts))
    return found
