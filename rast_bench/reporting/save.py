"""A report on disk: every file whole or not there at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.errors import LedgerError
from rast_bench.ledger.atomic import write_durably
from rast_bench.reporting.figure_style import FigureFormat, figure_bytes
from rast_bench.results.saved import RESULTS_FILE, results_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rast_bench.reporting.report import Report

FIGURE_SUFFIXES = (".png", ".svg", ".pdf", ".html")


def save_report(report: "Report", out_dir: Path) -> list[Path]:
    """Writes all files of the report, tables before figures, and returns their paths.

    Raises LedgerError when the folder cannot be made or written.
    """
    return save_files(report_files(report), out_dir)


def save_files(files: Mapping[str, bytes], out_dir: Path) -> list[Path]:
    """Writes files by name, each whole, and returns their paths. Raises as `save_report`."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(out_dir, error) from error
    paths = []
    for name, content in files.items():
        path = out_dir / name
        write_atomically(path, content)
        paths.append(path)
    return paths


def report_files(report: "Report") -> dict[str, bytes]:
    """File name to content, without touching the disk."""
    files = {name: text.encode() for name, text in report.texts.items()}
    if report.results:
        files[RESULTS_FILE] = results_bytes(report.results)
    return {**files, **figure_files(report.figures, ("png", "svg"))}


def figure_files(
    figures: Mapping[str, "Figure"], formats: Sequence[FigureFormat]
) -> dict[str, bytes]:
    """File name to content of figures by stem, in each of the formats."""
    return {
        f"{stem}.{one}": figure_bytes(figure, one)
        for stem, figure in figures.items()
        for one in formats
    }


def write_atomically(path: Path, content: bytes) -> None:
    """Temporary file in the same folder, fsync, rename: a reader sees the old file or the new.

    Raises LedgerError when the disk refuses; the old file, if any, is then still whole.
    """
    try:
        write_durably(path, content)
    except OSError as error:
        raise _unwritable(path, error) from error


def landing_lines(paths: Sequence[Path], next_command: str) -> tuple[str, str, str]:
    """What landed where, and what to type next: three lines for the terminal."""
    tables = [path for path in paths if path.suffix not in FIGURE_SUFFIXES]
    figures = [path for path in paths if path.suffix in FIGURE_SUFFIXES]
    return (
        f"tables   {_listing(tables)}",
        f"figures  {_listing(figures)}",
        f"next     {next_command}",
    )


def _listing(paths: Sequence[Path]) -> str:
    """`results/demo/: table.{md,tex} numbers.csv`, formats of one name together."""
    if not paths:
        return "none"
    folders: dict[Path, dict[str, list[str]]] = {}
    for path in paths:
        stems = folders.setdefault(path.parent, {})
        stems.setdefault(path.stem, []).append(path.suffix.lstrip("."))
    return "; ".join(
        f"{folder}/: "
        + " ".join(
            f"{stem}.{suffixes[0]}" if len(suffixes) == 1 else f"{stem}.{{{','.join(suffixes)}}}"
            for stem, suffixes in stems.items()
        )
        for folder, stems in folders.items()
    )


def _unwritable(path: Path, error: OSError) -> LedgerError:
    return LedgerError(
        f"cannot write the report {path}: {error.strerror or error}",
        hint="the samples are safe; choose another output folder or make room, and run it again",
    )
