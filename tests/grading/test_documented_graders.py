"""docs/add_a_grader.md, word for word: its files are written, its commands run."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from rast_bench import cli
from rast_bench.ledger import Ledger

PAGE = (Path(__file__).parents[2] / "docs" / "add_a_grader.md").read_text()
FILES = re.findall(r"`([\w./]+)`[^`\n]*:\n```(?:json|python)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES:
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("mygraders", "algebra"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def command(*beginning: str) -> list[str]:
    """The one command of the page that begins so, without `rast-bench`."""
    (words,) = (words[1:] for words in COMMANDS if words[1 : 1 + len(beginning)] == [*beginning])
    return words


def test_the_page_has_the_files_that_it_speaks_of() -> None:
    assert [name for name, _ in FILES] == ["mygraders.py", "responses.jsonl", "algebra.py"]


def test_one_answer_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    words = command("grade", "--grader", "mygraders:LastLineGrader")
    assert cli.main(words) == 0
    assert capsys.readouterr().out.split("\n") == [
        "grader      last-line-1",
        "found by    last line",
        "answer      i think of france. paris",
        "gold        paris",
        "verdict     wrong",
        "reason      text",
        "",
    ]
    assert cli.main([*words[:-1], "Of France.\nparis"]) == 0
    assert "verdict     correct\n" in capsys.readouterr().out


def test_a_file_is_graded(folder: Path) -> None:
    assert cli.main(command("grade", "responses.jsonl")) == 0
    rows = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    assert [row["verdict"] for row in rows] == ["correct", "wrong", "truncated"]
    assert [row["extraction"] for row in rows] == ["last line", "last line", None]
    assert [row["gold"] for row in rows] == ["paris"] * 3


def test_an_experiment_keeps_its_verdicts_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["decoding.n=1", "decoding.max_tokens=8", "workers=1", "dataset.limit=3"]
    assert cli.main([*command("run"), *small]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Grader: last-line-1." in out
    assert "Graders last-line-1 and boxed-1 disagree on" in out
    ledger = Ledger(folder / "results")
    (cell,) = ledger.cells()
    assert len(ledger.judged(cell, "last-line-1")) == len(ledger.judged(cell, "boxed-1")) == 3


def test_algebra_is_done_by_workers(capsys: pytest.CaptureFixture[str]) -> None:
    words = command("grade", "--grader", "algebra:AlgebraGrader")
    for answer, verdict, reason in (
        (words[-1], "correct", "symbolic"),
        ("x**2 + 2*x + 1", "correct", "same text"),
        ("x + 1", "undecided", "symbolic"),
    ):
        assert cli.main([*words[:-1], answer]) == 0
        out = capsys.readouterr().out
        assert f"verdict     {verdict}\nreason      {reason}\n" in out
