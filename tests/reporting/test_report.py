import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from reporting_samples import grid, results

from rast_bench.errors import LedgerError
from rast_bench.reporting import kept_figures
from rast_bench.reporting.report import Report, build_report
from rast_bench.reporting.save import (
    FORMATS,
    report_files,
    save_report,
    save_without_origin,
    write_atomically,
    written_files_summary,
)
from rast_bench.results.result import Result


@pytest.fixture(scope="module")
def report() -> Report:
    numbers = [*results(), *grid(), *grid("tiny-l: ΔR tiny-s")]
    return build_report("tiny_table1", numbers, ["grader: boxed."], ["seed 7."])


@pytest.fixture(scope="module")
def saved(report: Report, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """A new folder that the report was saved to, and the paths that were returned."""
    folder = tmp_path_factory.mktemp("saved") / "new" / "report"
    return folder, save_report(report, folder, "command")


def test_report_has_every_format(report: Report) -> None:
    assert sorted(report.texts) == sorted(
        [
            "table.txt",
            "table.md",
            "table.tex",
            "details.txt",
            "details.md",
            "details.tex",
            "numbers.csv",
            "grid.csv",
        ]
    )
    # Two grids of one file name do not overwrite each other.
    assert list(report.figures) == [
        "pass_at_k-tiny-l",
        "pass_at_k-tiny-m",
        "lambda_temperature-tiny-l-deltaR-tiny-s-tiny-mid",
        "lambda_temperature-tiny-l-deltaR-tiny-s-tiny-mid-2",
    ]
    assert report.terminal == report.texts["table.txt"]


def test_notes_reach_the_tables(report: Report) -> None:
    for name in ("table.txt", "table.md", "table.tex"):
        assert "grader: boxed." in report.texts[name]
        assert "seed 7." not in report.texts[name]
    assert report.texts["details.md"].count("grader: boxed.") == 3
    assert report.texts["details.md"].count("seed 7.") == 2
    assert report.texts["details.md"].count("simplemma 1.1.2") == 1


def test_grids_alone_make_a_report() -> None:
    report = build_report("grid", grid())
    assert list(report.texts) == ["table.txt", "table.md", "table.tex", "grid.csv"]
    assert "57.6 ± 2.1†" in report.terminal


def test_markdown_shows_the_figures(report: Report, saved: tuple[Path, list[Path]]) -> None:
    text = (saved[0] / "table.md").read_text(encoding="utf-8")
    for stem in report.figures:
        assert f"({stem}.png)" in text


def test_without_origin_figures_are_those_that_show_the_same_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, folder = tmp_path / "drawn", tmp_path / "copy"
    report = build_report("t", grid())
    figures = {path for path in save_report(report, drawn, "command") if path.suffix == ".png"}
    with monkeypatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", None)
        paths = save_without_origin(build_report("t", grid()), folder, drawn)
    assert figures < set(paths)
    assert (folder / "table.md").read_bytes() == report_files(report)["table.md"]
    paths = save_without_origin(build_report("another", grid()), folder, drawn)
    assert {path.parent for path in paths} == {folder} and any(p.suffix == ".png" for p in paths)


def test_greedy_rows_alone_make_no_curve() -> None:
    report = build_report("greedy", [one for one in results() if one.role == "base"])
    assert not report.figures
    assert "grid.csv" not in report.texts


def test_saved_files_are_whole_and_nothing_else_is_left(
    report: Report, saved: tuple[Path, list[Path]]
) -> None:
    folder, paths = saved
    assert sorted(folder.iterdir()) == sorted(paths)
    saved = (folder / "table.md").read_text(encoding="utf-8")
    assert saved.startswith(report.texts["table.md"])
    assert {path.suffix for path in paths} == {
        *(".txt", ".md", ".tex", ".csv", ".json", ".parquet", ".png", ".svg")
    }


def test_figures_of_the_same_results_are_not_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def saved(numbers: list[Result]) -> tuple[list[str], set[str]]:
        """The names, and those of files that are figures and were written now."""
        before = {path: path.stat().st_ino for path in tmp_path.iterdir()}
        paths = save_report(build_report("t", numbers), tmp_path, "command")
        new = {p.name for p in paths if p.stat().st_ino != before.get(p) and p.suffix != ".json"}
        return [path.name for path in paths], new & figures

    figures = {f"lambda_temperature-tiny-l-deltaR-tiny-s-tiny-mid.{one}" for one in FORMATS}
    names, drawn = saved(grid())
    assert drawn == figures
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr("matplotlib.figure.Figure.savefig", None)
        again, drawn = saved(grid())
    assert (sorted(again), drawn) == (sorted(names), set())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first

    (tmp_path / min(figures)).write_bytes(b"half of a fig")
    assert saved(grid())[1] == figures
    changed = [replace(one, temperature=3.0) if one.temperature else one for one in grid()[:1]]
    changed += grid()[1:]
    assert saved(changed)[1] == figures
    monkeypatch.setattr(kept_figures, "version", lambda _: "4.0")
    assert saved(changed)[1] == figures


def test_the_same_numbers_give_the_same_bytes() -> None:
    numbers = [*(one for one in results() if one.section == "tiny-m"), *grid()]
    first, second = (report_files(build_report("t", numbers)) for _ in range(2))
    assert {Path(name).stem for name in first if name.endswith(".png")} == {
        "pass_at_k-tiny-m",
        "lambda_temperature-tiny-l-deltaR-tiny-s-tiny-mid",
    }
    assert first == second


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.md"
    write_atomically(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(LedgerError, match=r"table\.md: No space left on device"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_one_clear_line(report: Report, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(LedgerError, match="cannot write the report") as caught:
        save_report(report, blocker / "report", "command")
    assert caught.value.hint


def test_written_files_summary() -> None:
    names = ("table.md", "table.tex", "numbers.csv", "curve.png", "curve.svg")
    paths = [Path("results/demo") / name for name in names]
    assert written_files_summary(paths, "rast-bench show tiny_table1") == (
        "tables   results/demo/: table.{md,tex} numbers.csv",
        "figures  results/demo/: curve.{png,svg}",
        "next     rast-bench show tiny_table1",
    )


def test_written_files_summary_without_figures() -> None:
    assert written_files_summary([Path("out/table.md")], "x")[1] == "figures  none"


def test_importing_the_report_does_not_import_matplotlib() -> None:
    code = (
        "import sys, rast_bench.reporting.report, rast_bench.reporting.save;"
        "print([m for m in ('matplotlib', 'torch', 'pandas', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
