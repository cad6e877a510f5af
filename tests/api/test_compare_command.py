"""`rast-bench compare`: differences whose numbers can be checked on paper, and what is refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from finished_run import Finished

from rast_bench.api.comparison import compare, paired_cells
from rast_bench.api.folder import ResultsFolder, open_results
from rast_bench.api.named import NamedCell, named_cells
from rast_bench.cli import main
from rast_bench.errors import ConfigError


@pytest.fixture
def folder(finished: Finished) -> ResultsFolder:
    return open_results(finished.results)


def one_cell(folder: ResultsFolder, word: str) -> NamedCell:
    (cell,) = named_cells(folder, word, [])
    return cell


def compared(finished: Finished, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["compare", *words, "--json", f"results_dir={finished.results}"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_difference_is_paired_over_problems(folder: ResultsFolder) -> None:
    """The greedy base is right on q0 and q1, RAST on q0 and on half of q1."""
    found = compare(one_cell(folder, "small:base"), one_cell(folder, "small:with"), folder.ledger)
    assert (found.problems, found.samples_a, found.samples_b) == (3, 1, 4)
    assert found.accuracy_a.value == pytest.approx(2 / 3)
    assert found.difference.value == pytest.approx(-0.5 / 3)
    # differences 0, −1/2, 0: sd/√3 = 1/6; t of two degrees of freedom is 4.303
    assert found.difference.standard_error == pytest.approx(1 / 6)
    assert (found.low, found.high) == pytest.approx(
        (-1 / 6 - 4.303 / 6, -1 / 6 + 4.303 / 6), abs=1e-3
    )
    assert found.p_value == 1.0  # one problem differs: either sign is as likely
    assert [(one.problem_id, one.rate_a, one.rate_b) for one in found.flips] == [("00001", 1, 0.5)]
    assert found.left_out == 0
    assert found.differs["method"] == ("base", "rast")
    assert found.differs["decoding.lambda"] == (None, 1.0)
    assert "models.main" not in found.differs


def test_cells_of_an_experiment_are_paired_by_row_else_by_data_set(
    folder: ResultsFolder, finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    (record,) = compared(finished, capsys, "small:with", "small:ceiling")
    assert record["a"]["row"] == "with delta"
    assert record["difference"] == 0
    assert record["flips"] == []
    notes: list[str] = []
    everything = named_cells(folder, "small", notes)
    with pytest.raises(ConfigError, match="has its place in other"):  # each is the same cell
        paired_cells(everything, everything[1:], ("small", "other"), notes)
    swapped = [
        NamedCell(everything[1].cell, "other", "tiny-l", "ceiling"),
        NamedCell(everything[2].cell, "other", "tiny-l", "with delta"),
    ]
    notes.clear()
    pairs = paired_cells(everything, swapped, ("small", "other"), notes)
    assert [(a.row, b.row) for a, b in pairs] == [("with delta",) * 2, ("ceiling",) * 2]
    assert notes == ["3 cells are left out: the other side has none in their place"]


def test_the_terminal_says_what_changed_and_why(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", "small:base", "small:with", f"results_dir={finished.results}"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "B − A for A = small:base, B = small:with" in out
    assert "66.7 ± 33.3  50.0 ± 28.9  −16.7 ± 16.7  [−88.4, 55.0]" in out
    assert "           0, 1" in out  # better, worse
    assert "00001" in out
    assert "decoding.greedy" in out
    assert "#view=samples&cells=" in err
    assert main([*words, "--flips", "0"]) == 0
    assert "00001" not in capsys.readouterr().out


def test_the_page_has_both_side_by_side_and_replaces_nothing(
    finished: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "both.html"
    own = tmp_path / "both_files" / "0123456789abcdef.txt"  # as browsers save pages
    own.parent.mkdir()
    own.write_text("mine")
    place = f"results_dir={finished.results}"
    words = ["compare", "small:base", "small:with", "--page", str(page), place]
    assert main(words) == 0
    assert f"page  {page}" in capsys.readouterr().err
    data = re.search(r'id="data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert data is not None
    shown = json.loads(data[1])
    a, b = (one["id"] for one in sorted(shown["cells"], key=lambda one: one["method"]))
    assert shown["start"] == f"view=samples&cells={a},{b}&a={a}&b={b}&sort=-diff"
    assert "−16.7 ± 16.7 points over 3 problems" in shown["notes"][0]
    assert own.read_text() == "mine"
    assert main(words) == 2
    assert "already exists" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


def test_cells_of_different_data_sets_are_refused(
    finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    other = finished.dataset.with_name("other.jsonl")
    other.write_text(finished.dataset.read_text().replace("q0", "q2", 1))
    conf = finished.dataset.with_name("conf") / "dataset" / "other.yaml"
    conf.write_text(f"name: other\npath: {other}\ngraders: [boxed-1]\n")
    words = [word for word in finished.words if word != "experiment=small"]
    assert main(["run", *words, "dataset=other", "decoding=greedy"]) == 0
    capsys.readouterr()
    folder = open_results(finished.results)
    (cell,) = [one.cell_id for one in folder.select(None, None, "other", [])]
    assert main(["compare", cell, "small:base", f"results_dir={finished.results}"]) == 2
    err = capsys.readouterr().err
    assert "cannot be compared problem by problem: cells of different data sets: other" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["small", "small"], "small and small are the same samples"),
        (["small:base", "small:bass"], "experiment small has no row 'bass'"),
        (["small:base", "small:ceiling", "--grader", "x"], "both have verdicts of grader 'x'"),
        (["small:base", "small:ceiling", "--page", "x"], "--page x: not the name of a page"),
        (["small:base"], "the following arguments are required: B"),
    ],
)
def test_what_cannot_be_compared_is_one_error(
    words: list[str], message: str, finished: Finished, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *words, f"results_dir={finished.results}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.splitlines()[0]
    assert len(err.splitlines()) == 2
