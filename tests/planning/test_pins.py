from pathlib import Path

import pytest
from plain_cells import changed, plain_cell

from rast_bench.planning.pins import warn_of_unpinned


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_local_and_pinned_things_are_nothing_to_speak_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "l-rl").mkdir()
    local = changed(plain_cell(tmp_path), {}, tmp_path)
    pinned = changed(
        plain_cell(tmp_path),
        {
            "base_model.base": {"path": "org/m", "revision": "abc"},
            "dataset": {"name": "d", "path": "org/d", "revision": "abc"},
        },
        tmp_path,
    )
    warn_of_unpinned([local, pinned])
    assert not said(capsys)


def test_each_is_named_once_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = {
        "base_model.base": {"path": "org/m"},
        "delta.pairs": [{"rl": {"path": "org/rl"}, "base": {"path": "org/m"}}],
        "dataset": {"name": "d", "path": "org/d"},
    }
    warn_of_unpinned([changed(plain_cell(tmp_path), hub, tmp_path)] * 3)
    (line,) = said(capsys).splitlines()
    assert line.startswith("warning: no revision is set for org/m, org/rl, org/d: ")


def test_what_a_method_does_not_load_is_not_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub = {
        "base_model.base": {"path": "org/m", "revision": "abc"},
        "base_model.rl": {"path": "org/rl"},
        "method.name": "base",
    }
    warn_of_unpinned([changed(plain_cell(tmp_path), hub, tmp_path)])
    assert not said(capsys)


def test_a_stand_in_for_the_hub_needs_no_revision(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.jsonl").touch()
    stand_in = {"dataset": {"name": "d", "path": "org/d", "data_dir": str(tmp_path)}}
    warn_of_unpinned([changed(plain_cell(tmp_path), stand_in, tmp_path)])
    assert not said(capsys)
