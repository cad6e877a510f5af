"""An analysis on disk, for tables and figures: `<results>/analysis/<name>/`.

`<analysis>.parquet` holds the records of each token, `<analysis>.json` the summary and its
provenance. Along the paths of RAST or M_base the names end in `-rast-path`, `-base-path`.

Reading them needs no model and no torch:

    load_records(results, name, analysis)      one row per token and comparison (see `records`)
    load_summary(results, name, analysis)      one row per comparison (see `summaries`)
    load_provenance(results, name, analysis)   settings, cells, models, code, machine
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.analysis.kinds import Analysis, PathSource
from rast_bench.analysis.summaries import summarise
from rast_bench.errors import LedgerError
from rast_bench.ledger.atomic import ledger_errors, make_folder, write_durably

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "analysis"


def save_analysis(
    results: Path,
    name: str,
    analysis: Analysis,
    path_source: PathSource,
    records: "pd.DataFrame",
    provenance: Mapping[str, Any],
) -> tuple[Path, Path]:
    """Write both files atomically and return their paths: records, summary with provenance.

    Raises:
        LedgerError: they cannot be written.
    """
    files = _files(results, name, analysis, path_source)
    parquet = io.BytesIO()
    records.to_parquet(parquet, index=False, compression="zstd")
    summary = [
        {str(key): None if value != value else value for key, value in row.items()}
        for row in summarise(analysis, records).to_dict("records")
    ]
    text = json.dumps({**provenance, "summary": summary}, indent=2, ensure_ascii=False)
    folder = results / FOLDER / name
    with ledger_errors(folder):
        make_folder(folder)
        for path, content in zip(files, (parquet.getvalue(), text.encode()), strict=True):
            write_durably(path, content)
    return files


def load_records(
    results: Path, name: str, analysis: Analysis, path_source: PathSource = "rl"
) -> "pd.DataFrame":
    """Return the per-token records of a saved analysis.

    Raises:
        LedgerError: there are none; the hint is the command that makes them.
    """
    import pandas as pd

    path = _existing(results, name, analysis, path_source)[0]
    with ledger_errors(path):
        return pd.read_parquet(path)


def load_summary(
    results: Path, name: str, analysis: Analysis, path_source: PathSource = "rl"
) -> "pd.DataFrame":
    """Return the summary of a saved analysis, computed from its records.

    Raises:
        LedgerError: as `load_records`.
    """
    return summarise(analysis, load_records(results, name, analysis, path_source))


def load_provenance(
    results: Path, name: str, analysis: Analysis, path_source: PathSource = "rl"
) -> dict[str, Any]:
    """Return the JSON file of a saved analysis.

    Raises:
        LedgerError: as `load_records`.
    """
    path = _existing(results, name, analysis, path_source)[1]
    with ledger_errors(path):
        found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _files(
    results: Path, name: str, analysis: Analysis, path_source: PathSource
) -> tuple[Path, Path]:
    stem = analysis if path_source == "rl" else f"{analysis}-{path_source}-path"
    folder = results / FOLDER / name
    return folder / f"{stem}.parquet", folder / f"{stem}.json"


def _existing(
    results: Path, name: str, analysis: Analysis, path_source: PathSource
) -> tuple[Path, Path]:
    files = _files(results, name, analysis, path_source)
    for path in files:
        if not path.is_file():
            end = "" if path_source == "rl" else f" --path {path_source}"
            raise LedgerError(
                f"there is no {path}",
                hint=f"`rast-bench analyse {analysis} {name}{end}` makes it; "
                "--generate if it needs samples too",
            )
    return files
