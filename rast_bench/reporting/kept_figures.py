"""Figures of an earlier command that need not be redrawn: same results, same code."""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rast_bench.reporting.origin import RECORD

if TYPE_CHECKING:
    from rast_bench.reporting.report import Report

_CODE = Path(__file__).parent


def titles_of(report: "Report") -> dict[str, str]:
    """Return each figure's title, which is on it or on its only panel, by file stem."""
    return {
        stem: figure.get_suptitle() or figure.axes[0].get_title()
        for stem, figure in report.figures.items()
    }


def figures_record(report: "Report", drawing: str, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the figures' part of RECORD: what they were drawn from, titles and files.

    Args:
        drawing: `drawing_hash` of the report.
    """
    return {
        "drawing": drawing,
        "titles": titles_of(report),
        "sha256": {name: _sha256(content) for name, content in files.items()},
    }


def kept_figures(folder: Path, drawing: str) -> dict[str, Any] | None:
    """Return `figures_record` if `folder` already has the figures of that hash, else None."""
    try:
        saved = json.loads((folder / RECORD).read_text(encoding="utf-8"))["figures"]
        same = saved["drawing"] == drawing and all(
            _sha256((folder / name).read_bytes()) == known
            for name, known in saved["sha256"].items()
        )
        return dict(saved) if same else None
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None  # from an earlier version, changed since, or no report


def drawing_hash(report: "Report") -> str:
    """Return a hash of all that the figures depend on: results, title, kinds, code, matplotlib."""
    digest = hashlib.sha256(report.results_file)
    digest.update(repr((report.title, report.kinds, version("matplotlib"))).encode())
    for path in sorted(_CODE.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
