"""The report on hostile programs, with two of them and one that gets through."""

import json
from pathlib import Path

import hostile_programs
import pytest
from hostile.programs import Program, batched, read_programs

THROUGH = Program(("nothing_to_stop",), "verdict", "def f(x):\n    return x + 1\n", alone=True)


def reported(
    programs: list[Program], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, dict[str, object]]:
    monkeypatch.setattr(hostile_programs, "read_programs", lambda: programs)
    out = folder / "report.json"
    code = hostile_programs.main(["--sandbox", "process", "--out", str(out)])
    return code, json.loads(out.read_text())


def named(*names: str) -> list[Program]:
    return [program for program in read_programs() if program.names[0] in names]


def test_what_is_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = reported(named("kill_the_victim", "not_a_number"), tmp_path, monkeypatch)

    assert (code, report["programs"]) == (0, 2)
    assert str(report["command"]).startswith("python benchmarks/hostile_programs.py --sandbox")
    assert "| 2 | 0 | 0 | 2 failed |" in capsys.readouterr().out


def test_what_gets_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = reported([*named("kill_the_victim"), THROUGH], tmp_path, monkeypatch)

    assert code == 1
    assert "nothing_to_stop got through" in capsys.readouterr().out


def test_batches_hold_every_program_once() -> None:
    programs = read_programs()
    names = [name for program in batched(programs) for name in program.names]

    assert sorted(names) == sorted(program.names[0] for program in programs)
    assert len(batched(programs)) < len(programs) / 2
