"""The line `next` can be pasted: it names the same results, options and words."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rast_bench.config import next_command as module
from rast_bench.config.arguments import CommandArguments
from rast_bench.config.frontend import job_of
from rast_bench.config.next_command import next_command

PROGRAM = "rast-bench"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The script lies beside the interpreter, in a folder of PATH."""
    script = str(Path(sys.executable).parent / PROGRAM)
    monkeypatch.setattr(module.shutil, "which", lambda _: script)


@pytest.mark.parametrize(
    ("words", "results_dir", "own", "following"),
    [
        (["experiment=demo"], None, True, ["run", "experiment=dials"]),
        (["experiment=demo"], "a b", True, "run experiment=dials --results-dir 'a b'"),
        (["experiment=demo", "results_dir=x"], None, False, "table demo --results-dir x"),
        (["experiment=demo"], "results", False, "table demo"),
        (
            ["experiment=demo", "decoding.n=1", "label='a b'", "decoding.n=2"],
            None,
            False,
            "table demo decoding.n=2 \"label='a b'\"",
        ),
        (["experiment=reply_flops"], "x", True, "audit-paper --results-dir x"),
    ],
)
def test_what_is_carried(
    words: Sequence[str], results_dir: str | None, own: bool, following: str | list[str]
) -> None:
    job = job_of(CommandArguments(tuple(words), results_dir=results_dir))
    expected = shlex.split(following) if isinstance(following, str) else following
    assert shlex.split(next_command(job, "table", own=own)) == [PROGRAM, *expected]


def test_options_of_ones_own_are_carried(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    head = "# @package _global_\nexperiment: {datasets: [tiny-easy], rows: [{label: a}], name: "
    (tmp_path / "experiment/mine.yaml").write_text(f"{head}mine}}\n")
    (tmp_path / "experiment/other.yaml").write_text(f"{head}other, next_command: make coffee}}\n")
    job = job_of(CommandArguments(("experiment=mine",), config_dir=str(tmp_path)))
    assert next_command(job, "status") == f"rast-bench status mine --config-dir {tmp_path}"
    other = job_of(CommandArguments(("experiment=other",), config_dir=str(tmp_path)))
    assert next_command(other, "status") == "make coffee"


def test_without_the_script_the_interpreter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda _: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    job = job_of(CommandArguments(("experiment=demo",)))
    monkeypatch.chdir(tmp_path)
    line = next_command(job, "status", own=False)
    assert line == ".venv/bin/python -m rast_bench status demo"
    monkeypatch.chdir("/")
    assert str(tmp_path).removeprefix("/") in next_command(job, "status", own=False)
