"""`rast-bench table` and `rast-bench figure` from the command line, without and with samples."""

import csv
import shutil
from pathlib import Path

import pytest

from rast_bench.analysis.saved import load_records
from rast_bench.analysis.token_files import files_of_analysis, read_tokens
from rast_bench.cli import main

REFUSED = 2


def test_a_table_of_which_nothing_was_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", "table1", f"results_dir={tmp_path}"]) == 0
    printed = capsys.readouterr().out
    assert "80.7" in printed
    assert "not run" in printed
    folder = tmp_path / "table1"
    assert {path.name for path in folder.iterdir()} == {
        *("table.txt", "table.md", "table.tex", "comparison.csv", "made_by.json"),
        "results.parquet",
    }
    assert r"\toprule" in (folder / "table.tex").read_text()
    with (folder / "comparison.csv").open(newline="") as stream:
        verdicts = {row["verdict"] for row in csv.DictReader(stream)}
    assert verdicts == {"not run"}


def test_a_figure_of_published_numbers_alone(tmp_path: Path) -> None:
    assert main(["figure", "figure6", f"results_dir={tmp_path}"]) == 0
    assert {path.name for path in (tmp_path / "figure6").iterdir()} == {
        *("strength.png", "strength.svg", "strength.pdf")
    }


def test_a_figure_without_any_number_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figure", "figure8", f"results_dir={tmp_path}"]) == REFUSED
    error = capsys.readouterr().err
    assert "experiment figure8: nothing to draw" in error
    assert "python run.py experiment=figure8" in error
    assert not (tmp_path / "figure8").exists()


def test_a_figure_without_its_analysis_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["figure", "tiny_figure5", f"results_dir={tmp_path}"]) == REFUSED
    assert "rast-bench analyse kl tiny_figure5 --path rast" in capsys.readouterr().err


def test_a_tiny_figure_to_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Samples, greedy paths, their KL and tokens; then the table says what was made."""
    words = ["tiny_figure5", f"results_dir={tmp_path}", "experiment.limit=2"]
    words.append("+experiment.notes=['A note of mine.']")
    assert main(["run", "experiment=tiny_figure5", *words[1:], "workers=1"]) == 0
    assert main(["analyse", "kl", *words, "--path", "rast", "--limit", "2"]) == 0
    capsys.readouterr()
    assert main(["figure", *words]) == 0
    assert "`rast-bench report tiny_figure5` makes its page" in capsys.readouterr().err
    records = load_records(tmp_path, "tiny_figure5", "kl", "rast")
    steered = records[(records["p"] == "base") & (records["q"] == "+ ΔR tiny-s")]
    files = files_of_analysis(tmp_path, "tiny_figure5")
    assert len(files) == 2
    for file in files:
        tokens = read_tokens(file.path)
        path = steered[steered["problem_id"] == file.problem_id]
        assert tokens["tokens"] == path["token"].tolist()
        assert tokens["measures"]["kl"]["values"] == pytest.approx(path["kl"].tolist(), rel=1e-3)
    assert main(["table", *words]) == 0
    out = capsys.readouterr().out
    assert "tiny-l" in out
    assert "Problems: 2 per data set. Samples: " in out
    for stem in ("table", "details"):
        for ending in ("txt", "md", "tex"):
            assert "A note of mine." in (tmp_path / "tiny_figure5" / f"{stem}.{ending}").read_text()
    shutil.rmtree(tmp_path / "ledger")
    assert main(["table", *words]) == REFUSED
