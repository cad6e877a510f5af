"""Saved LaTeX compiled with Debian's pdfLaTeX: what is saved fits the page of an article.

Where there is no TeX the tests are skipped, but with RAST_BENCH_NEEDS_TEX=1 (CI) they fail.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from reporting_samples import grid, results
from test_renderers import HOSTILE, hostile_table

from rast_bench.config.frontend import job_of_overrides
from rast_bench.ledger import Ledger
from rast_bench.reporting.latex_layout import layout_of
from rast_bench.reporting.render_latex import render_latex
from rast_bench.reporting.report import build_report
from rast_bench.reporting.reports import experiment_report
from rast_bench.reporting.table import Column, Table, TableRow, TableSection, TextCell

ARTICLE = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage[table]{xcolor}
\usepackage{graphicx}
\usepackage{longtable}
\begin{document}
%s
\end{document}
"""
TOO_WIDE = 5.0  # points

pytestmark = pytest.mark.usefixtures("_tex")


@pytest.fixture(scope="module")
def _tex() -> None:
    refuse = pytest.fail if os.environ.get("RAST_BENCH_NEEDS_TEX") == "1" else pytest.skip
    if shutil.which("pdflatex") is None:
        refuse("no pdflatex: scripts/dev_tex.sh install")
    found = subprocess.run(["kpsewhich", "booktabs.sty", "colortbl.sty"], capture_output=True)
    if found.returncode:
        refuse("pdflatex without booktabs and colortbl: scripts/dev_tex.sh install")


def faults(sources: Iterable[str], folder: Path) -> list[str]:
    """Compiles the sources in one article; what is wider or higher than its page."""
    (folder / "a.tex").write_text(ARTICLE % "\\clearpage\n".join(sources), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    for _ in range(2):  # the second time a longtable knows its widths
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        log = (folder / "a.log").read_text(encoding="utf-8", errors="replace")
        assert done.returncode == 0, "\n".join(re.findall(r"^! .*(?:\n.*){2}", log, re.MULTILINE))
    boxes = re.findall(r"(Overfull \\[hv]box \(([\d.]+)pt too .*)", log)
    wide = [text for text, points in boxes if float(points) > TOO_WIDE]
    return [*wide, *re.findall(r"Float too large.*", log)]


@pytest.mark.parametrize("copies", [1, 4])
def test_a_report_fits(copies: int, tmp_path: Path) -> None:
    """With more sections than one page holds, too."""
    numbers = [*results(), *grid()]
    numbers += [
        replace(one, section=f"{one.section} {copy}")
        for copy in range(1, copies)
        for one in results()
    ]
    report = build_report("title", numbers, ["grader: boxed; `" + "results_dir=/a_b" * 12 + "`."])
    assert faults([report.texts["table.tex"], report.texts["details.tex"]], tmp_path) == []


def test_experiments_of_every_kind_fit(tmp_path: Path) -> None:
    sources = []
    for name in ("table1", "table2", "table4", "figure3", "figure6", "reply3", "reply4"):
        job = job_of_overrides([f"experiment={name}"])
        assert job.options.experiment is not None
        nothing = [None] * len(job.cells)
        report = experiment_report(
            job.options.experiment, job.experiment_cells, nothing, Ledger(tmp_path), None
        )
        sources.append(report.texts["table.tex"])
    assert faults(sources, tmp_path) == []


def wide_table(columns: int, rows: int) -> Table:
    """Too wide for the smallest font."""
    lines = tuple(
        TableRow((TextCell(f"row {number}"), *[TextCell("100.0 ± 10.0")] * columns))
        for number in range(rows)
    )
    headings = [Column("", "left"), *[Column("a data set")] * columns]
    return Table("wide", "title", tuple(headings), (TableSection("s", lines),), ("A note.",))


def test_what_fits_in_no_font_is_scaled_down(tmp_path: Path) -> None:
    assert not layout_of(wide_table(14, 3)).fits
    sources = [render_latex(wide_table(14, rows)) for rows in (3, 90)]
    assert sources[1].count(r"\begin{table}") == 3
    assert faults(sources, tmp_path) == []


def test_hostile_text_compiles_and_fits(tmp_path: Path) -> None:
    names = (HOSTILE * 4, "a name of many short words " * 8, "10⁹ bytes")
    rows = tuple(TableRow((TextCell(name), TextCell("12.3 ± 4.5"))) for name in names)
    section = TableSection("section " * 30, rows)
    long = Table("b", HOSTILE, (Column("", "left"), Column("x")), (section,), (HOSTILE * 9,))
    assert faults(map(render_latex, (hostile_table(), long)), tmp_path) == []
