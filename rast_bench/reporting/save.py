"""Reports on disk: every file is complete or absent."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rast_bench.errors import LedgerError
from rast_bench.ledger.atomic import write_durably
from rast_bench.reporting.figure_style import FigureFormat, figure_bytes
from rast_bench.reporting.kept_figures import drawing_hash, figures_record, kept_figures, titles_of
from rast_bench.reporting.origin import RECORD, origin_text, record_of, smaller_name, stamped
from rast_bench.reporting.render_markdown import escape_markdown
from rast_bench.results.saved import RESULTS_FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rast_bench.reporting.report import Report

FORMATS: tuple[FigureFormat, ...] = ("png", "svg")
FIGURE_SUFFIXES = (".png", ".svg", ".pdf", ".html")


def save_report(report: "Report", folder: Path, command: str) -> list[Path]:
    """Write all files of the report, tables before figures, and return their paths.

    Every table says which command made it, when and from which samples; RECORD says so for the CSV
    files. If `folder` has tables of more problems or samples, the files go into a subfolder of
    their own (`folder_for`). Figures that were drawn there from the same results stay.

    Raises:
        LedgerError: The folder cannot be created or written.
    """
    folder = folder_for(report, folder)
    _make(folder)  # before figures are drawn, which takes seconds
    record = record_of(report.results, report.samples, command)
    drawing = drawing_hash(report)
    figures = kept_figures(folder, drawing)
    drawn = figure_files(report.figures, FORMATS) if figures is None else {}
    figures = figures_record(report, drawing, drawn) if figures is None else figures
    record["figures"] = figures
    record |= {"title": report.title, "notes": report.notes}
    origin = origin_text(record, report.samples)
    illustrated = _illustrated(report, figures["titles"])
    texts = {name: stamped(name, text, origin) for name, text in illustrated.items()}
    texts[RECORD] = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    paths = save_files({**_encoded(texts), **_saved_results(report), **drawn}, folder)
    return paths if drawn else paths + [folder / name for name in figures["sha256"]]


def folder_for(report: "Report", folder: Path) -> Path:
    """Return the folder for the report: `folder`, or one in it if it would replace more."""
    name = smaller_name(report.results, folder)
    if name is None:
        return folder
    print(
        f"note: {folder} has tables of more problems or samples; these go to {folder / name}",
        file=sys.stderr,
    )
    return folder / name


def save_files(files: Mapping[str, bytes], out_dir: Path) -> list[Path]:
    """Write files by name, each atomically, and return their paths.

    Raises:
        LedgerError: as `save_report`.
    """
    _make(out_dir)
    paths = []
    for name, content in files.items():
        path = out_dir / name
        write_atomically(path, content)
        paths.append(path)
    return paths


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from error


def report_files(report: "Report") -> dict[str, bytes]:
    """Return file name to content, without origin and without touching the disk."""
    texts = _encoded(_illustrated(report, titles_of(report)))
    return {**texts, **_saved_results(report), **figure_files(report.figures, FORMATS)}


def save_without_origin(report: "Report", folder: Path, drawn: Path) -> list[Path]:
    """Write the report's files without their origin, and return all its paths.

    Args:
        drawn: A folder whose figures are taken where they are, if they show the same results.

    Raises:
        LedgerError: As `save_report`.
    """
    kept = kept_figures(drawn, drawing_hash(report))
    if kept is None:
        return save_files(report_files(report), folder)
    texts = _encoded(_illustrated(report, kept["titles"]))
    paths = save_files({**texts, **_saved_results(report)}, folder)
    return paths + [drawn / name for name in kept["sha256"]]


def _illustrated(report: "Report", titles: Mapping[str, str]) -> dict[str, str]:
    """Return the texts, of which the main Markdown file shows the figures."""
    images = [f"![{escape_markdown(title)}]({stem}.png)\n" for stem, title in titles.items()]
    main = "\n".join([report.texts["table.md"], *images])
    return {**report.texts, "table.md": main}


def _encoded(texts: Mapping[str, str]) -> dict[str, bytes]:
    return {name: text.encode() for name, text in texts.items()}


def _saved_results(report: "Report") -> dict[str, bytes]:
    return {RESULTS_FILE: report.results_file} if report.results else {}


def figure_files(
    figures: Mapping[str, "Figure"], formats: Sequence[FigureFormat]
) -> dict[str, bytes]:
    """Return file name to content of figures by stem, in each of the formats."""
    return {
        f"{stem}.{one}": figure_bytes(figure, one)
        for stem, figure in figures.items()
        for one in formats
    }


def write_atomically(path: Path, content: bytes) -> None:
    """Write a temporary file beside it, fsync, rename: a reader sees the old file or the new.

    Raises:
        LedgerError: the disk refuses; the old file, if any, is then still intact.
    """
    try:
        write_durably(path, content)
    except OSError as error:
        raise _unwritable(path, error) from error


def written_files_summary(
    paths: Sequence[Path], next_command: str | None = None
) -> tuple[str, ...]:
    """Return lines for the terminal: the files written, and the next command."""
    tables = [path for path in paths if path.suffix not in FIGURE_SUFFIXES]
    figures = [path for path in paths if path.suffix in FIGURE_SUFFIXES]
    lines = (f"tables   {_listing(tables)}", f"figures  {_listing(figures)}")
    return lines if next_command is None else (*lines, f"next     {next_command}")


def _listing(paths: Sequence[Path]) -> str:
    """Return `results/demo/: table.{md,tex} numbers.csv`, formats of one name together."""
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
        hint="the samples are safe; choose another output folder or free space, and run it again",
    )
