"""docs/add_a_dataset.md, tried in an empty folder: its files and its commands as they stand."""

import json
import re
import shlex
from pathlib import Path

import pytest

from rast_bench import cli
from rast_bench.config.frontend import job_of_overrides
from rast_bench.datasets import load_problems, render_prompt

PAGE = (Path(__file__).parents[2] / "docs" / "add_a_dataset.md").read_text()
FILES = re.findall(r"`([\w./]+)`[^`\n]*:\n```(?:json|yaml|python)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    shlex.split(line)
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_page_has_the_files_that_it_speaks_of() -> None:
    assert [name for name, _ in FILES] == [
        "riddles.jsonl",
        "myconf/dataset/riddles.yaml",
        "mysets.py",
        "quiz.jsonl",
        "myconf/dataset/quiz.yaml",
    ]


@pytest.mark.parametrize(
    "words", [words for words in COMMANDS if words[1] == "show-prompt"], ids=lambda words: words[4]
)
def test_show_prompt_shows_the_first_question(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, *arguments = words
    assert program == "rast-bench"
    name = arguments[3].removeprefix("dataset=")
    first = json.loads((folder / f"{name}.jsonl").read_text().splitlines()[0])
    assert cli.main(arguments) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"Question:\n{first.get('text') or first['ask']}\n")
    assert f"problem {first['nr']} of {name}" in err
    assert "warning" not in err


def test_run_makes_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    (words,) = (words for words in COMMANDS if words[1] == "run")
    assert cli.main([*words[1:], "decoding.n=1", "decoding.max_tokens=8", "workers=1"]) == 0
    out = capsys.readouterr().out
    assert "riddles" in out
    assert "Grader: robust-2" in out


def test_the_adapter_is_asked(folder: Path) -> None:
    cell = job_of_overrides(
        ["dataset=quiz", "prompt=question-answer"], str(folder / "myconf")
    ).cells[0]
    (problem,) = load_problems(cell.dataset)
    assert (problem.problem_id, problem.gold) == ("1", "C")
    assert "(A) seven (B) loud (C) blue" in render_prompt(cell.prompt, problem)


def test_another_size_is_warned_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "riddles.jsonl").open("a") as file:
        file.write('{"nr": "r3", "text": "And 2 + 2?", "solution": "4"}\n')
    cell = job_of_overrides(["dataset=riddles"], str(folder / "myconf")).cells[0]
    assert len(load_problems(cell.dataset)) == 3
    assert "3 problems, where 2 are known" in capsys.readouterr().err
