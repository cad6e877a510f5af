"""The origin of saved tables: command, date, code, samples."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import rast_bench
from rast_bench.provenance import git_state, now, package_versions
from rast_bench.reporting.latex_text import escape_latex
from rast_bench.reporting.render_markdown import escape_markdown
from rast_bench.results.extents import cell_extents
from rast_bench.results.result import Result

if TYPE_CHECKING:
    from rast_bench.ledger import Ledger

RECORD = "made_by.json"
"""The file in a folder of tables with the same in machine-readable form, and their cells."""

_COMMIT_DIGITS = 10


@dataclass(frozen=True)
class SampleOrigin:
    """When, and at which commits of rast-bench, the samples were made, from manifests."""

    dates: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """A sentence, empty if nothing was run."""
        if not self.dates:
            return ""
        days = " to ".join(dict.fromkeys((self.dates[0], self.dates[-1])))
        at = f" at commit {', '.join(self.commits)}" if self.commits else ""
        return f"Samples made {days}{at}."


NO_SAMPLES = SampleOrigin()


def sample_origin(cell_ids: Iterable[str], ledger: "Ledger") -> SampleOrigin:
    """Return the origin of the samples of cells.

    Raises:
        LedgerError: A manifest cannot be read.
    """
    return origin_of(one for cell in dict.fromkeys(cell_ids) for one in ledger.manifests(cell))


def origin_of(manifests: Iterable[Mapping[str, Any]]) -> SampleOrigin:
    """Return the origin of the samples of these runs."""
    manifests = list(manifests)
    return SampleOrigin(
        tuple(sorted({str(one["started"])[:10] for one in manifests})),
        tuple(dict.fromkeys(_commit(state) for one in manifests if (state := one.get("git")))),
    )


def record_of(results: Sequence[Result], samples: SampleOrigin, command: str) -> dict[str, Any]:
    """Return the content of RECORD: command, date, code, and problems and samples by cell."""
    state = git_state(Path(rast_bench.__file__).parents[1])
    return {
        "command": command,
        "date": f"{now():%Y-%m-%d}",
        "commit": _commit(state) if state else None,
        "version": package_versions().get("rast-bench"),
        "samples": {"dates": list(samples.dates), "commits": list(samples.commits)},
        "cells": {cell: list(extent) for cell, extent in extents(results).items()},
    }


def extents(results: Iterable[Result]) -> dict[str, tuple[int, int]]:
    """Return (problems, samples per problem) by cell, the maximum if a cell occurs twice."""
    return cell_extents(
        (result.measure.name, result.cell_ids[0], result.problems, result.samples)
        for result in results
        if result.dataset and result.cell_ids
    )


def origin_text(record: Mapping[str, Any], samples: SampleOrigin) -> str:
    """Return the sentences below every saved table."""
    code = f"commit {record['commit']}" if record["commit"] else f"version {record['version']}"
    made = f"Table made {record['date']} with rast-bench at {code} by `{record['command']}`."
    return " ".join(filter(None, (samples.text, made)))


def stamped(name: str, text: str, origin: str) -> str:
    """Return a saved text with its origin: a comment in LaTeX, nothing in CSV (see RECORD)."""
    match PurePath(name).suffix:
        case ".txt":
            return f"{text}\n{origin}\n"
        case ".md":
            return f"{text}\n{_with_code(origin)}\n"
        case ".tex":
            return f"% {escape_latex(origin)}\n{text}"
    return text


def _with_code(text: str) -> str:
    """Return Markdown with the text between backticks as code."""
    plain, *rest = text.split("`")
    code, end = "`".join(rest[:-1]), "".join(rest[-1:])
    return escape_markdown(plain) + (f"`` {code} ``" if rest else "") + escape_markdown(end)


def smaller_name(results: Sequence[Result], folder: Path) -> str | None:
    """Return the name of a folder for results that are fewer than those of the tables in `folder`.

    Fewer: a cell has fewer problems or samples now than in RECORD. None if there is no such cell,
    so that the tables may be replaced.
    """
    return smaller_than_saved(extents(results), folder)


def smaller_than_saved(new: Mapping[str, tuple[int, int]], folder: Path) -> str | None:
    """Return as `smaller_name`, for (problems, samples per problem) by cell."""
    try:
        before = json.loads((folder / RECORD).read_text(encoding="utf-8"))["cells"]
        old = {str(cell): (int(extent[0]), int(extent[1])) for cell, extent in before.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # from an earlier version, or no table
    shared = [(old[cell], new[cell]) for cell in new if cell in old]
    names = [
        f"{max(extent[place] for extent in new.values())}-{noun}"
        for place, noun in enumerate(("problems", "samples"))
        if any(after[place] < ahead[place] for ahead, after in shared)
    ]
    return "-".join(names) or None


def _commit(state: Mapping[str, Any]) -> str:
    changed = " with changes" if state.get("dirty") else ""
    return f"{str(state['commit'])[:_COMMIT_DIGITS]}{changed}"
