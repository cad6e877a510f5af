"""Samples with measures of every token (`rast-bench analyse`): those that a page shows."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rast_bench.analysis.token_files import (
    TokenFile,
    files_of_analysis,
    read_tokens,
    token_files,
)
from rast_bench.viewer.snapshot import Snapshot


@dataclass(frozen=True)
class ShownTokens:
    """A sample of the page's list `tokens`: its entry, and the file that is its block as it is."""

    entry: Mapping[str, Any]
    path: Path


def shown_tokens(
    results: Path, snapshot: Snapshot, experiment: str | None
) -> dict[str, ShownTokens]:
    """Return samples by the name of their block: of shown cells, and the experiment's own paths.

    A path that is no sample of a shown cell has a title, and a number in the place of its problem's
    position.

    Raises:
        LedgerError: a file cannot be read.
    """
    found: dict[str, ShownTokens] = {}
    for file in token_files(results, snapshot.cells):
        position = _position(file, snapshot)
        if position is not None:
            _add(found, file, position)
    if experiment is None:
        return found
    others: Counter[str] = Counter()
    for file in files_of_analysis(results, experiment):
        if _position(file, snapshot) is not None:
            continue
        told = read_tokens(file.path)
        _add(found, file, others[file.cell_id], f"{told.get('composition')}, {file.problem_id}")
        others[file.cell_id] += 1
    return found


def _position(file: TokenFile, snapshot: Snapshot) -> int | None:
    cell = snapshot.cells.get(file.cell_id)
    if cell is None:
        return None
    return snapshot.problems[cell.dataset].positions.get(file.problem_id)


def _add(
    found: dict[str, ShownTokens], file: TokenFile, position: int, title: str | None = None
) -> None:
    entry: dict[str, Any] = {
        "cell": file.cell_id,
        "problem": position,
        "sample": file.sample_index,
    }
    if title is not None:
        entry["title"] = title
    name = f"tokens/{file.cell_id}/{position}/{file.sample_index}"
    found[name] = ShownTokens(entry, file.path)
